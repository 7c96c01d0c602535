package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.CurrentSymlink;
import org.particleos.update.install.InstallDatabase;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.notify.Completion;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.Step;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.version.Version;

/** Gives pending members their final names, in transfer order (update-algorithm.md 8.3). */
final class Installer {
  private final Run run;
  private final Survey survey;
  private final Installation installation;
  private final StepKeeper further;
  private final InstallDatabase database;
  private final List<Completion.Resource> installed = new ArrayList<>();

  Installer(Run run, Survey survey, Installation installation, StepKeeper further) {
    this.further = further;
    this.run = run;
    this.survey = survey;
    this.installation = installation;
    this.database =
        new InstallDatabase(
            run.machine().kernel(),
            run.machine().root(),
            run.machine().stateDirectory(),
            Installation.component(run.settings().place()));
  }

  /** What was put in place in this run. */
  List<Completion.Resource> installed() {
    return List.copyOf(installed);
  }

  void install(Version version) throws UpdateException {
    // Read again what the targets really hold: only a set that is there as a whole is published.
    Overview overview;
    VersionSet set;
    try {
      overview = survey.look(installation, VersionSets.View.OFFLINE);
      set =
          overview.sets().all().stream()
              .filter(candidate -> candidate.version().sameOrder(version))
              .findFirst()
              .filter(VersionSet::acquired)
              .orElseThrow(() -> incomplete(version));
    } catch (UpdateException e) {
      throw e.inState("version " + version + " is downloaded, nothing of it was installed now");
    }
    new Preflight(run).examine(set);
    Map<Member, Path> loaders = loaders(set);
    run.tell(new UpdateEvent.InstallStarted(set));
    int done = 0;
    for (Member member : set.members()) {
      try {
        if (member.installed()) {
          catchUp(member, Stale.OTHER);
        } else {
          install(member);
        }
        done++;
      } catch (UpdateException e) {
        throw e.inState(
            "version "
                + version
                + " is downloaded; "
                + done
                + " of its "
                + set.members().size()
                + " parts are installed; the same command continues where this one stopped");
      }
    }
    try {
      further.keepInStep(overview, StepKeeper.Depth.CONTENT);
    } catch (UpdateException e) {
      throw e.inState("version " + version + " is installed, not on all further boot partitions");
    }
    installLoaders(version, loaders);
    run.tell(new UpdateEvent.Installed(set));
  }

  // ---- Boot loaders ----

  private static boolean isBootLoader(Member member) {
    return member.inventory().transfer().transfer().target() instanceof Target.FileSystem target
        && target.bootLoader();
  }

  /**
   * The members that bring a boot loader, with the path that each has when it is installed. What is
   * none is found out before anything of the version is published.
   */
  private Map<Member, Path> loaders(VersionSet set) throws UpdateException {
    Map<Member, Path> loaders = new LinkedHashMap<>();
    for (Member member : set.members()) {
      if (!isBootLoader(member)
          || !(member.held().orElseThrow() instanceof Instance.InDirectory file)) {
        continue;
      }
      try {
        var keeper = new LoaderKeeper(run);
        keeper.requireEsp();
        keeper.requireLoader(file.path());
      } catch (UpdateException e) {
        throw e.inState(
            "version "
                + set.version()
                + (set.whole()
                    ? " is installed"
                    : " is downloaded, nothing of it was installed now"));
      }
      var base = ((Place.Directory) member.inventory().transfer().target()).path();
      loaders.put(
          member,
          member.installed()
              ? file.path()
              : Step.TargetPaths.ofPending(base, file.path()).installed());
    }
    return loaders;
  }

  /** After everything else: a boot loader that fails to install leaves a version that boots. */
  private void installLoaders(Version version, Map<Member, Path> loaders) throws UpdateException {
    for (Map.Entry<Member, Path> loader : loaders.entrySet()) {
      try {
        ResolvedTransfer transfer = loader.getKey().inventory().transfer();
        var target = (Target.FileSystem) transfer.transfer().target();
        new LoaderKeeper(run)
            .install(loader.getValue(), target.alsoTo(), "transfer " + transfer.id());
      } catch (UpdateException e) {
        throw e.inState(
            "version "
                + version
                + " is installed and boots by the boot loader that was there; the same command"
                + " tries again");
      }
    }
  }

  private static UpdateException incomplete(Version version) {
    return UpdateException.because(
            Reason.VERSION_INCOMPLETE,
            "refused to install version " + version + ": not all of its parts are there")
        .state("nothing of it was installed")
        .remedy("run the command again; it fetches what is missing")
        .notAvailable();
  }

  private void install(Member member) throws UpdateException {
    Target target = member.inventory().transfer().transfer().target();
    Path path =
        switch (member.held().orElseThrow()) {
          case Instance.InPartition slot -> {
            run.slots()
                .publish(
                    slot, slot.partition().label(), ((Target.Partition) target).partitionType());
            run.warnOfRepairs();
            yield Path.of(slot.location());
          }
          case Instance.InDirectory file -> {
            run.requireBootPartitions();
            var base = ((Place.Directory) member.inventory().transfer().target()).path();
            Step.TargetPaths paths = Step.TargetPaths.ofPending(base, file.path());
            run.files().publish(paths, readOnly(member)).ifPresent(run::warn);
            if (((Target.FileSystem) target).anchor().isBootPartition()) {
              run.files().flushForBoot(paths.installed());
            }
            database.record(member.inventory().transfer()).ifPresent(run::warn);
            yield paths.installed();
          }
          case Instance.OnWeb web ->
              throw new IllegalStateException("an offer is not installed: " + web.uri());
        };
    Optional<Path> link = link(member);
    if (link.isPresent()) {
      new CurrentSymlink(run.machine().kernel()).point(link.get(), path);
    }
    installed.add(new Completion.Resource(member.inventory().transfer().id(), path.toString()));
    run.tell(new UpdateEvent.MemberInstalled(member.inventory().transfer().id(), path.toString()));
  }

  /** What the definition says, else what the name of the source said. */
  private static boolean readOnly(Member member) {
    Optional<Boolean> defined =
        member.inventory().transfer().transfer().target().newInstance().readOnly();
    return defined
        .or(() -> member.held().flatMap(held -> held.metadata().readOnly()))
        .or(() -> member.offered().flatMap(offered -> offered.metadata().readOnly()))
        .orElse(false);
  }

  private Optional<Path> link(Member member) {
    return member
        .inventory()
        .transfer()
        .transfer()
        .target()
        .currentSymlink()
        .map(configured -> {
          if (configured.isAbsolute()) {
            return run.machine().root().resolve(Path.of("/").relativize(configured));
          }
          return ((Place.Directory) member.inventory().transfer().target())
              .path()
              .resolve(configured);
        });
  }

  /** Which instances a link should not name when it is to name the current one. */
  private enum Stale {
    /** Those of older versions. */
    OLDER,
    /** Those of all other versions: the current one was asked for, be it older. */
    OTHER;

    boolean includes(Version named, Version current) {
      int order = named.compareTo(current);
      return order < 0 || (this == OTHER && order > 0);
    }
  }

  /**
   * A run that was cut between a name and its link has left the link behind; the version counts as
   * installed since then, and nothing else would come back to it. Neither would to a boot entry
   * that somebody has made read-only.
   */
  void catchUp(VersionSets sets) throws UpdateException {
    ensureCounting(sets);
    Optional<VersionSet> newest = sets.newestInstalled().filter(VersionSet::whole);
    if (newest.isPresent()) {
      catchUp(newest.get(), Stale.OLDER);
      installLoaders(newest.get().version(), loaders(newest.get()));
    }
  }

  /** The same for the version that was asked for by name. */
  void catchUp(VersionSet asked) throws UpdateException {
    catchUp(asked, Stale.OTHER);
    installLoaders(asked.version(), loaders(asked));
  }

  private void ensureCounting(VersionSets sets) throws UpdateException {
    for (VersionSet set : sets.all()) {
      for (Member member : set.members()) {
        if (member.installed()
            && member.held().orElseThrow() instanceof Instance.InDirectory file) {
          try {
            run.files().ensureCounting(file.path()).ifPresent(run::warn);
          } catch (UpdateException e) {
            throw e.inState("version " + set.version() + " is installed, its tries may not count");
          }
        }
      }
    }
  }

  private void catchUp(VersionSet set, Stale stale) throws UpdateException {
    try {
      for (Member member : set.members()) {
        catchUp(member, stale);
      }
    } catch (UpdateException e) {
      throw e.inState("version " + set.version() + " is installed, a link to it is not");
    }
  }

  private void catchUp(Member member, Stale stale) throws UpdateException {
    if (member.held().orElseThrow() instanceof Instance.InDirectory file && readOnly(member)) {
      run.files().ensureReadOnly(file.path()).ifPresent(run::warn);
    }
    catchUpLink(member, stale);
  }

  /** Repairs a link that is missing or names a stale instance; whatever else it names stays. */
  private void catchUpLink(Member member, Stale stale) throws UpdateException {
    Optional<Path> link = link(member);
    if (link.isEmpty()) {
      return;
    }
    Kernel kernel = run.machine().kernel();
    Instance current = member.held().orElseThrow();
    try {
      Optional<Kernel.FileStatus> there = kernel.status(link.get());
      if (there.isPresent()) {
        if (there.get().kind() != Kernel.FileKind.SYMBOLIC_LINK) {
          return;
        }
        String named =
            link.get().resolveSibling(kernel.readLink(link.get())).normalize().toString();
        Version version = current.version();
        boolean namesStale =
            member.inventory().held().stream()
                .filter(held -> stale.includes(held.version(), version))
                .anyMatch(held -> held.location().equals(named));
        if (!namesStale) {
          return;
        }
      }
    } catch (IOException e) {
      throw IoFailure.reading(
          "reading the link " + Quote.quote(link.get().toString()) + " failed", e);
    }
    new CurrentSymlink(kernel).point(link.get(), Path.of(current.location()));
  }
}
