package org.particleos.update.trust;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The text form of OpenPGP (RFC 9580 section 6.2).
 *
 * <p>Text around and between blocks, blanks at line ends and CRLF are ignored, as GnuPG does. The
 * CRC-24 is not looked at: RFC 9580 section 6.1 forbids to rely on it, and a signature is a better
 * checksum.
 */
final class Armor {
  /** The longest label that exists has 18 characters. */
  private static final Pattern BEGIN = Pattern.compile("-----BEGIN PGP ([A-Z0-9 ,/]{1,40})-----");

  private static final String CLEARSIGNED = "SIGNED MESSAGE";

  private Armor() {}

  /** Every OpenPGP packet has the highest bit of its first byte set, which no ASCII text has. */
  static boolean isBinary(byte[] bytes) {
    return bytes.length > 0 && bytes[0] < 0;
  }

  /**
   * The contents of all blocks, in order; one block holds the bytes themselves if they are binary.
   *
   * @param label the kind of block that is expected
   */
  static List<byte[]> blocks(byte[] bytes, String label) throws MalformedPgpException {
    if (isBinary(bytes)) {
      return List.of(bytes);
    }
    var blocks = new ArrayList<byte[]>();
    // One byte is one character, so nothing in the text around the blocks is malformed.
    var lines = new String(bytes, StandardCharsets.ISO_8859_1).lines().iterator();
    while (lines.hasNext()) {
      var begin = BEGIN.matcher(lines.next().stripTrailing());
      if (!begin.matches()) {
        continue;
      }
      var found = begin.group(1);
      if (found.equals(CLEARSIGNED)) {
        throw new MalformedPgpException("it is a clear-signed message, not a detached signature");
      }
      if (!found.equals(label)) {
        throw new MalformedPgpException("it holds a PGP " + found + ", expected a PGP " + label);
      }
      blocks.add(decode(lines, "-----END PGP " + found + "-----"));
    }
    if (blocks.isEmpty()) {
      throw new MalformedPgpException("it is neither binary OpenPGP nor a PGP " + label);
    }
    return blocks;
  }

  /** Reads from behind the BEGIN line to the END line. */
  private static byte[] decode(Iterator<String> lines, String endLine)
      throws MalformedPgpException {
    var base64 = new StringBuilder();
    boolean inHeaders = true;
    while (lines.hasNext()) {
      var line = lines.next().strip();
      if (line.equals(endLine)) {
        return bytesOf(base64);
      }
      if (inHeaders) {
        // Headers such as "Comment: x", up to an empty line. Some writers leave that line out.
        inHeaders = line.contains(": ");
        if (inHeaders) {
          continue;
        }
      }
      boolean isChecksum = line.startsWith("=") && line.length() == 5;
      if (!isChecksum) {
        base64.append(line);
      }
    }
    throw new MalformedPgpException("the text has no line \"" + endLine + "\"");
  }

  private static byte[] bytesOf(StringBuilder base64) throws MalformedPgpException {
    try {
      return Base64.getDecoder().decode(base64.toString());
    } catch (IllegalArgumentException e) {
      throw new MalformedPgpException("its base64 text is damaged", e);
    }
  }
}
