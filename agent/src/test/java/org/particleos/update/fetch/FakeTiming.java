package org.particleos.update.fetch;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.particleos.update.failure.UpdateException;

/**
 * Nobody waits: pauses are noted, and time passes by them alone. Chance gives its highest value.
 */
final class FakeTiming implements Timing {
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final List<Duration> pauses = new ArrayList<>();
  private Duration passed = Duration.ZERO;
  private Runnable inPause = () -> {};

  /** Runs that in each pause. */
  FakeTiming inPause(Runnable task) {
    inPause = task;
    return this;
  }

  synchronized List<Duration> pauses() {
    return List.copyOf(pauses);
  }

  synchronized void pass(Duration duration) {
    passed = passed.plus(duration);
  }

  @Override
  public synchronized Instant now() {
    return START.plus(passed);
  }

  @Override
  public synchronized long nanos() {
    return passed.toNanos();
  }

  @Override
  public double chance() {
    return 1;
  }

  @Override
  public void pause(Duration duration, Cancellation cancellation)
      throws UpdateException.Interrupted {
    synchronized (this) {
      pauses.add(duration);
      passed = passed.plus(duration);
    }
    inPause.run();
    if (cancellation.cancelled()) {
      throw Failures.interrupted("waiting");
    }
  }
}
