package org.particleos.update.trust;

import java.util.Optional;
import java.util.Set;
import org.bouncycastle.bcpg.ECPublicBCPGKey;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyAlgorithmTags;
import org.bouncycastle.openpgp.PGPPublicKey;

/**
 * Which algorithms are good enough to decide what a machine boots.
 *
 * <p>Narrower than GnuPG on purpose: SHA-1 and RSA below 2048 bits, which it still takes for data,
 * can be forged or will be; DSA is withdrawn (FIPS 186-5); nobody signs releases on other curves.
 */
final class Algorithms {
  static final int RSA_BITS_MIN = 2048;

  /** Deprecated since RFC 4880, also in the library, but keys made so still sign releases. */
  private static final int RSA_SIGN_ONLY = 3;

  /** The NIST curves P-256, P-384 and P-521. */
  private static final Set<String> ECDSA_CURVES =
      Set.of("1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35");

  /** Ed25519 under the number that GnuPG writes, and under that of RFC 8410. */
  private static final Set<String> EDDSA_CURVES = Set.of("1.3.6.1.4.1.11591.15.1", "1.3.101.112");

  private Algorithms() {}

  /** How far a digest can be relied on. */
  enum Digest {
    STRONG,
    /** SHA-1: collisions cost money, second pre-images are out of reach. */
    SHA1,
    BROKEN,
    UNKNOWN
  }

  static Digest digest(int hashAlgorithm) {
    return switch (hashAlgorithm) {
      case HashAlgorithmTags.SHA224,
          HashAlgorithmTags.SHA256,
          HashAlgorithmTags.SHA384,
          HashAlgorithmTags.SHA512,
          HashAlgorithmTags.SHA3_256,
          HashAlgorithmTags.SHA3_512 ->
          Digest.STRONG;
      case HashAlgorithmTags.SHA1 -> Digest.SHA1;
      case HashAlgorithmTags.MD5, HashAlgorithmTags.RIPEMD160 -> Digest.BROKEN;
      default -> Digest.UNKNOWN;
    };
  }

  static String digestName(int hashAlgorithm) {
    return switch (hashAlgorithm) {
      case HashAlgorithmTags.MD5 -> "MD5";
      case HashAlgorithmTags.SHA1 -> "SHA-1";
      case HashAlgorithmTags.RIPEMD160 -> "RIPEMD-160";
      default -> "digest algorithm " + hashAlgorithm;
    };
  }

  /** Whether signatures of this public-key algorithm are looked at. */
  static boolean isSupported(int keyAlgorithm) {
    return switch (keyAlgorithm) {
      case PublicKeyAlgorithmTags.RSA_GENERAL,
          RSA_SIGN_ONLY,
          PublicKeyAlgorithmTags.ECDSA,
          PublicKeyAlgorithmTags.EDDSA_LEGACY,
          PublicKeyAlgorithmTags.Ed25519 ->
          true;
      default -> false;
    };
  }

  /** What is wrong with a key as such, whoever owns it; empty if nothing. */
  static Optional<Fault> faultOf(PGPPublicKey key) {
    return switch (key.getAlgorithm()) {
      case PublicKeyAlgorithmTags.RSA_GENERAL, RSA_SIGN_ONLY ->
          key.getBitStrength() >= RSA_BITS_MIN
              ? Optional.empty()
              : Optional.of(
                  new Fault(
                      SignatureVerdict.Problem.WEAK_KEY,
                      "an RSA key of "
                          + key.getBitStrength()
                          + " bits, at least "
                          + RSA_BITS_MIN
                          + " are needed"));
      case PublicKeyAlgorithmTags.ECDSA -> curveFault(key, ECDSA_CURVES);
      case PublicKeyAlgorithmTags.EDDSA_LEGACY -> curveFault(key, EDDSA_CURVES);
      case PublicKeyAlgorithmTags.Ed25519 -> Optional.empty();
      default ->
          Optional.of(
              new Fault(
                  SignatureVerdict.Problem.NOT_SUPPORTED,
                  "key algorithm " + key.getAlgorithm() + " is not supported"));
    };
  }

  private static Optional<Fault> curveFault(PGPPublicKey key, Set<String> curves) {
    if (key.getPublicKeyPacket().getKey() instanceof ECPublicBCPGKey point
        && curves.contains(point.getCurveOID().getId())) {
      return Optional.empty();
    }
    return Optional.of(
        new Fault(SignatureVerdict.Problem.NOT_SUPPORTED, "the curve of the key is not supported"));
  }
}
