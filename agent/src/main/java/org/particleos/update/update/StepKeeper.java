package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.CountedEntry;
import org.particleos.update.install.FileCopy;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Removal;
import org.particleos.update.plan.Step;
import org.particleos.update.version.Version;

/**
 * Keeps further boot partitions in step with the one that transfers are for ({@code AlsoTo=}).
 * Firmware starts one of them when the disk of the other one is dead, and a boot loader sees
 * nothing but the disk that it was started from.
 *
 * <p>The primary partition decides: it is written first, and whether an update succeeds depends on
 * it alone. A further one that cannot be written is warned of, and the next run tries again.
 *
 * <p>At any moment every entry of a further partition boots as well as on the primary one: the new
 * ones are copied before old ones go, an entry goes before what it boots does, and the last entry
 * never goes as long as nothing is there in its place. Of others nothing is ever touched: only
 * files that the patterns of the transfer match.
 */
final class StepKeeper {
  /** How far entries of the same name are compared. */
  enum Depth {
    /** By name and size: what has to be right before slots are written. */
    NAMES,
    /** Byte for byte. */
    CONTENT
  }

  private final Run run;
  private final Survey survey;

  /** Made when some transfer asks for it, which most do not. */
  private Optional<FurtherPlaces> places = Optional.empty();

  StepKeeper(Run run, Survey survey) {
    this.run = run;
    this.survey = survey;
  }

  private FurtherPlaces places() {
    if (places.isEmpty()) {
      places = Optional.of(new FurtherPlaces(run.machine()));
    }
    return places.get();
  }

  /**
   * The files of one transfer on one further partition.
   *
   * @param primary where they are on the primary one
   * @param further where they are on this one
   * @param enabled whether the transfer is; of one that is not, nothing may be left
   */
  private record Mirror(ResolvedTransfer primary, ResolvedTransfer further, boolean enabled) {
    private Target.FileSystem target() {
      return (Target.FileSystem) primary.transfer().target();
    }

    private Path base() {
      return directory(further);
    }
  }

  private static Path directory(ResolvedTransfer transfer) {
    return ((Place.Directory) transfer.target()).path();
  }

  private static boolean mirrored(ResolvedTransfer transfer) {
    return transfer.transfer().target() instanceof Target.FileSystem target && target.mirrored();
  }

  /** All places of a transfer. */
  private List<FurtherPlaces.Further> places(ResolvedTransfer transfer) throws UpdateException {
    var target = (Target.FileSystem) transfer.transfer().target();
    return places().of(target.alsoTo(), places().primary(target.anchor()));
  }

  private Mirror mirror(ResolvedTransfer transfer, FurtherPlaces.Further place, boolean enabled)
      throws UpdateException {
    var target = (Target.FileSystem) transfer.transfer().target();
    Path directory = places().directory(place, Path.of("/").relativize(target.path()));
    var further =
        new ResolvedTransfer(
            transfer.transfer(), transfer.sources(), new Place.Directory(directory));
    return new Mirror(transfer, further, enabled);
  }

  // ---- Looking ----

  /** How every further place of every enabled transfer stands. */
  List<FurtherState> states(List<Inventory> enabled) {
    List<FurtherState> states = new ArrayList<>();
    for (Inventory inventory : enabled) {
      ResolvedTransfer transfer = inventory.transfer();
      if (!mirrored(transfer)) {
        continue;
      }
      try {
        for (FurtherPlaces.Further place : places(transfer)) {
          states.add(state(inventory, place));
        }
      } catch (UpdateException e) {
        states.add(
            FurtherState.unusable(
                transfer.id(), directory(transfer), String.valueOf(e.getMessage())));
      }
    }
    return states;
  }

  private FurtherState state(Inventory inventory, FurtherPlaces.Further place) {
    String id = inventory.transfer().id();
    if (place.refused().isPresent()) {
      return FurtherState.unusable(id, place.mountPoint(), place.refused().get());
    }
    try {
      Mirror mirror = mirror(inventory.transfer(), place, true);
      StepPlan plan =
          StepPlan.of(
              entries(inventory, directory(inventory.transfer())),
              entries(survey.held(mirror.further), mirror.base()),
              Set.of());
      boolean readOnly = run.machine().kernel().space(place.mountPoint()).readOnly();
      return new FurtherState(
          id,
          place.mountPoint(),
          plan.copies().stream().map(copy -> copy.primary().name()).toList(),
          plan.renames().stream().map(rename -> rename.primary().name()).toList(),
          plan.surplus().stream().map(StepPlan.Entry::name).toList(),
          readOnly && !plan.inStep() ? Optional.of("is mounted read-only") : Optional.empty());
    } catch (UpdateException | IOException e) {
      return FurtherState.unusable(
          id, place.mountPoint(), "cannot be looked at: " + e.getMessage());
    }
  }

  private static List<StepPlan.Entry> entries(Inventory inventory, Path base) {
    return installed(inventory)
        .map(file ->
            new StepPlan.Entry(
                base.relativize(file.path()).toString(), file.version(), file.sizeBytes()))
        .toList();
  }

  private static Stream<Instance.InDirectory> installed(Inventory inventory) {
    return inventory.held().stream()
        .filter(held -> held.stage() == Stage.INSTALLED)
        .map(Instance.InDirectory.class::cast);
  }

  // ---- Acting ----

  /** Brings all places into step, as far as they can be. */
  void keepInStep(Overview overview, Depth depth) throws UpdateException {
    Map<Path, List<Mirror>> mirrors = new LinkedHashMap<>();
    collect(overview.enabled(), true, mirrors);
    collect(overview.disabled(), false, mirrors);
    Set<String> running = Vacuum.running(run, overview);
    for (Map.Entry<Path, List<Mirror>> place : mirrors.entrySet()) {
      attempt(place.getKey(), () -> bring(place.getKey(), place.getValue(), running, depth));
    }
  }

  private void collect(
      List<Inventory> inventories, boolean enabled, Map<Path, List<Mirror>> mirrors)
      throws UpdateException {
    for (Inventory inventory : inventories) {
      ResolvedTransfer transfer = inventory.transfer();
      if (!mirrored(transfer)) {
        continue;
      }
      attempt(
          transfer,
          () -> {
            for (FurtherPlaces.Further place : places(transfer)) {
              if (usable(place)) {
                attempt(
                    place.mountPoint(),
                    () ->
                        mirrors
                            .computeIfAbsent(place.mountPoint(), _ -> new ArrayList<>())
                            .add(mirror(transfer, place, enabled)));
              }
            }
          });
    }
  }

  private boolean usable(FurtherPlaces.Further place) {
    if (place.refused().isPresent()) {
      run.warnOnce(FurtherPlaces.notWritten(place));
      return false;
    }
    return true;
  }

  @FunctionalInterface
  private interface Work {
    void run() throws UpdateException;
  }

  /** What goes wrong with a further partition is told, and spoils nothing. */
  private void attempt(Path place, Work work) throws UpdateException {
    attempt("the further boot partition " + Quote.quote(place.toString()) + " is", work);
  }

  private void attempt(ResolvedTransfer transfer, Work work) throws UpdateException {
    attempt("further boot partitions of transfer " + Quote.quote(transfer.id()) + " are", work);
  }

  private void attempt(String what, Work work) throws UpdateException {
    try {
      work.run();
    } catch (UpdateException.Interrupted e) {
      throw e;
    } catch (UpdateException e) {
      run.warnOnce(what + " not in step: " + FurtherPlaces.story(e));
    }
  }

  private void bring(Path mountPoint, List<Mirror> mirrors, Set<String> running, Depth depth)
      throws UpdateException {
    var mounts = new BootMounts(run.machine().kernel());
    mounts.note(mountPoint);
    var place = new OnePlace(mounts, running, depth);
    // What boots without the others comes last, and goes first.
    Optional<UpdateException> failure = Optional.empty();
    for (Mirror mirror : mirrors) {
      if (failure.isEmpty()) {
        try {
          place.complete(mirror);
        } catch (UpdateException.Interrupted e) {
          throw e;
        } catch (UpdateException e) {
          failure = Optional.of(e);
        }
      }
    }
    for (Mirror mirror : mirrors.reversed()) {
      try {
        place.clear(mirror);
      } catch (UpdateException e) {
        failure.ifPresent(e::addSuppressed);
        throw e;
      }
    }
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  /** The work on one further partition. */
  private final class OnePlace {
    private final BootMounts mounts;
    private final Set<String> running;
    private final Depth depth;
    private final FileCopy copier;

    OnePlace(BootMounts mounts, Set<String> running, Depth depth) {
      this.mounts = mounts;
      this.running = running;
      this.depth = depth;
      this.copier =
          new FileCopy(run.machine().kernel(), run.files(), () -> run.cancellation().cancelled());
    }

    /** Neither partition was unmounted: an empty directory says nothing about either. */
    private void guard() throws UpdateException {
      run.requireBootPartitions();
      mounts.requireUnchanged();
    }

    private StepPlan plan(Mirror mirror, Set<String> different) throws UpdateException {
      StepPlan plan =
          StepPlan.of(
              entries(survey.held(mirror.primary), directory(mirror.primary)),
              entries(survey.held(mirror.further), mirror.base()),
              different);
      guard();
      return plan;
    }

    /** Everything that the primary partition has is there afterwards. */
    void complete(Mirror mirror) throws UpdateException {
      sweep(mirror);
      StepPlan plan = plan(mirror, Set.of());
      if (depth == Depth.CONTENT) {
        plan = plan(mirror, different(mirror, plan));
      }
      for (StepPlan.Rename rename : plan.renames()) {
        rename(mirror, rename, plan.kept().size() > 1);
      }
      for (StepPlan.Copy copy : plan.copies()) {
        copy(mirror, copy, plan);
      }
    }

    /**
     * A file system without a journal may lose a file of which half a rename reached the disk. The
     * only entry is copied instead.
     */
    private void rename(Mirror mirror, StepPlan.Rename rename, boolean another)
        throws UpdateException {
      if (!another) {
        make(mirror, new StepPlan.Copy(rename.primary(), Optional.of(rename.further())));
        return;
      }
      guard();
      Path to = mirror.base().resolve(rename.primary().name());
      run.files().rename(mirror.base().resolve(rename.further().name()), to);
      run.files().flushForBoot(to);
      run.books().changed();
    }

    private Set<String> different(Mirror mirror, StepPlan plan) throws UpdateException {
      Set<String> different = new HashSet<>();
      for (StepPlan.Kept kept : plan.kept()) {
        if (!copier.same(
            directory(mirror.primary).resolve(kept.primary().name()),
            mirror.base().resolve(kept.further().name()))) {
          different.add(kept.further().name());
        }
      }
      return different;
    }

    /** Where there is no room for it, surplus goes one by one, but for the last entry. */
    private void copy(Mirror mirror, StepPlan.Copy copy, StepPlan plan) throws UpdateException {
      List<StepPlan.Entry> removable =
          plan.surplus().stream()
              .filter(entry -> !running.contains(entry.version().text()))
              .toList();
      for (StepPlan.Entry surplus : removable) {
        try {
          make(mirror, copy);
          return;
        } catch (UpdateException.NoSpace e) {
          int left = entries(survey.held(mirror.further), mirror.base()).size();
          if (left < 2) {
            throw e;
          }
          remove(mirror, surplus.name());
        }
      }
      make(mirror, copy);
    }

    private void make(Mirror mirror, StepPlan.Copy copy) throws UpdateException {
      Instance.InDirectory source =
          installed(survey.held(mirror.primary))
              .filter(file ->
                  directory(mirror.primary)
                      .relativize(file.path())
                      .toString()
                      .equals(copy.primary().name()))
              .findFirst()
              .orElseThrow(() -> changed(copy.primary().name()));
      InstanceMetadata metadata = source.metadata();
      Optional<Boolean> readOnly = mirror.target().newInstance().readOnly();
      if (readOnly.isPresent()) {
        metadata = metadata.withReadOnly(readOnly.get());
      }
      Path to = mirror.base().resolve(copy.primary().name());
      copier.make(source.path(), new Step.TargetPaths(mirror.base(), to), metadata, this::guard);
      run.books().changed();
      run.notice(
          "Copied version "
              + source.version()
              + " to a further boot partition: "
              + Quote.quote(to.toString())
              + ".");
      if (copy.outdated().isPresent()
          && !copy.outdated().get().name().equals(copy.primary().name())) {
        remove(mirror, copy.outdated().get().name());
      }
    }

    /** Whoever finds a version good renames its entry, at any time. */
    private static UpdateException changed(String name) {
      return UpdateException.because(
              Reason.READ_FAILED, "failed to copy " + Quote.quote(name) + ": it is gone")
          .found("it was renamed or removed since it was listed")
          .remedy("nothing need be done")
          .writeFailed();
    }

    private void remove(Mirror mirror, String name) throws UpdateException {
      guard();
      run.files().remove(mirror.base().resolve(name), mirror.base());
      run.books().changed();
    }

    /** What is unfinished here comes from a run that was cut short; it is made anew. */
    private void sweep(Mirror mirror) throws UpdateException {
      for (Instance held : survey.held(mirror.further).held()) {
        if (held.stage() != Stage.INSTALLED && held instanceof Instance.InDirectory file) {
          guard();
          run.files().remove(file.path(), mirror.base());
        }
      }
      if (mirror.target().removeTemporary()) {
        guard();
        run.files().sweep(mirror.base());
      }
    }

    /** What the primary partition does not have goes, as far as something else is there. */
    void clear(Mirror mirror) throws UpdateException {
      StepPlan plan = plan(mirror, Set.of());
      if (plan.kept().isEmpty() && mirror.enabled) {
        return;
      }
      for (StepPlan.Entry entry : plan.surplus()) {
        boolean another =
            plan.kept().stream().anyMatch(kept -> kept.primary().key().equals(entry.key()));
        if (another || !running.contains(entry.version().text())) {
          remove(mirror, entry.name());
        }
      }
    }
  }

  /**
   * An entry goes from the primary partition, and what it boots goes next: so it goes from the
   * further ones, too, whatever its counter says there.
   */
  void remove(Removal removal) throws UpdateException {
    if (!mirrored(removal.transfer())
        || !(removal.instance() instanceof Instance.InDirectory file)
        || file.stage() != Stage.INSTALLED) {
      return;
    }
    String key =
        CountedEntry.withoutCounter(
            directory(removal.transfer()).relativize(file.path()).toString());
    each(
        removal.transfer(),
        (mirror, entry, guard) -> {
          if (entry.key().equals(key)) {
            guard.run();
            run.files().remove(mirror.base().resolve(entry.name()), mirror.base());
          }
        });
  }

  /** A version was given its tries back by name: so it is on further partitions. */
  void revive(Overview overview, Version version) throws UpdateException {
    for (Inventory inventory : overview.enabled()) {
      if (!mirrored(inventory.transfer())) {
        continue;
      }
      each(
          inventory.transfer(),
          (mirror, entry, guard) -> {
            Optional<StepPlan.Entry> revived =
                entries(survey.held(mirror.primary), directory(mirror.primary)).stream()
                    .filter(ours -> ours.version().sameOrder(version))
                    .filter(ours -> ours.key().equals(entry.key()))
                    .findFirst();
            if (revived.isPresent() && CountedEntry.triesLeft(entry.name()).orElse(-1) == 0) {
              guard.run();
              Path to = mirror.base().resolve(revived.get().name());
              run.files().rename(mirror.base().resolve(entry.name()), to);
              run.files().flushForBoot(to);
            }
          });
    }
  }

  @FunctionalInterface
  private interface EntryWork {
    void on(Mirror mirror, StepPlan.Entry entry, Work guard) throws UpdateException;
  }

  private void each(ResolvedTransfer transfer, EntryWork work) throws UpdateException {
    attempt(
        transfer,
        () -> {
          for (FurtherPlaces.Further place : places(transfer)) {
            if (!usable(place)) {
              continue;
            }
            attempt(
                place.mountPoint(),
                () -> {
                  var mounts = new BootMounts(run.machine().kernel());
                  mounts.note(place.mountPoint());
                  Mirror mirror = mirror(transfer, place, true);
                  for (StepPlan.Entry entry : entries(survey.held(mirror.further), mirror.base())) {
                    work.on(mirror, entry, mounts::requireUnchanged);
                  }
                });
          }
        });
  }
}
