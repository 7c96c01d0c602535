package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.particleos.update.acquire.Acquired;
import org.particleos.update.acquire.Acquisition;
import org.particleos.update.acquire.Destination;
import org.particleos.update.acquire.FileSink;
import org.particleos.update.acquire.PartitionSink;
import org.particleos.update.acquire.Progress;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Stage;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.PayloadSize;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.plan.AcquirePlan;
import org.particleos.update.plan.AcquirePlanner;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.Removal;
import org.particleos.update.plan.Step;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.tree.CopiedTree;
import org.particleos.update.tree.TreeCopy;
import org.particleos.update.tree.TreeKind;
import org.particleos.update.tree.TreeLimits;
import org.particleos.update.tree.TreeSink;
import org.particleos.update.version.Version;

/** Makes room and brings the members of one version in, up to pending (update-algorithm.md 8.1). */
final class Acquirer {
  private final Run run;
  private final Survey survey;
  private final Vacuum vacuum;

  Acquirer(Run run, Survey survey, Vacuum vacuum) {
    this.run = run;
    this.survey = survey;
    this.vacuum = vacuum;
  }

  /** Returns the bytes that were transferred. */
  long acquire(Overview overview, VersionSet set) throws UpdateException {
    AcquirePlan plan;
    try {
      plan = plan(overview, set);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
    run.tell(new UpdateEvent.MakingRoom(set));
    long transferred = 0;
    int done = 0;
    try {
      run.spool().retain(payloads(set));
      survey.assessor().acquired(set);
      makeRoom(plan);
      survey.assessor().replaced(set.version());
      run.spool().reserve(neededBesideSpool(plan));
      run.syncEverything();
      run.tell(
          new UpdateEvent.AcquireStarted(
              set, plan.steps().size(), survey.cost(set).downloadBytes()));
      for (int index : SlotDelta.order(plan.steps())) {
        transferred += take(index, plan);
        done++;
      }
      run.syncEverything();
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
    } finally {
      run.tellRemarks();
    }
  }

  /** What an earlier run may have begun of the version; nothing else will be continued. */
  private static Set<Sha256> payloads(VersionSet set) {
    return set.members().stream()
        .flatMap(member -> member.alternatives().stream())
        .flatMap(source -> source.metadata().sha256().stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  private static String standing(Overview overview) {
    return overview
        .sets()
        .newestWhole()
        .map(set -> "version " + set.version() + " stays as it was")
        .orElse("no other version is installed");
  }

  // ---- Deciding ----

  /** Decides everything that can fail, and changes nothing. */
  AcquirePlan plan(Overview overview, VersionSet set) throws UpdateException {
    Map<Instance, OptionalLong> required = new HashMap<>();
    for (Member member : set.members()) {
      if (!member.acquired() && member.offered().isPresent()) {
        Instance source = member.offered().get();
        required.put(source, required(source));
      }
    }
    var planner =
        new AcquirePlanner(
            vacuum.plan(overview),
            overview.slotUse(),
            source -> required.getOrDefault(source, OptionalLong.empty()),
            this::room);
    AcquirePlan plan = planner.plan(set, overview.disabled());
    requireFallbackStays(overview, plan);
    return plan;
  }

  /**
   * As long as nobody has found the running version good, the machine may go back to another one,
   * which therefore has to stay (Deviation: the reference overwrites it). A boot loader that counts
   * has left the number of tries in the name of the running version's boot entry.
   */
  private void requireFallbackStays(Overview overview, AcquirePlan plan) throws UpdateException {
    boolean unconfirmed = overview.running().standing().unconfirmed();
    if (!run.machine().isRunning() || run.settings().force() || !unconfirmed) {
      return;
    }
    // What the boot loader takes when it gives the running one up: the newest that came up before.
    Optional<Version> fallback =
        overview.sets().all().stream()
            .filter(VersionSet::whole)
            .filter(set -> !set.flags().quarantined())
            .map(VersionSet::version)
            .filter(version -> !overview.running().runs(version))
            .findFirst();
    boolean goes =
        fallback.isPresent()
            && plan.removals().stream()
                .filter(removal -> removal.cause() == Removal.Cause.SURPLUS)
                .anyMatch(removal -> removal.instance().version().sameOrder(fallback.get()));
    if (goes) {
      throw UpdateException.because(
              Reason.FALLBACK_NEEDED,
              "refused to replace version "
                  + fallback.get()
                  + ": it is what this machine goes back to")
          .found(
              "the running version "
                  + overview.running().version().map(Version::text).orElse("")
                  + " still counts its tries, so nobody has found it good yet")
          .remedy(
              "wait until the boot is confirmed (boot-complete.target, systemd-bless-boot), or use"
                  + " --force to do without a fallback")
          .notAvailable();
    }
  }

  /** The size the name declares, else what the payload's head tells (H-11). */
  private OptionalLong required(Instance source) throws UpdateException {
    OptionalLong named = source.metadata().sizeBytes();
    PayloadSize size = survey.size(source);
    return named.isPresent() ? named : size.leastBytes();
  }

  /** Room on the file system of the nearest existing directory. */
  private AcquirePlanner.FileSystems.Room room(Path directory) throws UpdateException {
    Kernel kernel = run.machine().kernel();
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

  /** What the targets will take of the file system that the spool is on, as far as it is known. */
  private long neededBesideSpool(AcquirePlan plan) {
    long needed = 0;
    try {
      OptionalLong spool = device(run.spool().directory());
      for (Step step : plan.steps()) {
        if (step instanceof Step.WriteFile file && device(file.paths().base()).equals(spool)) {
          needed = Math.addExact(needed, file.requiredBytes().orElse(0));
        }
      }
    } catch (IOException e) {
      // What cannot be looked at cannot be spooled to either, and says so itself.
      return needed;
    }
    return needed;
  }

  /** The file system of the nearest existing directory. */
  private OptionalLong device(Path directory) throws IOException {
    for (Path path = directory; path != null; path = path.getParent()) {
      Optional<Kernel.FileStatus> status = run.machine().kernel().statusFollowing(path);
      if (status.isPresent()) {
        return OptionalLong.of(status.get().device());
      }
    }
    return OptionalLong.empty();
  }

  // ---- Acting ----

  private void makeRoom(AcquirePlan plan) throws UpdateException {
    for (Step step : plan.steps()) {
      boolean begun = step.member().held().isPresent();
      switch (step) {
        case Step.WriteFile _, Step.WriteTree _ -> {
          if (!begun) {
            vacuum.sweep(step.member().inventory().transfer());
          }
        }
        case Step.Keep _, Step.FillSlot _ -> {}
      }
    }
    for (Removal removal : plan.removals()) {
      vacuum.remove(removal);
    }
  }

  /** Acquires one member (update-algorithm.md 8.2). Returns the bytes that were transferred. */
  private long take(int index, AcquirePlan plan) throws UpdateException {
    Step step = plan.steps().get(index);
    return switch (step) {
      case Step.Keep(var member) -> {
        run.tell(
            new UpdateEvent.TransferKept(index, step.transferId(), member.held().orElseThrow()));
        yield 0L;
      }
      case Step.FillSlot fill -> {
        run.slots().claim(fill);
        run.warnOfRepairs();
        long transferred = fillSlot(index, fill, plan);
        run.slots().markPending(fill);
        run.warnOfRepairs();
        fill.member().alternatives().forEach(this::forget);
        yield transferred;
      }
      case Step.WriteFile write -> {
        run.requireBootPartitions();
        run.files().makeParents(write.paths());
        Acquired acquired =
            pump(
                index,
                step,
                write.source(),
                () -> FileSink.continuing(run.machine().kernel(), write.paths().partial()),
                write.paths().installed().toString());
        run.requireBootPartitions();
        run.files()
            .markPending(write.paths(), withTime(write.metadata(), acquired))
            .ifPresent(run::warn);
        forget(write.source());
        yield acquired.bytesTransferred();
      }
      case Step.WriteTree write -> {
        run.files().makeParents(write.paths());
        long transferred = buildTree(index, write);
        run.files().markPending(write.paths(), write.metadata()).ifPresent(run::warn);
        forget(write.source());
        yield transferred;
      }
    };
  }

  /** Not before the target says that it is complete: until then it may be needed again. */
  private void forget(Instance source) {
    source.metadata().sha256().ifPresent(run.spool()::forget);
  }

  /** A tree that was begun is of no use: every attempt builds it anew. */
  private TreeSink newTree(Step.WriteTree write, TreeKind kind) throws UpdateException {
    run.files().discardPartial(write.paths());
    return new TreeSink(
        run.machine().kernel(), write.paths().partial(), kind, TreeLimits.defaults());
  }

  private long buildTree(int index, Step.WriteTree write) throws UpdateException {
    Kernel kernel = run.machine().kernel();
    Path partial = write.paths().partial();
    TreeKind kind = write.subvolume() ? TreeKind.SUBVOLUME : TreeKind.DIRECTORY;
    String target = write.paths().installed().toString();
    return switch (write.source().type()) {
      case URL_TAR, TAR -> {
        var last = new AtomicReference<TreeSink>();
        Acquired acquired =
            pump(
                index,
                write,
                write.source(),
                () -> {
                  last.set(newTree(write, kind));
                  return last.get();
                },
                target);
        last.get().warnings().forEach(run::warn);
        yield acquired.bytesTransferred();
      }
      case DIRECTORY, SUBVOLUME -> {
        run.files().discardPartial(write.paths());
        Path source = ((Instance.InDirectory) write.source()).path();
        String id = write.transferId();
        run.tell(
            new UpdateEvent.TransferStarted(
                index, id, write.source(), target, OptionalLong.empty()));
        CopiedTree copied =
            new TreeCopy(kernel, TreeLimits.defaults(), run.settings().sync())
                .run(
                    source,
                    partial,
                    kind,
                    state ->
                        run.tell(
                            new UpdateEvent.TransferProgress(
                                index,
                                id,
                                state.bytesTransferred(),
                                state.bytesReused(),
                                OptionalLong.empty(),
                                state.bytesWritten())),
                    run.cancellation());
        copied.warnings().forEach(run::warn);
        run.tell(
            new UpdateEvent.TransferFinished(
                index, id, copied.bytesWritten(), 0, copied.bytesWritten()));
        yield copied.bytesWritten();
      }
      case URL_FILE, REGULAR_FILE, PARTITION ->
          throw new IllegalStateException("no tree: " + write.source().location());
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

  /** By the blocks that are missing, else by all of the payload. Returns what was transferred. */
  private long fillSlot(int index, Step.FillSlot fill, AcquirePlan plan) throws UpdateException {
    Path device = fill.disk().device();
    var slot = new Instance.InPartition(device, fill.slot(), Stage.PARTIAL, fill.metadata());
    Optional<SlotDelta.Filled> filled =
        new SlotDelta(run, survey).fill(index, fill, plan.steps(), slot.location());
    if (filled.isPresent()) {
      return filled.get().bytesFetched();
    }
    try (OpenFile disk =
        run.machine().kernel().open(device, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE))) {
      return pump(
              index,
              fill,
              survey.shortest(fill.member()),
              () -> new PartitionSink(disk, fill.slot().startBytes(), fill.slot().sizeBytes()),
              slot.location())
          .bytesTransferred();
    } catch (IOException e) {
      throw IoFailure.writing("writing to " + Quote.quote(device.toString()) + " failed", e);
    }
  }

  private Acquired pump(
      int index, Step step, Instance source, Destination destination, String target)
      throws UpdateException {
    OptionalLong total = survey.size(source).transferBytes();
    run.tell(new UpdateEvent.TransferStarted(index, step.transferId(), source, target, total));
    // The digest is what ties a payload to the manifest: without one nothing from a server is
    // taken.
    if (source instanceof Instance.OnWeb && source.metadata().sha256().isEmpty()) {
      throw UpdateException.because(
              Reason.DIGEST_UNKNOWN, "refused " + source.location() + ": it has no digest")
          .notTrusted();
    }
    Acquired acquired =
        acquire(
            source,
            destination,
            state ->
                run.tell(
                    new UpdateEvent.TransferProgress(
                        index,
                        step.transferId(),
                        state.bytesTransferred(),
                        state.bytesReused(),
                        total.isPresent() ? total : state.bytesTotal(),
                        state.bytesWritten())));
    run.tellRemarks();
    run.tell(
        new UpdateEvent.TransferFinished(
            index,
            step.transferId(),
            acquired.bytesTransferred(),
            acquired.bytesReused(),
            acquired.bytesWritten()));
    return acquired;
  }

  private Acquired acquire(Instance source, Destination destination, Progress progress)
      throws UpdateException {
    var acquisition = new Acquisition(run.http(), run.settings().sync());
    Optional<Sha256> digest = source.metadata().sha256();
    return digest.isPresent()
        ? acquisition.run(
            Survey.payload(source),
            digest.get(),
            Survey.unpacking(source),
            destination,
            run.spool(),
            progress,
            run.cancellation())
        : acquisition.run(
            Survey.payload(source),
            digest,
            Survey.unpacking(source),
            destination.open(),
            progress,
            run.cancellation());
  }
}
