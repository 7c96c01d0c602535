package org.particleos.update.version;

import java.util.Optional;

/**
 * A version as it stands in a file name or partition label (transfer-files.md 10.1): 1 to {@value
 * #LENGTH_MAX} characters of {@code 0-9 A-Z a-z . - ~ ^ _ +}.
 *
 * <p>The natural order is that of {@link VersionOrder} and is <em>not</em> consistent with equals:
 * {@code 1.0} and {@code 1.00} are the same version in {@link #compareTo}, but two spellings, and
 * equals tells spellings apart. Version sets go by order, protection lists and command arguments by
 * spelling.
 */
public record Version(String text) implements Comparable<Version> {
  static final int LENGTH_MAX = 255;

  public Version {
    if (!isValid(text)) {
      throw new IllegalArgumentException("not a version string, callers check with parse()");
    }
  }

  /** Empty for text that is no version. */
  public static Optional<Version> parse(String text) {
    return isValid(text) ? Optional.of(new Version(text)) : Optional.empty();
  }

  /** Whether the text may stand for a version anywhere: pattern, key, argument or IPC. */
  public static boolean isValid(String text) {
    return !text.isEmpty()
        && text.length() <= LENGTH_MAX
        && text.chars().allMatch(Version::isAllowed);
  }

  private static boolean isAllowed(int c) {
    return VersionOrder.isDigit(c) || VersionOrder.isLetter(c) || ".-~^_+".indexOf(c) >= 0;
  }

  /** Whether both are one version, however they are spelled. */
  public boolean sameOrder(Version other) {
    return compareTo(other) == 0;
  }

  @Override
  public int compareTo(Version other) {
    return VersionOrder.compare(text, other.text);
  }

  @Override
  public String toString() {
    return text;
  }
}
