package org.particleos.update.update;

import java.nio.file.Path;
import java.util.Set;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.Cleanup;
import org.particleos.update.install.InstallDatabase;

/** Removes what was installed once and no definition owns any more (update-algorithm.md 15.2). */
final class Orphans {
  private final Run run;

  Orphans(Run run) {
    this.run = run;
  }

  /**
   * Goes through all records of an installation.
   *
   * @throws UpdateException the first failure, after everything else was done
   */
  void remove(Installation installation) throws UpdateException {
    Machine machine = run.machine();
    var database =
        new InstallDatabase(
            machine.kernel(),
            machine.root(),
            machine.stateDirectory(),
            Installation.component(run.settings().place()));
    Cleanup.Outcome outcome =
        Cleanup.run(
            machine.kernel(),
            machine.root(),
            database,
            installation.enabled(),
            machine.isRunning()
                ? installation.bootedVersion().map(Set::of).orElse(Set.of())
                : Set.of());
    for (Path path : outcome.removed()) {
      run.tell(new UpdateEvent.RemovedOrphan(path.toString()));
    }
    for (Cleanup.Dropped dropped : outcome.dropped()) {
      if (dropped.why() == Cleanup.Why.MALFORMED) {
        run.warn("dropped a record of the install database that is not one: " + dropped.content());
      }
    }
    if (!outcome.failures().isEmpty()) {
      outcome.failures().stream()
          .skip(1)
          .forEach(failure -> run.warn(String.valueOf(failure.getMessage())));
      throw outcome
          .failures()
          .getFirst()
          .inState("what was reported as removed is gone, the rest is as it was");
    }
  }
}
