package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.history.Entry;
import org.particleos.update.history.History;
import org.particleos.update.linux.IoFailure;

/** What earlier runs changed, and which failed; newest first. */
final class HistoryVerb extends Verb {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

  HistoryVerb() {
    super(
        "history",
        "Show what earlier runs changed, and which failed. Asks no server.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is looked at
    var history = new History(machine().kernel(), machine().root(), machine().ownStateDirectory());
    Optional<String> target =
        options().choosesDefinitions() ? Optional.of(Entry.target(place())) : Optional.empty();
    ObjectNode node = Json.object();
    ArrayNode runs = node.putArray("runs");
    try {
      runs.addAll(history.newest(options().lines(), target));
    } catch (IOException failed) {
      throw IoFailure.reading("reading the history failed", failed).inState("nothing was changed");
    }
    answer(node);
    return ExitStatus.OK;
  }

  @Override
  void show(JsonNode document) {
    JsonNode runs = document.path("runs");
    if (runs.isEmpty()) {
      terminal().err().println("No run is recorded.");
      return;
    }
    var table =
        new Table(
            "", "TIME", "ACTION", "BY", "TARGET", "VERSION", "FETCHED", "WRITTEN", "TOOK",
            "RESULT");
    for (JsonNode run : runs) {
      boolean failed = run.path("outcome").asText().equals("failed");
      table.add(
          List.of(
              failed
                  ? terminal().paint("31", terminal().glyph("✗", "-"))
                  : terminal().glyph("✓", "+"),
              time(run),
              cell(run, "action"),
              by(run),
              cell(run, "target"),
              versions(run),
              bytes(run, "fetched"),
              bytes(run, "written"),
              SizeText.elapsed(Duration.ofMillis((long) (run.path("seconds").asDouble() * 1000))),
              failed ? cell(run, "message") : cell(run, "outcome")));
    }
    new Pager(terminal(), context().machine().environment(), options().pager())
        .show(table.text(options().legend()));
  }

  /** Somebody may have edited the file: nothing of it may act on a terminal. */
  private static String cell(JsonNode run, String name) {
    String quoted = Quote.quote(run.path(name).asText());
    String inside = quoted.substring(1, quoted.lastIndexOf('"'));
    return inside.replace("\\\"", "\"").replace("\\\\", "\\")
        + quoted.substring(quoted.lastIndexOf('"') + 1);
  }

  private static String time(JsonNode run) {
    try {
      return TIME.format(Instant.parse(run.path("time").asText()).atZone(ZoneId.systemDefault()));
    } catch (DateTimeException _) {
      return "?";
    }
  }

  private static String by(JsonNode run) {
    long uid = run.path("uid").asLong(-1);
    return cell(run, "by") + (uid > 0 ? " (uid " + uid + ")" : "");
  }

  private static String versions(JsonNode run) {
    Optional<String> to = Json.text(run, "to");
    if (to.isEmpty()) {
      return "-";
    }
    Optional<String> from = Json.text(run, "from");
    return from.isPresent() && !from.equals(to)
        ? cell(run, "from") + " -> " + cell(run, "to")
        : cell(run, "to");
  }

  private static String bytes(JsonNode run, String name) {
    long bytes = run.path(name).asLong();
    return bytes == 0 ? "-" : SizeText.bytes(bytes);
  }
}
