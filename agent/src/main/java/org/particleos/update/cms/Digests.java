package org.particleos.update.cms;

import java.util.Optional;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;

/** The digests that signatures are made with. SHA-1 and older ones are left out: forgeable. */
final class Digests {
  private Digests() {}

  static Optional<String> javaName(ASN1ObjectIdentifier algorithm) {
    return switch (algorithm.getId()) {
      case "2.16.840.1.101.3.4.2.1" -> Optional.of("SHA-256");
      case "2.16.840.1.101.3.4.2.2" -> Optional.of("SHA-384");
      case "2.16.840.1.101.3.4.2.3" -> Optional.of("SHA-512");
      default -> Optional.empty();
    };
  }
}
