package org.particleos.update.tree;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.particleos.update.failure.UpdateException;

/**
 * The records of POSIX extended headers that matter here, values as bytes: extended attributes are
 * not text. Header by header is merged in; a later record replaces an earlier one.
 */
final class PaxHeader {
  /** More than any file system keeps for one file in practice. */
  static final int ATTRIBUTES_MAX = 128;

  /** XATTR_SIZE_MAX and XATTR_NAME_MAX of Linux. */
  static final int ATTRIBUTE_BYTES_MAX = 65_536;

  private static final int ATTRIBUTE_NAME_MAX = 255;

  private static final String ATTRIBUTE_PREFIX = "SCHILY.xattr.";
  private static final String SELINUX_LABEL = "RHT.security.selinux";
  private static final Pattern TIME = Pattern.compile("-?[0-9]{1,12}(\\.[0-9]{0,30})?");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");
  private static final int LENGTH_DIGITS_MAX = 7;

  private final Map<String, byte[]> values = new LinkedHashMap<>();
  private final Map<String, byte[]> attributes = new LinkedHashMap<>();
  private SparseMap sparse = new SparseMap();

  static PaxHeader empty() {
    return new PaxHeader();
  }

  /** A copy to merge the header of one entry into. A sparse map belongs to one entry only. */
  PaxHeader copy() {
    var copy = new PaxHeader();
    copy.values.putAll(values);
    copy.attributes.putAll(attributes);
    return copy;
  }

  /** Reads {@code "length key=value\n"} records. */
  void merge(byte[] records) throws UpdateException {
    int at = 0;
    while (at < records.length) {
      int blank = at;
      int length = 0;
      while (blank < records.length && records[blank] >= '0' && records[blank] <= '9') {
        length = 10 * length + (records[blank] - '0');
        blank++;
        if (blank - at > LENGTH_DIGITS_MAX) {
          throw malformed();
        }
      }
      int end = at + length;
      boolean framed =
          blank > at
              && blank < end
              && end <= records.length
              && records[blank] == ' '
              && records[end - 1] == '\n';
      if (!framed) {
        throw malformed();
      }
      int equals = blank + 1;
      while (equals < end && records[equals] != '=') {
        equals++;
      }
      if (equals == end || equals == blank + 1) {
        throw malformed();
      }
      // Keys are ASCII in practice; as Latin-1 nothing of another one is lost or made equal.
      String key = new String(records, blank + 1, equals - blank - 1, StandardCharsets.ISO_8859_1);
      record(key, Arrays.copyOfRange(records, equals + 1, end - 1));
      at = end;
    }
  }

  private static UpdateException malformed() {
    return TarFailure.damaged("an extended header has a malformed record");
  }

  private void record(String key, byte[] value) throws UpdateException {
    if (key.indexOf('\0') >= 0) {
      throw malformed();
    }
    switch (key) {
      case "path",
          "linkpath",
          "size",
          "uid",
          "gid",
          "mtime",
          "GNU.sparse.major",
          "GNU.sparse.minor",
          "GNU.sparse.name",
          "GNU.sparse.size",
          "GNU.sparse.realsize",
          "SCHILY.acl.access",
          "SCHILY.acl.default" ->
          value(key, value);
      case "GNU.sparse.map" -> {
        sparse = new SparseMap();
        for (String part : text(value).split(",", -1)) {
          sparse.add(number(key, part));
        }
      }
      // The oldest of the three formats repeats its keys.
      case "GNU.sparse.offset", "GNU.sparse.numbytes" -> sparse.add(number(key, text(value)));
      case SELINUX_LABEL -> attribute("security.selinux", withNul(value));
      default -> {
        if (key.startsWith(ATTRIBUTE_PREFIX)) {
          attribute(unescaped(key.substring(ATTRIBUTE_PREFIX.length())), value);
        }
      }
    }
  }

  private void attribute(String name, byte[] value) throws UpdateException {
    if (name.isEmpty() || name.length() > ATTRIBUTE_NAME_MAX) {
      throw TarFailure.damaged("an extended attribute has no name, or one that is too long");
    }
    if (value.length > ATTRIBUTE_BYTES_MAX) {
      throw TarFailure.tooLarge(
          "an extended attribute has more than " + ATTRIBUTE_BYTES_MAX + " bytes");
    }
    attributes.put(name, value);
    if (attributes.size() > ATTRIBUTES_MAX) {
      throw TarFailure.tooLarge("an entry has more than " + ATTRIBUTES_MAX + " attributes");
    }
  }

  /** An empty value takes back what a global header said. An attribute may really be empty. */
  private void value(String key, byte[] value) {
    if (value.length == 0) {
      values.remove(key);
    } else {
      values.put(key, value);
    }
  }

  /** The kernel keeps labels with a NUL behind, GNU tar writes them without. */
  private static byte[] withNul(byte[] label) {
    return label.length > 0 && label[label.length - 1] == 0
        ? label
        : Arrays.copyOf(label, label.length + 1);
  }

  /**
   * GNU tar writes {@code =} and {@code %} in the name of an attribute as {@code %3D}, {@code %25}.
   */
  private static String unescaped(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    var plain = new ByteArrayOutputStream();
    for (int i = 0; i < bytes.length; i++) {
      boolean escape = bytes[i] == '%' && i + 2 < bytes.length;
      String hex = escape ? new String(bytes, i + 1, 2, StandardCharsets.ISO_8859_1) : "";
      if (hex.equals("3D") || hex.equals("25")) {
        plain.write(HexFormat.fromHexDigits(hex));
        i += 2;
      } else {
        plain.write(bytes[i]);
      }
    }
    return plain.toString(StandardCharsets.UTF_8);
  }

  private static String text(byte[] value) {
    return new String(value, StandardCharsets.ISO_8859_1);
  }

  Map<String, byte[]> attributes() {
    return attributes;
  }

  SparseMap sparse() {
    return sparse;
  }

  Optional<byte[]> bytes(String key) {
    return Optional.ofNullable(values.get(key));
  }

  Optional<String> text(String key) {
    return bytes(key).map(PaxHeader::text);
  }

  OptionalLong number(String key) throws UpdateException {
    var value = text(key);
    return value.isPresent() ? OptionalLong.of(number(key, value.get())) : OptionalLong.empty();
  }

  private static long number(String key, String value) throws UpdateException {
    if (!NUMBER.matcher(value).matches()) {
      throw TarFailure.damaged("the extended header " + key + " is no number");
    }
    return Long.parseLong(value);
  }

  /** Nanoseconds since 1970, rounded down as the kernel does. */
  OptionalLong mtimeNanos() throws UpdateException {
    var value = text("mtime");
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    if (!TIME.matcher(value.get()).matches()) {
      throw TarFailure.damaged("the extended header mtime is no time");
    }
    try {
      return OptionalLong.of(
          new BigDecimal(value.get())
              .movePointRight(9)
              .setScale(0, RoundingMode.FLOOR)
              .longValueExact());
    } catch (ArithmeticException e) {
      throw TarFailure.damaged("the extended header mtime is no time that can be kept");
    }
  }
}
