package org.particleos.update.fetch;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Watches one exchange with a server and gives it up when it takes too long, whatever the server
 * does to look alive. Socket time-outs cannot do that: every byte that trickles in resets them.
 *
 * <p>Until the answer is complete there is one deadline. Of the body, only the time spent waiting
 * for it counts: a disk that holds up the pipeline is not the server's fault.
 */
final class Patience implements AutoCloseable {
  /** What the names of the threads of this package begin with. */
  static final String THREAD_PREFIX = "fetch-";

  private final HttpLimits limits;
  private final Runnable giveUp;
  private final Thread watch;

  private boolean closed;
  private boolean exhausted;

  /** Absent while nothing is waited for. */
  private @Nullable Long deadlineNanos;

  /** When the watch looks again by itself. Woken for every piece, it would cost more than those. */
  private long nextLookNanos;

  private boolean inBody;
  private long waitingSinceNanos;
  private long waitedNanos;
  private long windowBytes;

  /**
   * @param giveUp wakes whoever waits for the server; called at most once, from another thread
   */
  Patience(HttpLimits limits, Runnable giveUp) {
    this.limits = limits;
    this.giveUp = giveUp;
    // Address, connection, and then the answer. Added up: to multiply, a Duration wakes up
    // BigDecimal.
    var total = limits.connect().plus(limits.connect()).plus(limits.answer());
    this.nextLookNanos = now() + nanos(total);
    this.deadlineNanos = nextLookNanos;
    this.watch =
        Thread.ofPlatform().daemon().name(THREAD_PREFIX + "watch").unstarted(this::keepWatch);
    watch.start();
  }

  synchronized void answered() {
    deadlineNanos = null;
    inBody = true;
  }

  /** A read of the body begins. */
  synchronized void reading() {
    waitingSinceNanos = now();
    long deadline = waitingSinceNanos + nanos(limits.speedWindow()) - waitedNanos;
    deadlineNanos = deadline;
    if (deadline - nextLookNanos < 0) {
      notifyAll();
    }
  }

  /** It has ended, and brought so many bytes. */
  synchronized void read(int bytes) {
    waitedNanos += now() - waitingSinceNanos;
    windowBytes += bytes;
    deadlineNanos = null;
    if (waitedNanos >= nanos(limits.speedWindow())) {
      endWindow();
    }
  }

  /** True if it was given up. */
  synchronized boolean exhausted() {
    return exhausted;
  }

  private void endWindow() {
    exhausted |= windowBytes < limits.speedBytesMin();
    windowBytes = 0;
    waitedNanos = 0;
  }

  private void keepWatch() {
    if (outlasted()) {
      giveUp.run();
    }
  }

  private synchronized boolean outlasted() {
    while (!closed && !exhausted) {
      var deadline = deadlineNanos;
      long left = deadline == null ? nanos(limits.speedWindow()) : deadline - now();
      if (deadline != null && left <= 0) {
        if (inBody) {
          endWindow();
          waitingSinceNanos = now();
          deadlineNanos = waitingSinceNanos + nanos(limits.speedWindow());
        } else {
          exhausted = true;
        }
      } else {
        nextLookNanos = now() + left;
        try {
          // A nanosecond more than nothing must not become "for ever".
          wait(left / 1_000_000 + 1);
        } catch (InterruptedException e) {
          throw new IllegalStateException("nobody may interrupt the watch", e);
        }
      }
    }
    return exhausted;
  }

  /** Ends the watch and waits for its thread. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    Failures.join(watch);
  }

  private static long nanos(Duration duration) {
    return duration.toNanos();
  }

  /** The real clock, since the real wait of a thread goes by it. */
  private static long now() {
    return System.nanoTime();
  }
}
