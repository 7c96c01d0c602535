package org.particleos.update.trust;

import java.util.List;
import java.util.Optional;

/** What a {@link SignatureVerifier} found out. */
public sealed interface SignatureVerdict {
  /**
   * A key of the keyring signed exactly these bytes.
   *
   * @param signer of the first good signature
   * @param ignored what was found about other signatures in the same file
   */
  record Trusted(Signer signer, List<Finding> ignored) implements SignatureVerdict {
    public Trusted {
      ignored = List.copyOf(ignored);
    }
  }

  /**
   * Nobody we trust signed these bytes, or somebody signed other ones.
   *
   * @param findings why, one for each signature in the file, at least one
   */
  record Refused(List<Finding> findings) implements SignatureVerdict {
    public Refused {
      findings = List.copyOf(findings);
      if (findings.isEmpty()) {
        throw new IllegalArgumentException("a refusal has a finding");
      }
    }

    /** Whether the data is not what was signed: it may have changed between two downloads. */
    public boolean dataDiffers() {
      return findings.stream().anyMatch(finding -> finding.problem() == Problem.BAD_SIGNATURE);
    }
  }

  /**
   * Why one signature does not count.
   *
   * @param keyId fingerprint or key ID of the key that the signature names, uppercase hex without
   *     spaces; empty if it names none or there is no signature
   * @param text for people, without the key
   */
  record Finding(Problem problem, Optional<String> keyId, String text) {
    @Override
    public String toString() {
      return keyId.map(id -> "signature by key " + grouped(id) + " (" + text + ")").orElse(text);
    }

    private static String grouped(String hex) {
      return hex.replaceAll("(.{4})(?=.)", "$1 ");
    }
  }

  /** The rule that a signature broke. */
  enum Problem {
    /** There is no signature at all in what should be one. */
    NO_SIGNATURE,
    /** Not OpenPGP, cut short, too much of it, or packets that do not belong there. */
    MALFORMED,
    /** A version, kind or algorithm that is not accepted. */
    NOT_SUPPORTED,
    /** The key is in no keyring. */
    UNKNOWN_KEY,
    /** Signed by a known key, but over other data; or damaged. */
    BAD_SIGNATURE,
    /** Signed with MD5, SHA-1 or RIPEMD-160. */
    WEAK_DIGEST,
    /** Too short a key. */
    WEAK_KEY,
    KEY_EXPIRED,
    KEY_REVOKED,
    /** The key may not sign data, or is not bound to its certificate. */
    KEY_NOT_FOR_SIGNING,
    SIGNATURE_EXPIRED,
    /** Dated later than now. */
    FUTURE_DATED,
    /** Dated before its key was made. */
    OLDER_THAN_KEY
  }
}
