package org.particleos.update.definition;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** What makes a path acceptable: absolute, and normalised as transfer-files.md 8.1 has it. */
final class PathRule {
  private static final int COMPONENT_BYTES_MAX = 255;
  private static final int PATH_BYTES_MAX = 4095;

  private PathRule() {}

  /** Why the text is no absolute and normalised path; empty if it is one. */
  static Optional<String> violation(String path) {
    return path.isEmpty() || path.startsWith("/")
        ? notNormalised(path)
        : Optional.of("is not absolute");
  }

  /** Why the text is not normalised, be it absolute or relative; empty if it is. */
  static Optional<String> notNormalised(String path) {
    if (path.isEmpty()) {
      return Optional.of("is empty");
    }
    if (path.indexOf('\0') >= 0) {
      return Optional.of("contains a NUL character");
    }
    if (bytes(path) > PATH_BYTES_MAX) {
      return Optional.of("is longer than " + PATH_BYTES_MAX + " bytes");
    }
    String rest = path.startsWith("/") ? path.substring(1) : path;
    if (rest.isEmpty()) {
      return Optional.empty();
    }
    // One trailing slash says nothing and harms nothing.
    String inner = rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
    for (String component : inner.split("/", -1)) {
      switch (component) {
        case "" -> {
          return Optional.of("has an empty component");
        }
        case ".", ".." -> {
          return Optional.of("has the component \"" + component + "\"");
        }
        default -> {
          if (bytes(component) > COMPONENT_BYTES_MAX) {
            return Optional.of("has a component of more than " + COMPONENT_BYTES_MAX + " bytes");
          }
        }
      }
    }
    return unrepresentable(path);
  }

  /** In the C locale, Java has no paths beyond ASCII. */
  private static Optional<String> unrepresentable(String path) {
    try {
      var _ = Path.of(path);
      return Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.of("cannot be used in this locale (" + e.getReason() + ")");
    }
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
