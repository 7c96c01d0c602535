package org.particleos.update.cms;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;

/**
 * CMS signed data (RFC 5652, 5): a content or its absence, who signed it, and certificates that
 * came along. The ASN.1 is Bouncy Castle's, the arithmetic is the Java platform's.
 */
public final class SignedMessage {
  /** A signature with its chain of certificates has some kilobytes. */
  public static final int BYTES_MAX = 1 << 20;

  /** More than anybody signs with. */
  private static final int SIGNERS_MAX = 16;

  private static final int CERTIFICATES_MAX = 64;

  private final SignedData data;
  private final List<Signer> signers;
  private final List<Certificate> certificates;

  /** What came of comparing a signature with a content and a key. */
  public enum Verdict {
    GOOD,
    BAD,
    /** Made with an algorithm that is not known here. */
    UNKNOWN
  }

  /**
   * One who signed.
   *
   * @param name what the signature says about the certificate: its issuer and number, or its key
   */
  public record Signer(String name, SignerInfo info) {}

  private SignedMessage(SignedData data, List<Signer> signers, List<Certificate> certificates) {
    this.data = data;
    this.signers = List.copyOf(signers);
    this.certificates = List.copyOf(certificates);
  }

  /**
   * Takes the structure at the beginning of some bytes apart; what follows it is of no account,
   * since signatures in files are filled up.
   *
   * @throws MalformedSignatureException if that is no signed data with a signer
   */
  public static SignedMessage parse(byte[] bytes) throws MalformedSignatureException {
    if (bytes.length > BYTES_MAX) {
      throw new MalformedSignatureException(
          "has a signature of " + bytes.length + " bytes, more than " + BYTES_MAX);
    }
    try (var in = new ASN1InputStream(bytes)) {
      ASN1Primitive object = in.readObject();
      if (object == null) {
        throw new MalformedSignatureException("has an empty signature");
      }
      var outer = ContentInfo.getInstance(object);
      if (!CMSObjectIdentifiers.signedData.equals(outer.getContentType())) {
        throw new MalformedSignatureException("is no CMS signed data");
      }
      var data = SignedData.getInstance(outer.getContent());
      List<Signer> signers = signers(data);
      if (signers.isEmpty()) {
        throw new MalformedSignatureException("has a signature that nobody made");
      }
      return new SignedMessage(data, signers, certificates(data));
    } catch (IOException | RuntimeException e) {
      // Bouncy Castle says by unchecked exceptions of many kinds that ASN.1 is not as it should be.
      throw new MalformedSignatureException("is no CMS signed data", e);
    }
  }

  private static List<Signer> signers(SignedData data) {
    List<Signer> signers = new ArrayList<>();
    for (ASN1Encodable each : bounded(data.getSignerInfos(), SIGNERS_MAX)) {
      var info = SignerInfo.getInstance(each);
      signers.add(new Signer(name(info), info));
    }
    return signers;
  }

  private static List<ASN1Encodable> bounded(ASN1Set set, int max) {
    if (set.size() > max) {
      throw new IllegalArgumentException(set.size() + " elements, more than " + max);
    }
    return Arrays.asList(set.toArray());
  }

  private static String name(SignerInfo info) {
    Optional<IssuerAndSerialNumber> issued = issued(info);
    return issued
        .map(one -> "number " + one.getSerialNumber().getValue() + " of " + one.getName())
        .orElse("a key that is only named by its identifier");
  }

  private static Optional<IssuerAndSerialNumber> issued(SignerInfo info) {
    ASN1Encodable id = info.getSID().getId();
    return id instanceof ASN1OctetString
        ? Optional.empty()
        : Optional.of(IssuerAndSerialNumber.getInstance(id));
  }

  private static List<Certificate> certificates(SignedData data)
      throws IOException, MalformedSignatureException {
    List<Certificate> certificates = new ArrayList<>();
    if (data.getCertificates() != null) {
      for (ASN1Encodable each : bounded(data.getCertificates(), CERTIFICATES_MAX)) {
        certificates.add(Certificate.parse(each.toASN1Primitive().getEncoded()));
      }
    }
    return certificates;
  }

  public List<Signer> signers() {
    return signers;
  }

  /** What came along; nobody has checked that any of it belongs to a signer. */
  public List<Certificate> certificates() {
    return certificates;
  }

  /** The type of the content (an object identifier). */
  public String contentType() {
    return data.getEncapContentInfo().getContentType().getId();
  }

  /** The content, if it is inside. */
  public Optional<ASN1Encodable> content() {
    return Optional.ofNullable(data.getEncapContentInfo().getContent());
  }

  /** The certificate of a signer among some, by what the signature says about it. */
  public static Optional<Certificate> certificate(Signer signer, List<Certificate> among) {
    return issued(signer.info())
        .flatMap(issued ->
            among.stream().filter(certificate -> matches(certificate, issued)).findFirst());
  }

  private static boolean matches(Certificate certificate, IssuerAndSerialNumber issued) {
    try {
      BigInteger serial = issued.getSerialNumber().getValue();
      return certificate.serial().equals(serial)
          && certificate
              .issuer()
              .equals(new X500Principal(issued.getName().getEncoded(ASN1Encoding.DER)));
    } catch (IOException e) {
      return false; // a name that nobody has
    }
  }

  /**
   * Compares what a signer made with a content and a key (RFC 5652, 5.4 and 5.6).
   *
   * @param content the octets that were signed
   */
  public Verdict verify(Signer signer, Certificate certificate, byte[] content) {
    SignerInfo info = signer.info();
    Optional<String> digest = Digests.javaName(info.getDigestAlgorithm().getAlgorithm());
    PublicKey key = certificate.x509().getPublicKey();
    Optional<String> algorithm =
        digest.flatMap(name ->
            switch (key.getAlgorithm()) {
              case "RSA" -> Optional.of(name.replace("-", "") + "withRSA");
              case "EC" -> Optional.of(name.replace("-", "") + "withECDSA");
              default -> Optional.empty();
            });
    if (algorithm.isEmpty()) {
      return Verdict.UNKNOWN;
    }
    try {
      byte[] signed = content;
      if (info.getAuthenticatedAttributes() != null) {
        if (!attributesFit(info.getAuthenticatedAttributes(), digest.orElseThrow(), content)) {
          return Verdict.BAD;
        }
        signed = info.getAuthenticatedAttributes().getEncoded(ASN1Encoding.DER);
      }
      var signature = Signature.getInstance(algorithm.get());
      signature.initVerify(key);
      signature.update(signed);
      return signature.verify(info.getEncryptedDigest().getOctets()) ? Verdict.GOOD : Verdict.BAD;
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      return Verdict.BAD; // a signature that is none, or attributes that are none
    }
  }

  private boolean attributesFit(ASN1Set set, String digest, byte[] content)
      throws GeneralSecurityException {
    var attributes = new AttributeTable(set);
    Attribute named = attributes.get(CMSAttributes.messageDigest);
    Attribute type = attributes.get(CMSAttributes.contentType);
    return named != null
        && type != null
        && MessageDigest.isEqual(
            ASN1OctetString.getInstance(named.getAttrValues().getObjectAt(0)).getOctets(),
            MessageDigest.getInstance(digest).digest(content))
        && type.getAttrValues().getObjectAt(0).equals(data.getEncapContentInfo().getContentType());
  }
}
