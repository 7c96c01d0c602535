package org.particleos.update.definition;

import java.util.stream.Stream;

/** What counts as the address of a web page or directory (transfer-files.md 3). */
final class WebUrl {
  private WebUrl() {}

  static boolean isValid(String text) {
    return isAscii(text)
        && Stream.of("http://", "https://")
            .anyMatch(scheme -> text.startsWith(scheme) && text.length() > scheme.length());
  }

  static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }
}
