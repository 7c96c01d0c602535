package org.particleos.update.packages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The page of the command, in mdoc: a frame that people wrote, filled with what the program says
 * about itself. So every verb and option is in there, in the same words as in {@code --help}.
 */
final class ManualPage {
  /** Where a line of text would be taken for a request. */
  private static final Pattern REQUEST = Pattern.compile("^(?=[.'])");

  /** A hyphen that begins a word is an option's; it must stay one when it is copied. */
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])-(-?)(?=\\w)");

  private final JsonNode program;

  /**
   * @param program what {@code --introspect-cli} printed
   */
  ManualPage(JsonNode program) {
    this.program = program;
  }

  /** Puts verbs, options and exit statuses where the frame wants them. */
  String in(String frame) {
    String page = frame;
    page = fill(page, "VERBS", verbs());
    page = fill(page, "OPTIONS", options(program.get("options")));
    return fill(page, "EXIT STATUSES", exitStatuses());
  }

  private static String fill(String frame, String place, List<String> lines) {
    String mark = ".\\\" @" + place + "@\n";
    if (!frame.contains(mark)) {
      throw new IllegalArgumentException("the page has no place for " + place);
    }
    return frame.replace(mark, String.join("\n", lines) + "\n");
  }

  private List<String> verbs() {
    List<String> lines = new ArrayList<>();
    lines.add(".Bl -tag -width Ds");
    for (JsonNode verb : program.get("verbs")) {
      var item = new StringBuilder(".It Cm " + verb.get("name").asText());
      verb.get("arguments").forEach(argument -> item.append(argument(argument)));
      lines.add(item.toString());
      lines.add(text(verb.get("description").asText()));
      if (!verb.get("options").isEmpty()) {
        lines.addAll(options(verb.get("options")));
      }
    }
    lines.add(".El");
    return lines;
  }

  private static String argument(JsonNode argument) {
    String arity = argument.get("arity").asText();
    String name = "Ar \"" + argument.get("name").asText() + "\"";
    return (arity.startsWith("0") ? " Op " + name : " " + name)
        + (arity.endsWith("*") ? " No ..." : "");
  }

  private static List<String> options(JsonNode options) {
    List<String> lines = new ArrayList<>();
    lines.add(".Bl -tag -width Ds");
    for (JsonNode option : options) {
      List<String> names = new ArrayList<>();
      option.get("names").forEach(name -> names.add("Fl " + name.asText().substring(1)));
      String value =
          option.get("argument").isNull()
              ? ""
              : " Ns = Ns Ar \"" + option.get("argument").asText() + "\"";
      lines.add(".It " + String.join(" , ", names) + value);
      lines.add(text(option.get("description").asText()));
    }
    lines.add(".El");
    return lines;
  }

  private List<String> exitStatuses() {
    List<String> lines = new ArrayList<>();
    lines.add(".Bl -tag -width Ds");
    for (JsonNode status : program.get("exitStatuses")) {
      lines.add(".It " + status.get("status").asText());
      lines.add(text(status.get("meaning").asText()));
    }
    lines.add(".El");
    return lines;
  }

  private static String text(String words) {
    String escaped = words.replace("\\", "\\e");
    escaped =
        OPTION.matcher(escaped).replaceAll(m -> m.group(1).isEmpty() ? "\\\\-" : "\\\\-\\\\-");
    return REQUEST.matcher(escaped).replaceFirst("\\\\&");
  }
}
