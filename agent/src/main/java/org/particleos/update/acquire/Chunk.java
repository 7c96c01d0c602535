package org.particleos.update.acquire;

import java.nio.ByteBuffer;

/**
 * One of the fixed number of buffers of a {@link ChunkPool}, lent to one stage at a time. The stage
 * that takes the last byte out of it gives it back.
 */
final class Chunk {
  private final ByteBuffer bytes;
  private final ChunkPool home;
  private boolean inTarget;

  Chunk(ByteBuffer bytes, ChunkPool home) {
    this.bytes = bytes;
    this.home = home;
  }

  ByteBuffer bytes() {
    return bytes;
  }

  /** The target has these bytes, in this place: they are read only for the digest. */
  void markInTarget() {
    inTarget = true;
  }

  boolean inTarget() {
    return inTarget;
  }

  void giveBack() {
    inTarget = false;
    home.giveBack(this);
  }
}
