package org.particleos.update.acquire;

import java.nio.ByteBuffer;

/**
 * One of the fixed number of buffers of a {@link ChunkPool}, lent to one stage at a time. The stage
 * that takes the last byte out of it gives it back.
 */
record Chunk(ByteBuffer bytes, ChunkPool home) {
  void giveBack() {
    home.giveBack(this);
  }
}
