package org.particleos.update.catalog;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.PatternList;
import org.particleos.update.pattern.PatternList.ListMatch;

/**
 * Finds the instances in a directory and, as far as patterns want it, below (update-algorithm.md
 * 3.1). Symbolic links are never followed and never instances.
 */
final class DirectoryListing {
  /**
   * Deeper than any sensible layout; ends a walk through a directory loop of a broken file system.
   */
  private static final int DEPTH_MAX = 64;

  /** Bits of the mode that an instance may hand on: no set-id, no write for others. */
  private static final int MODE_MASK = 0775;

  private final Kernel kernel;
  private final ResourceType type;
  private final PatternList patterns;
  private final List<Instance.InDirectory> found = new ArrayList<>();

  private DirectoryListing(Kernel kernel, ResourceType type, PatternList patterns) {
    this.kernel = kernel;
    this.type = type;
    this.patterns = patterns;
  }

  /** A directory that does not exist holds no instances (D-13). */
  static List<Instance.InDirectory> list(
      Kernel kernel, Path base, ResourceType type, PatternList patterns) throws IOException {
    var listing = new DirectoryListing(kernel, type, patterns);
    if (kernel.statusFollowing(base).isPresent()) {
      listing.scan(base, "", Stage.INSTALLED, 0);
    }
    return listing.found;
  }

  private boolean wantsDirectories() {
    return switch (type) {
      case DIRECTORY, SUBVOLUME -> true;
      case REGULAR_FILE, TAR -> false;
      case URL_FILE, URL_TAR, PARTITION ->
          throw new IllegalArgumentException("not a directory resource: " + type);
    };
  }

  private void scan(Path directory, String relative, Stage inherited, int depth)
      throws IOException {
    if (depth > DEPTH_MAX) {
      return;
    }
    for (String name : kernel.list(directory)) {
      Path path = directory.resolve(name);
      Optional<FileStatus> status = kernel.status(path);
      if (status.isEmpty()) {
        continue; // vanished since the listing
      }
      Optional<Marker> marker = Marker.of(name);
      Stage stage = marker.map(Marker::stage).orElse(inherited);
      String bare = marker.map(m -> m.unmark(name)).orElse(name);
      String matched = relative.isEmpty() ? bare : relative + "/" + bare;
      FileStatus inode = status.get();
      if (inode.kind() == FileKind.DIRECTORY) {
        ListMatch match = patterns.match(matched);
        if (wantsDirectories()) {
          match.match().ifPresent(captured -> add(path, stage, captured, inode));
        }
        if (match.descend() || (patterns.anywhere() && !wantsDirectories())) {
          scan(path, matched, stage, depth + 1);
        }
      } else if (inode.kind() == FileKind.REGULAR && !wantsDirectories()) {
        patterns.match(matched).match().ifPresent(captured -> add(path, stage, captured, inode));
      }
    }
  }

  private void add(Path path, Stage stage, InstanceMetadata captured, FileStatus inode) {
    InstanceMetadata metadata = captured;
    if (metadata.mtimeMicros().isEmpty() && inode.mtimeMicros() != 0) {
      metadata = metadata.withMtimeMicros(inode.mtimeMicros());
    }
    if (metadata.mode().isEmpty()) {
      metadata = metadata.withMode(inode.mode() & MODE_MASK);
    }
    long size = inode.kind() == FileKind.REGULAR ? inode.sizeBytes() : 0;
    found.add(new Instance.InDirectory(path, type, stage, metadata, size, true));
  }
}
