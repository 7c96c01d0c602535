package org.particleos.update.acquire;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.particleos.update.codec.Stopped;

/**
 * Hands chunks, or views of them, from one stage to the next, in order. It needs no limit of its
 * own: there are only as many chunks as their pool has.
 */
final class Belt<T> {
  private final Deque<T> chunks = new ArrayDeque<>();
  private boolean ended;
  private boolean stopped;

  synchronized void put(T chunk) {
    if (stopped) {
      throw new Stopped();
    }
    chunks.addLast(chunk);
    notifyAll();
  }

  /** Waits for the next chunk; empty after the last one. */
  synchronized Optional<T> take() {
    while (chunks.isEmpty() && !ended && !stopped) {
      Waiting.on(this);
    }
    if (stopped) {
      throw new Stopped();
    }
    return Optional.ofNullable(chunks.pollFirst());
  }

  /** Nothing follows; what is on it can still be taken. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Whoever waits, or comes to it from now on, is stopped. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
  }
}
