package org.particleos.update.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.OptionalLong;
import org.particleos.update.catalog.Instance;
import org.particleos.update.plan.Removal;
import org.particleos.update.update.UpdateEvent;

/**
 * Shows what a run does: on a terminal one line for the transfer under way and one for the total,
 * drawn over; elsewhere a line at the start, at every quarter and at the end of each transfer.
 */
final class ProgressView implements UpdateEvent.Observer {
  private static final int BAR_CELLS = 24;
  private static final int PLAIN_STEP_PERCENT = 25;

  /** Longest transfer name that keeps a line within 80 columns. */
  private static final int NAME_COLUMNS = 18;

  private final Terminal terminal;
  private final InstantSource clock;

  private OptionalLong downloadBytes = OptionalLong.empty();
  private Instant started;
  private Instant transferStarted;
  private long finishedBytes;
  private long finishedReused;
  private long finishedWritten;
  private int lastPlainPercent;
  private int linesDrawn;

  ProgressView(Terminal terminal, InstantSource clock) {
    this.terminal = terminal;
    this.clock = clock;
    this.started = clock.instant();
    this.transferStarted = started;
  }

  @Override
  public void on(UpdateEvent event) {
    switch (event) {
      case UpdateEvent.Warning(var text) -> line("Warning: " + text);
      case UpdateEvent.Notice(var text) -> line(text);
      case UpdateEvent.MakingRoom(var set) -> line("Making room for '" + set.version() + "'.");
      case UpdateEvent.AlreadyAcquired(var set) ->
          line("Version '" + set.version() + "' is acquired already.");
      case UpdateEvent.RemovedOrphan(var path) ->
          line("Removed '" + path + "', which no transfer owns.");
      case UpdateEvent.Removing(var removal) -> line(removing(removal));
      case UpdateEvent.SweptLeftovers(var directory, var count) ->
          line("Removed " + count + " leftover(s) of interrupted writes in " + directory + ".");
      case UpdateEvent.AcquireStarted(var set, _, var total) -> {
        downloadBytes = total;
        started = clock.instant();
        line("Updating to '" + set.version() + "'.");
      }
      case UpdateEvent.TransferKept(_, var id, var held) ->
          line(pad(id) + " already there: " + held.location());
      case UpdateEvent.TransferStarted start -> {
        transferStarted = clock.instant();
        lastPlainPercent = 0;
        if (!terminal.errIsTerminal()) {
          line(
              pad(start.transferId())
                  + " "
                  + SizeText.bytes(start.totalBytes())
                  + " from "
                  + start.source().location()
                  + " to "
                  + start.target());
        }
      }
      case UpdateEvent.TransferProgress progress -> progress(progress);
      case UpdateEvent.TransferFinished finished -> finished(finished);
      case UpdateEvent.VerificationStarted _ -> transferStarted = clock.instant();
      case UpdateEvent.VerificationProgress(var id, var bytes, var total) -> {
        if (terminal.errIsTerminal()) {
          draw(line(id, bytes, 0, OptionalLong.of(total)));
        }
      }
      case UpdateEvent.VerificationFinished(var id, var bytes) ->
          line(
              pad(id)
                  + " "
                  + SizeText.bytes(bytes)
                  + " read and compared, "
                  + SizeText.rate(bytes, Duration.between(transferStarted, clock.instant())));
      case UpdateEvent.InstallStarted(var set) -> line("Installing '" + set.version() + "'.");
      case UpdateEvent.MemberInstalled(var id, var path) -> line(pad(id) + " installed: " + path);
      case UpdateEvent.Installed(var set) ->
          line("Update '" + set.version() + "' successfully installed.");
    }
  }

  private static String pad(String id) {
    return String.format(Locale.ROOT, "  %-" + NAME_COLUMNS + "s", id);
  }

  /** The wording of the reference, which scripts look for. */
  private static String removing(Removal removal) {
    Instance instance = removal.instance();
    String what =
        switch (removal.cause()) {
          case PARTIAL -> "partial";
          case PENDING -> "pending";
          case SURPLUS -> "version";
          case DISABLED -> "disabled";
        };
    return "Removing old "
        + what
        + " '"
        + instance.version()
        + "' ("
        + instance.location()
        + ", "
        + instance.type().text()
        + ").";
  }

  private void progress(UpdateEvent.TransferProgress progress) {
    if (terminal.errIsTerminal()) {
      draw(
          line(
              progress.transferId(),
              progress.bytesTransferred(),
              progress.bytesReused(),
              progress.totalBytes()),
          totalLine(progress.bytesTransferred(), progress.bytesReused()));
      return;
    }
    int percent =
        percent(progress.bytesTransferred() + progress.bytesReused(), progress.totalBytes());
    if (percent >= lastPlainPercent + PLAIN_STEP_PERCENT && percent < 100) {
      lastPlainPercent = percent / PLAIN_STEP_PERCENT * PLAIN_STEP_PERCENT;
      line(pad(progress.transferId()) + " " + lastPlainPercent + " %");
    }
  }

  private void finished(UpdateEvent.TransferFinished finished) {
    finishedBytes += finished.bytesTransferred();
    finishedReused += finished.bytesReused();
    finishedWritten += finished.bytesWritten();
    Duration elapsed = Duration.between(transferStarted, clock.instant());
    line(
        pad(finished.transferId())
            + " "
            + SizeText.bytes(finished.bytesTransferred())
            + " fetched and verified, "
            + reused(finished.bytesReused())
            + SizeText.bytes(finished.bytesWritten())
            + " written, "
            + SizeText.rate(finished.bytesTransferred(), elapsed));
  }

  /** How far the transfer under way is. */
  private String line(String id, long done, long reused, OptionalLong total) {
    Duration elapsed = Duration.between(transferStarted, clock.instant());
    return pad(id) + " " + bar(done + reused, total) + amounts(done, reused, total, elapsed);
  }

  private String totalLine(long current, long currentReused) {
    Duration elapsed = Duration.between(started, clock.instant());
    long bytes = finishedBytes + current;
    long reused = finishedReused + currentReused;
    return pad("total")
        + " "
        + bar(bytes + reused, downloadBytes)
        + amounts(bytes, reused, downloadBytes, elapsed);
  }

  private static String reused(long bytes) {
    return bytes > 0 ? SizeText.bytes(bytes) + " reused, " : "";
  }

  private String bar(long done, OptionalLong total) {
    if (total.isEmpty()) {
      return "";
    }
    int filled = BAR_CELLS * percent(done, total) / 100;
    String full = terminal.glyph("█", "#");
    String empty = terminal.glyph("░", ".");
    return full.repeat(filled)
        + empty.repeat(BAR_CELLS - filled)
        + String.format(Locale.ROOT, " %3d %% ", percent(done, total));
  }

  private static int percent(long done, OptionalLong total) {
    long all = total.orElse(0);
    return all <= 0 ? 0 : (int) Math.min(100, done * 100 / all);
  }

  /** Only what comes over the network tells how long the rest will take. */
  private static String amounts(long done, long reused, OptionalLong total, Duration elapsed) {
    String text = SizeText.bytes(done) + ", " + reused(reused) + SizeText.rate(done, elapsed);
    long all = total.orElse(0) - reused;
    if (done > 0 && all > done) {
      long leftMillis = (long) ((double) elapsed.toMillis() * (all - done) / done);
      text += ", " + SizeText.time(Duration.ofMillis(leftMillis)) + " left";
    }
    return text;
  }

  private void draw(String... lines) {
    PrintStream err = terminal.err();
    erase();
    for (String line : lines) {
      err.println(
          line.length() > terminal.columns() ? line.substring(0, terminal.columns()) : line);
    }
    err.flush();
    linesDrawn = lines.length;
  }

  private void erase() {
    if (linesDrawn > 0) {
      terminal.err().print("\u001b[" + linesDrawn + "A\u001b[J");
      linesDrawn = 0;
    }
  }

  private void line(String text) {
    erase();
    terminal.err().println(text);
  }

  /** Bytes fetched and written so far by finished transfers. */
  long bytesFetched() {
    return finishedBytes;
  }

  long bytesWritten() {
    return finishedWritten;
  }

  Duration elapsed() {
    return Duration.between(started, clock.instant());
  }
}
