package org.particleos.update.pattern;

import java.math.BigInteger;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * How the values of match patterns and definition files are spelled (transfer-files.md 3, 9.3).
 * Everything is ASCII; what does not parse is empty, never an exception.
 */
public final class FieldText {
  /** Enough for 64 binary digits with a prefix; longer text is refused before it is computed. */
  private static final int NUMBER_LENGTH_MAX = 100;

  private static final Pattern UUID_PLAIN = Pattern.compile("[0-9a-fA-F]{32}");
  private static final Pattern UUID_DASHED =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  private static final Pattern NUMBER =
      Pattern.compile("[ \\t\\n\\r]*\\+?(?<number>0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|[0-9]+)");
  private static final Pattern HEX = Pattern.compile("[ \\t\\n\\r]*(?:0[xX])?([0-9a-fA-F]+)");
  private static final Pattern OCTAL = Pattern.compile("[0-7]+");

  private FieldText() {}

  /** What a number without prefix that starts with a zero means. */
  public enum LeadingZero {
    DECIMAL,
    OCTAL
  }

  /**
   * An unsigned 64-bit number, with prefix {@code 0x}, {@code 0o}, {@code 0b} or none. The bits of
   * the result are to be read as unsigned.
   */
  public static OptionalLong unsigned(String text, LeadingZero leadingZero) {
    if (text.length() > NUMBER_LENGTH_MAX) {
      return OptionalLong.empty();
    }
    var matcher = NUMBER.matcher(text);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    String number = matcher.group("number");
    if (number.startsWith("0x")) {
      return fitting(number.substring(2), 16);
    }
    if (number.startsWith("0o")) {
      return fitting(number.substring(2), 8);
    }
    if (number.startsWith("0b")) {
      return fitting(number.substring(2), 2);
    }
    if (number.startsWith("0") && leadingZero == LeadingZero.OCTAL) {
      return OCTAL.matcher(number).matches() ? fitting(number, 8) : OptionalLong.empty();
    }
    return fitting(number, 10);
  }

  /** 64 bits in hex, with or without {@code 0x}. */
  public static OptionalLong hex(String text) {
    if (text.length() > NUMBER_LENGTH_MAX) {
      return OptionalLong.empty();
    }
    var matcher = HEX.matcher(text);
    return matcher.matches() ? fitting(matcher.group(1), 16) : OptionalLong.empty();
  }

  /** Octal permission bits up to 07777, without a sign. */
  public static OptionalInt mode(String text) {
    if (text.length() > NUMBER_LENGTH_MAX || !OCTAL.matcher(text).matches()) {
      return OptionalInt.empty();
    }
    var value = new BigInteger(text, 8);
    return value.bitLength() <= 12 ? OptionalInt.of(value.intValue()) : OptionalInt.empty();
  }

  /** Any spelling of a truth value, in any case. */
  public static Optional<Boolean> bool(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "1", "yes", "y", "true", "t", "on" -> Optional.of(true);
      case "0", "no", "n", "false", "f", "off" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  /** 32 hex digits, or the form with dashes, which {@code urn:uuid:} may precede. */
  public static Optional<UUID> uuid(String text) {
    if (UUID_PLAIN.matcher(text).matches()) {
      return Optional.of(
          new UUID(
              Long.parseUnsignedLong(text, 0, 16, 16), Long.parseUnsignedLong(text, 16, 32, 16)));
    }
    String dashed = text.startsWith("urn:uuid:") ? text.substring("urn:uuid:".length()) : text;
    return UUID_DASHED.matcher(dashed).matches()
        ? Optional.of(UUID.fromString(dashed))
        : Optional.empty();
  }

  /** 32 lowercase hex digits without dashes. */
  public static String plain(UUID uuid) {
    var digits = HexFormat.of();
    return digits.toHexDigits(uuid.getMostSignificantBits())
        + digits.toHexDigits(uuid.getLeastSignificantBits());
  }

  private static OptionalLong fitting(String digits, int radix) {
    var value = new BigInteger(digits, radix);
    return value.bitLength() <= Long.SIZE
        ? OptionalLong.of(value.longValue())
        : OptionalLong.empty();
  }
}
