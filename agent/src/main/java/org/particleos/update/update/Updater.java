package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.acquire.Acquired;
import org.particleos.update.acquire.Acquisition;
import org.particleos.update.acquire.Cancellation;
import org.particleos.update.acquire.FileSink;
import org.particleos.update.acquire.HttpFetcher;
import org.particleos.update.acquire.PartitionSink;
import org.particleos.update.acquire.Payload;
import org.particleos.update.acquire.PayloadSize;
import org.particleos.update.acquire.Sink;
import org.particleos.update.catalog.Catalog;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.DefinitionWarning;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.CurrentSymlink;
import org.particleos.update.install.FilePublisher;
import org.particleos.update.install.SlotPublisher;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.AcquirePlan;
import org.particleos.update.plan.AcquirePlanner;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.Removal;
import org.particleos.update.plan.Step;
import org.particleos.update.plan.VacuumPlan;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.trust.Freshness;
import org.particleos.update.trust.KeyringLocation;
import org.particleos.update.trust.Manifest;
import org.particleos.update.trust.SignedManifests;
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

  private final Machine machine;
  private final Settings settings;
  private final UpdateEvent.Observer observer;
  private final Cancellation cancellation;
  private final HttpFetcher http;
  private final Catalog catalog;
  private final FilePublisher files;
  private final SlotPublisher slots;
  private final Map<Instance, PayloadSize> sizes = new HashMap<>();

  public Updater(
      Machine machine,
      Settings settings,
      HttpFetcher http,
      UpdateEvent.Observer observer,
      Cancellation cancellation) {
    this.machine = machine;
    this.settings = settings;
    this.observer = observer;
    this.cancellation = cancellation;
    this.http = http;
    var signed =
        new SignedManifests(
            http.stoppedBy(cancellation),
            new KeyringLocation(machine.root(), machine.environment()),
            machine.clock());
    var freshness = new Freshness(machine.clock(), freshnessEnforced());
    this.catalog =
        new Catalog(
            machine.kernel(),
            (base, verify) -> {
              Manifest manifest = signed.fetch(base, verify).manifest();
              Freshness.Assessment assessment = freshness.assess(manifest, base.toString());
              assessment.warnings().forEach(this::warn);
              return assessment.entries();
            });
    this.files = new FilePublisher(machine.kernel());
    this.slots = new SlotPublisher(machine.kernel());
  }

  private boolean freshnessEnforced() {
    return Optional.ofNullable(machine.environment().get("SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS"))
        .flatMap(org.particleos.update.pattern.FieldText::bool)
        .orElse(true);
  }

  @Override
  public void close() {
    http.close();
  }

  private void warn(String text) {
    observer.on(new UpdateEvent.Warning(text));
  }

  private void tell(String text) {
    observer.on(new UpdateEvent.Notice(text));
  }

  // ---- Looking ----

  /** What is installed and, unless offline, offered (update-algorithm.md 6.1). */
  public Overview overview(VersionSets.View view) throws UpdateException {
    return overview(load(), view);
  }

  private Installation load() throws UpdateException {
    Installation installation;
    try {
      installation = Installation.load(machine, settings.place());
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
    for (DefinitionWarning warning : installation.definitions().warnings()) {
      warn(warning.toString());
    }
    return installation;
  }

  private Overview overview(Installation installation, VersionSets.View view)
      throws UpdateException {
    try {
      if (installation.enabled().isEmpty()) {
        throw UpdateException.because(
                Reason.NO_DEFINITIONS, "every transfer is disabled by a feature")
            .remedy("enable a feature that the transfers name in Features=")
            .configuration();
      }
      return look(installation, view);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
  }

  private Overview look(Installation installation, VersionSets.View view) throws UpdateException {
    List<Inventory> enabled = new ArrayList<>();
    for (ResolvedTransfer transfer : installation.enabled()) {
      Inventory held = catalog.held(transfer);
      enabled.add(
          switch (view) {
            case OFFLINE -> held;
            case ONLINE -> held.withOffered(catalog.offered(transfer, verify(transfer)));
          });
    }
    List<Inventory> disabled = new ArrayList<>();
    for (ResolvedTransfer transfer : installation.disabled()) {
      disabled.add(catalog.held(transfer));
    }
    return new Overview(
        VersionSets.of(enabled, view),
        enabled,
        disabled,
        installation.bootedVersion(),
        (disk, number) ->
            installation.partitionsInUse().getOrDefault(disk, Set.of()).contains(number));
  }

  private boolean verify(ResolvedTransfer transfer) {
    return settings.verify().orElse(transfer.transfer().verify());
  }

  /**
   * How large a payload is, as far as its source tells without sending it. Asked once per run and
   * payload.
   */
  public PayloadSize size(Instance offered) throws UpdateException {
    PayloadSize known = sizes.get(offered);
    if (known == null) {
      known = PayloadSize.ask(http, payload(offered), cancellation);
      sizes.put(offered, known);
    }
    return known;
  }

  /** What acquiring a set would transfer; empty if some source does not say. */
  public OptionalLong downloadBytes(VersionSet set) throws UpdateException {
    long total = 0;
    for (Member member : set.members()) {
      if (!member.acquired() && member.offered().isPresent()) {
        OptionalLong bytes = size(member.offered().get()).transferBytes();
        if (bytes.isEmpty()) {
          return OptionalLong.empty();
        }
        total += bytes.getAsLong();
      }
    }
    return OptionalLong.of(total);
  }

  private static Payload payload(Instance source) {
    return switch (source) {
      case Instance.OnWeb web -> new Payload.Url(web.uri());
      case Instance.InDirectory file -> new Payload.LocalFile(file.path());
      case Instance.InPartition slot ->
          throw new IllegalStateException("a partition is no source: " + slot.location());
    };
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
    Installation installation = load();
    try (var _ = lock(installation, caller)) {
      VersionSets.View view =
          goal == Goal.INSTALL_OFFLINE ? VersionSets.View.OFFLINE : VersionSets.View.ONLINE;
      Overview overview = overview(installation, view);
      Optional<VersionSet> chosen = choose(overview, version);
      if (chosen.isEmpty()) {
        catchUpLinks(overview.sets());
        return new Outcome.NoUpdate();
      }
      VersionSet set = chosen.get();
      if (set.whole()) {
        return new Outcome.AlreadyInstalled(set.version());
      }
      long transferred = 0;
      if (!set.acquired()) {
        requireFetchable(set, goal);
        transferred = acquire(overview, set);
      }
      if (goal == Goal.ACQUIRE) {
        return new Outcome.Acquired(set.version(), transferred);
      }
      if (set.flags().obsolete()) {
        throw obsolete(set);
      }
      install(installation, set.version());
      return new Outcome.Installed(set.version(), transferred);
    }
  }

  private InstallationLock lock(Installation installation, String caller) throws UpdateException {
    Set<Place> targets = new LinkedHashSet<>();
    installation.enabled().forEach(transfer -> targets.add(transfer.target()));
    installation.disabled().forEach(transfer -> targets.add(transfer.target()));
    return InstallationLock.take(
        machine, targets, "process " + ProcessHandle.current().pid() + " (" + caller + ")");
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
        tell(
            "Version "
                + set.version()
                + " is older than the installed version "
                + newest.get().version()
                + "; going back as asked.");
      } else if (!set.flags().newest()) {
        tell("Version " + set.version() + " is not the newest one; taking it as asked.");
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

  private long acquire(Overview overview, VersionSet set) throws UpdateException {
    AcquirePlan plan;
    try {
      plan = plan(overview, set);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
    observer.on(new UpdateEvent.MakingRoom(set));
    long transferred = 0;
    int done = 0;
    try {
      makeRoom(plan);
      syncEverything();
      observer.on(new UpdateEvent.AcquireStarted(set, plan.steps().size(), downloadBytes(set)));
      for (int index = 0; index < plan.steps().size(); index++) {
        transferred += take(index, plan.steps().get(index));
        done++;
      }
      syncEverything();
      return transferred;
    } catch (UpdateException e) {
      throw e.inState(
          "version "
              + set.version()
              + " is not installed ("
              + done
              + " of "
              + plan.steps().size()
              + " parts are there); "
              + standing(overview)
              + "; the same command continues where this one stopped");
    }
  }

  private static String standing(Overview overview) {
    return overview.sets().all().stream()
        .filter(VersionSet::whole)
        .findFirst()
        .map(set -> "version " + set.version() + " stays as it was")
        .orElse("no other version is installed");
  }

  private AcquirePlan plan(Overview overview, VersionSet set) throws UpdateException {
    Map<Instance, OptionalLong> required = new HashMap<>();
    for (Member member : set.members()) {
      if (!member.acquired() && member.offered().isPresent()) {
        Instance source = member.offered().get();
        required.put(source, required(source));
      }
    }
    var planner =
        new AcquirePlanner(
            vacuumPlan(overview),
            overview.slotUse(),
            source -> required.getOrDefault(source, OptionalLong.empty()),
            this::room);
    return planner.plan(set, overview.disabled());
  }

  /** The size the name declares, else what the payload's head tells (H-11). */
  private OptionalLong required(Instance source) throws UpdateException {
    OptionalLong named = source.metadata().sizeBytes();
    PayloadSize size = size(source);
    return named.isPresent() ? named : size.leastBytes();
  }

  private VacuumPlan vacuumPlan(Overview overview) {
    // Deviation: safety before configuration. The running version is protected even where
    // ProtectVersion= was forgotten.
    return new VacuumPlan(
        settings.instancesMax(),
        overview.bootedVersion().map(Set::of).orElse(Set.of()),
        overview.slotUse());
  }

  /** Room on the file system of the nearest existing directory. */
  private AcquirePlanner.FileSystems.Room room(Path directory) throws UpdateException {
    Kernel kernel = machine.kernel();
    Path existing = directory;
    try {
      while (kernel.statusFollowing(existing).isEmpty() && existing.getParent() != null) {
        existing = existing.getParent();
      }
      long device = kernel.statusFollowing(existing).map(Kernel.FileStatus::device).orElse(0L);
      Kernel.SpaceStatus space = kernel.space(existing);
      if (space.readOnly()) {
        throw UpdateException.because(
                Reason.READ_ONLY,
                "refused: the file system of "
                    + Quote.quote(directory.toString())
                    + " is mounted read-only")
            .remedy("remount it for writing, then run the command again")
            .writeFailed();
      }
      return new AcquirePlanner.FileSystems.Room(
          device, space.availableBytes(), space.blockBytes());
    } catch (IOException e) {
      throw IoFailure.reading(
          "asking for the free space of " + Quote.quote(existing.toString()) + " failed", e);
    }
  }

  private void makeRoom(AcquirePlan plan) throws UpdateException {
    for (Step step : plan.steps()) {
      if (step instanceof Step.WriteFile file && file.member().held().isEmpty()) {
        sweep(file.member().inventory().transfer());
      }
    }
    for (Removal removal : plan.removals()) {
      remove(removal);
    }
  }

  private void sweep(ResolvedTransfer transfer) throws UpdateException {
    if (transfer.target() instanceof Place.Directory(var path)
        && transfer.transfer().target() instanceof Target.FileSystem target
        && target.removeTemporary()) {
      int count = files.sweep(path);
      if (count > 0) {
        observer.on(new UpdateEvent.SweptLeftovers(path.toString(), count));
      }
    }
  }

  private void remove(Removal removal) throws UpdateException {
    observer.on(new UpdateEvent.Removing(removal));
    switch (removal.instance()) {
      case Instance.InPartition slot -> {
        var target = (Target.Partition) removal.transfer().transfer().target();
        slots.empty(slot, target.partitionType());
        warnOfRepairs();
      }
      case Instance.InDirectory file -> {
        var base = (Place.Directory) removal.transfer().target();
        files.remove(file.path(), base.path());
      }
      case Instance.OnWeb web ->
          throw new IllegalStateException("offers are not removed: " + web.uri());
    }
  }

  private int repairsReported;

  private void warnOfRepairs() {
    List<String> repairs = slots.repairs();
    repairs.subList(repairsReported, repairs.size()).forEach(this::warn);
    repairsReported = repairs.size();
  }

  private void syncEverything() {
    if (settings.sync()) {
      machine.kernel().syncAll();
    }
  }

  /** Acquires one member (update-algorithm.md 8.2). Returns the bytes that were transferred. */
  private long take(int index, Step step) throws UpdateException {
    return switch (step) {
      case Step.Keep(var member) -> {
        observer.on(
            new UpdateEvent.TransferKept(index, step.transferId(), member.held().orElseThrow()));
        yield 0L;
      }
      case Step.FillSlot fill -> {
        slots.claim(fill);
        warnOfRepairs();
        Acquired acquired = fillSlot(index, fill);
        slots.markPending(fill);
        warnOfRepairs();
        yield acquired.bytesTransferred();
      }
      case Step.WriteFile write -> {
        files.makeParents(write.paths());
        Acquired acquired =
            pump(
                index,
                step,
                write.source(),
                new FileSink(machine.kernel(), write.paths().partial()),
                write.paths().installed().toString());
        files.markPending(write.paths(), withTime(write.metadata(), acquired));
        yield acquired.bytesTransferred();
      }
    };
  }

  /** A file whose definition and source name no time keeps the server's. */
  private static InstanceMetadata withTime(InstanceMetadata metadata, Acquired acquired) {
    if (metadata.mtimeMicros().isPresent() || acquired.lastModified().isEmpty()) {
      return metadata;
    }
    return metadata.withMtimeMicros(
        Math.multiplyExact(acquired.lastModified().get().toEpochMilli(), 1000L));
  }

  private Acquired fillSlot(int index, Step.FillSlot fill) throws UpdateException {
    Path device = fill.disk().device();
    try (OpenFile disk = machine.kernel().open(device, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE))) {
      var sink = new PartitionSink(disk, fill.slot().startBytes(), fill.slot().sizeBytes());
      var slot = new Instance.InPartition(device, fill.slot(), Stage.PARTIAL, fill.metadata());
      return pump(index, fill, fill.source(), sink, slot.location());
    } catch (IOException e) {
      throw IoFailure.writing("writing to " + Quote.quote(device.toString()) + " failed", e);
    }
  }

  private Acquired pump(int index, Step step, Instance source, Sink sink, String target)
      throws UpdateException {
    OptionalLong total = size(source).transferBytes();
    observer.on(new UpdateEvent.TransferStarted(index, step.transferId(), source, target, total));
    // The digest is what ties a payload to the manifest: without one nothing from a server is
    // taken.
    if (source instanceof Instance.OnWeb && source.metadata().sha256().isEmpty()) {
      throw UpdateException.because(
              Reason.DIGEST_UNKNOWN, "refused " + source.location() + ": it has no digest")
          .notTrusted();
    }
    Acquired acquired =
        new Acquisition(http, settings.sync())
            .run(
                payload(source),
                source.metadata().sha256(),
                sink,
                state ->
                    observer.on(
                        new UpdateEvent.TransferProgress(
                            index,
                            step.transferId(),
                            state.bytesTransferred(),
                            total.isPresent() ? total : state.bytesTotal(),
                            state.bytesWritten())),
                cancellation);
    observer.on(
        new UpdateEvent.TransferFinished(
            index, step.transferId(), acquired.bytesTransferred(), acquired.bytesWritten()));
    return acquired;
  }

  /** Gives every pending member its final name, in transfer order (update-algorithm.md 8.3). */
  private void install(Installation installation, Version version) throws UpdateException {
    // Read again what the targets really hold: only a set that is there as a whole is published.
    VersionSet set;
    try {
      set =
          look(installation, VersionSets.View.OFFLINE).sets().all().stream()
              .filter(candidate -> candidate.version().sameOrder(version))
              .findFirst()
              .filter(VersionSet::acquired)
              .orElseThrow(() -> incomplete(version));
    } catch (UpdateException e) {
      throw e.inState("version " + version + " is downloaded, nothing of it was installed now");
    }
    observer.on(new UpdateEvent.InstallStarted(set));
    int done = 0;
    for (Member member : set.members()) {
      try {
        if (member.installed()) {
          catchUpLink(member);
        } else {
          installMember(member);
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
    observer.on(new UpdateEvent.Installed(set));
  }

  private static UpdateException incomplete(Version version) {
    return UpdateException.because(
            Reason.VERSION_INCOMPLETE,
            "refused to install version " + version + ": not all of its parts are there")
        .state("nothing of it was installed")
        .remedy("run the command again; it fetches what is missing")
        .notAvailable();
  }

  private void installMember(Member member) throws UpdateException {
    Target target = member.inventory().transfer().transfer().target();
    Path installed =
        switch (member.held().orElseThrow()) {
          case Instance.InPartition slot -> {
            slots.publish(
                slot, slot.partition().label(), ((Target.Partition) target).partitionType());
            warnOfRepairs();
            yield Path.of(slot.location());
          }
          case Instance.InDirectory file -> {
            var base = ((Place.Directory) member.inventory().transfer().target()).path();
            Step.TargetPaths paths = Step.TargetPaths.ofPending(base, file.path());
            files.publish(paths);
            yield paths.installed();
          }
          case Instance.OnWeb web ->
              throw new IllegalStateException("an offer is not installed: " + web.uri());
        };
    Optional<Path> link = link(member);
    if (link.isPresent()) {
      new CurrentSymlink(machine.kernel()).point(link.get(), installed);
    }
    observer.on(
        new UpdateEvent.MemberInstalled(member.inventory().transfer().id(), installed.toString()));
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
            return machine.root().resolve(Path.of("/").relativize(configured));
          }
          return ((Place.Directory) member.inventory().transfer().target())
              .path()
              .resolve(configured);
        });
  }

  /**
   * A run that was cut between a name and its link has left the link behind; the version counts as
   * installed since then, and nothing else would come back to it.
   */
  private void catchUpLinks(VersionSets sets) throws UpdateException {
    Optional<VersionSet> newest = sets.newestInstalled().filter(VersionSet::whole);
    if (newest.isPresent()) {
      try {
        for (Member member : newest.get().members()) {
          catchUpLink(member);
        }
      } catch (UpdateException e) {
        throw e.inState("version " + newest.get().version() + " is installed, a link to it is not");
      }
    }
  }

  /** Repairs a link that is missing or names an older instance; whatever else it names stays. */
  private void catchUpLink(Member member) throws UpdateException {
    Optional<Path> link = link(member);
    if (link.isEmpty()) {
      return;
    }
    Instance current = member.held().orElseThrow();
    try {
      Optional<Kernel.FileStatus> there = machine.kernel().status(link.get());
      if (there.isPresent()) {
        if (there.get().kind() != Kernel.FileKind.SYMBOLIC_LINK) {
          return;
        }
        String named =
            link.get().resolveSibling(machine.kernel().readLink(link.get())).normalize().toString();
        Version version = current.version();
        boolean older =
            member.inventory().held().stream()
                .filter(held -> held.version().compareTo(version) < 0)
                .anyMatch(held -> held.location().equals(named));
        if (!older) {
          return;
        }
      }
    } catch (IOException e) {
      throw IoFailure.reading(
          "reading the link " + Quote.quote(link.get().toString()) + " failed", e);
    }
    new CurrentSymlink(machine.kernel()).point(link.get(), Path.of(current.location()));
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
    Installation installation = load();
    try (var _ = lock(installation, caller)) {
      Overview overview;
      try {
        overview = look(installation, VersionSets.View.OFFLINE);
      } catch (UpdateException e) {
        throw e.inState("nothing was changed");
      }
      return vacuum(overview);
    }
  }

  private Vacuumed vacuum(Overview overview) throws UpdateException {
    VacuumPlan plan = vacuumPlan(overview);
    Map<Inventory, List<Removal>> removals = new java.util.LinkedHashMap<>();
    for (Inventory inventory : overview.enabled()) {
      removals.put(inventory, planned(plan, inventory, VacuumPlan.Room.NONE));
    }
    for (Inventory inventory : overview.disabled()) {
      removals.put(inventory, planned(plan, inventory, VacuumPlan.Room.EVERYTHING));
    }
    int most = 0;
    int disabledTransfers = 0;
    // The boot entry goes before what it boots, as in AcquirePlan.
    for (Map.Entry<Inventory, List<Removal>> entry : List.copyOf(removals.entrySet()).reversed()) {
      // Remove what is known first: the sweep would take partial files without saying which.
      try {
        for (Removal removal : entry.getValue()) {
          remove(removal);
        }
        sweep(entry.getKey().transfer());
      } catch (UpdateException e) {
        throw e.inState(
            "what was reported as removed is gone, the rest is as it was;"
                + " the same command continues where this one stopped");
      }
      if (overview.disabled().contains(entry.getKey())) {
        disabledTransfers += entry.getValue().isEmpty() ? 0 : 1;
      } else {
        most = Math.max(most, entry.getValue().size());
      }
    }
    return new Vacuumed(most, disabledTransfers);
  }

  private static List<Removal> planned(VacuumPlan plan, Inventory inventory, VacuumPlan.Room room)
      throws UpdateException {
    try {
      return plan.removals(inventory, room, Optional.empty(), inventory.freeSlots().size());
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
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
    Version booted =
        overview
            .bootedVersion()
            .flatMap(Version::parse)
            .orElseThrow(() ->
                UpdateException.because(
                        Reason.BOOTED_VERSION_UNKNOWN, "cannot tell which version is running")
                    .found("no valid IMAGE_VERSION= in os-release")
                    .state("nothing was changed")
                    .remedy("ask the publisher to set IMAGE_VERSION= in the image")
                    .notAvailable());
    Version newest =
        overview.sets().all().stream()
            .filter(VersionSet::whole)
            .map(VersionSet::version)
            .findFirst()
            .orElseThrow(() ->
                UpdateException.because(
                        Reason.NOTHING_INSTALLED, "no version is completely installed")
                    .state("nothing was changed")
                    .remedy("see what there is: particle-update list --offline")
                    .notAvailable());
    return new Pending(booted, newest);
  }
}
