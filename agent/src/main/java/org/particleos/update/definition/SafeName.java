package org.particleos.update.definition;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Which names features and components may have (transfer-files.md 16.1, 17.1). */
public final class SafeName {
  private static final int FILE_NAME_BYTES_MAX = 255;

  private SafeName() {}

  public static boolean isFeature(String name) {
    return featureViolation(name).isEmpty();
  }

  public static boolean isComponent(String name) {
    return componentViolation(name).isEmpty();
  }

  /** Why it is no name of a feature, as a clause after "the name"; empty if it is one. */
  public static Optional<String> featureViolation(String name) {
    return violation(name, name + ".feature.d");
  }

  /** Why it is no name of a component, as a clause after "the name"; empty if it is one. */
  public static Optional<String> componentViolation(String name) {
    // Else the drop-in directory of another component's metadata would look like a component.
    return name.endsWith(".component")
        ? Optional.of("ends in \".component\"")
        : violation(name, "sysupdate." + name + ".component.d");
  }

  private static Optional<String> violation(String name, String longestFileName) {
    if (name.isEmpty()) {
      return Optional.of("is empty");
    }
    if (name.contains("/")) {
      return Optional.of("contains a slash");
    }
    if (!isPlainText(name)) {
      return Optional.of("has control characters, backslashes, quotes or one of * ? [");
    }
    int excess = longestFileName.getBytes(StandardCharsets.UTF_8).length - FILE_NAME_BYTES_MAX;
    return excess > 0 ? Optional.of("is " + excess + " bytes too long") : Optional.empty();
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
}
