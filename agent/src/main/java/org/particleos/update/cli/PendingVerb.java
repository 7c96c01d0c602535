package org.particleos.update.cli;

import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Whether an installed version waits for a restart (update-algorithm.md 6.7). */
final class PendingVerb extends Verb {
  PendingVerb() {
    super(
        "pending",
        "Exit with 0 if a newer version than the running one is installed, else with 1.",
        Spelling.REFERENCE,
        Access.READ_ONLY,
        1,
        Set.of(Choice.DEFINITIONS));
  }

  @Override
  ExitStatus run() throws UpdateException {
    try (Updater updater = updater(progress())) {
      Updater.Pending pending = updater.pending();
      terminal().err().println(text(pending));
      return pending.restartNeeded() ? ExitStatus.OK : ExitStatus.NO_UPDATE;
    }
  }

  static String text(Updater.Pending pending) {
    int order = pending.installed().compareTo(pending.booted());
    if (order > 0) {
      return "Version "
          + pending.installed()
          + " is installed, version "
          + pending.booted()
          + " is running. Restart the machine to use the new one.";
    }
    return order == 0
        ? "The newest installed version " + pending.booted() + " is running."
        : "Warning: the newest installed version "
            + pending.installed()
            + " is older than the running version "
            + pending.booted()
            + ".";
  }
}
