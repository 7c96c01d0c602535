package org.particleos.update.verity;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;

/** The hash functions that trees may be made with. Others are refused: nobody publishes them. */
public enum HashAlgorithm {
  SHA256("sha256", "SHA-256", 32),
  SHA512("sha512", "SHA-512", 64);

  private final String text;
  private final String javaName;
  private final int digestBytes;

  HashAlgorithm(String text, String javaName, int digestBytes) {
    this.text = text;
    this.javaName = javaName;
    this.digestBytes = digestBytes;
  }

  /** The name as a superblock holds it. */
  public String text() {
    return text;
  }

  /** A power of two, so that digests fill a hash block without gaps. */
  public int digestBytes() {
    return digestBytes;
  }

  static Optional<HashAlgorithm> parse(String text) {
    return Arrays.stream(values()).filter(one -> one.text.equals(text)).findFirst();
  }

  MessageDigest start() {
    try {
      return MessageDigest.getInstance(javaName);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has " + javaName, e);
    }
  }
}
