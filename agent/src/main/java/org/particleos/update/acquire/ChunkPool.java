package org.particleos.update.acquire;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Deque;
import org.particleos.update.codec.Stopped;

/**
 * A fixed number of off-heap buffers. Who needs one waits for it, and so a slow stage slows down
 * the stages before it.
 */
final class ChunkPool {
  /** Aligned to the largest sector in use, so that a sink may bypass the page cache. */
  private static final int ALIGNMENT_BYTES = 4096;

  private final Deque<Chunk> free = new ArrayDeque<>();
  private boolean stopped;

  /** The arena owns the memory. */
  ChunkPool(Arena arena, int count, int sizeBytes) {
    for (int i = 0; i < count; i++) {
      free.add(new Chunk(arena.allocate(sizeBytes, ALIGNMENT_BYTES).asByteBuffer(), this));
    }
  }

  /** An empty buffer with all its room. */
  synchronized Chunk take() {
    while (free.isEmpty() && !stopped) {
      Waiting.on(this);
    }
    if (stopped) {
      throw new Stopped();
    }
    var chunk = free.removeLast();
    chunk.lend();
    return chunk;
  }

  synchronized void giveBack(Chunk chunk) {
    chunk.bytes().clear();
    free.addLast(chunk);
    notifyAll();
  }

  synchronized void stop() {
    stopped = true;
    notifyAll();
  }
}
