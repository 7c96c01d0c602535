package org.particleos.update.definition;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of bytes in settings: {@code 4096}, {@code 500M}. */
public final class ByteSize {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})([KMGT]?)");

  private ByteSize() {}

  /** Bytes, or with K, M, G, T as many times 1024; empty if it is no such number. */
  public static OptionalLong parse(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    int power = " KMGT".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2));
    try {
      return OptionalLong.of(
          Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power)));
    } catch (ArithmeticException _) {
      return OptionalLong.empty();
    }
  }

  /** Bytes per second; nothing, or 0, is no limit. What is no number leaves it as it was. */
  public static OptionalLong rate(OptionalLong present, Assignment assignment, Warnings warnings) {
    if (assignment.value().isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong bytes = parse(assignment.value());
    if (bytes.isEmpty()) {
      warnings.ignored(assignment, "expected bytes per second, as 500K or 2M");
      return present;
    }
    return bytes.getAsLong() == 0 ? OptionalLong.empty() : bytes;
  }
}
