package org.particleos.update.cli;

import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Restarts the machine if that brings a newer version into use (update-algorithm.md 6.8). */
final class RebootVerb extends Verb {
  RebootVerb() {
    super(
        "reboot",
        "Restart the machine if a newer version than the running one is installed.",
        Spelling.REFERENCE,
        Access.READ_ONLY,
        1,
        Set.of(Choice.DEFINITIONS));
  }

  @Override
  ExitStatus run() throws UpdateException {
    try (Updater updater = updater(progress())) {
      Updater.Pending pending = updater.pending();
      terminal().err().println(PendingVerb.text(pending));
      if (pending.restartNeeded()) {
        Restart.now(this);
      }
      return ExitStatus.OK;
    }
  }
}
