package org.particleos.update.catalog;

import java.util.Comparator;
import java.util.List;
import org.particleos.update.disk.Partition;

/**
 * All that one transfer has: what its target holds and what its source offers, each newest first.
 *
 * @param freeSlots partitions of the target that are labelled as empty, in table order; none for
 *     other targets
 */
public record Inventory(
    ResolvedTransfer transfer,
    List<Instance> held,
    List<Partition> freeSlots,
    List<Instance> offered) {
  /** Newest version first; equal versions by location (update-algorithm.md 3.4). */
  public static final Comparator<Instance> NEWEST_FIRST =
      Comparator.comparing(Instance::version).reversed().thenComparing(Instance::location);

  public Inventory {
    held = held.stream().sorted(NEWEST_FIRST).toList();
    // Stable: at equal versions the source that is listed first comes first.
    offered = offered.stream().sorted(Comparator.comparing(Instance::version).reversed()).toList();
    freeSlots = List.copyOf(freeSlots);
  }

  public Inventory withOffered(List<Instance> instances) {
    return new Inventory(transfer, held, freeSlots, instances);
  }
}
