package org.particleos.update.delta;

/**
 * Why an image is not brought in by its missing blocks alone. Nothing is wrong with that: all of it
 * can still be fetched. The message is a clause such as "its only payload is a single frame".
 */
public final class NoDeltaException extends Exception {
  public NoDeltaException(String clause) {
    super(clause);
  }

  public NoDeltaException(String clause, Throwable cause) {
    super(clause, cause);
  }

  /** The message, which is never absent. */
  public String clause() {
    return String.valueOf(getMessage());
  }
}
