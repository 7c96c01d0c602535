package org.particleos.update.boot;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.particleos.update.cms.Certificate;
import org.particleos.update.cms.MalformedSignatureException;
import org.particleos.update.cms.SignedMessage;

/**
 * What this machine's firmware starts: the signature database {@code db} (UEFI 2.10, 32.4.1), as
 * efivarfs shows it. What {@code dbx} forbids and what a shim allows besides is not looked at.
 *
 * @param enforced whether Secure Boot is on
 * @param certificates of those whose signatures count
 * @param digests of files that are started as they are, as hex digits
 */
public record FirmwareKeys(boolean enforced, List<Certificate> certificates, List<String> digests) {
  /** Where Linux shows the firmware's variables. */
  public static final Path DIRECTORY = Path.of("/sys/firmware/efi/efivars");

  private static final String DB = "db-d719b2cb-3d3a-4bc4-a596-a3bc00e67f6f";
  private static final String SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

  private static final UUID X509 = UUID.fromString("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
  private static final UUID SHA256 = UUID.fromString("c1c41626-504c-4092-aca9-41f936934328");

  /** Firmware has less room for all of its variables. */
  private static final int VARIABLE_BYTES_MAX = 1 << 20;

  private static final int ATTRIBUTES_BYTES = 4;
  private static final int LIST_HEADER_BYTES = 28;
  private static final int OWNER_BYTES = 16;
  private static final int CHAIN_MAX = 8;

  public FirmwareKeys {
    certificates = List.copyOf(certificates);
    digests = List.copyOf(digests);
  }

  /**
   * Reads the variables.
   *
   * @param variables a directory as {@link #DIRECTORY}
   * @return empty where there is no {@code db}
   * @throws NotBootableException if the database is damaged
   */
  public static Optional<FirmwareKeys> read(Path variables)
      throws IOException, NotBootableException {
    byte[] db;
    try {
      db = variable(variables.resolve(DB));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
    boolean enforced = false;
    try {
      byte[] value = variable(variables.resolve(SECURE_BOOT));
      enforced = value.length > ATTRIBUTES_BYTES && value[ATTRIBUTES_BYTES] == 1;
    } catch (NoSuchFileException _) {
      // Firmware without Secure Boot may have a database all the same.
    }
    return Optional.of(parse(db, enforced));
  }

  private static byte[] variable(Path path) throws IOException {
    try (var in = Files.newInputStream(path)) {
      return in.readNBytes(VARIABLE_BYTES_MAX);
    }
  }

  private static FirmwareKeys parse(byte[] db, boolean enforced) throws NotBootableException {
    List<Certificate> certificates = new ArrayList<>();
    List<String> digests = new ArrayList<>();
    try {
      var in = ByteBuffer.wrap(db).order(ByteOrder.LITTLE_ENDIAN).position(ATTRIBUTES_BYTES);
      while (in.hasRemaining()) {
        int start = in.position();
        UUID type = guid(in);
        int listBytes = in.getInt();
        int headerBytes = in.getInt();
        int entryBytes = in.getInt();
        if (listBytes < LIST_HEADER_BYTES
            || listBytes > db.length - start
            || headerBytes < 0
            || headerBytes > listBytes - LIST_HEADER_BYTES
            || entryBytes <= OWNER_BYTES) {
          throw new NotBootableException("has a damaged list of signatures");
        }
        int end = start + listBytes;
        in.position(in.position() + headerBytes);
        while (end - in.position() >= entryBytes) {
          byte[] entry = new byte[entryBytes - OWNER_BYTES];
          in.position(in.position() + OWNER_BYTES).get(entry);
          if (type.equals(X509)) {
            certificates.add(Certificate.parse(entry));
          } else if (type.equals(SHA256)) {
            digests.add(HexFormat.of().formatHex(entry));
          }
        }
        in.position(end);
      }
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new NotBootableException("ends within a list of signatures", e);
    } catch (MalformedSignatureException e) {
      throw new NotBootableException(e.clause(), e);
    }
    return new FirmwareKeys(enforced, certificates, digests);
  }

  /** UEFI 2.10, appendix A: the first three fields are little-endian. */
  private static UUID guid(ByteBuffer in) {
    long high = Integer.toUnsignedLong(in.getInt()) << 32;
    high |= Short.toUnsignedLong(in.getShort()) << 16;
    high |= Short.toUnsignedLong(in.getShort());
    return new UUID(high, Long.reverseBytes(in.getLong()));
  }

  /**
   * By what the firmware would start a file.
   *
   * @return the subject of the certificate in {@code db}, or a phrase for a digest in it; empty if
   *     by nothing there
   */
  public Optional<String> accepts(Authenticode file) throws IOException {
    if (digests.contains(file.digest())) {
      return Optional.of("its digest");
    }
    for (SignedMessage message : file.messages()) {
      if (file.isOfThisFile(message)) {
        byte[] octets = Authenticode.signedOctets(message.content().orElseThrow());
        for (SignedMessage.Signer signer : message.signers()) {
          Optional<Certificate> by = accepts(message, signer, octets);
          if (by.isPresent()) {
            return by.map(Certificate::subject);
          }
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Certificate> accepts(
      SignedMessage message, SignedMessage.Signer signer, byte[] octets) {
    List<Certificate> known = new ArrayList<>(message.certificates());
    known.addAll(certificates);
    Optional<Certificate> leaf = SignedMessage.certificate(signer, known);
    if (leaf.isEmpty()
        || message.verify(signer, leaf.get(), octets) != SignedMessage.Verdict.GOOD) {
      return Optional.empty();
    }
    Certificate current = leaf.get();
    for (int step = 0; step < CHAIN_MAX; step++) {
      Certificate at = current;
      Optional<Certificate> trusted =
          certificates.stream().filter(one -> one.equals(at) || at.issuedBy(one)).findFirst();
      if (trusted.isPresent()) {
        return trusted;
      }
      Optional<Certificate> issuer =
          message.certificates().stream()
              .filter(one -> !one.equals(at) && at.issuedBy(one))
              .findFirst();
      if (issuer.isEmpty()) {
        return Optional.empty();
      }
      current = issuer.get();
    }
    return Optional.empty();
  }
}
