package org.particleos.update.boot;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.x509.DigestInfo;
import org.particleos.update.cms.MalformedSignatureException;
import org.particleos.update.cms.SignedMessage;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pe.MalformedPeException;
import org.particleos.update.pe.PeImage;
import org.particleos.update.pe.PeSection;

/**
 * The signatures of a PE file (Windows Authenticode Portable Executable Signature Format), and the
 * digest that they are of: SHA-256 of the file without its checksum, the place that names the
 * signatures, and the signatures.
 *
 * @param digest of what the file holds now, as hex digits
 * @param messages in the order of the file; none if it is not signed
 */
public record Authenticode(String digest, List<SignedMessage> messages) {
  /** The type of the content of a signature: what is signed is a digest of something else. */
  static final String INDIRECT_DATA = "1.3.6.1.4.1.311.2.1.4";

  private static final String SHA256 = "2.16.840.1.101.3.4.2.1";

  private static final int PIECE_BYTES = 1 << 18;
  private static final int TABLE_BYTES_MAX = 1 << 20;
  private static final int MESSAGES_MAX = 16;

  // Offsets in the file and, from the optional header on, in that.
  private static final int AT_SIGNATURE_OFFSET = 60;
  private static final int OPTIONAL_BEHIND_SIGNATURE = 24;
  private static final int AT_HEADER_BYTES = 60;
  private static final int AT_CHECKSUM = 64;
  private static final int CHECKSUM_BYTES = 4;
  private static final int DIRECTORY_BYTES = 8;
  private static final int CERTIFICATE_DIRECTORY = 4;

  /** A WIN_CERTIFICATE: length, revision, type. */
  private static final int ENTRY_HEADER_BYTES = 8;

  private static final int PKCS_SIGNED_DATA = 2;

  public Authenticode {
    messages = List.copyOf(messages);
  }

  /**
   * Reads all of the file.
   *
   * @throws NotBootableException if it is no PE file, or what should be signatures are none
   */
  public static Authenticode read(OpenFile file) throws IOException, NotBootableException {
    try {
      return read(file, PeImage.read(file));
    } catch (MalformedPeException e) {
      throw new NotBootableException(e.clause(), e);
    } catch (MalformedSignatureException e) {
      throw new NotBootableException("has a signature that " + e.clause(), e);
    }
  }

  private static Authenticode read(OpenFile file, PeImage image)
      throws IOException, NotBootableException, MalformedSignatureException {
    long optional =
        Integer.toUnsignedLong(bytes(file, AT_SIGNATURE_OFFSET, 4).getInt(0))
            + OPTIONAL_BEHIND_SIGNATURE;
    int directories = image.machine().wide() ? 112 : 96;
    long headerBytes = Integer.toUnsignedLong(bytes(file, optional + AT_HEADER_BYTES, 4).getInt(0));
    boolean mayBeSigned =
        bytes(file, optional + directories - 4, 4).getInt(0) > CERTIFICATE_DIRECTORY;
    long size = file.sizeBytes();
    var digest = new Digest(file);
    digest.add(0, optional + AT_CHECKSUM);
    long tableBytes = 0;
    long table = size;
    if (mayBeSigned) {
      long entry = optional + directories + CERTIFICATE_DIRECTORY * DIRECTORY_BYTES;
      ByteBuffer directory = bytes(file, entry, DIRECTORY_BYTES);
      tableBytes = Integer.toUnsignedLong(directory.getInt(4));
      table = tableBytes == 0 ? size : Integer.toUnsignedLong(directory.getInt(0));
      if (table < headerBytes || tableBytes > TABLE_BYTES_MAX || table + tableBytes > size) {
        throw new NotBootableException("has signatures that lie outside of it");
      }
      digest.add(optional + AT_CHECKSUM + CHECKSUM_BYTES, entry);
      digest.add(entry + DIRECTORY_BYTES, headerBytes);
    } else {
      digest.add(optional + AT_CHECKSUM + CHECKSUM_BYTES, headerBytes);
    }
    long hashed = headerBytes;
    for (PeSection section :
        image.sections().stream()
            .filter(each -> each.fileBytes() > 0)
            .sorted(Comparator.comparingLong(PeSection::fileOffset))
            .toList()) {
      digest.add(section.fileOffset(), section.fileOffset() + section.fileBytes());
      hashed += section.fileBytes();
    }
    digest.add(hashed, size - tableBytes);
    return new Authenticode(digest.hex(), messages(file, table, tableBytes));
  }

  private static List<SignedMessage> messages(OpenFile file, long table, long tableBytes)
      throws IOException, MalformedSignatureException, NotBootableException {
    List<SignedMessage> messages = new ArrayList<>();
    ByteBuffer all = bytes(file, table, (int) tableBytes);
    int at = 0;
    while (at + ENTRY_HEADER_BYTES <= all.limit()) {
      int length = all.getInt(at);
      if (length < ENTRY_HEADER_BYTES
          || length > all.limit() - at
          || messages.size() == MESSAGES_MAX) {
        throw new NotBootableException("has a damaged table of signatures");
      }
      if (Short.toUnsignedInt(all.getShort(at + 6)) == PKCS_SIGNED_DATA) {
        byte[] message = new byte[length - ENTRY_HEADER_BYTES];
        all.get(at + ENTRY_HEADER_BYTES, message);
        messages.add(SignedMessage.parse(message));
      }
      at += Math.ceilDiv(length, 8) * 8;
    }
    return messages;
  }

  /** Whether a message is a signature of what the file holds, by whomever. */
  boolean isOfThisFile(SignedMessage message) {
    if (!message.contentType().equals(INDIRECT_DATA) || message.content().isEmpty()) {
      return false;
    }
    try {
      var content = ASN1Sequence.getInstance(message.content().get());
      var named = DigestInfo.getInstance(content.getObjectAt(1));
      return named.getAlgorithmId().getAlgorithm().getId().equals(SHA256)
          && HexFormat.of().formatHex(named.getDigest()).equals(digest);
    } catch (RuntimeException e) {
      return false; // not what such a content is, which Bouncy Castle says in many ways
    }
  }

  /** What the signature of a message is of: the content without its tag and length. */
  static byte[] signedOctets(ASN1Encodable content) throws IOException {
    byte[] encoded = content.toASN1Primitive().getEncoded(ASN1Encoding.DER);
    int length = encoded[1] & 0xff;
    return Arrays.copyOfRange(encoded, length < 0x80 ? 2 : 2 + (length & 0x7f), encoded.length);
  }

  private static ByteBuffer bytes(OpenFile file, long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    try (var arena = Arena.ofConfined()) {
      var buffer = arena.allocate(Math.max(1, length)).asByteBuffer().limit(length);
      if (length > 0 && file.read(buffer, offset) < length) {
        throw new EOFException(file.path() + " ends within its headers");
      }
      buffer.flip().get(bytes);
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Digests ranges of a file. */
  private static final class Digest {
    private final OpenFile file;
    private final MessageDigest digest;

    Digest(OpenFile file) {
      this.file = file;
      try {
        this.digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }

    void add(long from, long to) throws IOException {
      try (var arena = Arena.ofConfined()) {
        var buffer = arena.allocate(PIECE_BYTES).asByteBuffer();
        for (long at = from; at < to; ) {
          buffer.clear().limit((int) Math.min(PIECE_BYTES, to - at));
          int count = file.read(buffer, at);
          if (count <= 0) {
            throw new EOFException(file.path() + " ends at byte " + at);
          }
          digest.update(buffer.flip());
          at += count;
        }
      }
    }

    String hex() {
      return HexFormat.of().formatHex(digest.digest());
    }
  }
}
