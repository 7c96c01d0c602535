package org.particleos.update.update;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.particleos.update.cms.Certificate;
import org.particleos.update.cms.MalformedSignatureException;
import org.particleos.update.cms.SignedMessage;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.Kernel;
import org.particleos.update.verity.MalformedVerityException;
import org.particleos.update.verity.RootHash;
import org.particleos.update.verity.SignatureDocument;

/**
 * Who signed a root hash, as a signature partition tells it.
 *
 * @param certificate whose signature it is: the subject, else what the signature says about it
 * @param fingerprint of the certificate, where it is named
 * @param compared whether the certificate was found, and the signature is good by it. If not, that
 *     is still for the kernel to find out, which has keys that are not seen from here
 */
record RootHashSignature(
    RootHash root, String certificate, Optional<String> fingerprint, boolean compared) {
  /** Where certificates for images are, as {@code systemd-dissect(1)} has it. */
  private static final List<Path> CERTIFICATE_DIRECTORIES =
      List.of(
          Path.of("etc/verity.d"),
          Path.of("run/verity.d"),
          Path.of("usr/local/lib/verity.d"),
          Path.of("usr/lib/verity.d"));

  private static final String CERTIFICATE_ENDING = ".crt";

  /** More than any distribution ships. */
  private static final int CERTIFICATES_MAX = 256;

  private static final int CERTIFICATE_BYTES_MAX = 1 << 18;

  /**
   * Takes the signature apart, and compares it where the certificate is at hand.
   *
   * @param installed certificates of this machine, as {@link #certificates} finds them
   * @throws MalformedVerityException if the document holds no signature
   * @throws MalformedSignatureException if the signature is none
   * @throws WrongSignatureException if it is not good, or by another certificate than is said
   */
  static RootHashSignature read(SignatureDocument document, List<Certificate> installed)
      throws MalformedVerityException, MalformedSignatureException, WrongSignatureException {
    var message = SignedMessage.parse(document.signatureBytes());
    SignedMessage.Signer signer = message.signers().getFirst();
    Optional<String> named = document.certificateFingerprint();
    Optional<Certificate> inside = SignedMessage.certificate(signer, message.certificates());
    if (inside.isPresent() && named.isPresent() && !inside.get().hasFingerprint(named.get())) {
      throw new WrongSignatureException(
          "names the certificate "
              + named.get()
              + " and comes with "
              + inside.get().fingerprint()
              + " ("
              + inside.get().subject()
              + ")");
    }
    Optional<Certificate> certificate =
        inside
            .or(() ->
                named.flatMap(
                    text -> installed.stream().filter(one -> one.hasFingerprint(text)).findFirst()))
            .or(() -> SignedMessage.certificate(signer, installed));
    if (certificate.isEmpty()) {
      return new RootHashSignature(document.rootHash(), signer.name(), named, false);
    }
    byte[] content = document.rootHash().hex().getBytes(StandardCharsets.US_ASCII);
    SignedMessage.Verdict verdict = message.verify(signer, certificate.get(), content);
    if (verdict == SignedMessage.Verdict.BAD) {
      throw new WrongSignatureException(
          "has a signature by "
              + certificate.get().subject()
              + " that is not one of its root hash "
              + document.rootHash());
    }
    return new RootHashSignature(
        document.rootHash(),
        certificate.get().subject(),
        Optional.of(certificate.get().fingerprint()),
        verdict == SignedMessage.Verdict.GOOD);
  }

  /** A signature that is not one of its root hash. The message is a clause. */
  static final class WrongSignatureException extends Exception {
    WrongSignatureException(String clause) {
      super(clause);
    }

    String clause() {
      return String.valueOf(getMessage());
    }
  }

  /** What is installed for images below a root. What cannot be read is passed over. */
  static List<Certificate> certificates(Kernel kernel, Path root) {
    List<Certificate> found = new ArrayList<>();
    for (Path directory : CERTIFICATE_DIRECTORIES) {
      try {
        Path real = Chase.below(kernel, root, directory, Chase.Links.FOLLOW);
        try (Stream<Path> files = Files.list(real)) {
          files
              .filter(file -> file.toString().endsWith(CERTIFICATE_ENDING))
              .sorted()
              .limit(CERTIFICATES_MAX)
              .forEach(file -> read(file).ifPresent(found::add));
        }
      } catch (IOException _) {
        // Most machines have none of these directories.
      }
    }
    return List.copyOf(found);
  }

  private static Optional<Certificate> read(Path file) {
    try (var in = Files.newInputStream(file)) {
      return Optional.of(Certificate.parse(in.readNBytes(CERTIFICATE_BYTES_MAX)));
    } catch (IOException | MalformedSignatureException _) {
      return Optional.empty();
    }
  }
}
