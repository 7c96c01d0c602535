package org.particleos.update.catalog;

import java.nio.file.Path;

/** Where a target really is, after anchors and {@code auto} were resolved. */
public sealed interface Place {
  /** A local directory that holds instances. It need not exist. */
  record Directory(Path path) implements Place {}

  /** A whole disk, or a regular file that holds a partition table. */
  record Disk(Path device) implements Place {}
}
