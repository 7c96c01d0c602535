package org.particleos.update.verity;

/**
 * Who asked for a long reading: hears how far it is and may end it. Called by the thread that
 * asked, about ten times a second.
 */
public interface Watch {
  /** How many bytes of tree and data were digested so far. */
  void digested(long bytes);

  /** Whether to end, which shows as an {@link java.io.InterruptedIOException}. */
  boolean stopped();

  /** For callers whom nobody watches. */
  static Watch unwatched() {
    return new Watch() {
      @Override
      public void digested(long bytes) {}

      @Override
      public boolean stopped() {
        return false;
      }
    };
  }
}
