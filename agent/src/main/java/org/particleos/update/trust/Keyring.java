package org.particleos.update.trust;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.bcpg.KeyIdentifier;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * The certificates that this machine trusts to sign manifests, from one or several files, binary or
 * armored. All of them are trusted alike: whoever can write such a file decides what is installed.
 *
 * <p>Immutable; nothing is written back to the files.
 */
public final class Keyring {
  /** The keyring of a whole distribution has less than 100 KiB. */
  static final int FILE_BYTES_MAX = 4 * 1024 * 1024;

  /** Far more than any publisher has; each costs some public-key operations to check. */
  static final int CERTIFICATES_MAX = 1000;

  /** A certificate with many signatures by others has some thousand. */
  static final int PACKETS_MAX = 100_000;

  private static final int KEYBOX_MAGIC_OFFSET = 8;
  private static final byte[] KEYBOX_MAGIC = "KBXf".getBytes(StandardCharsets.US_ASCII);

  private final Map<String, TransferableKey> certificates;
  private final List<Path> files;
  private final List<String> warnings;

  private Keyring(
      Map<String, TransferableKey> certificates, List<Path> files, List<String> warnings) {
    this.certificates = certificates;
    this.files = List.copyOf(files);
    this.warnings = List.copyOf(warnings);
  }

  /**
   * One certificate, for display.
   *
   * @param fingerprint of the primary key, uppercase hex
   * @param userIds as their owner wrote them: quote them before printing
   * @param expires empty if it does not
   */
  public record Certificate(
      String fingerprint, List<String> userIds, Instant created, Optional<Instant> expires) {
    public Certificate {
      userIds = List.copyOf(userIds);
    }
  }

  /**
   * Reads keyring files. The same certificate in several of them counts once, with all that any of
   * them says about it, so a revocation in one file cannot be undone by another.
   *
   * @throws UpdateException.NotTrusted {@link Reason#KEYRING_MISSING} for a file that is not there,
   *     {@link Reason#KEYRING_INVALID} for one that is no keyring or holds no key that can be used
   */
  public static Keyring load(List<Path> files) throws UpdateException {
    var certificates = new LinkedHashMap<String, TransferableKey>();
    var warnings = new ArrayList<String>();
    for (var file : files) {
      try {
        add(file, read(file), certificates, warnings);
      } catch (MalformedPgpException e) {
        throw invalid(file).found(describe(e)).cause(e).notTrusted();
      }
    }
    if (certificates.isEmpty()) {
      throw UpdateException.because(
              Reason.KEYRING_INVALID,
              "refused to verify signatures: the keyring holds no usable key")
          .found(warnings.isEmpty() ? "no key in " + files : String.join("; ", warnings))
          .remedy(exportRemedy())
          .notTrusted();
    }
    return new Keyring(certificates, files, warnings);
  }

  private static void add(
      Path file, byte[] bytes, Map<String, TransferableKey> certificates, List<String> warnings)
      throws MalformedPgpException {
    for (var block : Armor.blocks(bytes, "PUBLIC KEY BLOCK")) {
      for (var packets : TransferableKey.group(Packet.split(block, PACKETS_MAX))) {
        if (certificates.size() == CERTIFICATES_MAX) {
          throw new MalformedPgpException("it holds more than " + CERTIFICATES_MAX + " keys");
        }
        try {
          var certificate = TransferableKey.read(packets, TransferableKey.Origin.KEYRING);
          merge(certificates, certificate);
        } catch (MalformedPgpException e) {
          // One key that is too new or damaged must not take the others with it.
          warnings.add(
              "a key in " + Quote.quote(file.toString()) + " was left out: " + describe(e));
        }
      }
    }
  }

  private static void merge(Map<String, TransferableKey> certificates, TransferableKey certificate)
      throws MalformedPgpException {
    var known = certificates.get(certificate.fingerprint());
    if (known != null && !known.isSameKeyAs(certificate)) {
      throw new MalformedPgpException("two different keys have one fingerprint");
    }
    certificates.put(
        certificate.fingerprint(), known == null ? certificate : known.merge(certificate));
  }

  private static byte[] read(Path file) throws UpdateException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(FILE_BYTES_MAX + 1);
    } catch (NoSuchFileException e) {
      throw UpdateException.because(
              Reason.KEYRING_MISSING,
              "refused to verify signatures: there is no keyring " + Quote.quote(file.toString()))
          .remedy("put the publisher's keys there, in the form that `gpg --export` writes")
          .cause(e)
          .notTrusted();
    } catch (IOException e) {
      throw invalid(file)
          .found("reading failed: " + e)
          .remedy("check the file and who may read it")
          .cause(e)
          .notTrusted();
    }
    if (bytes.length == 0) {
      throw invalid(file).found("an empty file").notTrusted();
    }
    if (bytes.length > FILE_BYTES_MAX) {
      throw invalid(file).found("more than " + FILE_BYTES_MAX + " bytes").notTrusted();
    }
    if (isKeybox(bytes)) {
      throw invalid(file)
          .found("a GnuPG keybox, which only GnuPG reads")
          .remedy(
              "export the keys: gpg --no-default-keyring --keyring <the keybox> --export > "
                  + Quote.quote(file.toString()))
          .notTrusted();
    }
    return bytes;
  }

  private static boolean isKeybox(byte[] bytes) {
    int end = KEYBOX_MAGIC_OFFSET + KEYBOX_MAGIC.length;
    return bytes.length >= end
        && Arrays.equals(bytes, KEYBOX_MAGIC_OFFSET, end, KEYBOX_MAGIC, 0, KEYBOX_MAGIC.length);
  }

  private static UpdateException.Details invalid(Path file) {
    return UpdateException.because(
            Reason.KEYRING_INVALID,
            "refused to verify signatures: " + Quote.quote(file.toString()) + " is not a keyring")
        .remedy(exportRemedy());
  }

  private static String exportRemedy() {
    return "write the publisher's public keys with `gpg --export` or `gpg --export --armor`";
  }

  private static String describe(MalformedPgpException e) {
    return String.valueOf(e.getMessage());
  }

  /** What is in it, as it stands at a moment. */
  public List<Certificate> certificates(Instant now) {
    return certificates.values().stream()
        .map(key ->
            new Certificate(key.fingerprint(), key.userIds(now), key.created(), key.expires(now)))
        .toList();
  }

  /** The files it was read from. */
  public List<Path> files() {
    return files;
  }

  /** Keys that were left out because they could not be read. */
  public List<String> warnings() {
    return warnings;
  }

  /** A key together with the certificate it belongs to. */
  record Found(PGPPublicKey key, TransferableKey certificate) {}

  /** The keys that an issuer subpacket may mean; several only if key IDs collide. */
  List<Found> find(KeyIdentifier issuer) {
    return certificates.values().stream()
        .flatMap(certificate -> certificate.keys(issuer).map(key -> new Found(key, certificate)))
        .toList();
  }

  /**
   * With what somebody sent along about certificates that are in here already: a new subkey, a
   * later expiry, a revocation, all signed by the primary key (transfer-files.md 12.4). Other
   * certificates are left out, and nothing lasts longer than the keyring that is returned.
   *
   * @param sent certificates as {@link TransferableKey#group} cuts them
   */
  Keyring with(List<List<Packet>> sent) {
    if (sent.isEmpty()) {
      return this;
    }
    var merged = new LinkedHashMap<>(certificates);
    for (var packets : sent) {
      try {
        var known =
            certificates.get(TransferableKey.fingerprint(TransferableKey.primaryOf(packets)));
        if (known != null) {
          merge(merged, TransferableKey.read(packets, TransferableKey.Origin.NETWORK));
        }
      } catch (MalformedPgpException ignored) {
        // An offer that is not understood is not taken; the signature then fails for want of a key.
      }
    }
    return new Keyring(merged, files, warnings);
  }

  @Override
  public String toString() {
    return files + ": " + certificates.keySet();
  }
}
