package org.particleos.update.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Decides what one transfer has to lose (update-algorithm.md 9.1). */
public final class VacuumPlan {
  /** How much room the operation asks for. */
  public enum Room {
    /** Only bring the number of instances within the limit. */
    NONE,
    /** Make room for one more instance. */
    ONE,
    /** The transfer is disabled: all of it. */
    EVERYTHING
  }

  private final OptionalLong instancesMaxOverride;
  private final Set<String> protectedAlways;
  private final SlotUse slotUse;
  private final Quarantined quarantined;

  /**
   * What holds for every transfer.
   *
   * @param instancesMaxOverride {@code --instances-max=}
   * @param protectedAlways versions that no transfer may lose, whatever its definition says: the
   *     running one
   * @param slotUse which slots no transfer may lose
   */
  public VacuumPlan(
      OptionalLong instancesMaxOverride, Set<String> protectedAlways, SlotUse slotUse) {
    this(instancesMaxOverride, protectedAlways, slotUse, Quarantined.NONE);
  }

  /**
   * On a machine where some versions did not come up.
   *
   * @param quarantined what goes before everything else
   */
  public VacuumPlan(
      OptionalLong instancesMaxOverride,
      Set<String> protectedAlways,
      SlotUse slotUse,
      Quarantined quarantined) {
    this.slotUse = slotUse;
    this.quarantined = quarantined;
    this.instancesMaxOverride = instancesMaxOverride;
    this.protectedAlways = Set.copyOf(protectedAlways);
  }

  /**
   * What has to go, in the order in which it goes.
   *
   * @param keep version that is to be kept besides the protected ones: the one being acquired
   * @param freeSlots free slots that this transfer may count on
   */
  public List<Removal> removals(
      Inventory inventory, Room room, Optional<String> keep, int freeSlots) throws UpdateException {
    List<Removal> removals = new ArrayList<>();
    List<Instance> staying = new ArrayList<>();
    for (Instance instance : inventory.held()) {
      if (slotUse.inUse(instance)) {
        staying.add(instance);
        continue;
      }
      switch (instance.stage()) {
        case PARTIAL -> removals.add(removal(inventory, instance, Removal.Cause.PARTIAL));
        case PENDING -> {
          if (kept(inventory, instance, keep, room)) {
            staying.add(instance);
          } else {
            removals.add(removal(inventory, instance, Removal.Cause.PENDING));
          }
        }
        case INSTALLED -> {
          // Another build of the same version is coming: nothing of this one may stay beside it.
          if (room == Room.ONE
              && quarantined.replaces(instance.version())
              && !kept(inventory, instance, Optional.empty(), room)) {
            removals.add(removal(inventory, instance, Removal.Cause.FAILED));
          } else {
            staying.add(instance);
          }
        }
        case OFFERED -> throw new IllegalStateException("an offer is held by nobody: " + instance);
      }
    }
    long limit = limit(inventory, room, staying.size(), freeSlots + removals.size());
    // Deviation: what did not come up goes first, whatever its age.
    staying.sort(
        Comparator.<Instance, Boolean>comparing(instance -> !failed(instance))
            .thenComparing(Instance::version)
            .thenComparing(Instance::location));
    int remaining = staying.size();
    for (Instance oldest : staying) {
      if (remaining <= limit) {
        break;
      }
      if (!kept(inventory, oldest, keep, room)) {
        removals.add(removal(inventory, oldest, cause(oldest, room)));
        remaining--;
      }
    }
    return List.copyOf(removals);
  }

  private boolean kept(Inventory inventory, Instance instance, Optional<String> keep, Room room) {
    String version = instance.version().text();
    // Files of a feature that was switched off are not what the running version boots from.
    boolean boots =
        room != Room.EVERYTHING
            || inventory.transfer().transfer().target() instanceof Target.Partition;
    return slotUse.inUse(instance)
        || inventory.transfer().transfer().protectVersions().contains(version)
        || (boots && protectedAlways.contains(version) && instance.stage() == Stage.INSTALLED)
        || keep.filter(version::equals).isPresent();
  }

  private boolean failed(Instance instance) {
    return instance.stage() == Stage.INSTALLED && quarantined.failed(instance.version());
  }

  private Removal.Cause cause(Instance instance, Room room) {
    if (room == Room.EVERYTHING) {
      return Removal.Cause.DISABLED;
    }
    return failed(instance) ? Removal.Cause.FAILED : Removal.Cause.SURPLUS;
  }

  private static Removal removal(Inventory inventory, Instance instance, Removal.Cause cause) {
    return new Removal(inventory.transfer(), instance, cause);
  }

  /** How many may stay. */
  private long limit(Inventory inventory, Room room, int staying, int free) throws UpdateException {
    if (room == Room.EVERYTHING) {
      // Deviation: D-09/H-04, the reference tests "unlimited" first and so never wipes partitions.
      return 0;
    }
    long space = room == Room.ONE ? 1 : 0;
    Target target = inventory.transfer().transfer().target();
    OptionalLong max =
        instancesMaxOverride.isPresent() ? instancesMaxOverride : target.instancesMax();
    long limit = Long.MAX_VALUE;
    if (max.isPresent()) {
      if (space >= max.getAsLong()) {
        throw UpdateException.because(
                Reason.INSTANCES_MAX_TOO_SMALL,
                "refused to make room for transfer "
                    + Quote.quote(inventory.transfer().id())
                    + ": one instance must stay, and "
                    + max.getAsLong()
                    + " may be kept at most")
            .found("InstancesMax= or --instances-max= of " + max.getAsLong())
            .remedy("allow at least 2 instances")
            .noSpace();
      }
      limit = max.getAsLong() - space;
    }
    return switch (target) {
      case Target.FileSystem _ -> limit;
      case Target.Partition _ -> {
        int slots = free + staying;
        if (slots < 2 || space >= slots) {
          throw UpdateException.because(
                  Reason.TOO_FEW_SLOTS,
                  "refused to make room for transfer "
                      + Quote.quote(inventory.transfer().id())
                      + ": an update needs two slots of its partition type")
              .found(slots == 0 ? "no slot" : slots == 1 ? "one slot" : slots + " slots")
              .remedy(
                  "add a partition of that type with the label _empty, for example with"
                      + " systemd-repart")
              .noSpace();
        }
        yield Math.min(limit, staying - Math.max(0, space - free));
      }
    };
  }
}
