package org.particleos.update.spool;

import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.particleos.update.pattern.Sha256;

/**
 * The journal of one payload: a head of {@code key value} lines, closed by its own checksum, and
 * behind it one line for each chunk that was kept, its CRC-32C in eight hex digits.
 *
 * <p>Nothing in it is trusted further than that: what is garbage, cut off or of another payload
 * counts as not there. The checksums find what a crash or another program did to the stored bytes;
 * whether the payload is the right one, only its digest decides.
 *
 * @param headBytes length of the head
 * @param sums one for each chunk
 */
record Journal(long headBytes, Kind kind, Facts facts, IntBuffer sums) {
  /** What one chunk takes. */
  static final int LINE_BYTES = 9;

  /** An address and an entity tag are a header line each at most. */
  static final int HEAD_BYTES_MAX = 64 << 10;

  private static final String FIRST = "particle-update journal 1\n";
  private static final String CLOSING = "\nhead ";

  /** The head of a journal without chunks. */
  static byte[] head(Sha256 payload, Kind kind, Facts facts) {
    var text = new StringBuilder(FIRST);
    line(text, "payload", payload.hex());
    line(text, "kind", word(kind));
    line(text, "address", facts.address());
    facts.etag().ifPresent(etag -> line(text, "etag", etag));
    facts.lastModified().ifPresent(time -> line(text, "modified", time.toString()));
    facts.lengthBytes().ifPresent(length -> line(text, "length", Long.toString(length)));
    text.setLength(text.length() - 1);
    byte[] open = text.toString().getBytes(StandardCharsets.UTF_8);
    byte[] closing =
        (CLOSING + HexFormat.of().toHexDigits(sum(open, open.length)) + "\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(open, open.length + closing.length);
    System.arraycopy(closing, 0, all, open.length, closing.length);
    return all;
  }

  /** A value that would break the line is left out, as if the server had not said it. */
  private static void line(StringBuilder text, String key, String value) {
    if (value.chars().noneMatch(c -> c < ' ') && value.length() < HEAD_BYTES_MAX / 8) {
      text.append(key).append(' ').append(value).append('\n');
    }
  }

  private static String word(Kind kind) {
    return switch (kind) {
      case SPOOLED -> "spooled";
      case IN_TARGET -> "in-target";
    };
  }

  static byte[] line(int sum) {
    return (HexFormat.of().toHexDigits(sum) + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads what a run left; empty if it is not the journal of that payload.
   *
   * @param text of the file, or as much of it as may be believed
   */
  static Optional<Journal> parse(byte[] text, Sha256 payload) {
    // One character for each byte, so that positions are those of the file.
    String all = new String(text, StandardCharsets.ISO_8859_1);
    int closing = all.indexOf(CLOSING);
    int end = closing + CLOSING.length() + LINE_BYTES;
    if (closing < 0 || closing > HEAD_BYTES_MAX || end > all.length()) {
      return Optional.empty();
    }
    var sum = sumAt(all, end - LINE_BYTES);
    if (sum.isEmpty() || (int) sum.getAsLong() != sum(text, closing)) {
      return Optional.empty();
    }
    String head = new String(text, 0, closing, StandardCharsets.UTF_8);
    if (!head.startsWith(FIRST)) {
      return Optional.empty();
    }
    Map<String, String> values = new HashMap<>();
    for (String line : head.substring(FIRST.length()).split("\n", -1)) {
      int space = line.indexOf(' ');
      values.put(line.substring(0, Math.max(space, 0)), line.substring(space + 1));
    }
    Optional<Kind> kind =
        Arrays.stream(Kind.values()).filter(k -> word(k).equals(values.get("kind"))).findFirst();
    if (kind.isEmpty() || !payload.hex().equals(values.get("payload"))) {
      return Optional.empty();
    }
    try {
      var facts =
          new Facts(
              values.getOrDefault("address", ""),
              Optional.ofNullable(values.get("etag")),
              Optional.ofNullable(values.get("modified")).map(Instant::parse),
              values.containsKey("length")
                  ? OptionalLong.of(Long.parseUnsignedLong(values.get("length")))
                  : OptionalLong.empty());
      return Optional.of(new Journal(end, kind.get(), facts, sums(all, end)));
    } catch (DateTimeException | NumberFormatException _) {
      return Optional.empty(); // closed by a right checksum, and yet not ours
    }
  }

  private static IntBuffer sums(String all, int from) {
    int[] sums = new int[(all.length() - from) / LINE_BYTES];
    int count = 0;
    while (count < sums.length) {
      var sum = sumAt(all, from + count * LINE_BYTES);
      if (sum.isEmpty()) {
        break;
      }
      sums[count++] = (int) sum.getAsLong();
    }
    return IntBuffer.wrap(sums, 0, count).slice().asReadOnlyBuffer();
  }

  private static OptionalLong sumAt(String all, int position) {
    if (all.charAt(position + LINE_BYTES - 1) != '\n') {
      return OptionalLong.empty();
    }
    long sum = 0;
    for (int i = 0; i < LINE_BYTES - 1; i++) {
      char c = all.charAt(position + i);
      if (!HexFormat.isHexDigit(c)) {
        return OptionalLong.empty();
      }
      sum = sum << 4 | HexFormat.fromHexDigit(c);
    }
    return OptionalLong.of(sum);
  }

  private static int sum(byte[] bytes, int length) {
    var crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
