package org.particleos.update.trust;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.bouncycastle.bcpg.SignatureSubpacketTags;
import org.bouncycastle.bcpg.sig.KeyFlags;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureSubpacketVector;

/**
 * What the owner of a certificate says about one of its keys or user IDs, in a signature that was
 * found to be correct. Only what is covered by that signature is in here.
 *
 * @param revokes whether it takes an earlier statement back
 * @param expires from when on the statement does not count any more
 * @param keyLifetime for how long after its creation the key is to be used; empty for ever
 * @param keyFlags what the key is for; empty if nothing is said
 */
record Statement(
    boolean revokes,
    Instant created,
    Optional<Instant> expires,
    Optional<Duration> keyLifetime,
    OptionalInt keyFlags) {

  /**
   * Subpackets that are understood or can be disregarded safely. A signature that marks another one
   * as critical must not be relied on (RFC 9580 section 5.2.3.7).
   */
  private static final Set<Integer> CRITICAL_UNDERSTOOD =
      Set.of(
          SignatureSubpacketTags.CREATION_TIME,
          SignatureSubpacketTags.EXPIRE_TIME,
          SignatureSubpacketTags.EXPORTABLE,
          SignatureSubpacketTags.REVOCABLE,
          SignatureSubpacketTags.KEY_EXPIRE_TIME,
          SignatureSubpacketTags.PREFERRED_SYM_ALGS,
          SignatureSubpacketTags.REVOCATION_KEY,
          SignatureSubpacketTags.ISSUER_KEY_ID,
          SignatureSubpacketTags.PREFERRED_HASH_ALGS,
          SignatureSubpacketTags.PREFERRED_COMP_ALGS,
          SignatureSubpacketTags.KEY_SERVER_PREFS,
          SignatureSubpacketTags.PREFERRED_KEY_SERV,
          SignatureSubpacketTags.PRIMARY_USER_ID,
          SignatureSubpacketTags.POLICY_URL,
          SignatureSubpacketTags.KEY_FLAGS,
          SignatureSubpacketTags.SIGNER_USER_ID,
          SignatureSubpacketTags.REVOCATION_REASON,
          SignatureSubpacketTags.FEATURES,
          SignatureSubpacketTags.EMBEDDED_SIGNATURE,
          SignatureSubpacketTags.ISSUER_FINGERPRINT,
          SignatureSubpacketTags.LIBREPGP_PREFERRED_ENCRYPTION_MODES,
          SignatureSubpacketTags.KEY_BLOCK,
          SignatureSubpacketTags.PREFERRED_AEAD_ALGORITHMS);

  /** From a signature that verified. Empty if it has no date or demands what is not understood. */
  static Optional<Statement> of(PGPSignature signature) {
    var hashed = signature.getHashedSubPackets();
    if (hashed == null || hashed.getSignatureCreationTime() == null || demandsTheUnknown(hashed)) {
      return Optional.empty();
    }
    var created = hashed.getSignatureCreationTime().toInstant();
    return Optional.of(
        new Statement(
            PGPSignature.isRevocation(signature.getSignatureType()),
            created,
            seconds(hashed.getSignatureExpirationTime()).map(created::plus),
            seconds(hashed.getKeyExpirationTime()),
            hashed.hasSubpacket(SignatureSubpacketTags.KEY_FLAGS)
                ? OptionalInt.of(hashed.getKeyFlags())
                : OptionalInt.empty()));
  }

  static boolean demandsTheUnknown(PGPSignatureSubpacketVector hashed) {
    for (int tag : hashed.getCriticalTags()) {
      if (!CRITICAL_UNDERSTOOD.contains(tag)) {
        return true;
      }
    }
    return false;
  }

  /** Zero means never, as if it were not there. */
  private static Optional<Duration> seconds(long count) {
    return count == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(count));
  }

  /** The newest of those that count at a time: later statements replace earlier ones. */
  static Optional<Statement> newest(List<Statement> statements, Instant now) {
    return statements.stream()
        .filter(statement -> !statement.created.isAfter(now))
        .filter(statement -> statement.expires.map(now::isBefore).orElse(true))
        .max(Comparator.comparing(Statement::created).thenComparing(Statement::revokes));
  }

  /** Whether the key may sign data; a primary key may if nothing is said. */
  boolean allowsSigning(boolean isPrimary) {
    return keyFlags.isPresent() ? (keyFlags.getAsInt() & KeyFlags.SIGN_DATA) != 0 : isPrimary;
  }
}
