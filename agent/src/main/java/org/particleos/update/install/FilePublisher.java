package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.particleos.update.catalog.Marker;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Step.TargetPaths;

/**
 * Moves regular files from partial to pending to installed, and removes them (update-algorithm.md
 * 11). Each move is one rename between two barriers: what it names is durable before, the name is
 * durable after.
 */
public final class FilePublisher {
  /** What stays of a mode when write permission is taken away. */
  private static final int READ_ONLY_MASK = 07555;

  /** Ends the removal of a tree that a broken file system makes endless. */
  private static final int DEPTH_MAX = 256;

  private final Kernel kernel;

  public FilePublisher(Kernel kernel) {
    this.kernel = kernel;
  }

  /** Creates the missing directories above the three names (update-algorithm.md 8.2.2). */
  public void makeParents(TargetPaths paths) throws UpdateException {
    Path parent = Directories.holding(paths.installed());
    try {
      Directories.make(kernel, parent);
    } catch (IOException e) {
      throw failure("creating the directory", parent, e);
    }
  }

  /**
   * A written and verified file becomes pending: times, mode, then the rename (update-algorithm.md
   * 8.2.6, 8.2.7).
   */
  public void markPending(TargetPaths paths, InstanceMetadata metadata) throws UpdateException {
    Path partial = paths.partial();
    try {
      if (metadata.mtimeMicros().isPresent()) {
        kernel.changeTimes(
            partial, TimeUnit.MICROSECONDS.toNanos(metadata.mtimeMicros().getAsLong()));
      }
      boolean readOnly = metadata.readOnly().orElse(false);
      if (metadata.mode().isPresent() || readOnly) {
        int mode = metadata.mode().isPresent() ? metadata.mode().getAsInt() : currentMode(partial);
        kernel.changeMode(partial, readOnly ? mode & READ_ONLY_MASK : mode);
      }
    } catch (IOException e) {
      throw failure("setting times and mode of", partial, e);
    }
    rename(partial, paths.pending());
  }

  private int currentMode(Path path) throws IOException {
    return kernel.status(path).orElseThrow(() -> new NoSuchFileException(path.toString())).mode();
  }

  /** A pending file gets its final name (update-algorithm.md 8.3). */
  public void publish(TargetPaths paths) throws UpdateException {
    rename(paths.pending(), paths.installed());
  }

  /**
   * Deviation: where neither rename nor exchange is possible the reference deletes the destination
   * first. Here it is a failure: a step that can be cut in two is no way to publish.
   */
  private void rename(Path from, Path to) throws UpdateException {
    try {
      syncFile(from);
      kernel.syncDirectory(Directories.holding(from));
      try {
        kernel.rename(from, to);
      } catch (LinuxException e) {
        Optional<FileStatus> there = kernel.status(to);
        if (there.isEmpty() || there.get().kind() != FileKind.DIRECTORY) {
          throw e;
        }
        kernel.exchange(from, to);
        removeTree(from, 0);
      }
      kernel.syncDirectory(Directories.holding(to));
    } catch (IOException e) {
      throw failure("renaming " + Quote.quote(from.toString()) + " to", to, e);
    }
  }

  private void syncFile(Path path) throws IOException {
    try (OpenFile file = kernel.open(path, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      file.sync();
    }
  }

  /**
   * Removes an instance and the parents below the target directory that became empty
   * (update-algorithm.md 9.2). Missing is fine.
   */
  public void remove(Path instance, Path base) throws UpdateException {
    try {
      removeTree(instance, 0);
      Path parent = instance.getParent();
      while (parent != null && parent.startsWith(base) && !parent.equals(base)) {
        if (kernel.status(parent).isPresent() && !kernel.list(parent).isEmpty()) {
          break;
        }
        removeTree(parent, 0);
        parent = parent.getParent();
      }
      if (parent != null && kernel.status(parent).isPresent()) {
        kernel.syncDirectory(parent);
      }
    } catch (IOException e) {
      throw failure("removing", instance, e);
    }
  }

  private void removeTree(Path path, int depth) throws IOException {
    Optional<FileStatus> status = kernel.status(path);
    if (status.isEmpty()) {
      return;
    }
    if (status.get().kind() == FileKind.DIRECTORY && depth < DEPTH_MAX) {
      for (String name : kernel.list(path)) {
        removeTree(path.resolve(name), depth + 1);
      }
    }
    kernel.remove(path);
  }

  /**
   * Leftovers of interrupted writes directly inside a target directory (update-algorithm.md 9.1.1).
   *
   * @return how many were removed
   */
  public int sweep(Path directory) throws UpdateException {
    int removed = 0;
    try {
      if (kernel.statusFollowing(directory).isEmpty()) {
        return 0;
      }
      for (String name : kernel.list(directory)) {
        if (name.startsWith(".#") || name.startsWith(Marker.PARTIAL.prefix())) {
          removeTree(directory.resolve(name), 0);
          removed++;
        }
      }
    } catch (IOException e) {
      throw failure("removing leftovers in", directory, e);
    }
    return removed;
  }

  private static UpdateException failure(String doing, Path path, IOException cause) {
    return IoFailure.writing(doing + " " + Quote.quote(path.toString()) + " failed", cause);
  }
}
