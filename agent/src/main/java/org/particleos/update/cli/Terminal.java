package org.particleos.update.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/**
 * Where text goes and what can be shown there.
 *
 * @param out results
 * @param err progress, notices, warnings and failures
 * @param outIsTerminal whether somebody looks at {@code out} directly
 * @param errIsTerminal whether lines on {@code err} can be drawn over
 * @param unicode whether glyphs beyond ASCII can be shown
 * @param colour whether escape sequences for colour are wanted
 * @param columns width
 */
record Terminal(
    PrintStream out,
    PrintStream err,
    boolean outIsTerminal,
    boolean errIsTerminal,
    boolean unicode,
    boolean colour,
    int columns) {
  static final int COLUMNS_DEFAULT = 80;

  /** The process's own streams, judged by environment and file descriptors. */
  static Terminal ofProcess(
      Map<String, String> environment, boolean outIsTerminal, boolean errIsTerminal) {
    String locale =
        first(environment, "LC_ALL", "LC_CTYPE", "LANG").toUpperCase(Locale.ROOT).replace("-", "");
    boolean dumb = environment.getOrDefault("TERM", "dumb").equals("dumb");
    boolean colour =
        switch (environment.getOrDefault("SYSTEMD_COLORS", "")) {
          case "" -> outIsTerminal && !dumb && environment.getOrDefault("NO_COLOR", "").isEmpty();
          case "0", "no", "false", "off", "n", "f" -> false;
          default -> true;
        };
    int columns = COLUMNS_DEFAULT;
    String configured = environment.getOrDefault("COLUMNS", "");
    if (configured.matches("[1-9][0-9]{0,3}")) {
      columns = Integer.parseInt(configured);
    }
    return new Terminal(
        utf8(System.out),
        utf8(System.err),
        outIsTerminal,
        errIsTerminal && !dumb,
        locale.contains("UTF8"),
        colour,
        columns);
  }

  private static PrintStream utf8(PrintStream stream) {
    return new PrintStream(stream, true, java.nio.charset.StandardCharsets.UTF_8);
  }

  private static String first(Map<String, String> environment, String... names) {
    for (String name : names) {
      String value = environment.getOrDefault(name, "");
      if (!value.isEmpty()) {
        return value;
      }
    }
    return "";
  }

  String glyph(String wanted, String ascii) {
    return unicode ? wanted : ascii;
  }

  /** The text in a colour (an ANSI attribute such as {@code 32}), or as it is. */
  String paint(String attribute, String text) {
    return colour ? "\u001b[" + attribute + "m" + text + "\u001b[0m" : text;
  }
}
