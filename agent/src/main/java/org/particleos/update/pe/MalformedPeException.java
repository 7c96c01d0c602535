package org.particleos.update.pe;

/**
 * A file is no well-formed PE image. The message is a clause that follows the name of the file,
 * such as "does not begin with MZ".
 */
public final class MalformedPeException extends Exception {
  MalformedPeException(String clause) {
    super(clause);
  }

  /** The message, which is never absent. */
  public String clause() {
    return String.valueOf(getMessage());
  }
}
