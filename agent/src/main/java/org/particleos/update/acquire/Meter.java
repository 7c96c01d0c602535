package org.particleos.update.acquire;

import java.util.OptionalLong;
import java.util.function.LongSupplier;

/** Counts the bytes of one transfer and tells {@link Progress} now and then. */
public final class Meter {
  /** Ten times a second: smooth for the eye, nothing for the processor. */
  static final long INTERVAL_NANOS = 100_000_000;

  private final Progress progress;
  private final LongSupplier nanoClock;
  private OptionalLong total = OptionalLong.empty();
  private long transferred;
  private long reused;
  private long written;
  private long lost;
  private long reportedNanos;

  public Meter(Progress progress, LongSupplier nanoClock) {
    this.progress = progress;
    this.nanoClock = nanoClock;
    this.reportedNanos = nanoClock.getAsLong();
  }

  synchronized void expect(OptionalLong bytes) {
    total = bytes;
  }

  synchronized OptionalLong expected() {
    return total;
  }

  public synchronized void transferred(long bytes) {
    transferred += bytes;
    reportIfDue();
  }

  synchronized void reused(long bytes) {
    reused += bytes;
    reportIfDue();
  }

  public synchronized void written(long bytes) {
    written += bytes;
    reportIfDue();
  }

  /** What was read from the source in all attempts. */
  synchronized long transferredInAll() {
    return lost + transferred;
  }

  /** The next attempt begins at the first byte. */
  synchronized void startAnew() {
    lost += transferred;
    transferred = 0;
    reused = 0;
    written = 0;
  }

  private void reportIfDue() {
    long now = nanoClock.getAsLong();
    if (now - reportedNanos >= INTERVAL_NANOS) {
      reportedNanos = now;
      progress.report(state());
    }
  }

  public synchronized Progress.State reportLast() {
    var last = state();
    progress.report(last);
    return last;
  }

  private Progress.State state() {
    return new Progress.State(transferred, reused, total, written);
  }
}
