package org.particleos.update.trust;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.bcpg.KeyIdentifier;
import org.bouncycastle.bcpg.SignatureSubpacketTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentVerifierBuilderProvider;

/**
 * One certificate: a primary key, its user IDs and subkeys, and what its owner says about them (a
 * "transferable public key", RFC 9580 section 10.1).
 *
 * <p>All signatures within it are checked once, when it is read; what does not verify, is by
 * somebody else, or is not understood is left out. What remains is immutable and is judged at a
 * moment by {@link #faultOf}. Revocation by another, designated key is not supported.
 */
final class TransferableKey {
  /** Each costs a public-key operation; certificates of publishers have some dozens. */
  static final int SELF_SIGNATURES_MAX = 1000;

  private final PGPPublicKey primary;
  private final boolean revoked;

  /** About the key as a whole. */
  private final List<Statement> direct;

  private final Map<String, List<Statement>> userIds;
  private final Map<String, Subkey> subkeys;

  private record Subkey(PGPPublicKey key, boolean revoked, List<Statement> bindings) {
    Subkey {
      bindings = List.copyOf(bindings);
    }
  }

  private TransferableKey(
      PGPPublicKey primary,
      boolean revoked,
      List<Statement> direct,
      Map<String, List<Statement>> userIds,
      Map<String, Subkey> subkeys) {
    this.primary = primary;
    this.revoked = revoked;
    this.direct = direct;
    this.userIds = userIds;
    this.subkeys = subkeys;
  }

  /** Where a certificate is from decides how much is asked of the signatures in it. */
  enum Origin {
    /**
     * From a file of this machine. SHA-1 is good enough: many older certificates have nothing else.
     */
    KEYRING,
    /** From a server. Somebody may have worked for years on a collision. */
    NETWORK
  }

  /**
   * Reads one certificate.
   *
   * @param packets begins with the packet of the primary key
   */
  static TransferableKey read(List<Packet> packets, Origin origin) throws MalformedPgpException {
    return new Reader(primaryOf(packets), origin).read(packets.subList(1, packets.size()));
  }

  /** Only the primary key, without the cost of checking what follows. */
  static PGPPublicKey primaryOf(List<Packet> packets) throws MalformedPgpException {
    var first = packets.getFirst();
    if (first.tag() != Packet.PUBLIC_KEY) {
      throw new MalformedPgpException("a certificate does not begin with its primary key");
    }
    if (!Packet.VERSIONS.contains(first.bodyByte(0))) {
      throw new MalformedPgpException(
          "a key is of version " + first.bodyByte(0) + ", which is not supported");
    }
    return first.asPublicKey();
  }

  /** Cuts packets into certificates; each begins with a primary key. */
  static List<List<Packet>> group(List<Packet> packets) throws MalformedPgpException {
    var groups = new ArrayList<List<Packet>>();
    for (var packet : packets) {
      switch (packet.tag()) {
        case Packet.PUBLIC_KEY -> groups.add(new ArrayList<>(List.of(packet)));
        case Packet.SECRET_KEY, Packet.SECRET_SUBKEY ->
            throw new MalformedPgpException(
                "it holds a secret key, which nobody but its owner needs");
        case Packet.SIGNATURE,
            Packet.USER_ID,
            Packet.USER_ATTRIBUTE,
            Packet.PUBLIC_SUBKEY,
            Packet.TRUST,
            Packet.MARKER,
            Packet.PADDING -> {
          if (!groups.isEmpty()) {
            groups.getLast().add(packet);
          } else if (packet.tag() != Packet.MARKER && packet.tag() != Packet.PADDING) {
            throw new MalformedPgpException("it does not begin with a primary key");
          }
        }
        default ->
            throw new MalformedPgpException(
                "a packet of type " + packet.tag() + " has no place among keys");
      }
    }
    return groups;
  }

  String fingerprint() {
    return fingerprint(primary);
  }

  static String fingerprint(PGPPublicKey key) {
    return HexFormat.of().withUpperCase().formatHex(key.getFingerprint());
  }

  Instant created() {
    return primary.getCreationTime().toInstant();
  }

  /** Those that their owner has not taken back, the oldest first. */
  List<String> userIds(Instant now) {
    return userIds.entrySet().stream()
        .filter(entry -> certified(entry.getValue(), now))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** When the certificate ends, as its owner last said. */
  Optional<Instant> expires(Instant now) {
    return selfStatement(now).flatMap(statement -> end(primary, statement));
  }

  /** Byte for byte, since a fingerprint is only a digest. */
  boolean isSameKeyAs(TransferableKey other) {
    try {
      return Arrays.equals(
          primary.getPublicKeyPacket().getEncodedContents(),
          other.primary.getPublicKeyPacket().getEncodedContents());
    } catch (IOException e) {
      throw new AssertionError("a key in memory can be encoded", e);
    }
  }

  /** The primary key and the subkeys to which an issuer subpacket may refer. */
  Stream<PGPPublicKey> keys(KeyIdentifier issuer) {
    return Stream.concat(Stream.of(primary), subkeys.values().stream().map(Subkey::key))
        .filter(key -> issuer.matches(key.getKeyIdentifier()));
  }

  /**
   * Everything that is said in either of two copies of the same certificate. What one of them takes
   * back stays so.
   */
  TransferableKey merge(TransferableKey other) {
    if (!isSameKeyAs(other)) {
      throw new IllegalArgumentException("these are different certificates");
    }
    var mergedIds = new LinkedHashMap<>(userIds);
    other.userIds.forEach(
        (id, statements) -> mergedIds.merge(id, statements, TransferableKey::joined));
    var mergedSubkeys = new LinkedHashMap<>(subkeys);
    other.subkeys.forEach((id, subkey) ->
        mergedSubkeys.merge(
            id,
            subkey,
            (a, b) -> new Subkey(a.key, a.revoked || b.revoked, joined(a.bindings, b.bindings))));
    return new TransferableKey(
        primary, revoked || other.revoked, joined(direct, other.direct), mergedIds, mergedSubkeys);
  }

  private static List<Statement> joined(List<Statement> a, List<Statement> b) {
    return Stream.concat(a.stream(), b.stream()).distinct().toList();
  }

  /** Why one of the keys may not sign data at a moment; empty if it may. */
  Optional<Fault> faultOf(PGPPublicKey key, Instant now) {
    return Algorithms.faultOf(primary).or(() -> primaryFault(now)).or(() -> ownFault(key, now));
  }

  private Optional<Fault> primaryFault(Instant now) {
    if (revoked) {
      return fault(SignatureVerdict.Problem.KEY_REVOKED, "its owner has revoked it");
    }
    if (created().isAfter(now)) {
      return fault(
          SignatureVerdict.Problem.FUTURE_DATED, "the key was created in the future, " + created());
    }
    var statement = selfStatement(now);
    if (statement.isEmpty()) {
      return fault(
          SignatureVerdict.Problem.KEY_NOT_FOR_SIGNING,
          "its certificate has no valid signature by itself");
    }
    return expiry(primary, statement.get(), now);
  }

  private Optional<Fault> ownFault(PGPPublicKey key, Instant now) {
    var subkey = subkeys.get(fingerprint(key));
    if (subkey == null) {
      return selfStatement(now).orElseThrow().allowsSigning(true)
          ? Optional.empty()
          : fault(SignatureVerdict.Problem.KEY_NOT_FOR_SIGNING, "the key is not for signing data");
    }
    if (subkey.revoked) {
      return fault(SignatureVerdict.Problem.KEY_REVOKED, "its owner has revoked the subkey");
    }
    var binding = Statement.newest(subkey.bindings, now);
    if (binding.isEmpty()) {
      return fault(
          SignatureVerdict.Problem.KEY_NOT_FOR_SIGNING,
          "the subkey is not bound to its certificate for signing");
    }
    return Algorithms.faultOf(key)
        .or(() -> expiry(key, binding.get(), now))
        .or(() ->
            binding.get().allowsSigning(false)
                ? Optional.empty()
                : fault(
                    SignatureVerdict.Problem.KEY_NOT_FOR_SIGNING,
                    "the subkey is not for signing data"));
  }

  private static Optional<Fault> expiry(PGPPublicKey key, Statement statement, Instant now) {
    return end(key, statement)
        .filter(end -> !now.isBefore(end))
        .flatMap(
            end -> fault(SignatureVerdict.Problem.KEY_EXPIRED, "the key has expired on " + end));
  }

  private static Optional<Instant> end(PGPPublicKey key, Statement statement) {
    return statement.keyLifetime().map(key.getCreationTime().toInstant()::plus);
  }

  private static Optional<Fault> fault(SignatureVerdict.Problem problem, String text) {
    return Optional.of(new Fault(problem, text));
  }

  /** What the owner last said about the primary key: by itself, or together with a user ID. */
  private Optional<Statement> selfStatement(Instant now) {
    return Statement.newest(
        Stream.concat(
                direct.stream(),
                userIds.values().stream()
                    .filter(statements -> certified(statements, now))
                    .flatMap(List::stream)
                    .filter(statement -> !statement.revokes()))
            .toList(),
        now);
  }

  private static boolean certified(List<Statement> statements, Instant now) {
    return Statement.newest(statements, now).filter(s -> !s.revokes()).isPresent();
  }

  /** Checks the signatures of one certificate while reading it. */
  private static final class Reader {
    private final PGPPublicKey primary;
    private final Origin origin;
    private final List<Statement> direct = new ArrayList<>();
    private final Map<String, List<Statement>> userIds = new LinkedHashMap<>();
    private final Map<String, Subkey> subkeys = new LinkedHashMap<>();
    private boolean revoked;
    private int selfSignatures;

    Reader(PGPPublicKey primary, Origin origin) {
      this.primary = primary;
      this.origin = origin;
    }

    TransferableKey read(List<Packet> packets) throws MalformedPgpException {
      var subject = Optional.<Packet>empty();
      var signatures = new ArrayList<PGPSignature>();
      for (var packet : packets) {
        switch (packet.tag()) {
          case Packet.SIGNATURE -> addSelfSignature(packet, signatures);
          case Packet.TRUST, Packet.MARKER, Packet.PADDING -> {}
          default -> {
            take(subject, signatures);
            subject = Optional.of(packet);
            signatures.clear();
          }
        }
      }
      take(subject, signatures);
      return new TransferableKey(primary, revoked, direct, userIds, subkeys);
    }

    /** Signatures by others are not interesting, and there may be very many of them. */
    private void addSelfSignature(Packet packet, List<PGPSignature> signatures)
        throws MalformedPgpException {
      if (!Packet.VERSIONS.contains(packet.bodyByte(0))) {
        return;
      }
      PGPSignature signature;
      try {
        signature = packet.asSignature();
      } catch (MalformedPgpException ignored) {
        // Says nothing. A certificate stays readable if a keyserver or a new version of the
        // standard has added something to it.
        return;
      }
      if (signature.getKeyIdentifiers().stream()
          .noneMatch(issuer -> issuer.matches(primary.getKeyIdentifier()))) {
        return;
      }
      if (++selfSignatures > SELF_SIGNATURES_MAX) {
        throw new MalformedPgpException(
            "a certificate has more than " + SELF_SIGNATURES_MAX + " signatures by itself");
      }
      signatures.add(signature);
    }

    /** Takes in what is said about one subject; none is the primary key. */
    private void take(Optional<Packet> subject, List<PGPSignature> signatures) {
      if (subject.isEmpty()) {
        takeDirect(signatures);
      } else if (subject.get().tag() == Packet.USER_ID) {
        takeUserId(subject.get().body(), signatures);
      } else if (subject.get().tag() == Packet.PUBLIC_SUBKEY) {
        takeSubkey(subject.get(), signatures);
      }
      // A photograph says nothing about a key.
    }

    private void takeDirect(List<PGPSignature> signatures) {
      for (var signature : signatures) {
        switch (signature.getSignatureType()) {
          case PGPSignature.KEY_REVOCATION ->
              revoked |= verifies(signature, primary, s -> s.verifyCertification(primary));
          case PGPSignature.DIRECT_KEY -> {
            if (isStrong(signature)
                && verifies(signature, primary, s -> s.verifyCertification(primary))) {
              Statement.of(signature).ifPresent(direct::add);
            }
          }
          default -> {}
        }
      }
    }

    private void takeUserId(byte[] id, List<PGPSignature> signatures) {
      var statements = new ArrayList<Statement>();
      for (var signature : signatures) {
        int type = signature.getSignatureType();
        boolean revokes = type == PGPSignature.CERTIFICATION_REVOCATION;
        if ((revokes || (PGPSignature.isCertification(type) && isStrong(signature)))
            && verifies(signature, primary, s -> s.verifyCertification(id, primary))) {
          Statement.of(signature).ifPresent(statements::add);
        }
      }
      userIds.merge(
          new String(id, StandardCharsets.UTF_8), List.copyOf(statements), TransferableKey::joined);
    }

    private void takeSubkey(Packet packet, List<PGPSignature> signatures) {
      PGPPublicKey key;
      try {
        key = packet.asPublicKey();
      } catch (MalformedPgpException ignored) {
        // A key of an algorithm that is not known here cannot have made a signature that is.
        return;
      }
      boolean isRevoked = false;
      var bindings = new ArrayList<Statement>();
      for (var signature : signatures) {
        switch (signature.getSignatureType()) {
          case PGPSignature.SUBKEY_REVOCATION ->
              isRevoked |= verifies(signature, primary, s -> s.verifyCertification(primary, key));
          case PGPSignature.SUBKEY_BINDING -> {
            if (isStrong(signature)
                && verifies(signature, primary, s -> s.verifyCertification(primary, key))) {
              Statement.of(signature)
                  .filter(binding -> !binding.allowsSigning(false) || isSignedBack(signature, key))
                  .ifPresent(bindings::add);
            }
          }
          default -> {}
        }
      }
      var subkey = new Subkey(key, isRevoked, bindings);
      if (origin == Origin.KEYRING || isRevoked || !bindings.isEmpty()) {
        subkeys.merge(
            fingerprint(key),
            subkey,
            (a, b) -> new Subkey(a.key, a.revoked || b.revoked, joined(a.bindings, b.bindings)));
      }
    }

    /**
     * Whether a signing subkey agrees to belong to this certificate. Else its owner could be made
     * to look like somebody else (RFC 9580 section 5.2.1.10).
     */
    private boolean isSignedBack(PGPSignature binding, PGPPublicKey subkey) {
      return Stream.of(binding.getHashedSubPackets(), binding.getUnhashedSubPackets())
          .filter(
              area -> area != null && area.hasSubpacket(SignatureSubpacketTags.EMBEDDED_SIGNATURE))
          .flatMap(area -> {
            try {
              return asStream(area.getEmbeddedSignatures());
            } catch (PGPException | RuntimeException damaged) {
              // No signature, so it does not agree.
              return Stream.of();
            }
          })
          .filter(back -> back.getSignatureType() == PGPSignature.PRIMARYKEY_BINDING)
          .filter(this::isStrong)
          .anyMatch(back -> verifies(back, subkey, s -> s.verifyCertification(primary, subkey)));
    }

    private static Stream<PGPSignature> asStream(PGPSignatureList list) {
      var signatures = new ArrayList<PGPSignature>();
      list.forEach(signatures::add);
      return signatures.stream();
    }

    private boolean isStrong(PGPSignature signature) {
      return switch (Algorithms.digest(signature.getHashAlgorithm())) {
        case STRONG -> true;
        case SHA1 -> origin == Origin.KEYRING;
        case BROKEN, UNKNOWN -> false;
      };
    }

    private interface Check {
      boolean apply(PGPSignature signature) throws PGPException;
    }

    private static boolean verifies(PGPSignature signature, PGPPublicKey by, Check check) {
      if (signature.getKeyAlgorithm() != by.getAlgorithm()) {
        return false;
      }
      try {
        signature.init(new BcPGPContentVerifierBuilderProvider(), by);
        return check.apply(signature);
      } catch (PGPException | RuntimeException damaged) {
        // What cannot be checked says nothing; the library throws for malformed numbers and points.
        return false;
      }
    }
  }
}
