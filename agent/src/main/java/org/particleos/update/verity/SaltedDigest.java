package org.particleos.update.verity;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;

/** The digest of one block after another: salt, then block (hash type 1). Used by one thread. */
public final class SaltedDigest {
  private final MessageDigest digest;
  private final byte[] salt;
  private final int digestBytes;

  public SaltedDigest(HashAlgorithm algorithm, Salt salt) {
    this.digest = algorithm.start();
    this.salt = salt.bytes();
    this.digestBytes = algorithm.digestBytes();
  }

  /** Digests all that remains in the buffer, which is then at its limit. */
  public void digest(ByteBuffer block, byte[] into, int at) {
    digest.update(salt);
    digest.update(block);
    try {
      digest.digest(into, at, digestBytes);
    } catch (DigestException e) {
      throw new IllegalArgumentException("no room for a digest at " + at, e);
    }
  }

  byte[] digest(byte[] block) {
    byte[] result = new byte[digestBytes];
    digest(ByteBuffer.wrap(block), result, 0);
    return result;
  }
}
