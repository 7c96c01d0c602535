package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
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
import org.particleos.update.linux.OpenFile;
import org.particleos.update.linux.TreeRemoval;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Step.TargetPaths;

/**
 * Moves files and directory trees from partial to pending to installed, and removes them
 * (update-algorithm.md 11). Each move is one rename between two barriers: what it names is durable
 * before, the name is durable after.
 *
 * <p>After a crash at any point the installed name stands for something whole, old or new, or for
 * nothing; a pending name stands for something whole; whatever is in pieces has the partial name,
 * which the next run removes or writes anew. Only the read-only mark may be missing then: {@link
 * #ensureReadOnly} sets it.
 */
public final class FilePublisher {
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

  /** Removes what an earlier run left under the partial name, before a tree is written there. */
  public void discardPartial(TargetPaths paths) throws UpdateException {
    try {
      TreeRemoval.remove(kernel, paths.partial());
    } catch (IOException e) {
      throw failure("removing", paths.partial(), e);
    }
  }

  /**
   * A written and verified file or tree becomes pending: times and mode (of a tree those of its top
   * directory), then the rename (update-algorithm.md 8.2.6, 8.2.7). A file that shall be read-only
   * is so from here on, but not one of which a boot loader counts the tries.
   *
   * @return a warning if it stays writable for that reason
   */
  public Optional<String> markPending(TargetPaths paths, InstanceMetadata metadata)
      throws UpdateException {
    Path partial = paths.partial();
    Optional<String> warning = Optional.empty();
    try {
      FileStatus status = existing(partial);
      boolean readOnly = metadata.readOnly().orElse(false) && status.kind() != FileKind.DIRECTORY;
      if (metadata.mode().isPresent() || readOnly) {
        int mode = metadata.mode().orElse(status.mode());
        int wanted = readOnly ? mode & ReadOnlyMark.MODE_MASK : mode;
        if (CountedEntry.is(paths.installed()) && CountedEntry.stopsCounting(wanted)) {
          wanted = CountedEntry.countable(wanted);
          warning = Optional.of(CountedEntry.keptWritable(paths.installed()));
        }
        kernel.changeMode(partial, wanted);
      }
      if (metadata.mtimeMicros().isPresent()) {
        kernel.changeTimes(
            partial, TimeUnit.MICROSECONDS.toNanos(metadata.mtimeMicros().getAsLong()));
      }
    } catch (IOException e) {
      throw failure("setting times and mode of", partial, e);
    }
    if (rename(paths, partial, paths.pending())) {
      discardPartial(paths);
    }
    return warning;
  }

  private FileStatus existing(Path path) throws IOException {
    return kernel.status(path).orElseThrow(() -> new NoSuchFileException(path.toString()));
  }

  /**
   * A pending file or tree gets its final name (update-algorithm.md 8.3), and then the mark of
   * {@code ReadOnly=}. What had the name before is removed afterwards.
   *
   * @return a warning if it cannot be marked read-only
   */
  public Optional<String> publish(TargetPaths paths, boolean readOnly) throws UpdateException {
    Optional<String> warning = Optional.empty();
    boolean counted = CountedEntry.is(paths.installed());
    if (counted) {
      // Before the boot loader can see it.
      warning = restoreCounting(paths.pending());
    }
    boolean displaced = rename(paths, paths.pending(), paths.installed());
    if (readOnly && !counted) {
      warning = ensureReadOnly(paths.installed());
    }
    if (displaced) {
      discardPartial(paths);
    }
    return warning;
  }

  /**
   * Marks an installed object of a transfer with {@code ReadOnly=yes}, if a crash or the lack of a
   * permission kept an earlier run from it. Does nothing if it is marked, or if a boot loader
   * counts in its name.
   *
   * @return a warning if it cannot be marked
   */
  public Optional<String> ensureReadOnly(Path installed) throws UpdateException {
    if (CountedEntry.is(installed)) {
      return Optional.empty();
    }
    try {
      return ReadOnlyMark.set(kernel, installed);
    } catch (IOException e) {
      throw failure("marking as read-only", installed, e);
    }
  }

  /**
   * Makes a boot entry writable again if a boot loader counts in its name and something has marked
   * it as read-only. Does nothing to any other file.
   *
   * @return what was done, or why it could not be
   */
  public Optional<String> ensureCounting(Path installed) throws UpdateException {
    return CountedEntry.is(installed) ? restoreCounting(installed) : Optional.empty();
  }

  private Optional<String> restoreCounting(Path entry) throws UpdateException {
    try {
      return CountedEntry.restore(kernel, entry);
    } catch (IOException e) {
      throw failure("making writable", entry, e);
    }
  }

  /** Brings what was published to where a boot loader finds it ({@link BootFlush}). */
  public void flushForBoot(Path installed) throws UpdateException {
    try {
      BootFlush.make(kernel, Directories.holding(installed));
    } catch (IOException e) {
      throw failure("flushing the file system of", installed, e);
    }
  }

  /**
   * Renames within the directory of the three names (update-algorithm.md 11.3). A file replaces a
   * file; whatever else is in the way changes places with the new object. It then lies under the
   * partial name, and so is nothing that a later run could take for a version.
   *
   * <p>Deviation: where neither rename nor exchange is possible the reference deletes the
   * destination first. Here it is a failure: a step that can be cut in two is no way to publish.
   *
   * @return whether something was displaced and has to be removed
   */
  private boolean rename(TargetPaths paths, Path from, Path to) throws UpdateException {
    try {
      FileKind kind = existing(from).kind();
      sync(from, kind);
      Optional<FileKind> inTheWay = kernel.status(to).map(FileStatus::kind);
      if (inTheWay.isPresent()) {
        // A read-only mark keeps it from being replaced.
        TreeRemoval.unlock(kernel, to);
      }
      boolean displaces =
          inTheWay.isPresent()
              && (kind == FileKind.DIRECTORY || inTheWay.get() == FileKind.DIRECTORY);
      if (displaces) {
        exchange(paths.partial(), from, to);
      } else {
        kernel.rename(from, to);
      }
      syncName(to, kind);
      return displaces;
    } catch (IOException e) {
      throw failure("renaming " + Quote.quote(from.toString()) + " to", to, e);
    }
  }

  private void exchange(Path partial, Path from, Path to) throws IOException {
    if (from.equals(partial)) {
      kernel.exchange(partial, to);
      return;
    }
    TreeRemoval.remove(kernel, partial);
    kernel.rename(from, partial);
    kernel.syncDirectory(Directories.holding(partial));
    try {
      kernel.exchange(partial, to);
    } catch (IOException failed) {
      try {
        kernel.rename(partial, from);
      } catch (IOException e) {
        failed.addSuppressed(e);
      }
      throw failed;
    }
  }

  /** Makes all durable that the name stands for, and the name. */
  private void sync(Path path, FileKind kind) throws IOException {
    switch (kind) {
      case REGULAR -> {
        try (OpenFile file = kernel.open(path, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
          file.sync();
        }
        kernel.syncDirectory(Directories.holding(path));
      }
      case DIRECTORY -> kernel.syncFileSystem(path);
      case SYMBOLIC_LINK, BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET ->
          throw new IOException(
              Quote.quote(path.toString()) + " is neither a regular file nor a directory");
    }
  }

  /**
   * Makes a new name durable. The file's own entry first: Linux makes it anew on FAT with a length
   * of 0, and writes length and first cluster with the file's other facts. Flushing the directory
   * alone would bring an empty file under the final name to the disk, and leave it there for half a
   * minute.
   */
  private void syncName(Path path, FileKind kind) throws IOException {
    if (kind == FileKind.REGULAR) {
      sync(path, kind);
    } else {
      kernel.syncDirectory(Directories.holding(path));
    }
  }

  /** Gives an installed file another name in its directory, durably. Replaces nothing. */
  public void rename(Path from, Path to) throws UpdateException {
    try {
      if (from.equals(to)) {
        return;
      }
      if (kernel.status(to).isPresent()) {
        throw new FileAlreadyExistsException(to.toString());
      }
      kernel.rename(from, to);
      syncName(to, existing(to).kind());
    } catch (IOException e) {
      throw failure("renaming " + Quote.quote(from.toString()) + " to", to, e);
    }
  }

  /**
   * Removes an instance and the parents below the target directory that became empty
   * (update-algorithm.md 9.2). Missing is fine. A tree gets its partial name first, so that half of
   * it never passes for a version.
   */
  public void remove(Path instance, Path base) throws UpdateException {
    try {
      Optional<FileStatus> status = kernel.status(instance);
      if (status.isPresent() && status.get().kind() == FileKind.DIRECTORY) {
        removeDirectory(instance);
      } else {
        TreeRemoval.remove(kernel, instance);
      }
      Path parent = instance.getParent();
      while (parent != null && parent.startsWith(base) && !parent.equals(base)) {
        if (kernel.status(parent).isPresent()) {
          if (!kernel.list(parent).isEmpty()) {
            break;
          }
          kernel.remove(parent);
        }
        parent = parent.getParent();
      }
      if (parent != null && kernel.status(parent).isPresent()) {
        kernel.syncDirectory(parent);
      }
    } catch (IOException e) {
      throw failure("removing", instance, e);
    }
  }

  private void removeDirectory(Path instance) throws IOException {
    Path partial = partialName(instance);
    if (!partial.equals(instance)) {
      TreeRemoval.remove(kernel, partial);
      TreeRemoval.unlock(kernel, instance);
      kernel.rename(instance, partial);
      kernel.syncDirectory(Directories.holding(partial));
    }
    TreeRemoval.remove(kernel, partial);
  }

  /** The name under which a tree is neither installed nor pending. */
  static Path partialName(Path instance) {
    String name = String.valueOf(instance.getFileName());
    if (name.startsWith(Marker.PARTIAL.prefix())) {
      return instance;
    }
    return instance.resolveSibling(
        Marker.PARTIAL.mark(
            name.startsWith(Marker.PENDING.prefix())
                ? name.substring(Marker.PENDING.prefix().length())
                : name));
  }

  /**
   * Leftovers of interrupted writes directly inside a target directory (update-algorithm.md 9.1.1).
   *
   * @return how many were removed
   */
  public int sweep(Path directory) throws UpdateException {
    int removed = 0;
    try {
      for (Path leftover : leftoversIn(directory)) {
        TreeRemoval.remove(kernel, leftover);
        removed++;
      }
    } catch (IOException e) {
      throw failure("removing leftovers in", directory, e);
    }
    return removed;
  }

  /** What {@link #sweep} would remove. */
  public List<Path> leftovers(Path directory) throws UpdateException {
    try {
      return leftoversIn(directory);
    } catch (IOException e) {
      throw IoFailure.reading(
          "looking for leftovers in " + Quote.quote(directory.toString()) + " failed", e);
    }
  }

  private List<Path> leftoversIn(Path directory) throws IOException {
    if (kernel.statusFollowing(directory).isEmpty()) {
      return List.of();
    }
    return kernel.list(directory).stream()
        .filter(name -> name.startsWith(".#") || name.startsWith(Marker.PARTIAL.prefix()))
        .map(directory::resolve)
        .toList();
  }

  private static UpdateException failure(String doing, Path path, IOException cause) {
    return IoFailure.writing(doing + " " + Quote.quote(path.toString()) + " failed", cause);
  }
}
