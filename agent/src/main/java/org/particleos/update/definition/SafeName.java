package org.particleos.update.definition;

import java.nio.charset.StandardCharsets;

/** Which names features and components may have (transfer-files.md 16.1, 17.1). */
public final class SafeName {
  private static final int FILE_NAME_BYTES_MAX = 255;

  private SafeName() {}

  public static boolean isFeature(String name) {
    return isSafe(name) && fits(name + ".feature.d");
  }

  public static boolean isComponent(String name) {
    return isSafe(name)
        && !name.endsWith(".component")
        && fits("sysupdate." + name + ".component.d");
  }

  private static boolean isSafe(String name) {
    return !name.isEmpty() && !name.contains("/") && isPlainText(name);
  }

  /** Neither control characters nor anything that shells and section headers treat specially. */
  static boolean isPlainText(String text) {
    return text.codePoints()
        .noneMatch(c ->
            c < 0x20
                || c == 0x7f
                // Java's stand-ins for bytes that are no UTF-8.
                || c == 0xfffd
                || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)
                || "\\\"'*?[".indexOf(c) >= 0);
  }

  private static boolean fits(String fileName) {
    return fileName.getBytes(StandardCharsets.UTF_8).length <= FILE_NAME_BYTES_MAX;
  }
}
