package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.InodeFlag;

/**
 * Removes a file or a whole tree (update-algorithm.md 9.2), whatever marks forbid it: immutable and
 * append-only flags, read-only and nested btrfs subvolumes, directories without permissions. Links
 * are removed, never followed.
 *
 * <p>What is missing is fine, so a removal that was interrupted is repeated. It is not one step:
 * who needs a name to be there whole or not at all renames it first.
 *
 * <p>What is mounted within the tree is somebody else's and makes it fail. The walk goes by path;
 * so that nobody can exchange a directory for a link meanwhile, the top is closed to others first.
 * That does not keep out who is already inside.
 */
public final class TreeRemoval {
  /**
   * A path of PATH_MAX bytes has no more components; what lies deeper has no name for the kernel.
   */
  private static final int DEPTH_MAX = 2048;

  private static final int OWNER_ONLY = 0700;
  private static final int ENOTEMPTY = 39;

  private final Kernel kernel;
  private final Deque<Level> levels = new ArrayDeque<>();

  private TreeRemoval(Kernel kernel) {
    this.kernel = kernel;
  }

  /** Removes what has this name, and all below. */
  public static void remove(Kernel kernel, Path path) throws IOException {
    new TreeRemoval(kernel).run(path);
  }

  /** Takes the flags off that keep a file or directory from being renamed or removed. */
  public static boolean unlock(Kernel kernel, Path path) throws IOException {
    Set<InodeFlag> flags = kernel.inodeFlags(path);
    boolean unlocked = false;
    for (InodeFlag flag : List.of(InodeFlag.IMMUTABLE, InodeFlag.APPEND_ONLY)) {
      if (flags.contains(flag)) {
        kernel.changeInodeFlag(path, flag, false);
        unlocked = true;
      }
    }
    return unlocked;
  }

  /** A directory on the way down, and what is still to be removed of it. */
  private record Level(Path path, boolean subvolume, Iterator<String> names) {}

  /** Not recursive: a tree may be deeper than the stack of a thread. */
  private void run(Path top) throws IOException {
    enter(top);
    while (!levels.isEmpty()) {
      Level level = levels.getLast();
      if (level.names.hasNext()) {
        enter(level.path.resolve(level.names.next()));
        continue;
      }
      if (level.subvolume) {
        kernel.removeSubvolume(level.path);
      } else {
        removeName(level.path);
      }
      levels.removeLast();
    }
  }

  /** Removes what goes at once; a directory that has to be emptied first becomes a level. */
  private void enter(Path path) throws IOException {
    Optional<FileStatus> status = kernel.status(path);
    if (status.isEmpty()) {
      return;
    }
    if (status.get().kind() != FileKind.DIRECTORY) {
      removeFile(path);
      return;
    }
    if (levels.size() > DEPTH_MAX) {
      throw new IOException(
          Quote.quote(path.toString()) + " is nested deeper than " + DEPTH_MAX + " directories");
    }
    if (kernel.isMountPoint(path)) {
      throw new IOException(
          Quote.quote(path.toString()) + " is a mount point, and what is mounted is not removed");
    }
    boolean subvolume = kernel.isSubvolume(path);
    if (subvolume && removedWhole(path)) {
      return;
    }
    open(path, status.get().mode());
    levels.addLast(new Level(path, subvolume, kernel.list(path).iterator()));
  }

  /** Looks for flags only after a failure: few files have one. */
  private void removeFile(Path path) throws IOException {
    try {
      removeName(path);
    } catch (LinuxException forbidden) {
      if (!forbidden.is(Errno.EPERM) || !unlock(kernel, path)) {
        throw forbidden;
      }
      removeName(path);
    }
  }

  private void removeName(Path path) throws IOException {
    try {
      kernel.remove(path);
    } catch (LinuxException failed) {
      if (!failed.is(Errno.ENOENT)) {
        throw failed;
      }
    }
  }

  /** One request takes it all, unless a flag or a nested subvolume is in the way. */
  private boolean removedWhole(Path subvolume) throws IOException {
    try {
      kernel.removeSubvolume(subvolume);
      return true;
    } catch (LinuxException failed) {
      if (failed.is(Errno.ENOENT)) {
        return true;
      }
      boolean holdsAnother = failed.errno() == ENOTEMPTY;
      if (!holdsAnother && !failed.is(Errno.EPERM)) {
        throw failed;
      }
      if (kernel.subvolumeReadOnly(subvolume)) {
        kernel.changeSubvolumeReadOnly(subvolume, false);
      }
      // Permission is missing for another reason: then nothing of it is touched.
      if (!unlock(kernel, subvolume) && !holdsAnother) {
        throw failed;
      }
      return false;
    }
  }

  /** Makes a directory one whose entries we, and at the top only we, can remove. */
  private void open(Path directory, int mode) throws IOException {
    try {
      unlock(kernel, directory);
    } catch (LinuxException unreadable) {
      // Only without being root; then it has no flag that could be taken off.
      if (!unreadable.is(Errno.EACCES)) {
        throw unreadable;
      }
    }
    boolean fits = levels.isEmpty() ? mode == OWNER_ONLY : (mode & OWNER_ONLY) == OWNER_ONLY;
    if (fits) {
      return;
    }
    try {
      kernel.changeMode(directory, OWNER_ONLY);
    } catch (LinuxException noModes) {
      // FAT has none of its own. Where it matters, removing fails and says so.
      if (!noModes.is(Errno.EPERM)) {
        throw noModes;
      }
    }
  }
}
