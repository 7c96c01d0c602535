package org.particleos.update.policy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * This machine's place among all machines: numbers that stay the same for it and are evenly spread
 * over all, so that a million machines do not do the same thing in the same minute. A keyed hash
 * with the machine's id as the key (machine-id(5) asks for that): whoever learns a number learns
 * nothing of the id.
 */
public final class Share {
  private static final String ALGORITHM = "HmacSHA256";
  private static final String APPLICATION = "org.particleos.update/share/";

  /** As many as a double holds. */
  private static final int BITS = 53;

  private final byte[] key;

  /**
   * @param secret of this machine and no other, as /etc/machine-id; not empty
   */
  public Share(String secret) {
    this.key = secret.getBytes(StandardCharsets.UTF_8);
    if (key.length == 0) {
      throw new IllegalArgumentException("a machine has an id");
    }
  }

  /**
   * From 0 to less than 1.
   *
   * @param purpose another one gives another number, which has nothing to do with the first
   */
  public double of(String purpose) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      byte[] digest = mac.doFinal((APPLICATION + purpose).getBytes(StandardCharsets.UTF_8));
      return (ByteBuffer.wrap(digest).getLong() >>> (Long.SIZE - BITS)) / (double) (1L << BITS);
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
    }
  }
}
