package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Removes unfinished and surplus instances (update-algorithm.md 6.5, 19.4). */
final class VacuumVerb extends Verb {
  VacuumVerb() {
    super(
        "vacuum",
        "Remove unfinished downloads and versions beyond InstancesMax=.",
        Spelling.REFERENCE,
        Access.CHANGES,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is done
    try (Updater updater = updater(progress())) {
      Updater.Vacuumed vacuumed = updater.vacuum(caller());
      answer(
          Json.object()
              .put("removed", vacuumed.removed())
              .put("disabledTransfers", vacuumed.disabledTransfers()));
      return ExitStatus.OK;
    }
  }

  @Override
  void show(JsonNode document) {
    long removed = document.path("removed").asLong();
    long disabled = document.path("disabledTransfers").asLong();
    terminal()
        .err()
        .println(
            removed == 0 && disabled == 0
                ? "Found nothing to remove."
                : "Removed "
                    + removed
                    + " instances"
                    + (disabled == 0 ? "." : " and " + disabled + " disabled transfers."));
  }
}
