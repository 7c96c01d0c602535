package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The further boot partitions that are kept in step with the one that a target is for ({@code
 * AlsoTo=}).
 *
 * @param discovered whether every further EFI system partition that is mounted is one ({@code
 *     auto})
 * @param mountPoints those that are named: absolute, normalised, below the root of the system
 */
public record AlsoTo(boolean discovered, List<Path> mountPoints) {
  /** More disks with boot partitions than one machine has. */
  static final int MOUNT_POINTS_MAX = 16;

  /** What it is unless a definition says otherwise. */
  public static final AlsoTo NOWHERE = new AlsoTo(false, List.of());

  public AlsoTo {
    mountPoints = mountPoints.stream().distinct().toList();
    if (mountPoints.size() > MOUNT_POINTS_MAX) {
      throw new IllegalArgumentException("at most " + MOUNT_POINTS_MAX + " further places");
    }
    if (mountPoints.stream().anyMatch(path -> !path.isAbsolute() || path.getNameCount() == 0)) {
      throw new IllegalArgumentException("a mount point is absolute and not the root directory");
    }
  }

  /** Both together, as far as a definition could name as many. */
  public AlsoTo and(AlsoTo other) {
    return new AlsoTo(
        discovered || other.discovered,
        Stream.concat(mountPoints.stream(), other.mountPoints.stream())
            .distinct()
            .limit(MOUNT_POINTS_MAX)
            .toList());
  }

  /** Whether there is anything to be kept in step. */
  public boolean anywhere() {
    return discovered || !mountPoints.isEmpty();
  }
}
