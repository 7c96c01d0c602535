package org.particleos.update.cms;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Locale;
import javax.security.auth.x500.X500Principal;

/** An X.509 certificate. Says what is in it; nobody has checked who issued it. */
public record Certificate(X509Certificate x509) {
  /**
   * Reads DER or PEM.
   *
   * @throws MalformedSignatureException if it is neither
   */
  public static Certificate parse(byte[] bytes) throws MalformedSignatureException {
    try {
      var factory = CertificateFactory.getInstance("X.509");
      return new Certificate(
          (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(bytes)));
    } catch (CertificateException e) {
      throw new MalformedSignatureException("holds no X.509 certificate", e);
    }
  }

  /** SHA-256 of the certificate in DER, as lowercase hex digits. */
  public String fingerprint() {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(x509.getEncoded()));
    } catch (NoSuchAlgorithmException | CertificateException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Whether a fingerprint is of this certificate; case and colons do not matter. */
  public boolean hasFingerprint(String text) {
    return fingerprint().equals(text.replace(":", "").toLowerCase(Locale.ROOT));
  }

  /** The distinguished name (RFC 2253). */
  public String subject() {
    return x509.getSubjectX500Principal().getName();
  }

  X500Principal issuer() {
    return x509.getIssuerX500Principal();
  }

  BigInteger serial() {
    return x509.getSerialNumber();
  }

  /** Whether this certificate was signed with the key of another one, or of its own. */
  public boolean issuedBy(Certificate other) {
    if (!issuer().equals(other.x509.getSubjectX500Principal())) {
      return false;
    }
    try {
      x509.verify(other.x509.getPublicKey());
      return true;
    } catch (java.security.GeneralSecurityException e) {
      return false; // another key of the same name, or an algorithm that nobody uses
    }
  }
}
