package org.particleos.update.update;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.Removal;
import org.particleos.update.plan.VacuumPlan;

/** Removes instances and leftovers (update-algorithm.md 9). */
final class Vacuum {
  private final Run run;
  private final StepKeeper further;

  Vacuum(Run run, StepKeeper further) {
    this.run = run;
    this.further = further;
  }

  VacuumPlan plan(Overview overview) {
    return new VacuumPlan(
        run.settings().instancesMax(),
        running(run, overview),
        overview.slotUse(),
        overview.quarantined());
  }

  /** The versions that nothing is removed of, since the machine runs one of them. */
  static Set<String> running(Run run, Overview overview) {
    // Deviation: safety before configuration. The running version is protected even where
    // ProtectVersion= was forgotten. Below another root nothing runs.
    Set<String> running = new HashSet<>();
    if (run.machine().isRunning()) {
      overview.bootedVersion().ifPresent(running::add);
      // Where os-release and boot entry contradict each other, both are kept.
      overview.running().versions().forEach(version -> running.add(version.text()));
    }
    return running;
  }

  /** Removes everything unfinished and surplus. */
  Updater.Vacuumed all(Overview overview) throws UpdateException {
    VacuumPlan plan = plan(overview);
    Map<Inventory, List<Removal>> removals = new LinkedHashMap<>();
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
    return new Updater.Vacuumed(most, disabledTransfers);
  }

  private static List<Removal> planned(VacuumPlan plan, Inventory inventory, VacuumPlan.Room room)
      throws UpdateException {
    try {
      return plan.removals(inventory, room, Optional.empty(), inventory.freeSlots().size());
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
  }

  void remove(Removal removal) throws UpdateException {
    run.tell(new UpdateEvent.Removing(removal));
    switch (removal.instance()) {
      case Instance.InPartition slot -> {
        var target = (Target.Partition) removal.transfer().transfer().target();
        run.slots().empty(slot, target.partitionType());
        run.warnOfRepairs();
      }
      case Instance.InDirectory file -> {
        var base = (Place.Directory) removal.transfer().target();
        run.files().remove(file.path(), base.path());
        further.remove(removal);
      }
      case Instance.OnWeb web ->
          throw new IllegalStateException("offers are not removed: " + web.uri());
    }
  }

  /**
   * Leftovers on boot partitions, when there is nothing that could be continued: these are small,
   * and full ones keep updates from being installed.
   */
  void sweepBootPartitions(Overview overview) throws UpdateException {
    for (Inventory inventory : overview.enabled()) {
      if (inventory.transfer().transfer().target() instanceof Target.FileSystem target
          && target.anchor().isBootPartition()) {
        try {
          sweep(inventory.transfer());
        } catch (UpdateException e) {
          throw e.inState("nothing but leftovers of interrupted writes was removed");
        }
      }
    }
  }

  /** Leftovers of interrupted writes in the target directory, if the definition lets them go. */
  void sweep(ResolvedTransfer transfer) throws UpdateException {
    if (transfer.target() instanceof Place.Directory(var path)
        && transfer.transfer().target() instanceof Target.FileSystem target
        && target.removeTemporary()) {
      int count = run.files().sweep(path);
      if (count > 0) {
        run.tell(new UpdateEvent.SweptLeftovers(path.toString(), count));
      }
    }
  }
}
