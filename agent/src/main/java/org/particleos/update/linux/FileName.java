package org.particleos.update.linux;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names of files as text. To the kernel a name is any bytes without NUL and slash; here it is UTF-8
 * where it is that. Every other byte becomes one character of a private range, so that two names
 * never become the same text and each text leads back to its bytes. A character of that range in a
 * name is taken apart into its bytes in the same way.
 */
public final class FileName {
  /** U+F700 plus a byte from 0x80 on; the private use area has no meaning in names. */
  private static final int ESCAPE = 0xf700;

  private static final int ESCAPED_FIRST = ESCAPE + 0x80;
  private static final int ESCAPED_LAST = ESCAPE + 0xff;

  private FileName() {}

  /** The text that stands for the bytes. */
  public static String text(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    // Never more characters than bytes.
    CharBuffer decoded = CharBuffer.allocate(bytes.length);
    StringBuilder text = new StringBuilder(bytes.length);
    while (true) {
      CoderResult result = decoder.decode(in, decoded, true);
      decoded.flip();
      while (decoded.hasRemaining()) {
        append(decoded.get(), text);
      }
      decoded.clear();
      if (!result.isError()) {
        return text.toString();
      }
      for (int i = 0; i < result.length(); i++) {
        text.append(escaped(in.get()));
      }
    }
  }

  private static void append(char character, StringBuilder text) {
    if (!isEscape(character)) {
      text.append(character);
      return;
    }
    for (byte part : String.valueOf(character).getBytes(StandardCharsets.UTF_8)) {
      text.append(escaped(part));
    }
  }

  private static char escaped(byte odd) {
    return (char) (ESCAPE + Byte.toUnsignedInt(odd));
  }

  private static boolean isEscape(char character) {
    return character >= ESCAPED_FIRST && character <= ESCAPED_LAST;
  }

  /** Whether the name is UTF-8, without a character that stands for a byte. */
  public static boolean isUtf8(String text) {
    return text.chars().noneMatch(character -> isEscape((char) character));
  }

  /** The bytes that the text stands for. */
  public static byte[] bytes(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int first = 0;
    while (first < text.length() && !isEscape(text.charAt(first))) {
      first++;
    }
    if (first == text.length()) {
      return utf8;
    }
    byte[] bytes = new byte[utf8.length];
    int length = 0;
    int plain = 0;
    for (int at = first; at <= text.length(); at++) {
      if (at < text.length() && !isEscape(text.charAt(at))) {
        continue;
      }
      byte[] run = text.substring(plain, at).getBytes(StandardCharsets.UTF_8);
      System.arraycopy(run, 0, bytes, length, run.length);
      length += run.length;
      if (at < text.length()) {
        bytes[length++] = (byte) text.charAt(at);
      }
      plain = at + 1;
    }
    return Arrays.copyOf(bytes, length);
  }
}
