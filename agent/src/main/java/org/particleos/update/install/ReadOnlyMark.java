package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * How an installed object is made read-only (update-algorithm.md 11.2): a file loses its write
 * bits, a subvolume gets its property, any other directory becomes immutable.
 *
 * <p>Deviation: H-07, an immutable directory cannot be renamed, so the mark is set after the last
 * rename only. What was cut off in between is marked by a later run.
 */
final class ReadOnlyMark {
  /** What stays of a mode when write permission is taken away. */
  static final int MODE_MASK = 07555;

  private static final int ENOTTY = 25;
  private static final int ENOSYS = 38;

  private ReadOnlyMark() {}

  /**
   * Marks the object durably; does nothing if it is marked.
   *
   * @return a warning if the file system has no such mark, or does not let us set it: the object is
   *     whole and usable all the same
   */
  static Optional<String> set(Kernel kernel, Path path) throws IOException {
    FileStatus status =
        kernel.status(path).orElseThrow(() -> new NoSuchFileException(path.toString()));
    try {
      switch (status.kind()) {
        case REGULAR -> takeWriteBits(kernel, path, status.mode());
        case DIRECTORY -> {
          if (kernel.isSubvolume(path)) {
            makeSubvolumeReadOnly(kernel, path);
          } else {
            makeImmutable(kernel, path);
          }
        }
        case SYMBOLIC_LINK, BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET -> {}
      }
      return Optional.empty();
    } catch (LinuxException failed) {
      if (failed.is(Errno.EOPNOTSUPP)
          || failed.is(Errno.EPERM)
          || failed.errno() == ENOTTY
          || failed.errno() == ENOSYS) {
        return Optional.of(
            Quote.quote(path.toString())
                + " stays writable, it cannot be marked read-only here: "
                + failed.getMessage());
      }
      throw failed;
    }
  }

  private static void takeWriteBits(Kernel kernel, Path path, int mode) throws IOException {
    if ((mode & ~MODE_MASK) == 0) {
      return;
    }
    kernel.changeMode(path, mode & MODE_MASK);
    try (OpenFile file = kernel.open(path, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      file.sync();
    }
  }

  private static void makeSubvolumeReadOnly(Kernel kernel, Path path) throws IOException {
    if (!kernel.subvolumeReadOnly(path)) {
      kernel.changeSubvolumeReadOnly(path, true);
      kernel.syncFileSystem(path);
    }
  }

  private static void makeImmutable(Kernel kernel, Path path) throws IOException {
    if (!kernel.inodeFlags(path).contains(InodeFlag.IMMUTABLE)) {
      kernel.changeInodeFlag(path, InodeFlag.IMMUTABLE, true);
      kernel.syncDirectory(path);
    }
  }
}
