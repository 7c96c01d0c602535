package org.particleos.update.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.OptionalLong;
import org.particleos.update.cli.RunView.Amounts;
import org.particleos.update.update.UpdateEvent;

/** Adds up what a run transfers: for the part under way, and for all of them. */
final class Tally {
  private final InstantSource clock;
  private Instant runStarted;
  private Instant partStarted;
  private OptionalLong runTotal = OptionalLong.empty();
  private Amounts part;
  private long fetched;
  private long reused;
  private long written;

  Tally(InstantSource clock) {
    this.clock = clock;
    this.runStarted = clock.instant();
    this.partStarted = runStarted;
    this.part = new Amounts(0, 0, 0, OptionalLong.empty(), Duration.ZERO);
  }

  void acquireStarted(OptionalLong total) {
    runTotal = total;
    runStarted = clock.instant();
  }

  void partStarted(OptionalLong total) {
    partStarted = clock.instant();
    part = new Amounts(0, 0, 0, total, Duration.ZERO);
  }

  void partIs(UpdateEvent.TransferProgress progress) {
    part =
        new Amounts(
            progress.bytesTransferred(),
            progress.bytesReused(),
            progress.bytesWritten(),
            progress.totalBytes(),
            Duration.between(partStarted, clock.instant()));
  }

  /** The part that has ended is counted with the others from now on. */
  Amounts partFinished(UpdateEvent.TransferFinished finished) {
    var whole =
        new Amounts(
            finished.bytesTransferred(),
            finished.bytesReused(),
            finished.bytesWritten(),
            OptionalLong.of(finished.bytesTransferred() + finished.bytesReused()),
            Duration.between(partStarted, clock.instant()));
    fetched += whole.fetched();
    reused += whole.reused();
    written += whole.written();
    part = new Amounts(0, 0, 0, OptionalLong.empty(), Duration.ZERO);
    return whole;
  }

  Amounts part() {
    return part;
  }

  Amounts run() {
    return new Amounts(
        fetched + part.fetched(),
        reused + part.reused(),
        written + part.written(),
        runTotal,
        elapsed());
  }

  Duration elapsed() {
    return Duration.between(runStarted, clock.instant());
  }

  Duration partElapsed() {
    return Duration.between(partStarted, clock.instant());
  }
}
