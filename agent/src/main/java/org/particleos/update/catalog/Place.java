package org.particleos.update.catalog;

import java.net.URI;
import java.nio.file.Path;

/** Where a resource really is, after anchors and {@code auto} were resolved. */
public sealed interface Place {
  /** A web directory with a manifest; no query, no trailing slash. */
  record Web(URI base) implements Place {}

  /** A local directory that holds instances. It need not exist. */
  record Directory(Path path) implements Place {}

  /** A whole disk, or a regular file that holds a partition table. */
  record Disk(Path device) implements Place {}
}
