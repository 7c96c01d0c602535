package org.particleos.update.catalog;

/** How far an instance has come. Never two of them at once (update-algorithm.md 1). */
public enum Stage {
  /** On a source, for the taking. */
  OFFERED,
  /** An unfinished download in its target. */
  PARTIAL,
  /** Completely downloaded and verified, not yet visible under its final name. */
  PENDING,
  /** In place under its final name. */
  INSTALLED
}
