package org.particleos.update.definition;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The syntax of os-release and machine-info: shell-like assignments, without expansion. */
final class EnvironmentFile {
  private static final Pattern ASSIGNMENT =
      Pattern.compile("\\s*(?<name>[A-Za-z_][A-Za-z0-9_]*)=(?<value>.*)");

  private EnvironmentFile() {}

  /** The last assignment of a name counts; lines that are no assignment are skipped. */
  static Map<String, String> parse(String text) {
    var fields = new HashMap<String, String>();
    text.lines()
        .map(ASSIGNMENT::matcher)
        .filter(line -> line.matches())
        .forEach(line -> fields.put(line.group("name"), unquoted(line.group("value").strip())));
    return fields;
  }

  private static String unquoted(String value) {
    var out = new StringBuilder();
    char quote = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\' && quote != '\'' && i + 1 < value.length()) {
        i++;
        // In double quotes a backslash that protects nothing stays.
        if (quote == '"' && "\"\\$`".indexOf(value.charAt(i)) < 0) {
          out.append('\\');
        }
        out.append(value.charAt(i));
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (c == quote) {
        quote = 0;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
