package org.particleos.update.cli;

import java.util.LinkedHashSet;
import java.util.Set;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Removes what no definition owns any more (update-algorithm.md 6.6, 15). */
final class CleanupVerb extends Verb {
  CleanupVerb() {
    super(
        "cleanup",
        "Remove installed files that no transfer definition owns any more.",
        Spelling.REFERENCE,
        Access.CHANGES,
        1,
        ANY_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    if (!options().cleanup().orElse(true)) {
      throw UpdateException.because(
              Reason.OPTION_INVALID, "--cleanup=no is contradictory to the verb 'cleanup'")
          .state("nothing was changed")
          .remedy("leave the option out")
          .configuration();
    }
    Set<DefinitionPlace> places = new LinkedHashSet<>();
    places.add(place());
    if (options().componentAll()) {
      for (String component : Updater.componentsWithRecords(machine())) {
        places.add(new DefinitionPlace.Component(component, machine().root()));
      }
    }
    return forEach(
        places,
        place -> {
          try (Updater updater = updater(place, progress())) {
            updater.cleanup(caller());
          }
        });
  }
}
