package org.particleos.update.fetch;

import java.time.Duration;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;

/**
 * Keeps all bodies of a run together at a rate: a bucket that fills with it, holds as much as flows
 * in a quarter of a second, and may be overdrawn by one read, which is paid for by waiting. Safe
 * for use by several threads.
 */
final class Throttle {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** More at once than this after a pause is no rate any more. */
  private static final long BURST_NANOS = NANOS_PER_SECOND / 4;

  /** Without a limit. */
  static final Throttle NONE = new Throttle(OptionalLong.empty());

  private final OptionalLong bytesPerSecond;

  /** Until when what was taken is paid for; before the first byte nothing was. */
  private long paidUntilNanos;

  private boolean begun;

  /**
   * @param bytesPerSecond at least 1
   */
  Throttle(OptionalLong bytesPerSecond) {
    if (bytesPerSecond.orElse(1) < 1) {
      throw new IllegalArgumentException("a rate is at least a byte per second");
    }
    this.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Bytes have come.
   *
   * @param nowNanos of a clock of which only differences mean something
   * @return how long nobody may ask for more
   */
  synchronized Duration taken(long bytes, long nowNanos) {
    if (bytesPerSecond.isEmpty() || bytes <= 0) {
      return Duration.ZERO;
    }
    double cost = (double) bytes * NANOS_PER_SECOND / bytesPerSecond.getAsLong();
    long oldest = nowNanos - BURST_NANOS;
    if (!begun || paidUntilNanos - oldest < 0) {
      begun = true;
      paidUntilNanos = oldest;
    }
    paidUntilNanos += (long) cost;
    return Duration.ofNanos(Math.max(0, paidUntilNanos - nowNanos));
  }

  /** Waits that long, unless it is cancelled. */
  void pass(long bytes, Timing timing, Cancellation cancellation)
      throws UpdateException.Interrupted {
    Duration wait = taken(bytes, timing.nanos());
    if (wait.toMillis() > 0) {
      timing.pause(wait, cancellation);
    }
  }
}
