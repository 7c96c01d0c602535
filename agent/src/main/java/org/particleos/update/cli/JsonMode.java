package org.particleos.update.cli;

/** Values of {@code --json=} (update-algorithm.md 18.1). */
enum JsonMode {
  PRETTY,
  SHORT,
  OFF
}
