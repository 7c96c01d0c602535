package org.particleos.update.cli;

import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Command;

/** Removes unfinished and surplus instances (update-algorithm.md 6.5, 19.4). */
@Command(
    name = "vacuum",
    description = "Remove unfinished downloads and versions beyond InstancesMax=.",
    exitCodeOnInvalidInput = 1)
final class VacuumVerb extends Verb {
  VacuumVerb() {
    super(Spelling.REFERENCE, Access.CHANGES, 1, ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      Updater.Vacuumed vacuumed = updater.vacuum(caller());
      if (json == JsonMode.OFF) {
        terminal().err().println(text(vacuumed));
      } else {
        Json.print(
            terminal().out(),
            json,
            Json.object()
                .put("removed", vacuumed.removed())
                .put("disabledTransfers", vacuumed.disabledTransfers()));
      }
      return ExitStatus.OK;
    }
  }

  private static String text(Updater.Vacuumed vacuumed) {
    if (vacuumed.removed() == 0 && vacuumed.disabledTransfers() == 0) {
      return "Found nothing to remove.";
    }
    String text = "Removed " + vacuumed.removed() + " instances";
    return vacuumed.disabledTransfers() == 0
        ? text + "."
        : text + " and " + vacuumed.disabledTransfers() + " disabled transfers.";
  }
}
