package org.particleos.update.plan;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Marker;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.SlotName;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Target;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionChange;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.version.Version;

/**
 * Decides how a version is acquired: names, what is removed, which slot is written, whether it fits
 * (update-algorithm.md 8.1, 9, 10.1). Whatever can be known to fail fails here, before anything was
 * destroyed.
 */
public final class AcquirePlanner {
  /** Longest name of a directory entry on Linux, in bytes. */
  private static final int NAME_BYTES_MAX = 255;

  /** Known sizes of payloads after decompression. */
  public interface Sizes {
    OptionalLong of(Instance source);
  }

  /** How much room there is on the file system of a target directory. */
  public interface FileSystems {
    /**
     * Free space.
     *
     * @param id the same for directories on one file system
     */
    record Room(long id, long availableBytes, long blockBytes) {}

    Room of(Path directory) throws UpdateException;
  }

  private final VacuumPlan vacuum;
  private final SlotUse slotUse;
  private final Sizes sizes;
  private final FileSystems fileSystems;

  public AcquirePlanner(VacuumPlan vacuum, SlotUse slotUse, Sizes sizes, FileSystems fileSystems) {
    this.vacuum = vacuum;
    this.slotUse = slotUse;
    this.sizes = sizes;
    this.fileSystems = fileSystems;
  }

  /**
   * The whole plan, or the first reason why there is none.
   *
   * @param disabled inventories of disabled transfers, which lose everything
   */
  public AcquirePlan plan(VersionSet set, List<Inventory> disabled) throws UpdateException {
    List<List<Removal>> removals = new ArrayList<>();
    List<Step> steps = new ArrayList<>();
    Map<Path, Set<Integer>> claimed = new HashMap<>();
    // Names first, for all of them: a name that cannot be is found before anything else is thought.
    List<Naming> namings = new ArrayList<>();
    for (Member member : set.members()) {
      namings.add(naming(member));
    }
    for (Naming naming : namings) {
      List<Removal> own = new ArrayList<>();
      steps.add(step(set, naming, own, claimed));
      removals.add(own);
    }
    for (Inventory inventory : disabled) {
      removals.add(
          vacuum.removals(
              inventory,
              VacuumPlan.Room.EVERYTHING,
              Optional.empty(),
              inventory.freeSlots().size()));
    }
    // Deviation: versions go in the opposite order of how they came. What is published last, the
    // boot entry, goes first, so that none is left for content that is gone.
    List<Removal> ordered = removals.reversed().stream().flatMap(List::stream).toList();
    requireRoom(steps, ordered);
    return new AcquirePlan(set, ordered, steps);
  }

  private record Naming(Member member, String name, InstanceMetadata metadata) {}

  private static Naming naming(Member member) throws UpdateException {
    Optional<Instance> source = member.offered();
    if (source.isEmpty() || member.acquired()) {
      return new Naming(member, "", member.shown().orElseThrow().metadata());
    }
    Target target = member.inventory().transfer().transfer().target();
    InstanceMetadata metadata = merged(member, source.get());
    String name = target.patterns().first().format(metadata);
    checkName(member, target, name);
    checkRecognised(member, target, name, metadata.version());
    return new Naming(member, name, metadata);
  }

  private static InstanceMetadata merged(Member member, Instance source) {
    Target target = member.inventory().transfer().transfer().target();
    boolean tar = source.type() == ResourceType.TAR || source.type() == ResourceType.URL_TAR;
    return target.newInstance().merge(source.metadata(), Optional.empty(), tar);
  }

  private static void checkName(Member member, Target target, String name) throws UpdateException {
    switch (target) {
      case Target.Partition _ -> {
        if (name.length() > PartitionChange.LABEL_UNITS_MAX) {
          throw UpdateException.because(
                  Reason.LABEL_TOO_LONG,
                  "refused transfer "
                      + Quote.quote(member.inventory().transfer().id())
                      + ": a partition label has at most "
                      + PartitionChange.LABEL_UNITS_MAX
                      + " UTF-16 units")
              .found(Quote.quote(name) + " with " + name.length())
              .remedy("shorten MatchPattern= in [Target], or the version")
              .configuration();
        }
      }
      case Target.FileSystem _ -> {
        for (String component : name.split("/", -1)) {
          int marked =
              component.getBytes(StandardCharsets.UTF_8).length + Marker.PARTIAL.prefix().length();
          if (component.isEmpty()
              || component.equals(".")
              || component.equals("..")
              || marked > NAME_BYTES_MAX) {
            throw UpdateException.because(
                    Reason.NAME_NOT_FORMATTABLE,
                    "refused transfer "
                        + Quote.quote(member.inventory().transfer().id())
                        + ": its target name is no usable path")
                .found(Quote.quote(name))
                .remedy("change MatchPattern= in [Target]")
                .configuration();
          }
        }
      }
    }
  }

  /** A name under which the version would not be found again could never be installed. */
  private static void checkRecognised(Member member, Target target, String name, Version version)
      throws UpdateException {
    boolean recognised =
        !name.equals(SlotName.EMPTY_LABEL)
            && target
                .patterns()
                .match(name)
                .match()
                .filter(found -> found.version().sameOrder(version))
                .isPresent();
    if (!recognised) {
      throw UpdateException.because(
              Reason.NAME_NOT_FORMATTABLE,
              "refused transfer "
                  + Quote.quote(member.inventory().transfer().id())
                  + ": its target name would not be recognised as version "
                  + version)
          .found(Quote.quote(name))
          .remedy("change MatchPattern= in [Target] so that the version stands by itself")
          .configuration();
    }
  }

  private Step step(
      VersionSet set, Naming naming, List<Removal> removals, Map<Path, Set<Integer>> claimed)
      throws UpdateException {
    Member member = naming.member();
    if (member.acquired()) {
      return new Step.Keep(member);
    }
    Instance source = member.offered().orElseThrow();
    Inventory inventory = member.inventory();
    OptionalLong required = sizes.of(source);
    return switch (inventory.transfer().target()) {
      case Place.Directory(var base) -> {
        if (member.held().isEmpty()) {
          removals.addAll(
              vacuum.removals(
                  inventory, VacuumPlan.Room.ONE, Optional.of(set.version().text()), 0));
        }
        var paths = new Step.TargetPaths(base, base.resolve(naming.name()));
        yield switch (inventory.transfer().transfer().target().type()) {
          case DIRECTORY -> new Step.WriteTree(member, source, naming.metadata(), paths, false);
          case SUBVOLUME -> new Step.WriteTree(member, source, naming.metadata(), paths, true);
          case REGULAR_FILE ->
              new Step.WriteFile(member, source, naming.metadata(), paths, required);
          case URL_FILE, URL_TAR, TAR, PARTITION ->
              throw new IllegalStateException("no target below a directory: " + paths);
        };
      }
      case Place.Disk disk -> {
        var target = (Target.Partition) inventory.transfer().transfer().target();
        Partition slot =
            slot(set, member, disk.device(), target.partitionType(), required, removals, claimed);
        claimed.computeIfAbsent(disk.device(), _ -> new HashSet<>()).add(slot.number());
        yield new Step.FillSlot(
            member,
            source,
            naming.metadata(),
            naming.name(),
            disk,
            slot,
            target.partitionType(),
            required);
      }
    };
  }

  /**
   * The slot that already holds the beginnings of this version, else the smallest free one that is
   * large enough after making room (update-algorithm.md 10.1).
   */
  private Partition slot(
      VersionSet set,
      Member member,
      Path device,
      PartitionType type,
      OptionalLong required,
      List<Removal> removals,
      Map<Path, Set<Integer>> claimed)
      throws UpdateException {
    Inventory inventory = member.inventory();
    Optional<Instance.InPartition> begun = Optional.empty();
    if (member.held().isPresent() && member.held().get() instanceof Instance.InPartition slot) {
      if (slot.partition().sizeBytes() >= required.orElse(0) && !slotUse.inUse(slot)) {
        return slot.partition();
      }
      begun = Optional.of(slot); // published again, larger: what was begun is given up
    }
    Set<Integer> taken = claimed.getOrDefault(device, Set.of());
    List<Partition> free =
        new ArrayList<>(
            inventory.freeSlots().stream()
                .filter(slot -> !taken.contains(slot.number()))
                .filter(slot -> !slotUse.inUse(device, slot.number()))
                .toList());
    Optional<String> keep =
        begun.isPresent() ? Optional.empty() : Optional.of(set.version().text());
    List<Removal> own = vacuum.removals(inventory, VacuumPlan.Room.ONE, keep, free.size());
    removals.addAll(own);
    for (Removal removal : own) {
      if (removal.instance() instanceof Instance.InPartition emptied) {
        free.add(emptied.partition());
      }
    }
    if (free.isEmpty()) {
      throw UpdateException.because(
              Reason.NO_EMPTY_SLOT,
              "refused transfer "
                  + Quote.quote(member.inventory().transfer().id())
                  + ": no empty slot of type "
                  + type.name().orElse(type.uuid().toString())
                  + " on "
                  + device)
          .found(held(inventory))
          .remedy(
              "add a partition of that type with the label "
                  + SlotName.EMPTY_LABEL
                  + ", or remove a version that nothing needs (particle-update vacuum)")
          .noSpace();
    }
    requireFits(member, free, required);
    return free.stream()
        .filter(partition -> partition.sizeBytes() >= required.orElse(0))
        .min(Comparator.comparingLong(Partition::sizeBytes).thenComparingInt(Partition::number))
        .orElseThrow();
  }

  private static String held(Inventory inventory) {
    if (inventory.held().isEmpty()) {
      return "no partition of it";
    }
    List<String> texts =
        inventory.held().stream()
            .map(i -> i.location() + " holds version " + i.version().text() + " (" + word(i) + ")")
            .toList();
    return String.join(", ", texts);
  }

  private static String word(Instance instance) {
    return switch (instance.stage()) {
      case PARTIAL -> "partial";
      case PENDING -> "pending";
      case INSTALLED -> "installed";
      case OFFERED -> "offered";
    };
  }

  private static void requireFits(Member member, List<Partition> slots, OptionalLong required)
      throws UpdateException {
    long largest = slots.stream().mapToLong(Partition::sizeBytes).max().orElse(0);
    if (required.isPresent() && required.getAsLong() > largest) {
      throw UpdateException.because(
              Reason.PAYLOAD_EXCEEDS_SLOT,
              "refused transfer "
                  + Quote.quote(member.inventory().transfer().id())
                  + ": the image is larger than every slot it may go to")
          .found(required.getAsLong() + " bytes for a slot of " + largest + " bytes")
          .remedy("enlarge the slot, or ask the publisher for an image that fits")
          .noSpace();
    }
  }

  /** Refuses what is known not to fit on a file system, counting what will be removed there. */
  private void requireRoom(List<Step> steps, List<Removal> removals) throws UpdateException {
    Map<Long, Long> neededBytes = new HashMap<>();
    Map<Long, FileSystems.Room> rooms = new HashMap<>();
    for (Step step : steps) {
      if (step instanceof Step.WriteTree tree) {
        // How much a tree needs nobody tells beforehand.
        fileSystems.of(tree.paths().base());
      }
      if (step instanceof Step.WriteFile file) {
        // Asked also where no size is known: a file system that is not writable says so here.
        FileSystems.Room room = fileSystems.of(file.paths().base());
        if (file.requiredBytes().isEmpty()) {
          continue;
        }
        rooms.put(room.id(), room);
        long begun = file.member().held().map(AcquirePlanner::sizeBytes).orElse(0L);
        long blocks = blocks(file.requiredBytes().getAsLong(), room);
        neededBytes.merge(room.id(), Math.max(0, blocks - begun), Long::sum);
      }
    }
    for (Removal removal : removals) {
      if (removal.transfer().target() instanceof Place.Directory(var base)
          && !neededBytes.isEmpty()) {
        FileSystems.Room room = fileSystems.of(base);
        if (rooms.containsKey(room.id())) {
          neededBytes.merge(room.id(), -sizeBytes(removal.instance()), Long::sum);
        }
      }
    }
    for (Map.Entry<Long, Long> entry : neededBytes.entrySet()) {
      FileSystems.Room room = rooms.get(entry.getKey());
      if (room != null && entry.getValue() > room.availableBytes()) {
        throw UpdateException.because(
                Reason.FILE_SYSTEM_FULL,
                "refused the update: the new files do not fit, even after removing old ones")
            .found(
                entry.getValue() + " bytes needed, " + room.availableBytes() + " bytes available")
            .remedy("make room on the file system of the target, or lower InstancesMax=")
            .noSpace();
      }
    }
  }

  private static long blocks(long bytes, FileSystems.Room room) {
    long block = Math.max(1, room.blockBytes());
    return Math.multiplyExact(Math.ceilDiv(bytes, block), block);
  }

  private static long sizeBytes(Instance instance) {
    return instance instanceof Instance.InDirectory file ? file.sizeBytes() : 0;
  }
}
