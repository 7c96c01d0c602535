package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.particleos.update.plan.VersionSet.Flags;

/** What people see of what {@code list} prints as JSON (update-algorithm.md 19.1, 19.2). */
final class VersionsText {
  /** Of the document of all versions: the flags of each. */
  static final String VERSIONS = "versions";

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss zzz", Locale.ROOT);

  /** How the members of a version are shown that JSON has as a plain number. */
  private static final Map<String, Function<JsonNode, String>> NUMBERS =
      Map.of(
          "ptflags",
          flags -> flags.bigIntegerValue().toString(16),
          "mtime",
          micros -> time(micros.asLong()),
          "mode",
          mode -> String.format(Locale.ROOT, "%04o", mode.asLong()),
          "size",
          bytes -> SizeText.bytes(bytes.asLong()));

  private final Terminal terminal;
  private final boolean legend;
  private final boolean sizes;

  VersionsText(Terminal terminal, boolean legend, boolean sizes) {
    this.terminal = terminal;
    this.legend = legend;
    this.sizes = sizes;
  }

  /** The table of all versions. */
  String all(JsonNode document) {
    List<String> header =
        new ArrayList<>(List.of("", "VERSION", "INSTALLED", "AVAILABLE", "ASSESSMENT"));
    if (sizes) {
      header.addAll(List.of("DOWNLOAD", "NEEDS"));
    }
    Map<String, JsonNode> costs = new HashMap<>();
    document.path("sizes").forEach(cost -> costs.put(cost.path("version").asText(), cost));
    var table = new Table(header.toArray(String[]::new));
    String tick = terminal.glyph("✓", "+");
    for (JsonNode one : document.path(VERSIONS)) {
      Flags flags = flags(one);
      String version = one.path("version").asText();
      List<String> row =
          new ArrayList<>(
              List.of(
                  glyph(flags),
                  version,
                  flags.installed() ? tick : "",
                  flags.available() ? tick : "",
                  one.path("assessment").asText()));
      if (sizes) {
        JsonNode cost = costs.get(version);
        row.add(cost == null ? "-" : SizeText.bytes(Json.number(cost, "downloadBytes")));
        row.add(cost == null ? "-" : SizeText.bytes(Json.number(cost, "installBytes")));
      }
      table.add(row);
    }
    return table.text(legend);
  }

  private static Flags flags(JsonNode one) {
    return new Flags(
        one.path("newest").asBoolean(),
        one.path("available").asBoolean(),
        one.path("installed").asBoolean(),
        one.path("obsolete").asBoolean(),
        one.path("protected").asBoolean(),
        one.path("incomplete").asBoolean(),
        one.path("partial").asBoolean(),
        one.path("pending").asBoolean(),
        one.path("quarantined").asBoolean());
  }

  /** The first rule of update-algorithm.md 5 that applies. */
  private String glyph(Flags flags) {
    if (flags.obsolete() || flags.quarantined() || (!flags.installed() && !flags.available())) {
      return terminal.paint(flags.newest() ? "1;90" : "90", terminal.glyph("×", "x"));
    }
    if (flags.partial() || flags.pending()) {
      return terminal.paint("36", terminal.glyph("⤵\ufe0f", "\\"));
    }
    String colour = flags.installed() && flags.incomplete() ? "33" : "";
    if (flags.installed() && flags.newest()) {
      return terminal.paint(colour.isEmpty() ? "1" : colour, terminal.glyph("●", "*"));
    }
    if (flags.installed() && flags.protectedVersion()) {
      return terminal.paint(colour.isEmpty() ? "35" : colour, terminal.glyph("○", "*"));
    }
    if (flags.available() && flags.newest() && !flags.installed()) {
      return terminal.paint("32", terminal.glyph("↻", "*"));
    }
    return " ";
  }

  /** One version with its members. */
  String one(JsonNode document) {
    Flags flags = flags(document);
    String installed =
        yes(flags.installed())
            + (flags.installed() && flags.newest() ? " (newest)" : "")
            + (flags.incomplete() ? " (incomplete)" : "")
            + (flags.pending() ? " (pending)" : "")
            + (flags.partial() ? " (partial)" : "")
            + (flags.quarantined() ? " (quarantined)" : "");
    boolean newestOffer = flags.available() && flags.newest() && !flags.installed();
    var text = new StringBuilder();
    text.append(glyph(flags))
        .append(" Version: ")
        .append(document.path("version").asText())
        .append('\n');
    text.append("    State: ").append(flags.assessment()).append('\n');
    text.append("Installed: ").append(installed).append('\n');
    text.append("Available: ").append(yes(flags.available()));
    text.append(newestOffer ? " (newest)\n" : "\n");
    text.append("Protected: ").append(yes(flags.installed() && flags.protectedVersion()));
    text.append("\n Obsolete: ").append(yes(flags.obsolete())).append('\n');
    for (JsonNode url : document.path("changelogUrls")) {
      text.append("ChangeLog: ").append(url.asText()).append('\n');
    }
    if (sizes) {
      text.append(" Download: ")
          .append(SizeText.bytes(Json.number(document, "downloadBytes")))
          .append("\n    Needs: ")
          .append(SizeText.bytes(Json.number(document, "installBytes")))
          .append('\n');
    }
    return text.append('\n').append(contents(document.path("contents"))).toString();
  }

  private static String yes(boolean value) {
    return value ? "yes" : "no";
  }

  /** All members have the same keys: those that say something about one of them. */
  private String contents(JsonNode members) {
    List<String> keys = new ArrayList<>();
    if (members.isEmpty()) {
      keys.addAll(List.of("type", "path"));
    } else {
      members.get(0).fieldNames().forEachRemaining(keys::add);
    }
    var table =
        new Table(keys.stream().map(key -> key.toUpperCase(Locale.ROOT)).toArray(String[]::new));
    for (JsonNode member : members) {
      table.add(keys.stream().map(key -> cell(key, member.path(key))).toList());
    }
    return table.text(legend);
  }

  private static String cell(String key, JsonNode value) {
    if (value.isNull() || value.isMissingNode()) {
      return "-";
    }
    if (value.isBoolean()) {
      return yes(value.asBoolean());
    }
    Function<JsonNode, String> number = NUMBERS.get(key);
    return value.isNumber() && number != null ? number.apply(value) : value.asText();
  }

  private static String time(long micros) {
    return TIME.format(
        Instant.ofEpochSecond(
                Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000L)
            .atZone(ZoneId.systemDefault()));
  }
}
