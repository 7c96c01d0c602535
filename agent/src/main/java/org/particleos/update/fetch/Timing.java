package org.particleos.update.fetch;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.particleos.update.failure.UpdateException;

/** Time and chance as retries need them, so that tests do not wait. */
interface Timing {
  /** For dates that a server names. */
  Instant now();

  /** For durations; only differences mean something. */
  long nanos();

  /** Evenly spread, 0 to 1. */
  double chance();

  /** Waits that long, and not a moment longer than until it is cancelled. */
  void pause(Duration duration, Cancellation cancellation) throws UpdateException.Interrupted;

  /** The real ones. */
  static Timing real(InstantSource clock) {
    return new Timing() {
      @Override
      public Instant now() {
        return clock.instant();
      }

      @Override
      public long nanos() {
        return System.nanoTime();
      }

      @Override
      public double chance() {
        return ThreadLocalRandom.current().nextDouble();
      }

      @Override
      public void pause(Duration duration, Cancellation cancellation)
          throws UpdateException.Interrupted {
        var woken = new CountDownLatch(1);
        boolean stopped;
        try (var _ = cancellation.onCancel(woken::countDown)) {
          stopped = woken.await(duration.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
          stopped = true;
        }
        if (stopped) {
          throw Failures.interrupted("waiting for a server");
        }
      }
    };
  }
}
