package org.particleos.update.trust;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.function.Consumer;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyAlgorithmTags;
import org.bouncycastle.bcpg.SignatureSubpacketTags;
import org.bouncycastle.bcpg.UserIDPacket;
import org.bouncycastle.bcpg.sig.KeyFlags;
import org.bouncycastle.crypto.generators.Ed25519KeyPairGenerator;
import org.bouncycastle.crypto.params.Ed25519KeyGenerationParameters;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPKeyPair;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.PGPSignatureSubpacketGenerator;
import org.bouncycastle.openpgp.operator.bc.BcKeyFingerprintCalculator;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.bc.BcPGPKeyPair;

/**
 * Somebody with an Ed25519 key, made without GnuPG, who can also make certificates that GnuPG
 * refuses to make.
 */
final class Publisher {
  static final Instant CREATED = Instant.parse("2026-01-01T00:00:00Z");

  private final String name;
  private final int version;
  private final PGPKeyPair primary;

  Publisher(String name) {
    this(name, 4);
  }

  Publisher(String name, int version) {
    this.name = name;
    this.version = version;
    this.primary = keyPair(version);
  }

  /** How a subkey is bound to its primary key. */
  enum Binding {
    PROPER(HashAlgorithmTags.SHA256, KeyFlags.SIGN_DATA, true),
    WITHOUT_CONSENT(HashAlgorithmTags.SHA256, KeyFlags.SIGN_DATA, false),
    NOT_FOR_SIGNING(HashAlgorithmTags.SHA256, KeyFlags.AUTHENTICATION, true),
    BY_SHA1(HashAlgorithmTags.SHA1, KeyFlags.SIGN_DATA, true);

    private final int hash;
    private final int flags;
    private final boolean signedBack;

    Binding(int hash, int flags, boolean signedBack) {
      this.hash = hash;
      this.flags = flags;
      this.signedBack = signedBack;
    }
  }

  String fingerprint() {
    return TransferableKey.fingerprint(primary.getPublicKey());
  }

  byte[] certificate() {
    return certificate(Optional.empty());
  }

  private byte[] certificate(Optional<byte[]> subkey) {
    try {
      var out = new ByteArrayOutputStream();
      out.write(primary.getPublicKey().getEncoded());
      out.write(new UserIDPacket(name).getEncoded());
      var self =
          generator(PGPSignature.POSITIVE_CERTIFICATION, primary, s -> s.setKeyFlags(false, 3));
      out.write(self.generateCertification(name, primary.getPublicKey()).getEncoded());
      out.write(subkey.orElse(new byte[0]));
      return out.toByteArray();
    } catch (IOException | PGPException e) {
      throw new AssertionError(e);
    }
  }

  /** Signed by the primary key. */
  byte[] sign(byte[] data) {
    return sign(data, CREATED);
  }

  byte[] sign(byte[] data, Instant at) {
    return sign(data, primary, s -> s.setSignatureCreationTime(true, Date.from(at)));
  }

  byte[] signDemanding(byte[] data, String criticalNotation) {
    return sign(data, primary, s -> s.addNotationData(true, true, criticalNotation, "1"));
  }

  private byte[] sign(
      byte[] data, PGPKeyPair by, Consumer<PGPSignatureSubpacketGenerator> subpackets) {
    try {
      var generator = generator(PGPSignature.BINARY_DOCUMENT, by, subpackets);
      generator.update(data);
      return generator.generate().getEncoded();
    } catch (IOException | PGPException e) {
      throw new AssertionError(e);
    }
  }

  /** A certificate with a subkey, and a signature by that subkey. */
  final class WithSubkey {
    private final PGPKeyPair subkey;
    private final Binding binding;

    WithSubkey(Binding binding) {
      this.binding = binding;
      try {
        this.subkey = keyPair(version).asSubkey(new BcKeyFingerprintCalculator());
      } catch (PGPException e) {
        throw new AssertionError(e);
      }
    }

    byte[] sign(byte[] data) {
      return Publisher.this.sign(data, subkey, _ -> {});
    }

    byte[] certificate() {
      try {
        var back =
            generator(binding.hash, PGPSignature.PRIMARYKEY_BINDING, subkey, _ -> {})
                .generateCertification(primary.getPublicKey(), subkey.getPublicKey());
        var signature =
            generator(
                    binding.hash,
                    PGPSignature.SUBKEY_BINDING,
                    primary,
                    s -> {
                      s.setKeyFlags(false, binding.flags);
                      if (binding.signedBack) {
                        embed(s, back);
                      }
                    })
                .generateCertification(primary.getPublicKey(), subkey.getPublicKey());
        var out = new ByteArrayOutputStream();
        out.write(subkey.getPublicKey().getEncoded());
        out.write(signature.getEncoded());
        return Publisher.this.certificate(Optional.of(out.toByteArray()));
      } catch (IOException | PGPException e) {
        throw new AssertionError(e);
      }
    }

    private static void embed(PGPSignatureSubpacketGenerator subpackets, PGPSignature back) {
      try {
        subpackets.addEmbeddedSignature(false, back);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  private PGPSignatureGenerator generator(
      int type, PGPKeyPair by, Consumer<PGPSignatureSubpacketGenerator> subpackets)
      throws PGPException {
    return generator(HashAlgorithmTags.SHA256, type, by, subpackets);
  }

  private PGPSignatureGenerator generator(
      int hash, int type, PGPKeyPair by, Consumer<PGPSignatureSubpacketGenerator> subpackets)
      throws PGPException {
    var generator =
        new PGPSignatureGenerator(
            new BcPGPContentSignerBuilder(by.getPublicKey().getAlgorithm(), hash),
            by.getPublicKey());
    generator.init(type, by.getPrivateKey());
    var hashed = new PGPSignatureSubpacketGenerator();
    hashed.setIssuerFingerprint(false, by.getPublicKey());
    subpackets.accept(hashed);
    if (!hashed.hasSubpacket(SignatureSubpacketTags.CREATION_TIME)) {
      hashed.setSignatureCreationTime(true, Date.from(CREATED));
    }
    generator.setHashedSubpackets(hashed.generate());
    return generator;
  }

  private static PGPKeyPair keyPair(int version) {
    var generator = new Ed25519KeyPairGenerator();
    generator.init(new Ed25519KeyGenerationParameters(new SecureRandom()));
    try {
      return new BcPGPKeyPair(
          version, PublicKeyAlgorithmTags.Ed25519, generator.generateKeyPair(), Date.from(CREATED));
    } catch (PGPException e) {
      throw new AssertionError(e);
    }
  }
}
