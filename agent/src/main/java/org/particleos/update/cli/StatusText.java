package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The picture that people see of what {@code status --json} prints. */
final class StatusText {
  private static final int NAME_COLUMNS = 18;

  private final Terminal terminal;
  private final JsonNode document;
  private final boolean verbose;
  private final StringBuilder text = new StringBuilder();

  /**
   * @param verbose whether to tell also what could not be found out
   */
  StatusText(Terminal terminal, JsonNode document, boolean verbose) {
    this.verbose = verbose;
    this.terminal = terminal;
    this.document = document;
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  String text(boolean legend) {
    line(Views.running(document));
    line("installed  " + Json.text(document, "installed").orElse("nothing"));
    boot();
    for (JsonNode failed : document.path("failed")) {
      List<String> lines = FailedNodes.lines(failed);
      line(terminal.paint("1;31", "failed") + "     " + lines.getFirst());
      lines.subList(1, lines.size()).forEach(line -> line("           " + line));
    }
    health();
    Map<String, List<JsonNode>> disks = new LinkedHashMap<>();
    List<JsonNode> directories = new ArrayList<>();
    for (JsonNode transfer : document.path("transfers")) {
      if (transfer.has("emptySlotNumbers")) {
        disks
            .computeIfAbsent(transfer.path("target").asText(), _ -> new ArrayList<>())
            .add(transfer);
      } else {
        directories.add(transfer);
      }
    }
    disks.forEach(this::disk);
    directories.forEach(this::directory);
    if (legend) {
      line("");
      line(advice());
    }
    return text.toString();
  }

  /** Only what is not as it should be. */
  private void boot() {
    JsonNode boot = document.path("boot");
    if (boot.path("standing").asText().equals("being-tried")) {
      long left = boot.path("triesLeft").asLong();
      line(
          "tried      nobody has found this start good yet; "
              + (left == 0
                  ? "it is the last try"
                  : left == 1 ? "1 try is left" : left + " tries are left"));
    }
    boot.path("conflicts").forEach(text -> line("unclear    " + text.asText()));
    if (verbose) {
      Json.text(boot, "entry").ifPresent(entry -> line("entry      " + entry));
      Json.text(boot, "why").ifPresent(why -> line("unknown    how this start stands: " + why));
      boot.path("unknown").forEach(text -> line("unknown    " + text.asText()));
    }
  }

  /** Of what runs now. */
  private void health() {
    JsonNode health = document.path("health");
    boolean ofThis = Json.text(health, "version").equals(Json.text(document, "booted"));
    if (health.path("checks").isEmpty() || !ofThis) {
      return;
    }
    for (JsonNode check : health.path("checks")) {
      if (!check.path("result").asText().equals("passed")) {
        line(
            terminal.paint("1;31", "health")
                + "     check "
                + check.path("name").asText()
                + " failed: "
                + check.path("text").asText());
      }
    }
    if (health.path("passed").asBoolean() && verbose) {
      line("health     all checks passed");
    }
  }

  private void disk(String device, List<JsonNode> transfers) {
    line("");
    line("Slots on " + device);
    List<List<String>> rows = new ArrayList<>();
    int width = 0;
    for (JsonNode transfer : transfers) {
      List<String> cells = new ArrayList<>();
      slots(transfer).forEach((number, content) -> cells.add(number + ": " + content));
      for (String cell : cells) {
        width = Math.max(width, Table.width(cell));
      }
      rows.add(cells);
    }
    for (int i = 0; i < rows.size(); i++) {
      var row = new StringBuilder(name(transfers.get(i)));
      for (String cell : rows.get(i)) {
        row.append(terminal.glyph("│ ", "| "))
            .append(cell)
            .repeat(" ", width - Table.width(cell) + 1);
      }
      line(row.append(terminal.glyph("│", "|")).toString());
    }
  }

  /** What is in each slot, by number. */
  private SortedMap<Integer, String> slots(JsonNode transfer) {
    SortedMap<Integer, String> slots = new TreeMap<>();
    transfer
        .path("emptySlotNumbers")
        .forEach(number -> slots.put(number.asInt(), terminal.glyph("·", "-") + " empty"));
    transfer.path("held").forEach(one -> slots.put(one.path("slot").asInt(), instance(one)));
    return slots;
  }

  private String instance(JsonNode one) {
    List<String> words = new ArrayList<>();
    one.path("state").forEach(word -> words.add(word.asText()));
    String stage = words.isEmpty() ? "" : words.getFirst();
    String glyph =
        switch (stage) {
          case "partial" -> terminal.paint("36", terminal.glyph("◔", "%"));
          case "pending" -> terminal.paint("36", terminal.glyph("◑", "="));
          case "running" -> terminal.paint("1;32", terminal.glyph("●", "*"));
          default -> terminal.glyph("○", "o");
        };
    return glyph + " " + one.path("version").asText() + " " + String.join(", ", words);
  }

  private void directory(JsonNode transfer) {
    Path directory = Path.of(transfer.path("target").asText());
    line("");
    line(name(transfer).strip() + " in " + directory);
    if (transfer.path("held").isEmpty()) {
      line("  nothing");
    }
    for (JsonNode one : transfer.path("held")) {
      Path path = Path.of(one.path("path").asText());
      line("  " + instance(one) + "  (" + directory.relativize(path) + ")");
    }
    if (transfer.has("further") && transfer.path("further").isEmpty()) {
      line("  no further boot partition is mounted");
    }
    transfer.path("further").forEach(this::further);
  }

  /** A further boot partition that is to hold the same. */
  private void further(JsonNode place) {
    List<String> words = new ArrayList<>();
    Json.text(place, "why").ifPresent(words::add);
    list(place, "missing", "lacks", words);
    list(place, "renamed", "has another counter for", words);
    list(place, "surplus", "still has", words);
    line(
        "  "
            + (place.path("inStep").asBoolean() ? "in step" : terminal.paint("33", "not in step"))
            + " on "
            + place.path("path").asText()
            + (words.isEmpty() ? "" : ": " + String.join("; ", words)));
  }

  private static void list(JsonNode place, String key, String verb, List<String> words) {
    List<String> names = new ArrayList<>();
    place.path(key).forEach(name -> names.add(name.asText()));
    if (!names.isEmpty()) {
      words.add(verb + " " + String.join(", ", names));
    }
  }

  private static String name(JsonNode transfer) {
    return String.format(Locale.ROOT, "  %-" + NAME_COLUMNS + "s", transfer.path("id").asText());
  }

  private String advice() {
    for (JsonNode version : document.path("versions")) {
      if (version.path("assessment").asText().contains("quarantined")) {
        continue; // what is left of it is no business of apply
      }
      List<String> words = List.of(version.path("assessment").asText().split("\\+"));
      if (words.contains("partial") || words.contains("pending")) {
        return "An update is unfinished. Continue it with: particle-update apply";
      }
    }
    Optional<String> booted = Json.text(document, "booted");
    Optional<String> whole = Json.text(document, "installed");
    if (booted.isPresent() && whole.isPresent() && !whole.get().equals(booted.get())) {
      return "Restart the machine to use version " + whole.get() + ".";
    }
    return "Look for a newer version with: particle-update check";
  }
}
