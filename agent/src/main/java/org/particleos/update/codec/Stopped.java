package org.particleos.update.codec;

/**
 * Ends a stage because another one has failed. Says nothing itself: the failure is told elsewhere.
 * Unchecked so that it passes through the decoders' libraries.
 */
public final class Stopped extends RuntimeException {
  public Stopped() {
    super("stopped", null, false, false);
  }
}
