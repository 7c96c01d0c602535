package org.particleos.update.verity;

/**
 * What is stored of a hash tree cannot be used. The message is a clause that follows the name of
 * the thing, such as "has no dm-verity superblock".
 */
public final class MalformedVerityException extends Exception {
  MalformedVerityException(String clause) {
    super(clause);
  }

  /** The message, which is never absent. */
  public String clause() {
    return String.valueOf(getMessage());
  }
}
