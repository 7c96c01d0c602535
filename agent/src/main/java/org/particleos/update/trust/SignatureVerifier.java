package org.particleos.update.trust;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.bcpg.KeyIdentifier;
import org.bouncycastle.bcpg.SignatureSubpacketTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentVerifierBuilderProvider;
import org.particleos.update.trust.SignatureVerdict.Finding;
import org.particleos.update.trust.SignatureVerdict.Problem;

/**
 * Checks detached OpenPGP signatures, binary or armored (transfer-files.md 12).
 *
 * <p>A file may hold several signatures. One good one by a key of the keyring is enough, as long as
 * none of them contradicts it:
 *
 * <ul>
 *   <li>Signatures that cannot be judged or do not count, such as those by unknown, expired or
 *       revoked keys or with a weak digest, are passed over. A publisher who changes keys signs
 *       with the old and the new one, and machines know only one of them.
 *   <li>A signature by a known key that is not over this data refuses the file, and so do damaged
 *       packets: somebody tampered with something.
 * </ul>
 *
 * <p>Deviation: the reference takes GnuPG's exit status, which is an error if any signature is by
 * an unknown key, even beside a good one. It also accepts what this class refuses: SHA-1, RSA below
 * 2048 bits, DSA, other curves, expired and revoked keys (of which GnuPG only warns), and
 * signatures dated in the future. Version 3 signatures, and version 5 ones, which only GnuPG knows,
 * are not supported.
 *
 * <p>Signatures over text (type 0x01) are accepted: they leave open only how lines end, and a
 * manifest with anything but LF is malformed.
 *
 * <p>Keys that are sent along, within the signature (key block subpacket) or behind it, can add
 * subkeys, later expiry or revocations to certificates of the keyring, for this one check.
 */
public final class SignatureVerifier {
  /** As the reference; a signature has about 500 bytes (transfer-files.md 12.2). */
  public static final int SIZE_BYTES_MAX = 1024 * 1024;

  /** Signatures and the packets of certificates sent along. */
  static final int PACKETS_MAX = 1000;

  /** The archive of a distribution carries up to half a dozen. Each costs a digest of all data. */
  static final int SIGNATURES_MAX = 32;

  /** Certificates sent along; a signature needs one. */
  static final int CERTIFICATES_SENT_MAX = 32;

  /**
   * Machines start with clocks that are off, and so do publishers' ones: up to a wrong time zone.
   */
  static final Duration CLOCK_SKEW_MAX = Duration.ofDays(1);

  /** Whether the signatures in a file say anything, and what. Never throws for bad input. */
  public SignatureVerdict verify(
      byte[] data, byte[] detachedSignature, Keyring keyring, Instant now) {
    if (detachedSignature.length == 0) {
      return refused(Problem.NO_SIGNATURE, "the signature is empty");
    }
    if (detachedSignature.length > SIZE_BYTES_MAX) {
      return refused(
          Problem.MALFORMED, "the signature is longer than " + SIZE_BYTES_MAX + " bytes");
    }
    SignatureFile file;
    try {
      file = SignatureFile.read(detachedSignature);
    } catch (MalformedPgpException e) {
      return refused(Problem.MALFORMED, "the signature cannot be read: " + e.getMessage());
    }
    if (file.signatures.isEmpty()) {
      return refused(Problem.NO_SIGNATURE, "there is no signature in it");
    }
    return judge(data, file, keyring.with(file.certificates), now);
  }

  private static SignatureVerdict judge(
      byte[] data, SignatureFile file, Keyring keyring, Instant now) {
    var signers = new ArrayList<Signer>();
    var findings = new ArrayList<Finding>();
    for (var packet : file.signatures) {
      switch (check(data, packet, keyring, now)) {
        case Outcome.Good(var signer) -> signers.add(signer);
        case Outcome.NotGood(var finding) -> findings.add(finding);
      }
    }
    return signers.isEmpty() || findings.stream().anyMatch(SignatureVerifier::contradicts)
        ? new SignatureVerdict.Refused(findings)
        : new SignatureVerdict.Trusted(signers.getFirst(), findings);
  }

  private static boolean contradicts(Finding finding) {
    return switch (finding.problem()) {
      case BAD_SIGNATURE, MALFORMED -> true;
      case NO_SIGNATURE,
          NOT_SUPPORTED,
          UNKNOWN_KEY,
          WEAK_DIGEST,
          WEAK_KEY,
          KEY_EXPIRED,
          KEY_REVOKED,
          KEY_NOT_FOR_SIGNING,
          SIGNATURE_EXPIRED,
          FUTURE_DATED,
          OLDER_THAN_KEY ->
          false;
    };
  }

  private sealed interface Outcome {
    record Good(Signer signer) implements Outcome {}

    record NotGood(Finding finding) implements Outcome {}
  }

  private static Outcome check(byte[] data, Packet packet, Keyring keyring, Instant now) {
    if (!Packet.VERSIONS.contains(packet.bodyByte(0))) {
      return notGood(
          Problem.NOT_SUPPORTED,
          Optional.empty(),
          "a signature of version " + packet.bodyByte(0) + " is not supported");
    }
    // Type and algorithms stand behind the version, whatever the rest looks like.
    int type = packet.bodyByte(1);
    int keyAlgorithm = packet.bodyByte(2);
    int hashAlgorithm = packet.bodyByte(3);
    if (type != PGPSignature.BINARY_DOCUMENT && type != PGPSignature.CANONICAL_TEXT_DOCUMENT) {
      return notGood(
          Problem.NOT_SUPPORTED,
          Optional.empty(),
          "a signature of type " + type + " is not over data");
    }
    if (!Algorithms.isSupported(keyAlgorithm)) {
      return notGood(
          Problem.NOT_SUPPORTED,
          Optional.empty(),
          "a signature with key algorithm " + keyAlgorithm + " is not supported");
    }
    PGPSignature signature;
    try {
      signature = packet.asSignature();
    } catch (MalformedPgpException e) {
      return notGood(Problem.MALFORMED, Optional.empty(), "a signature packet is damaged");
    }
    var issuer = issuer(signature);
    var keyId = issuer.map(SignatureVerifier::text);
    switch (Algorithms.digest(hashAlgorithm)) {
      case STRONG -> {}
      case SHA1, BROKEN -> {
        return notGood(
            Problem.WEAK_DIGEST,
            keyId,
            "made with " + Algorithms.digestName(hashAlgorithm) + ", which can be forged");
      }
      case UNKNOWN -> {
        return notGood(
            Problem.NOT_SUPPORTED,
            keyId,
            Algorithms.digestName(hashAlgorithm) + " is not supported");
      }
    }
    var statement = Statement.of(signature);
    if (statement.isEmpty()) {
      return notGood(
          Problem.NOT_SUPPORTED,
          keyId,
          "it has no date or demands something that is not understood");
    }
    var candidates = issuer.map(keyring::find).orElse(List.of());
    if (candidates.isEmpty()) {
      return notGood(Problem.UNKNOWN_KEY, keyId, "not in the keyring");
    }
    var signedBy = candidates.stream().filter(found -> isOver(data, signature, found)).findFirst();
    if (signedBy.isEmpty()) {
      return notGood(Problem.BAD_SIGNATURE, keyId, "not over this file, or damaged");
    }
    return accept(signedBy.get(), statement.get(), now);
  }

  /** The signature is correct; may the key sign, and was it the time to do so? */
  private static Outcome accept(Keyring.Found found, Statement statement, Instant now) {
    var certificate = found.certificate();
    var signing = TransferableKey.fingerprint(found.key());
    var fault = certificate.faultOf(found.key(), now).or(() -> timeFault(found, statement, now));
    if (fault.isPresent()) {
      return notGood(fault.get().problem(), Optional.of(signing), fault.get().text());
    }
    return new Outcome.Good(
        new Signer(
            certificate.fingerprint(),
            signing,
            certificate.userIds(now).stream().findFirst().orElse(""),
            statement.created()));
  }

  private static Optional<Fault> timeFault(Keyring.Found found, Statement statement, Instant now) {
    var keyCreated = found.key().getCreationTime().toInstant();
    if (statement.created().isBefore(keyCreated)) {
      return Optional.of(
          new Fault(
              Problem.OLDER_THAN_KEY,
              "dated " + statement.created() + ", before its key was made, " + keyCreated));
    }
    if (statement.created().isAfter(now.plus(CLOCK_SKEW_MAX))) {
      return Optional.of(
          new Fault(
              Problem.FUTURE_DATED,
              "dated " + statement.created() + ", in the future; it is " + now + " now"));
    }
    return statement
        .expires()
        .filter(end -> !now.isBefore(end))
        .map(end -> new Fault(Problem.SIGNATURE_EXPIRED, "the signature has expired on " + end));
  }

  private static boolean isOver(byte[] data, PGPSignature signature, Keyring.Found found) {
    if (signature.getKeyAlgorithm() != found.key().getAlgorithm()) {
      return false;
    }
    try {
      signature.init(new BcPGPContentVerifierBuilderProvider(), found.key());
      signature.update(data);
      return signature.verify();
    } catch (PGPException | RuntimeException damaged) {
      // The library throws for numbers and points that cannot be ones of a signature.
      return false;
    }
  }

  /** The key that a signature names: by fingerprint if it can, else by ID. */
  private static Optional<KeyIdentifier> issuer(PGPSignature signature) {
    var named = signature.getKeyIdentifiers();
    return named.stream()
        .filter(id -> id.getFingerprint() != null)
        .findFirst()
        .or(() -> named.stream().filter(id -> !id.isWildcard()).findFirst());
  }

  private static String text(KeyIdentifier id) {
    var hex = HexFormat.of().withUpperCase();
    return id.getFingerprint() == null
        ? hex.toHexDigits(id.getKeyId())
        : hex.formatHex(id.getFingerprint());
  }

  private static Outcome notGood(Problem problem, Optional<String> keyId, String text) {
    return new Outcome.NotGood(new Finding(problem, keyId, text));
  }

  private static SignatureVerdict refused(Problem problem, String text) {
    return new SignatureVerdict.Refused(List.of(new Finding(problem, Optional.empty(), text)));
  }

  /** What one file holds: signatures over data, and certificates that were sent along. */
  private record SignatureFile(List<Packet> signatures, List<List<Packet>> certificates) {
    static SignatureFile read(byte[] bytes) throws MalformedPgpException {
      var signatures = new ArrayList<Packet>();
      var certificates = new ArrayList<List<Packet>>();
      for (var block : Armor.blocks(bytes, "SIGNATURE")) {
        var packets = Packet.split(block, PACKETS_MAX);
        int count = 0;
        while (count < packets.size() && isSignatureOrFiller(packets.get(count))) {
          if (packets.get(count).tag() == Packet.SIGNATURE) {
            signatures.add(packets.get(count));
          }
          count++;
        }
        var rest = packets.subList(count, packets.size());
        if (rest.stream().anyMatch(SignatureFile::isMessage)) {
          throw new MalformedPgpException("it is a whole message, not a detached signature");
        }
        certificates.addAll(TransferableKey.group(rest));
      }
      if (signatures.size() > SIGNATURES_MAX) {
        throw new MalformedPgpException("it holds more than " + SIGNATURES_MAX + " signatures");
      }
      for (var signature : signatures) {
        keyBlocks(signature, certificates);
      }
      if (certificates.size() > CERTIFICATES_SENT_MAX) {
        throw new MalformedPgpException("it holds more than " + CERTIFICATES_SENT_MAX + " keys");
      }
      return new SignatureFile(signatures, certificates);
    }

    private static boolean isSignatureOrFiller(Packet packet) {
      return packet.tag() == Packet.SIGNATURE
          || packet.tag() == Packet.MARKER
          || packet.tag() == Packet.PADDING;
    }

    private static boolean isMessage(Packet packet) {
      return packet.tag() == Packet.ONE_PASS_SIGNATURE
          || packet.tag() == Packet.COMPRESSED
          || packet.tag() == Packet.LITERAL;
    }

    /** Certificates within a signature, as {@code gpg --include-key-block} writes them. */
    private static void keyBlocks(Packet packet, List<List<Packet>> into) {
      try {
        var signature = packet.asSignature();
        for (var area :
            Arrays.asList(signature.getHashedSubPackets(), signature.getUnhashedSubPackets())) {
          if (area == null) {
            continue;
          }
          for (var subpacket : area.getSubpackets(SignatureSubpacketTags.KEY_BLOCK)) {
            byte[] block = subpacket.getData();
            // The first byte says how the block is written; zero is the only way there is.
            if (block.length > 1 && block[0] == 0) {
              var keys = Packet.split(Arrays.copyOfRange(block, 1, block.length), PACKETS_MAX);
              into.addAll(TransferableKey.group(keys));
            }
          }
        }
      } catch (MalformedPgpException | RuntimeException ignored) {
        // An offer that is not understood is not taken. The signature itself is judged later, and
        // then says what is wrong with it.
      }
    }
  }
}
