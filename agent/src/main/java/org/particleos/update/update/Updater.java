package org.particleos.update.update;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.catalog.Place;
import org.particleos.update.definition.AlsoTo;
import org.particleos.update.definition.DefinitionWarning;
import org.particleos.update.definition.Definitions;
import org.particleos.update.definition.Target;
import org.particleos.update.definition.Transfer;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.history.Asker;
import org.particleos.update.history.Entry;
import org.particleos.update.install.InstallDatabase;
import org.particleos.update.loader.BootLoader;
import org.particleos.update.notify.Completion;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.version.Version;

/**
 * The engine: lists, plans, acquires, installs and vacuums one installation. Every front end goes
 * through here. Used by one thread at a time; {@link Cancellation} may come from any.
 *
 * <p>Order of things in a run: decide everything that can fail, then make room, then acquire every
 * member, then install them in transfer order. Nothing is installed before everything is there.
 */
public final class Updater implements AutoCloseable {
  /** How far a run goes. */
  public enum Goal {
    /** Download and verify only. */
    ACQUIRE,
    /** Download what is missing, then install. */
    UPDATE,
    /** Install what was downloaded before; ask no server. */
    INSTALL_OFFLINE
  }

  private final Run run;
  private final Bookkeeping books;
  private final Survey survey;
  private final StepKeeper further;
  private final Vacuum vacuum;

  public Updater(
      Machine machine,
      Settings settings,
      HttpFetcher http,
      UpdateEvent.Observer observer,
      Cancellation cancellation) {
    this(
        machine,
        settings,
        http,
        observer,
        cancellation,
        Asker.ofProcess(machine.environment(), false, OptionalLong.empty()));
  }

  /**
   * @param asker who wants it, for the history of the system
   */
  public Updater(
      Machine machine,
      Settings settings,
      HttpFetcher http,
      UpdateEvent.Observer observer,
      Cancellation cancellation,
      Asker asker) {
    this.books = new Bookkeeping(machine, settings.place(), asker, observer);
    this.run = new Run(machine, settings, http, books, cancellation);
    this.survey = new Survey(run);
    this.further = new StepKeeper(run, survey);
    this.vacuum = new Vacuum(run, further);
  }

  @Override
  public void close() {
    run.http().close();
  }

  // ---- Looking ----

  /** What is installed and, unless offline, offered (update-algorithm.md 6.1). */
  public Overview overview(VersionSets.View view) throws UpdateException {
    if (view == VersionSets.View.ONLINE) {
      survey.prepareForSources();
    }
    Overview overview = survey.overview(load(), view);
    if (view == VersionSets.View.ONLINE) {
      // Only a source tells that a version that failed is offered anew, and others ask offline.
      survey.assessor().remember(overview, view);
    }
    return overview;
  }

  private Installation load() throws UpdateException {
    return load(Installation.Need.TRANSFERS);
  }

  private Installation load(Installation.Need need) throws UpdateException {
    Installation installation;
    try {
      installation = Installation.load(run.machine(), run.settings(), need);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
    run.countOn(installation.bootMounts());
    for (DefinitionWarning warning : installation.definitions().warnings()) {
      run.warn(warning.toString());
    }
    return installation;
  }

  /** What acquiring a set would cost. Asks the source of each part that is not here yet. */
  public Cost cost(VersionSet set) throws UpdateException {
    return survey.cost(set);
  }

  /** Looks at everything that an update needs; what fails is a finding. */
  public List<Finding> examine(VersionSets.View view) {
    return new Examination(run, survey).findings(view);
  }

  /**
   * Compares the slots of a version with their hash trees: of the named one, else of the newest
   * that is in place as a whole.
   *
   * @throws UpdateException.NotAvailable if there is no such version, or nothing of it has a hash
   *     tree
   */
  public Verification verify(Optional<String> version) throws UpdateException {
    Overview overview = overview(VersionSets.View.OFFLINE);
    VersionSet set = version.isPresent() ? overview.named(version.get()) : newestWhole(overview);
    return comparable(new Verifier(run, set).verify());
  }

  /**
   * The same, and fetches damaged blocks of data again from where the version is still offered.
   * What cannot be repaired is warned of and shows as damaged.
   *
   * <p>The running version is refused: nothing of it is ever written, not even what is right.
   *
   * @param caller who asks, for the message that another process gets meanwhile
   */
  public Verification repair(Optional<String> version, String caller) throws UpdateException {
    return books.recorded(
        Entry.Action.REPAIR,
        caller,
        verification -> verification.damaged() ? "damaged" : "repaired",
        () -> repairing(version, caller));
  }

  private Verification repairing(Optional<String> version, String caller) throws UpdateException {
    Installation installation = load();
    try (var _ = lock(installation, caller)) {
      Overview overview = survey.overview(installation, VersionSets.View.ONLINE);
      VersionSet set = version.isPresent() ? overview.named(version.get()) : newestWhole(overview);
      books.chosen(set.version().text());
      requireNotRunning(overview, set);
      return comparable(new Verifier(run, set, new SlotRepair(run, survey)).verify());
    }
  }

  private void requireNotRunning(Overview overview, VersionSet set) throws UpdateException {
    boolean running =
        run.machine().isRunning()
            && overview.bootedVersion().filter(set.version().text()::equals).isPresent();
    boolean inUse =
        set.members().stream()
            .flatMap(member -> member.held().stream())
            .anyMatch(overview.slotUse()::inUse);
    if (running || inUse) {
      throw UpdateException.because(
              Reason.VERSION_RUNNING,
              "refused to repair version " + set.version() + ": it is running")
          .found(
              inUse ? "a slot of it is mounted or under a mapped device" : "IMAGE_VERSION says so")
          .state("nothing was changed")
          .remedy(
              "see what is damaged: particle-update verify; then install and start another version,"
                  + " and repair this one from there")
          .notAvailable();
    }
  }

  private static Verification comparable(Verification verification) throws UpdateException {
    if (verification.parts().stream().allMatch(Verification.Part.Unverified.class::isInstance)) {
      throw UpdateException.because(
              Reason.NOTHING_TO_VERIFY,
              "refused to verify version "
                  + verification.version()
                  + ": nothing tells what it should hold")
          .found("no pair of a data and a verity partition of that version on one disk")
          .state("nothing was changed")
          .remedy("see what there is: particle-update status")
          .notAvailable();
    }
    return verification;
  }

  // ---- Acquiring and installing ----

  /**
   * Brings a version in: the named one, else the candidate (update-algorithm.md 7, 8).
   *
   * <p>Deviation: H-08 and {@code EUCLEAN}. What was interrupted is continued: partial members are
   * fetched again, missing ones fetched, pending ones kept. No state needs a manual vacuum.
   *
   * @param caller who asks, for the message that another process gets meanwhile
   */
  public Outcome apply(Optional<String> version, Goal goal, String caller) throws UpdateException {
    List<Completion.Resource> installed = new ArrayList<>();
    Outcome outcome =
        books.recorded(
            switch (goal) {
              case ACQUIRE -> Entry.Action.ACQUIRE;
              case UPDATE -> Entry.Action.UPDATE;
              case INSTALL_OFFLINE -> Entry.Action.INSTALL;
            },
            caller,
            Outcome::word,
            () -> {
              Installation installation = load(Installation.Need.ENABLED_COMPONENT);
              var installer = new Installer(run, survey, installation, further);
              Outcome broughtIn = bringIn(version, goal, caller, installation, installer);
              installed.addAll(installer.installed());
              return broughtIn;
            });
    if (goal != Goal.ACQUIRE) {
      new Announcement(run).make(outcome, installed);
    }
    return outcome;
  }

  private Outcome bringIn(
      Optional<String> version,
      Goal goal,
      String caller,
      Installation installation,
      Installer installer)
      throws UpdateException {
    // Let go of before the targets are: who gets those next will want it.
    try (var _ = lock(installation, caller);
        var _ = run.spool()) {
      VersionSets.View view =
          goal == Goal.INSTALL_OFFLINE ? VersionSets.View.OFFLINE : VersionSets.View.ONLINE;
      Overview overview = survey.overview(installation, view);
      survey.assessor().remember(overview, view);
      books.found(overview.sets().newestWhole().map(set -> set.version().text()));
      if (version.isPresent() && liftAsNamed(overview, version.get())) {
        overview = survey.overview(installation, view);
      }
      Optional<VersionSet> chosen = choose(overview, version);
      if (chosen.isEmpty()) {
        tellPassedOver(overview);
        if (view == VersionSets.View.ONLINE) {
          forgetInterrupted();
          vacuum.sweepBootPartitions(overview);
        }
        keepInStep(overview, StepKeeper.Depth.CONTENT);
        installer.catchUp(overview.sets());
        return new Outcome.NoUpdate();
      }
      VersionSet set = chosen.get();
      books.chosen(set.version().text());
      if (set.whole()) {
        forgetInterrupted();
        keepInStep(overview, StepKeeper.Depth.CONTENT);
        if (version.isPresent()) {
          installer.catchUp(set);
        } else {
          installer.catchUp(overview.sets());
        }
        return new Outcome.AlreadyInstalled(set.version());
      }
      long transferred = 0;
      if (!set.acquired()) {
        requireFetchable(set, goal);
        // Before a slot is written, no entry may be left anywhere for what it held.
        keepInStep(overview, StepKeeper.Depth.NAMES);
        transferred = new Acquirer(run, survey, vacuum).acquire(overview, set);
      } else if (goal == Goal.ACQUIRE) {
        run.tell(new UpdateEvent.AlreadyAcquired(set));
      }
      if (goal == Goal.ACQUIRE) {
        return new Outcome.Acquired(set.version(), transferred);
      }
      if (set.flags().obsolete()) {
        throw obsolete(set);
      }
      installer.install(set.version());
      return new Outcome.Installed(set.version(), set.flags().incomplete(), transferred);
    }
  }

  private void keepInStep(Overview overview, StepKeeper.Depth depth) throws UpdateException {
    try {
      further.keepInStep(overview, depth);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed but on further boot partitions");
    }
  }

  /** How further boot partitions stand to the ones that transfers are for. */
  public List<FurtherState> furtherStates(Overview overview) {
    return further.states(overview.enabled());
  }

  /** Who names a version wants it, also if it did not come up before. */
  private boolean liftAsNamed(Overview overview, String version) throws UpdateException {
    Optional<FailedVersion> failed =
        overview.failed(version).filter(each -> overview.quarantined().bars(each.version()));
    if (failed.isEmpty()) {
      return false;
    }
    boolean whole = survey.assessor().lift(overview, failed.get());
    further.revive(overview, failed.get().version());
    run.notice(
        "Warning: "
            + failed.get().story()
            + "; reason: "
            + failed.get().why()
            + ". "
            + (whole
                ? "Its boot entry gets its tries back, as asked."
                : "Installing it again, as asked."));
    return true;
  }

  /** Why there is nothing to do although something newer is offered. */
  private void tellPassedOver(Overview overview) {
    for (VersionSet set : overview.sets().all()) {
      Optional<FailedVersion> failed = overview.failed(set.version().text());
      if (set.flags().available() && set.flags().quarantined() && failed.isPresent()) {
        run.notice(
            "Version "
                + set.version()
                + " is offered and passed over: "
                + failed.get().story()
                + ". Take it all the same by naming it.");
      }
    }
  }

  /** Nothing is to be fetched: what was begun once will not be continued. */
  private void forgetInterrupted() {
    run.spool().retain(Set.of());
    run.tellRemarks();
  }

  private InstallationLock lock(Installation installation, String caller) throws UpdateException {
    Set<Place> targets = new LinkedHashSet<>();
    installation.enabled().forEach(transfer -> targets.add(transfer.target()));
    installation.disabled().forEach(transfer -> targets.add(transfer.target()));
    return InstallationLock.take(
        run.machine(), targets, "process " + ProcessHandle.current().pid() + " (" + caller + ")");
  }

  private Optional<VersionSet> choose(Overview overview, Optional<String> version)
      throws UpdateException {
    if (version.isEmpty()) {
      return overview.sets().candidate();
    }
    VersionSet set = overview.named(version.get());
    if (!set.whole()) {
      Optional<VersionSet> newest = overview.sets().newestInstalled();
      if (newest.isPresent() && set.version().compareTo(newest.get().version()) < 0) {
        run.notice(
            "Version "
                + set.version()
                + " is older than the installed version "
                + newest.get().version()
                + "; going back as asked.");
      } else if (!set.flags().newest()) {
        run.notice("Version " + set.version() + " is not the newest one; taking it as asked.");
      }
    }
    return Optional.of(set);
  }

  private static void requireFetchable(VersionSet set, Goal goal) throws UpdateException {
    if (goal == Goal.INSTALL_OFFLINE) {
      throw UpdateException.because(
              Reason.VERSION_INCOMPLETE,
              "refused to install version "
                  + set.version()
                  + " offline: it is only partially downloaded")
          .found(missing(set))
          .state("nothing was changed")
          .remedy("run particle-update apply with the network up; it continues the download")
          .notAvailable();
    }
    if (set.flags().obsolete()) {
      throw obsolete(set);
    }
    if (!set.flags().available()) {
      throw UpdateException.because(
              Reason.VERSION_NOT_OFFERED,
              "refused version " + set.version() + ": the source does not offer all of it")
          .found(missing(set))
          .state("nothing was changed")
          .remedy("choose another version: particle-update list")
          .notAvailable();
    }
  }

  private static UpdateException obsolete(VersionSet set) {
    return UpdateException.because(
            Reason.VERSION_OBSOLETE,
            "refused version " + set.version() + ": it is obsolete, older than MinVersion=")
        .state("nothing was changed")
        .remedy("choose a newer version: particle-update list")
        .notAvailable();
  }

  private static String missing(VersionSet set) {
    List<String> texts =
        set.members().stream()
            .filter(member -> !member.acquired())
            .map(member ->
                Quote.quote(member.inventory().transfer().id())
                    + (member.partial() ? " is partial" : " is missing"))
            .toList();
    return String.join(", ", texts);
  }

  // ---- Vacuum ----

  /**
   * How many instances went.
   *
   * @param removed the largest number over the enabled transfers
   * @param disabledTransfers how many disabled transfers lost something
   */
  public record Vacuumed(int removed, int disabledTransfers) {}

  /** Removes unfinished and surplus instances (update-algorithm.md 6.5, 9). */
  public Vacuumed vacuum(String caller) throws UpdateException {
    return books.recorded(Entry.Action.VACUUM, caller, _ -> "removed", () -> vacuuming(caller));
  }

  private Vacuumed vacuuming(String caller) throws UpdateException {
    Installation installation = load();
    try (var _ = lock(installation, caller);
        var _ = run.spool()) {
      Overview overview;
      try {
        overview = survey.look(installation, VersionSets.View.OFFLINE);
      } catch (UpdateException e) {
        throw e.inState("nothing was changed");
      }
      survey.assessor().remember(overview, VersionSets.View.OFFLINE);
      keepInStep(overview, StepKeeper.Depth.NAMES);
      Vacuumed vacuumed = vacuum.all(overview);
      try {
        further.keepInStep(overview, StepKeeper.Depth.CONTENT);
      } catch (UpdateException e) {
        throw e.inState("what was reported as removed is gone; the same command goes on from here");
      }
      forgetInterrupted();
      return vacuumed;
    }
  }

  // ---- Pending ----

  /**
   * Whether the machine waits for a restart.
   *
   * @param installed newest version that is in place as a whole
   */
  public record Pending(Version booted, Version installed) {
    public boolean restartNeeded() {
      return installed.compareTo(booted) > 0;
    }
  }

  /**
   * Compares the running version with the newest installed one (update-algorithm.md 6.7).
   *
   * <p>Deviation: H-03, a version that is not fully installed does not count.
   */
  public Pending pending() throws UpdateException {
    Overview overview = overview(VersionSets.View.OFFLINE);
    Version booted = running(overview.bootedVersion());
    return new Pending(booted, newestWhole(overview).version());
  }

  private static VersionSet newestWhole(Overview overview) throws UpdateException {
    return overview
        .sets()
        .newestWhole()
        .orElseThrow(() ->
            UpdateException.because(Reason.NOTHING_INSTALLED, "no version is completely installed")
                .state("nothing was changed")
                .remedy("see what there is: particle-update list --offline")
                .notAvailable());
  }

  /** {@code IMAGE_VERSION} of the running system, which {@code --reboot} compares with. */
  public Version bootedVersion() throws UpdateException {
    // Whether there is anything to update, the update itself says.
    return running(load(Installation.Need.NOTHING).bootedVersion());
  }

  /**
   * The running version, of which restarts make something else.
   *
   * @param imageVersion {@code IMAGE_VERSION}
   * @throws UpdateException.NotAvailable if it is none
   */
  public static Version running(Optional<String> imageVersion) throws UpdateException {
    return imageVersion
        .flatMap(Version::parse)
        .orElseThrow(() ->
            UpdateException.because(
                    Reason.BOOTED_VERSION_UNKNOWN, "cannot tell which version is running")
                .found("no valid IMAGE_VERSION= in os-release")
                .state("nothing was changed")
                .remedy("ask the publisher to set IMAGE_VERSION= in the image")
                .notAvailable());
  }

  // ---- What did not come up ----

  /**
   * Looks which versions did not come up, and writes that down, so that it is known when it was
   * noticed. Changes nothing else.
   */
  public Overview assess() throws UpdateException {
    Overview overview = overview(VersionSets.View.OFFLINE);
    survey.assessor().remember(overview, VersionSets.View.OFFLINE);
    return overview;
  }

  /**
   * Versions that did not come up. Where targets cannot be looked at, as while the boot partition
   * is not mounted, it is what is remembered, with a warning.
   */
  public List<FailedVersion> failed() throws UpdateException {
    try {
      return overview(VersionSets.View.OFFLINE).failed();
    } catch (UpdateException e) {
      if (e.reason() == Reason.NO_DEFINITIONS || e.reason() == Reason.DEFINITION_INVALID) {
        throw e;
      }
      run.warn(
          "boot entries cannot be looked at, so that only what is remembered is shown: "
              + e.getMessage());
      return survey.assessor().remembered();
    }
  }

  /**
   * What became of a quarantine that was lifted.
   *
   * @param startsNext whether the version is here as a whole and has its tries back
   */
  public record Lifted(FailedVersion failed, boolean startsNext) {}

  /**
   * Lets a version that did not come up be tried again.
   *
   * @throws UpdateException.NotAvailable if it is in no quarantine
   */
  public Lifted lift(String version, String caller) throws UpdateException {
    return books.recorded(
        Entry.Action.LIFT,
        caller,
        _ -> "lifted",
        () -> {
          Installation installation = load();
          try (var _ = lock(installation, caller)) {
            Overview overview = survey.overview(installation, VersionSets.View.OFFLINE);
            books.chosen(version);
            FailedVersion failed =
                overview
                    .failed(version)
                    .orElseThrow(() ->
                        UpdateException.because(
                                Reason.VERSION_NOT_FOUND,
                                "version " + Quote.quote(version) + " is in no quarantine")
                            .found(
                                overview.failed().isEmpty()
                                    ? "nothing is"
                                    : overview.failed().stream()
                                        .map(each -> each.version().text())
                                        .collect(Collectors.joining(", ")))
                            .state("nothing was changed")
                            .remedy("see which are: particle-update quarantine")
                            .notAvailable());
            books.changed();
            boolean whole = survey.assessor().lift(overview, failed);
            further.revive(overview, failed.version());
            return new Lifted(failed, whole);
          }
        });
  }

  // ---- Cleanup ----

  /** Removes what was installed once and no definition owns any more (update-algorithm.md 15.2). */
  public void cleanup(String caller) throws UpdateException {
    books.recorded(
        Entry.Action.CLEANUP,
        caller,
        _ -> "removed",
        () -> {
          Installation installation = load(Installation.Need.NOTHING);
          try (var _ = lock(installation, caller)) {
            new Orphans(run).remove(installation);
          }
          return true;
        });
  }

  // ---- Boot loader ----

  /** Looks at the boot loader on the ESP, and at what could replace it. */
  public BootLoader.Inspection bootLoader(BootLoader.Extent extent) throws UpdateException {
    return new LoaderKeeper(run).inspect(extent);
  }

  /** The same on the further ESPs of transfers that bring a boot loader. */
  public List<BootLoader.Inspection> furtherBootLoaders(BootLoader.Extent extent)
      throws UpdateException {
    return new LoaderKeeper(run).inspectFurther(loadersAlsoTo(), extent);
  }

  /** Definitions that cannot be read keep nobody from looking after the boot loader. */
  private AlsoTo loadersAlsoTo() {
    try {
      Definitions definitions =
          Installation.definitions(run.machine(), run.settings(), Installation.Need.NOTHING);
      return definitions.enabled().stream()
          .map(Transfer::target)
          .filter(Target.FileSystem.class::isInstance)
          .map(Target.FileSystem.class::cast)
          .filter(Target.FileSystem::bootLoader)
          .map(Target.FileSystem::alsoTo)
          .reduce(AlsoTo.NOWHERE, AlsoTo::and);
    } catch (UpdateException e) {
      run.detail("further ESPs are not known: " + e.getMessage());
      return AlsoTo.NOWHERE;
    }
  }

  /**
   * What came of a wish for a fresh boot loader.
   *
   * @param written how many files were replaced or created
   * @param onTrial whether nothing was done, since nobody has found the running version good yet
   */
  public record LoaderOutcome(int written, boolean onTrial) {}

  /**
   * Installs the boot loader that the operating system brings along, where ours is older.
   *
   * @param afterGoodBoot whether to wait until the running version was found good; where nothing
   *     counts tries, it is
   * @param caller who asks, for the message that another process gets meanwhile
   */
  public LoaderOutcome installBootLoader(
      BootLoader.Extent extent, boolean afterGoodBoot, String caller) throws UpdateException {
    var keeper = new LoaderKeeper(run);
    // That there is no ESP is no event of the machine's life: it is told and not written down.
    keeper.requireEsp();
    return books.recorded(
        Entry.Action.BOOT_LOADER,
        caller,
        _ -> "installed",
        () -> {
          if (afterGoodBoot && runningIsOnTrial()) {
            return new LoaderOutcome(0, true);
          }
          return new LoaderOutcome(keeper.install(extent, loadersAlsoTo(), caller), false);
        });
  }

  private boolean runningIsOnTrial() throws UpdateException {
    Installation installation = load(Installation.Need.NOTHING);
    return !installation.enabled().isEmpty()
        && survey
            .overview(installation, VersionSets.View.OFFLINE)
            .running()
            .standing()
            .unconfirmed();
  }

  /** The components of which files were installed, whether they are still defined or not. */
  public static List<String> componentsWithRecords(Machine machine) throws UpdateException {
    return InstallDatabase.components(machine.kernel(), machine.root(), machine.stateDirectory());
  }
}
