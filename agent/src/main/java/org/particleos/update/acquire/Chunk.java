package org.particleos.update.acquire;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One of the fixed number of buffers of a {@link ChunkPool}, lent to one stage at a time, and to
 * the one that keeps what arrives besides. Each gives it back when it needs it no more.
 */
final class Chunk {
  private final ByteBuffer bytes;
  private final ChunkPool home;
  private final AtomicInteger holders = new AtomicInteger();
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

  /** Lent to nobody but the one who took it from the pool. */
  void lend() {
    holders.set(1);
  }

  /**
   * Lends it to one more, who reads it side by side with the others.
   *
   * @return what it holds now, whatever the others do with {@link #bytes}
   */
  ByteBuffer lendOnceMore() {
    holders.incrementAndGet();
    return bytes.duplicate();
  }

  void giveBack() {
    if (holders.decrementAndGet() > 0) {
      return;
    }
    inTarget = false;
    home.giveBack(this);
  }
}
