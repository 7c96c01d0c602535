package org.particleos.update.cli;

import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Downloads and verifies without installing (update-algorithm.md 6.3). */
final class AcquireVerb extends Verb {
  private final Given version = arguments().word("0..1", "VERSION", "Download this version.");

  AcquireVerb() {
    super(
        "acquire",
        "Download and verify only; update or apply installs it later, offline too.",
        Spelling.REFERENCE,
        Access.CHANGES,
        2,
        ANY_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    return new ReferenceUpdate(this, version.text(), Updater.Goal.ACQUIRE).run();
  }
}
