package org.particleos.update.definition;

import java.nio.charset.StandardCharsets;

/** Replaces {@code %x} in texts (transfer-files.md 4). */
record Specifiers(SpecifierSource source) {
  /** Versions and words of patterns. */
  static final int SHORT_BYTES_MAX = 255;

  /** Paths, as the kernel limits them. */
  static final int PATH_BYTES_MAX = 4095;

  /** URLs: nothing but the length of a line limits them. */
  static final int UNLIMITED = Integer.MAX_VALUE;

  /**
   * @param bytesMax limit of the expanded text
   * @throws SpecifierException if there is no such specifier, no value for it, or too much text
   */
  String expand(String text, int bytesMax) throws SpecifierException {
    var out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      char next = i + 1 < text.length() ? text.charAt(i + 1) : ' ';
      if (c == '%' && next == '%') {
        out.append('%');
        i++;
      } else if (c == '%' && isLetterOrDigit(next)) {
        out.append(source.expand(next));
        i++;
      } else {
        out.append(c);
      }
    }
    String expanded = out.toString();
    if (expanded.getBytes(StandardCharsets.UTF_8).length > bytesMax) {
      throw new SpecifierException("it is longer than " + bytesMax + " bytes when expanded");
    }
    return expanded;
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
