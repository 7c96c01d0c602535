package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;
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
  private final InstantSource clock;
  private final RunLines lines;

  private Instant started;
  private long written;
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
    this.clock = clock;
    this.lines = new RunLines(clock);
    this.started = clock.instant();
  }

  /** What ended parts and the one under way have written. */
  long written() {
    return written;
  }

  /** Since the first part began. */
  Duration elapsed() {
    return Duration.between(started, clock.instant());
  }

  @Override
  public void on(UpdateEvent event) {
    show(lines.line(event));
  }

  @Override
  public void show(JsonNode line) {
    String version = line.path("version").asText();
    String id = line.path("transfer").asText();
    String location = line.path("location").asText();
    switch (line.path("event").asText()) {
      case "warning" -> line("Warning: " + line.path("text").asText());
      case "notice" -> line(line.path("text").asText());
      case "detail" -> {
        if (verbose) {
          line(line.path("text").asText());
        }
      }
      case "making-room" -> line("Making room for '" + version + "'.");
      case "already-acquired" -> line("Version '" + version + "' is acquired already.");
      case "removed-orphan" -> line("Removed '" + location + "', which no transfer owns.");
      case "removing" -> line(removing(line));
      case "swept-leftovers" ->
          line(
              "Removed "
                  + line.path("count").asInt()
                  + " leftover(s) of interrupted writes in "
                  + line.path("directory").asText()
                  + ".");
      case "acquire-started" -> {
        started = clock.instant();
        line("Updating to '" + version + "'.");
      }
      case "transfer-kept" -> line(pad(id) + " already there: " + location);
      case "transfer-started" -> {
        lastPlainPercent = 0;
        if (!terminal.errIsTerminal()) {
          line(
              pad(id)
                  + " "
                  + SizeText.bytes(Json.number(line, "total"))
                  + " from "
                  + line.path("source").asText()
                  + " to "
                  + line.path("target").asText());
        }
      }
      case "progress" -> progress(id, line);
      case "transfer-finished" -> finished(id, line);
      case "verification-progress" -> {
        if (terminal.errIsTerminal()) {
          draw(read(id, line));
        }
      }
      case "verification-finished" ->
          line(
              pad(id)
                  + " "
                  + SizeText.bytes(line.path("read").asLong())
                  + " read and compared, "
                  + rate(line));
      case "root-hash-signed" -> {
        if (verbose) {
          line(signed(line));
        }
      }
      case "install-started" -> line("Installing '" + version + "'.");
      case "member-installed" -> line(pad(id) + " installed: " + location);
      case "installed" -> line("Update '" + version + "' successfully installed.");
      case "ended" -> erase(); // the verb says the rest
      default -> {} // the start of a verification, or something that a newer program tells
    }
  }

  private static String pad(String id) {
    return String.format(Locale.ROOT, "  %-" + NAME_COLUMNS + "s", id);
  }

  /** The wording of the reference, which scripts look for. */
  private static String removing(JsonNode line) {
    String cause = line.path("cause").asText();
    return "Removing old "
        + (cause.equals("surplus") ? "version" : cause)
        + " '"
        + line.path("version").asText()
        + "' ("
        + line.path("location").asText()
        + ", "
        + line.path("type").asText()
        + ").";
  }

  private static String signed(JsonNode line) {
    String fingerprint = line.path("fingerprint").asText("");
    return pad(line.path("transfer").asText())
        + " root hash "
        + line.path("rootHash").asText()
        + (line.path("compared").asBoolean() ? " signed by " : " said to be signed by ")
        + line.path("certificate").asText()
        + (fingerprint.isEmpty() ? "" : ", certificate " + fingerprint);
  }

  private void progress(String id, JsonNode line) {
    written = line.path("all").path("written").asLong();
    if (terminal.errIsTerminal()) {
      draw(amounts(id, line), amounts("total", line.path("all")));
      return;
    }
    int percent = percent(done(line), Json.number(line, "total"));
    if (percent >= lastPlainPercent + PLAIN_STEP_PERCENT && percent < 100) {
      lastPlainPercent = percent / PLAIN_STEP_PERCENT * PLAIN_STEP_PERCENT;
      line(pad(id) + " " + lastPlainPercent + " %");
    }
  }

  private void finished(String id, JsonNode line) {
    written = line.path("all").path("written").asLong();
    long reused = line.path("reused").asLong();
    line(
        pad(id)
            + " "
            + SizeText.bytes(line.path("fetched").asLong())
            + " fetched and verified, "
            + (reused > 0 ? SizeText.bytes(reused) + " reused, " : "")
            + SizeText.bytes(line.path("written").asLong())
            + " written, "
            + rate(line));
  }

  private static long done(JsonNode amounts) {
    return amounts.path("fetched").asLong() + amounts.path("reused").asLong();
  }

  private static String rate(JsonNode amounts) {
    return SizeText.bytes(amounts.path("rate").asLong()) + "/s";
  }

  /** How far something is. What matters least is last, where a narrow terminal cuts it off. */
  private String amounts(String name, JsonNode amounts) {
    String text =
        pad(name)
            + " "
            + bar(done(amounts), Json.number(amounts, "total"))
            + SizeText.bytes(amounts.path("fetched").asLong())
            + ", "
            + rate(amounts);
    OptionalLong left = Json.number(amounts, "secondsLeft");
    if (left.isPresent() && left.getAsLong() > 0) {
      text += ", " + SizeText.time(Duration.ofSeconds(left.getAsLong())) + " left";
    }
    long reused = amounts.path("reused").asLong();
    if (reused > 0) {
      text += ", " + SizeText.bytes(reused) + " reused";
    }
    return text + ", " + SizeText.bytes(amounts.path("written").asLong()) + " written";
  }

  private String read(String id, JsonNode line) {
    long bytes = line.path("read").asLong();
    return pad(id)
        + " "
        + bar(bytes, Json.number(line, "total"))
        + SizeText.bytes(bytes)
        + ", "
        + rate(line);
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
  public void ended(Optional<String> component, Outcome outcome) {
    show(lines.ended(component, outcome));
  }

  @Override
  public void failed(Optional<String> component, UpdateException failure, ExitStatus status) {
    // The report of the failure says it all.
  }
}
