package org.particleos.update.dbus;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/** Any text as one element of an object path (dbus-varlink.md 3.1). */
public final class PathElement {
  private static final HexFormat HEX = HexFormat.of();

  private PathElement() {}

  public static String escape(String text) {
    if (text.isEmpty()) {
      return "_";
    }
    var escaped = new StringBuilder();
    for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
      boolean digit = octet >= '0' && octet <= '9';
      if (isLetter(octet) || (digit && !escaped.isEmpty())) {
        escaped.append((char) octet);
      } else {
        escaped.append('_').append(HEX.toHexDigits(octet));
      }
    }
    return escaped.toString();
  }

  private static boolean isLetter(byte octet) {
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
  }

  /** Empty if no text is escaped like that. */
  public static Optional<String> unescape(String element) {
    if (element.equals("_")) {
      return Optional.of("");
    }
    var bytes = new ByteArrayOutputStream();
    for (int i = 0; i < element.length(); i++) {
      if (element.charAt(i) != '_') {
        bytes.write(element.charAt(i));
      } else if (i + 2 < element.length() && isHex(element, i + 1) && isHex(element, i + 2)) {
        bytes.write(HexFormat.fromHexDigits(element, i + 1, i + 3));
        i += 2;
      } else {
        return Optional.empty();
      }
    }
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes.toByteArray()))
              .toString();
      return Optional.of(text).filter(each -> escape(each).equals(element));
    } catch (CharacterCodingException _) {
      return Optional.empty();
    }
  }

  private static boolean isHex(String text, int index) {
    return HexFormat.isHexDigit(text.charAt(index));
  }
}
