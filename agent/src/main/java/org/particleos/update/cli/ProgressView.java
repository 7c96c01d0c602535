package org.particleos.update.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.OptionalLong;
import org.particleos.update.catalog.Instance;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.Removal;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;

/**
 * Shows what a run does: on a terminal one line for the transfer under way and one for the total,
 * drawn over; elsewhere a line at the start, at every quarter and at the end of each transfer.
 */
final class ProgressView implements RunView {
  private static final int BAR_CELLS = 16;
  private static final int PLAIN_STEP_PERCENT = 25;

  /** Longest transfer name that keeps a line within 80 columns. */
  private static final int NAME_COLUMNS = 18;

  private final Terminal terminal;
  private final boolean verbose;
  private final Tally tally;

  private int lastPlainPercent;
  private int linesDrawn;

  /**
   * Begins with nothing shown.
   *
   * @param verbose show details too
   */
  ProgressView(Terminal terminal, InstantSource clock, boolean verbose) {
    this.terminal = terminal;
    this.verbose = verbose;
    this.tally = new Tally(clock);
  }

  @Override
  public Tally tally() {
    return tally;
  }

  @Override
  public void on(UpdateEvent event) {
    switch (event) {
      case UpdateEvent.Warning(var text) -> line("Warning: " + text);
      case UpdateEvent.Notice(var text) -> line(text);
      case UpdateEvent.Detail(var text) -> {
        if (verbose) {
          line(text);
        }
      }
      case UpdateEvent.MakingRoom(var set) -> line("Making room for '" + set.version() + "'.");
      case UpdateEvent.AlreadyAcquired(var set) ->
          line("Version '" + set.version() + "' is acquired already.");
      case UpdateEvent.RemovedOrphan(var path) ->
          line("Removed '" + path + "', which no transfer owns.");
      case UpdateEvent.Removing(var removal) -> line(removing(removal));
      case UpdateEvent.SweptLeftovers(var directory, var count) ->
          line("Removed " + count + " leftover(s) of interrupted writes in " + directory + ".");
      case UpdateEvent.AcquireStarted(var set, _, var total) -> {
        tally.acquireStarted(total);
        line("Updating to '" + set.version() + "'.");
      }
      case UpdateEvent.TransferKept(_, var id, var held) ->
          line(pad(id) + " already there: " + held.location());
      case UpdateEvent.TransferStarted start -> {
        tally.partStarted(start.totalBytes());
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
      case UpdateEvent.VerificationStarted(_, _, var total) ->
          tally.partStarted(OptionalLong.of(total));
      case UpdateEvent.VerificationProgress(var id, var bytes, var total) -> {
        if (terminal.errIsTerminal()) {
          draw(read(id, bytes, total));
        }
      }
      case UpdateEvent.VerificationFinished(var id, var bytes) ->
          line(
              pad(id)
                  + " "
                  + SizeText.bytes(bytes)
                  + " read and compared, "
                  + SizeText.rate(bytes, tally.partElapsed()));
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
    tally.partIs(progress);
    Amounts part = tally.part();
    if (terminal.errIsTerminal()) {
      draw(line(progress.transferId(), part), line("total", tally.run()));
      return;
    }
    int percent = percent(part.done(), part.total());
    if (percent >= lastPlainPercent + PLAIN_STEP_PERCENT && percent < 100) {
      lastPlainPercent = percent / PLAIN_STEP_PERCENT * PLAIN_STEP_PERCENT;
      line(pad(progress.transferId()) + " " + lastPlainPercent + " %");
    }
  }

  private void finished(UpdateEvent.TransferFinished finished) {
    Amounts part = tally.partFinished(finished);
    line(
        pad(finished.transferId())
            + " "
            + SizeText.bytes(part.fetched())
            + " fetched and verified, "
            + (part.reused() > 0 ? SizeText.bytes(part.reused()) + " reused, " : "")
            + SizeText.bytes(part.written())
            + " written, "
            + SizeText.bytes(part.rate())
            + "/s");
  }

  /** How far something is. What matters least is last, where a narrow terminal cuts it off. */
  private String line(String name, Amounts amounts) {
    String text =
        pad(name)
            + " "
            + bar(amounts.done(), amounts.total())
            + SizeText.bytes(amounts.fetched())
            + ", "
            + SizeText.bytes(amounts.rate())
            + "/s";
    OptionalLong left = amounts.secondsLeft();
    if (left.isPresent() && left.getAsLong() > 0) {
      text += ", " + SizeText.time(Duration.ofSeconds(left.getAsLong())) + " left";
    }
    if (amounts.reused() > 0) {
      text += ", " + SizeText.bytes(amounts.reused()) + " reused";
    }
    return text + ", " + SizeText.bytes(amounts.written()) + " written";
  }

  private String read(String id, long bytes, long total) {
    return pad(id)
        + " "
        + bar(bytes, OptionalLong.of(total))
        + SizeText.bytes(bytes)
        + ", "
        + SizeText.rate(bytes, tally.partElapsed());
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

  @Override
  public void ended(Outcome outcome) {
    erase(); // the verb says the rest
  }

  @Override
  public void failed(UpdateException failure, ExitStatus status) {
    // The report of the failure says it all.
  }
}
