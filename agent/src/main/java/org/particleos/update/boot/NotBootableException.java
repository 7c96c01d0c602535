package org.particleos.update.boot;

/**
 * A file is not what firmware could start. The message is a clause that follows the name of the
 * file, such as "does not begin with MZ".
 */
public final class NotBootableException extends Exception {
  NotBootableException(String clause) {
    super(clause);
  }

  NotBootableException(String clause, Throwable cause) {
    super(clause, cause);
  }

  /** The message, which is never absent. */
  public String clause() {
    return String.valueOf(getMessage());
  }
}
