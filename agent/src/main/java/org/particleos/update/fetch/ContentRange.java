package org.particleos.update.fetch;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Which part of a file an answer brings (RFC 9110 14.4).
 *
 * @param first position of its first byte
 * @param last position of its last byte, not before {@code first}
 * @param total of the whole file, behind {@code last}; empty if the server does not know
 */
record ContentRange(long first, long last, OptionalLong total) {
  /** 18 digits always fit. */
  private static final Pattern PART =
      Pattern.compile("[Bb]ytes +([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\\*)");

  private static final Pattern NO_PART = Pattern.compile("[Bb]ytes +\\*/([0-9]{1,18})");

  /** Empty for what is no range, or none that can be. */
  static Optional<ContentRange> parse(String header) {
    var matcher = PART.matcher(header.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long first = Long.parseLong(matcher.group(1));
    long last = Long.parseLong(matcher.group(2));
    var total =
        matcher.group(3).equals("*")
            ? OptionalLong.empty()
            : OptionalLong.of(Long.parseLong(matcher.group(3)));
    return first <= last && last < total.orElse(Long.MAX_VALUE)
        ? Optional.of(new ContentRange(first, last, total))
        : Optional.empty();
  }

  /** The size of the file as an answer tells that has no part to send. */
  static OptionalLong totalOfNone(String header) {
    var matcher = NO_PART.matcher(header.strip());
    return matcher.matches()
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }

  long lengthBytes() {
    return last - first + 1;
  }
}
