package org.particleos.update.cms;

/**
 * What should be a signature or a certificate cannot be read. The message is a clause that follows
 * the name of the thing, such as "is no CMS signed data".
 */
public final class MalformedSignatureException extends Exception {
  MalformedSignatureException(String clause) {
    super(clause);
  }

  MalformedSignatureException(String clause, Throwable cause) {
    super(clause, cause);
  }

  /** The message, which is never absent. */
  public String clause() {
    return String.valueOf(getMessage());
  }
}
