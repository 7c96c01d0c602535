package org.particleos.update.plan;

import java.nio.file.Path;
import org.particleos.update.catalog.Instance;

/**
 * Which partitions the running system stands on: mounted, or under a mapped device. They are
 * neither emptied nor written, whatever their label and the version in it.
 */
public interface SlotUse {
  /** For disks that nothing runs from. */
  SlotUse NONE = (_, _) -> false;

  /**
   * Whether a partition is in use.
   *
   * @param number of the partition, counted from 1
   */
  boolean inUse(Path disk, int number);

  /** Whether an instance lies in a partition that is in use. */
  default boolean inUse(Instance instance) {
    return switch (instance) {
      case Instance.InPartition slot -> inUse(slot.disk(), slot.partition().number());
      case Instance.InDirectory _, Instance.OnWeb _ -> false;
    };
  }
}
