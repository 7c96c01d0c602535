package org.particleos.update.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The two ways in which a value is split into words (transfer-files.md 3, 9.1). */
final class Words {
  private Words() {}

  /**
   * Splits at whitespace; single and double quotes group, backslashes are literal. Empty if a quote
   * is not closed.
   */
  static Optional<List<String>> quoted(String value) {
    var words = new ArrayList<String>();
    var word = new StringBuilder();
    boolean inWord = false;
    char quote = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else {
          word.append(c);
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
        inWord = true;
      } else if (IniReader.isWhitespace(c)) {
        if (inWord) {
          words.add(word.toString());
          word.setLength(0);
          inWord = false;
        }
      } else {
        word.append(c);
        inWord = true;
      }
    }
    if (quote != 0) {
      return Optional.empty();
    }
    if (inWord) {
      words.add(word.toString());
    }
    return Optional.of(List.copyOf(words));
  }

  /** Splits at whitespace and nothing else. */
  static List<String> plain(String value) {
    var words = new ArrayList<String>();
    int start = 0;
    for (int i = 0; i <= value.length(); i++) {
      if (i == value.length() || IniReader.isWhitespace(value.charAt(i))) {
        if (i > start) {
          words.add(value.substring(start, i));
        }
        start = i + 1;
      }
    }
    return List.copyOf(words);
  }

  /**
   * Decodes C-style escapes; an escape that C does not know stays as it is. Empty if the word ends
   * within one.
   */
  static Optional<String> unescaped(String word) {
    var out = new StringBuilder();
    int i = 0;
    while (i < word.length()) {
      char c = word.charAt(i);
      if (c != '\\') {
        out.append(c);
        i++;
        continue;
      }
      if (i + 1 == word.length()) {
        return Optional.empty();
      }
      char kind = word.charAt(i + 1);
      int simple = "abfnrtv\\\"'".indexOf(kind);
      if (simple >= 0) {
        out.append("\u0007\b\f\n\r\t\u000b\\\"'".charAt(simple));
        i += 2;
        continue;
      }
      int digits =
          switch (kind) {
            case 'x' -> 2;
            case 'u' -> 4;
            case 'U' -> 8;
            case '0', '1', '2', '3' -> 3;
            default -> 0;
          };
      boolean octal = digits == 3;
      int start = octal ? i + 1 : i + 2;
      int point = digits == 0 ? -1 : number(word, start, digits, octal ? 8 : 16);
      if (Character.isValidCodePoint(point)) {
        out.appendCodePoint(point);
        i = start + digits;
      } else {
        out.append(c).append(kind);
        i += 2;
      }
    }
    return Optional.of(out.toString());
  }

  /** Exactly so many digits; negative if they are not there. */
  private static int number(String word, int start, int digits, int radix) {
    if (start + digits > word.length()) {
      return -1;
    }
    long value = 0;
    for (int i = start; i < start + digits; i++) {
      int digit = word.charAt(i) < 0x80 ? Character.digit(word.charAt(i), radix) : -1;
      if (digit < 0) {
        return -1;
      }
      value = value * radix + digit;
    }
    return value > Character.MAX_CODE_POINT ? -1 : (int) value;
  }
}
