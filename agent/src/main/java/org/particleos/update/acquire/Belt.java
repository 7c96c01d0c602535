package org.particleos.update.acquire;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.particleos.update.codec.Stopped;

/**
 * Hands chunks from one stage to the next, in order. It needs no limit of its own: there are only
 * as many chunks as their pool has.
 */
final class Belt {
  private final Deque<Chunk> chunks = new ArrayDeque<>();
  private boolean ended;
  private boolean stopped;

  synchronized void put(Chunk chunk) {
    if (stopped) {
      throw new Stopped();
    }
    chunks.addLast(chunk);
    notifyAll();
  }

  /** Waits for the next chunk; empty after the last one. */
  synchronized Optional<Chunk> take() {
    while (chunks.isEmpty() && !ended && !stopped) {
      Waiting.on(this);
    }
    if (stopped) {
      throw new Stopped();
    }
    return Optional.ofNullable(chunks.pollFirst());
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  synchronized void stop() {
    stopped = true;
    notifyAll();
  }
}
