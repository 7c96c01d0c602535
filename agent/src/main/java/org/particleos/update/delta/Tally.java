package org.particleos.update.delta;

import java.util.function.LongSupplier;

/** Counts the bytes of one image and tells {@link DeltaProgress} now and then. */
final class Tally {
  private static final long INTERVAL_NANOS = 100_000_000;

  private final DeltaProgress progress;
  private final LongSupplier nanoClock;
  private long toFetch;
  private long fetched;
  private long reused;
  private long written;
  private long reportedNanos;

  Tally(DeltaProgress progress, LongSupplier nanoClock) {
    this.progress = progress;
    this.nanoClock = nanoClock;
    this.reportedNanos = nanoClock.getAsLong();
  }

  synchronized void willFetch(long bytes) {
    toFetch += bytes;
  }

  synchronized void fetched(long bytes) {
    fetched += bytes;
    reportIfDue();
  }

  synchronized void reused(long bytes) {
    reused += bytes;
    reportIfDue();
  }

  synchronized void written(long bytes) {
    written += bytes;
    reportIfDue();
  }

  private void reportIfDue() {
    long now = nanoClock.getAsLong();
    if (now - reportedNanos >= INTERVAL_NANOS) {
      reportedNanos = now;
      progress.report(state());
    }
  }

  synchronized DeltaProgress.State reportLast() {
    var last = state();
    progress.report(last);
    return last;
  }

  private DeltaProgress.State state() {
    return new DeltaProgress.State(fetched, toFetch, reused, written);
  }
}
