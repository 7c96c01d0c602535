package org.particleos.update.cms;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerIdentifier;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;

/** Somebody with a key and a certificate, issued by himself or by another one. */
public final class ASigner {
  /** The shortest that is quick and that nobody refuses for its length. */
  private static final int KEY_BITS = 2048;

  private static final AlgorithmIdentifier SHA256 =
      new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
  private static final AlgorithmIdentifier RSA =
      new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption);
  private static final AlgorithmIdentifier SHA256_RSA =
      new AlgorithmIdentifier(PKCSObjectIdentifiers.sha256WithRSAEncryption);

  private final KeyPair keys;
  private final X500Name subject;
  private final X500Name issuer;
  private final Certificate certificate;

  private ASigner(KeyPair keys, X500Name subject, X500Name issuer, KeyPair issuerKeys) {
    this.keys = keys;
    this.subject = subject;
    this.issuer = issuer;
    this.certificate = certificate(issuerKeys);
  }

  public static ASigner named(String commonName) {
    KeyPair keys = newKeys();
    var name = new X500Name("CN=" + commonName);
    return new ASigner(keys, name, name, keys);
  }

  public ASigner issues(String commonName) {
    return new ASigner(newKeys(), new X500Name("CN=" + commonName), subject, keys);
  }

  private static KeyPair newKeys() {
    try {
      var generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(KEY_BITS);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private Certificate certificate(KeyPair issuerKeys) {
    try {
      var generator = new V3TBSCertificateGenerator();
      generator.setSerialNumber(new ASN1Integer(BigInteger.valueOf(7)));
      generator.setIssuer(issuer);
      generator.setSubject(subject);
      generator.setStartDate(new Time(Date.from(Instant.parse("2026-01-01T00:00:00Z"))));
      generator.setEndDate(new Time(Date.from(Instant.parse("2036-01-01T00:00:00Z"))));
      generator.setSubjectPublicKeyInfo(
          SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
      generator.setSignature(SHA256_RSA);
      var signed = generator.generateTBSCertificate();
      var all = new ASN1EncodableVector();
      all.add(signed);
      all.add(SHA256_RSA);
      all.add(new DERBitString(sign(issuerKeys, signed.getEncoded(ASN1Encoding.DER))));
      return Certificate.parse(new DERSequence(all).getEncoded());
    } catch (IOException | GeneralSecurityException | MalformedSignatureException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] sign(KeyPair keys, byte[] content) throws GeneralSecurityException {
    var signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(keys.getPrivate());
    signature.update(content);
    return signature.sign();
  }

  public Certificate certificate() {
    return certificate;
  }

  public byte[] certificateBytes() {
    try {
      return certificate.x509().getEncoded();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** A detached signature without attributes and certificates, as of root hashes. */
  public byte[] signsDetached(byte[] content) {
    try {
      return message(
          CMSObjectIdentifiers.data.getId(),
          null,
          null,
          null,
          sign(keys, content),
          new Certificate[0]);
    } catch (GeneralSecurityException | IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A signature with attributes around a content, as of PE files. */
  public byte[] signsAround(
      String type, ASN1Encodable content, byte[] octets, Certificate... along) {
    try {
      var attributes = new ASN1EncodableVector();
      attributes.add(
          new Attribute(CMSAttributes.contentType, new DERSet(new ASN1ObjectIdentifier(type))));
      attributes.add(
          new Attribute(
              CMSAttributes.messageDigest,
              new DERSet(new DEROctetString(MessageDigest.getInstance("SHA-256").digest(octets)))));
      var set = new DERSet(attributes);
      return message(type, content, set, null, sign(keys, set.getEncoded(ASN1Encoding.DER)), along);
    } catch (GeneralSecurityException | IOException e) {
      throw new AssertionError(e);
    }
  }

  private byte[] message(
      String type,
      @org.jspecify.annotations.Nullable ASN1Encodable content,
      @org.jspecify.annotations.Nullable ASN1Set attributes,
      @org.jspecify.annotations.Nullable ASN1Set unsigned,
      byte[] signature,
      Certificate... along)
      throws IOException {
    var signer =
        new SignerInfo(
            new SignerIdentifier(new IssuerAndSerialNumber(issuer, BigInteger.valueOf(7))),
            SHA256,
            attributes,
            RSA,
            new DEROctetString(signature),
            unsigned);
    var certificates = new ASN1EncodableVector();
    for (Certificate each : along) {
      try {
        certificates.add(
            org.bouncycastle.asn1.x509.Certificate.getInstance(each.x509().getEncoded()));
      } catch (GeneralSecurityException e) {
        throw new AssertionError(e);
      }
    }
    var data =
        new SignedData(
            new DERSet(SHA256),
            new ContentInfo(new ASN1ObjectIdentifier(type), content),
            along.length == 0 ? null : new DERSet(certificates),
            null,
            new DERSet(signer));
    return new ContentInfo(CMSObjectIdentifiers.signedData, data).getEncoded(ASN1Encoding.DER);
  }
}
