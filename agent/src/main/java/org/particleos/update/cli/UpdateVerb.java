package org.particleos.update.cli;

import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** The reference's spelling of {@link ApplyVerb} (update-algorithm.md 6.4). */
final class UpdateVerb extends Verb {
  private final Given version = arguments().word("0..1", "VERSION", "Install this version.");

  UpdateVerb() {
    super(
        "update",
        "Like apply, with the output and exit statuses of systemd-sysupdate.",
        Spelling.REFERENCE,
        Access.CHANGES,
        2,
        ANY_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    Updater.Goal goal = options().offline() ? Updater.Goal.INSTALL_OFFLINE : Updater.Goal.UPDATE;
    return new ReferenceUpdate(this, version.text(), goal).run();
  }
}
