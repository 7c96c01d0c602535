package org.particleos.update.definition;

import java.nio.file.Path;

/** Which disk holds the partitions of a target (transfer-files.md 14.5). */
public sealed interface PartitionPlace {
  /** The disk that {@code /usr} is on. */
  record Auto() implements PartitionPlace {}

  /** A block device, a disk image, or a directory whose disk is meant; absolute. */
  record At(Path path) implements PartitionPlace {
    public At {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("the path of a target is absolute");
      }
    }
  }
}
