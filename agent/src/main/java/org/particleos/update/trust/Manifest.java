package org.particleos.update.trust;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.Sha256;

/**
 * The contents of a {@code SHA256SUMS} file: which names a server offers, and the digest of each,
 * in the order of the file (transfer-files.md 11.2).
 *
 * <p>A name here is a relative path without {@code .}, {@code ..}, empty components, control
 * characters and {@code %}; it can be appended to a URL as it stands. Whether a name matches a
 * pattern, and whether a digest within the name ({@code @h}) agrees with the column, is checked
 * where patterns are known. The same name may stand in several lines.
 *
 * <p>That a manifest could be read does not say that it can be believed: see {@link
 * TrustedManifest}.
 */
public final class Manifest {
  /**
   * Some 25,000 files, far more than a publisher keeps in one directory.
   *
   * <p>Deviation: the reference takes up to 64 MiB. The heap of this program is smaller than what
   * reading that much needs, and running out of it is no answer to a server that never ends.
   */
  public static final int SIZE_BYTES_MAX = 4 << 20;

  /**
   * The smallest lines would let sixty thousand entries through the size limit, of some 250 bytes
   * of heap each. Real servers list a handful of files for a few dozen versions.
   */
  static final int LINES_MAX = 30_000;

  /** {@code PATH_MAX} without its NUL: no file could carry a longer name. */
  static final int NAME_BYTES_MAX = 4095;

  private static final int DIGEST_COLUMNS = 64;
  private static final int NAME_COLUMN = DIGEST_COLUMNS + 2;

  /** Digest, space, mark and one more byte: the reference looks for these before anything else. */
  private static final int LINE_BYTES_MIN = NAME_COLUMN + 1;

  private static final String REMEDY =
      "check the URL of the source; the publisher has to write the file with `sha256sum -b` of"
          + " GNU coreutils";

  private final List<Entry> entries;

  private Manifest(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** One line: the name of a file, relative to the directory of the manifest, and its digest. */
  public record Entry(Sha256 digest, String name) {}

  public List<Entry> entries() {
    return entries;
  }

  /**
   * Reads a complete manifest. One line that is wrong refuses all of it: a manifest is written by a
   * program, and a damaged one says nothing about the versions that exist.
   *
   * @param bytes the file, decompressed
   * @param origin where it is from, for messages
   * @throws UpdateException.NotTrusted {@link Reason#MANIFEST_MALFORMED}
   */
  public static Manifest parse(byte[] bytes, String origin) throws UpdateException {
    if (bytes.length > SIZE_BYTES_MAX) {
      throw malformed(origin, "it is too long")
          .found(bytes.length + " bytes, at most " + SIZE_BYTES_MAX + " are read")
          .notTrusted();
    }
    checkText(bytes, origin);

    var entries = new ArrayList<Entry>();
    int start = 0;
    while (start < bytes.length) {
      int line = entries.size() + 1;
      if (line > LINES_MAX) {
        throw malformed(origin, "it has too many lines")
            .found("more than " + LINES_MAX + " lines")
            .notTrusted();
      }
      int end = indexOf(bytes, (byte) '\n', start);
      entries.add(parseLine(bytes, start, end, line, origin));
      start = end + 1;
    }
    return new Manifest(entries);
  }

  private static void checkText(byte[] bytes, String origin) throws UpdateException {
    int nul = indexOf(bytes, (byte) 0, 0);
    if (nul < bytes.length) {
      throw malformed(origin, "it contains a NUL byte")
          .found("NUL at line " + lineAt(bytes, nul) + ", byte offset " + nul)
          .notTrusted();
    }
    var rest = ByteBuffer.wrap(bytes);
    try {
      var _ = StandardCharsets.UTF_8.newDecoder().decode(rest);
    } catch (CharacterCodingException e) {
      throw malformed(origin, "it is not valid UTF-8")
          .found(
              "a malformed character at line "
                  + lineAt(bytes, rest.position())
                  + ", byte offset "
                  + rest.position())
          .cause(e)
          .notTrusted();
    }
  }

  /** The line from {@code start}; {@code end} is its LF, or the length of the file without one. */
  private static Entry parseLine(byte[] bytes, int start, int end, int line, String origin)
      throws UpdateException {
    var text = new String(bytes, start, end - start, StandardCharsets.UTF_8);
    if (bytes.length - start < LINE_BYTES_MIN) {
      throw malformed(origin, "line " + line + " is too short")
          .found(end == start ? "an empty line" : Quote.quote(text))
          .notTrusted();
    }
    if (bytes[start] == '\\') {
      throw malformed(origin, "line " + line + " has an escaped file name, which is not supported")
          .found(Quote.quote(text))
          .notTrusted();
    }
    var digest = parseDigest(bytes, start, line, origin);
    if (bytes[start + DIGEST_COLUMNS] != ' ') {
      throw malformed(origin, "line " + line + " has no space after the digest")
          .found(Quote.quote(text))
          .notTrusted();
    }
    byte mark = bytes[start + DIGEST_COLUMNS + 1];
    if (mark != '*' && mark != ' ') {
      throw malformed(
              origin, "line " + line + " has neither \"*\" nor a space before the file name")
          .found(Quote.quote(text))
          .notTrusted();
    }
    if (end == bytes.length) {
      throw malformed(origin, "line " + line + ", the last one, does not end with a line feed")
          .found(Quote.quote(text))
          .notTrusted();
    }
    int nameStart = start + NAME_COLUMN;
    if (nameStart >= end) {
      throw malformed(origin, "line " + line + " has no file name")
          .found(Quote.quote(text))
          .notTrusted();
    }
    var name = new String(bytes, nameStart, end - nameStart, StandardCharsets.UTF_8);
    if (end - nameStart > NAME_BYTES_MAX || !isSafe(name)) {
      // The words are the ones that the reference's integration test looks for.
      throw malformed(origin, "Invalid filename at line " + line)
          .found(Quote.quote(name))
          .notTrusted();
    }
    return new Entry(digest, name);
  }

  /**
   * The digest column. Whitespace in it is skipped and then missed, rather than called a wrong
   * digit, so that the message is the one of the reference.
   */
  private static Sha256 parseDigest(byte[] bytes, int start, int line, String origin)
      throws UpdateException {
    int digits = 0;
    for (int i = start; i < start + DIGEST_COLUMNS; i++) {
      if (HexFormat.isHexDigit(bytes[i])) {
        digits++;
      } else if (!isSpace(bytes[i])) {
        throw malformed(origin, "the digest at line " + line + " has a character that is not hex")
            .found(digestText(bytes, start))
            .notTrusted();
      }
    }
    if (digits < DIGEST_COLUMNS) {
      throw malformed(
              origin,
              "Manifest hash at line " + line + " decoded to " + digits / 2 + " bytes, expected 32")
          .found(digestText(bytes, start))
          .notTrusted();
    }
    return Sha256.parse(new String(bytes, start, DIGEST_COLUMNS, StandardCharsets.US_ASCII))
        .orElseThrow(() -> new AssertionError("64 hex digits are a digest"));
  }

  private static String digestText(byte[] bytes, int start) {
    return Quote.quote(new String(bytes, start, DIGEST_COLUMNS, StandardCharsets.UTF_8));
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\n' || b == '\r';
  }

  /**
   * Whether a name can be appended to a URL and to a directory without leading anywhere else.
   * Percent signs are refused since a server would decode them: {@code %2e%2e} is a way out.
   */
  private static boolean isSafe(String name) {
    if (name.indexOf('%') >= 0 || name.chars().anyMatch(Character::isISOControl)) {
      return false;
    }
    // An absolute name has an empty first component; -1 keeps an empty last one.
    return Arrays.stream(name.split("/", -1))
        .noneMatch(
            component -> component.isEmpty() || component.equals(".") || component.equals(".."));
  }

  private static int indexOf(byte[] bytes, byte wanted, int from) {
    int i = from;
    while (i < bytes.length && bytes[i] != wanted) {
      i++;
    }
    return i;
  }

  private static int lineAt(byte[] bytes, int offset) {
    int line = 1;
    for (int i = 0; i < offset; i++) {
      if (bytes[i] == '\n') {
        line++;
      }
    }
    return line;
  }

  private static UpdateException.Details malformed(String origin, String what) {
    return UpdateException.because(
            Reason.MANIFEST_MALFORMED, "refused the manifest " + Quote.quote(origin) + ": " + what)
        .remedy(REMEDY);
  }
}
