package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.particleos.update.assess.AssessmentFiles;
import org.particleos.update.assess.BootFacts;
import org.particleos.update.assess.BootFactsReader;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.assess.HealthLog;
import org.particleos.update.assess.HealthRun;
import org.particleos.update.assess.Judgement;
import org.particleos.update.assess.Quarantine;
import org.particleos.update.assess.RunningBoot;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.history.Entry;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.version.Version;

/**
 * Finds out what runs and which versions did not come up, and remembers it. That it cannot be
 * remembered never spoils a run: boot entries still tell as long as they are there.
 */
final class Assessor {
  private final Run run;
  private final AssessmentFiles files;
  private final String target;
  private Optional<BootFacts> facts = Optional.empty();

  Assessor(Run run) {
    this.run = run;
    Machine machine = run.machine();
    this.files = new AssessmentFiles(machine.kernel(), machine.root(), machine.ownStateDirectory());
    this.target = Entry.target(run.settings().place());
  }

  /** What runs of what is installed here; of a system below another root nothing does. */
  RunningBoot running(Optional<String> imageVersion, List<Inventory> enabled) {
    if (!run.machine().isRunning()) {
      return RunningBoot.NOTHING;
    }
    if (run.settings().place() instanceof DefinitionPlace.Component
        && enabled.stream().noneMatch(Assessor::bootable)) {
      return RunningBoot.NOTHING; // nothing of it is started
    }
    if (facts.isEmpty()) {
      facts = Optional.of(BootFactsReader.read(run.machine().environment()));
    }
    return RunningBoot.of(facts.get(), imageVersion, enabled);
  }

  private static boolean bootable(Inventory inventory) {
    return inventory.transfer().transfer().target() instanceof Target.Partition
        || inventory.held().stream().anyMatch(held -> held.metadata().triesLeft().isPresent());
  }

  /** How the health checks of the last start that had some ended. */
  Optional<HealthRun> health() {
    return files.health(run::warn).last();
  }

  List<FailedVersion> remembered() {
    return files.quarantine(run::warn).of(target);
  }

  Judgement judge(RunningBoot running, List<Inventory> enabled, View view) {
    return judge(files.quarantine(run::warn), running, enabled, view);
  }

  private Judgement judge(
      Quarantine quarantine, RunningBoot running, List<Inventory> enabled, View view) {
    HealthLog health = files.health(run::warn);
    return Judgement.of(
        new Judgement.Case(target, quarantine, running, health, run.machine().clock().instant()),
        enabled,
        view);
  }

  /** Writes down what was seen, if it is news. */
  void remember(Overview overview, View view) {
    if (!run.machine().isRunning()
        || overview.remembered().equals(files.quarantine(run::warn).of(target))) {
      return;
    }
    change(quarantine ->
        quarantine.with(
            target, judge(quarantine, overview.running(), overview.enabled(), view).remembered()));
  }

  /** What is brought in, so that another build can be told from it if this one fails. */
  void acquired(VersionSet set) {
    Map<String, Set<String>> digests =
        Judgement.digests(
            set.members().stream().map(member -> member.inventory()).toList(), set.version());
    if (!digests.isEmpty()) {
      change(
          quarantine -> quarantine.withBuild(target, new Quarantine.Build(set.version(), digests)));
    }
  }

  /** Nothing is left of a build that failed. */
  void replaced(Version version) {
    if (files.quarantine(run::warn).of(target).stream()
        .anyMatch(failed -> failed.version().sameOrder(version))) {
      change(quarantine -> quarantine.without(target, version));
    }
  }

  private void change(UnaryOperator<Quarantine> change) {
    try {
      files.quarantine(change, run::warn);
    } catch (IOException e) {
      String text = "which versions did not come up is not remembered: " + e.getMessage();
      if (e instanceof LinuxException refused && refused.is(Errno.EACCES)) {
        run.detail(text); // who may not write here only looks
      } else {
        run.warn(text);
      }
    }
  }

  /**
   * Lets a version be tried again. A whole one gets its tries back, which makes it the one that is
   * started next if it is the newest; of one that is not, the used up entry goes.
   *
   * @return whether it is whole
   */
  boolean lift(Overview overview, FailedVersion failed) throws UpdateException {
    Version version = failed.version();
    boolean whole =
        overview.sets().all().stream()
            .filter(set -> set.version().sameOrder(version))
            .anyMatch(VersionSet::whole);
    // Before the entry: a crash in between leaves what the entry still says.
    try {
      files.quarantine(quarantine -> quarantine.without(target, version), run::warn);
    } catch (IOException e) {
      throw IoFailure.writing("writing down that version " + version + " may be tried failed", e)
          .inState("nothing was changed");
    }
    for (Inventory inventory : overview.enabled()) {
      for (Instance.InDirectory entry : usedUp(inventory, version)) {
        Path base = ((Place.Directory) inventory.transfer().target()).path();
        if (whole) {
          run.files().rename(entry.path(), base.resolve(freshName(inventory, entry)));
        } else {
          run.files().remove(entry.path(), base);
        }
        run.books().changed();
      }
    }
    return whole;
  }

  private static List<Instance.InDirectory> usedUp(Inventory inventory, Version version) {
    List<Instance.InDirectory> entries = new ArrayList<>();
    for (Instance held : inventory.held()) {
      if (held instanceof Instance.InDirectory file
          && held.stage() == Stage.INSTALLED
          && held.version().sameOrder(version)
          && held.metadata().triesLeft().isPresent()
          && held.metadata().triesLeft().getAsLong() == 0) {
        entries.add(file);
      }
    }
    return entries;
  }

  /** As a new one of the version would be called. */
  private static String freshName(Inventory inventory, Instance entry) throws UpdateException {
    Target definition = inventory.transfer().transfer().target();
    InstanceMetadata fresh =
        definition
            .newInstance()
            .merge(InstanceMetadata.of(entry.version()), Optional.empty(), false);
    return definition
        .patterns()
        .first()
        .format(
            entry
                .metadata()
                .withTriesLeft(fresh.triesLeft().orElseThrow())
                .withTriesDone(fresh.triesDone().orElseThrow()));
  }
}
