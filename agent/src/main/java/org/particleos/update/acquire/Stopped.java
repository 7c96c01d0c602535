package org.particleos.update.acquire;

/**
 * Ends a stage because another one has failed. Says nothing itself: the failure is told elsewhere.
 * Unchecked so that it passes through the decoders' libraries.
 */
final class Stopped extends RuntimeException {
  Stopped() {
    super("stopped", null, false, false);
  }
}
