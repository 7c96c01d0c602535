package org.particleos.update.acquire;

/**
 * Ends an attempt to continue a transfer that has to begin from its first byte instead. Not a
 * failure: {@link Acquisition} starts the next attempt.
 */
final class Anew extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param why a clause, such as "the server has another file there now"
   */
  Anew(String why) {
    super(why, null, false, false);
  }
}
