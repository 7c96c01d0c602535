package org.particleos.update.failure;

/** Makes text from outside (manifests, file names, servers, labels) safe to print on one line. */
public final class Quote {
  /** Longer text is cut: a message is no place for a megabyte of somebody else's words. */
  static final int LENGTH_MAX = 200;

  private Quote() {}

  /**
   * The text in double quotes, with control, format, surrogate and other invisible characters,
   * quotes and backslashes written as escapes, cut after {@value #LENGTH_MAX} characters.
   */
  public static String quote(String text) {
    var out = new StringBuilder("\"");
    int end = Math.min(text.length(), LENGTH_MAX);
    int i = 0;
    while (i < end) {
      int point = text.codePointAt(i);
      i += Character.charCount(point);
      switch (point) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (printable(point)) {
            out.appendCodePoint(point);
          } else {
            out.append(String.format("\\u{%x}", point));
          }
        }
      }
    }
    out.append('"');
    return end < text.length() ? out + "…" : out.toString();
  }

  private static boolean printable(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
