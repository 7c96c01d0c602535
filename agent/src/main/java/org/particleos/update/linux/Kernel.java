package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The calls that inspect and change disks and file systems. Everything the program writes goes
 * through here, so that a recording or failing implementation sees every change in its order.
 *
 * <p>Paths are absolute. No call follows a symbolic link in the last component unless it says so. A
 * failed call throws {@link LinuxException}; {@code EINTR} and short transfers are handled inside.
 */
public interface Kernel {
  enum OpenFlag {
    READ,
    WRITE,
    /** Create the file if it is missing, with mode 0664 less the umask. */
    CREATE,
    /** With {@link #CREATE}: fail if it exists. */
    EXCLUSIVE,
    TRUNCATE,
    /** Refuse a symbolic link as last component. Without it, open follows links. */
    NO_FOLLOW,
    /**
     * Bypass the page cache; offset, length and address must then be multiples of the block size.
     */
    DIRECT
  }

  enum FileKind {
    REGULAR,
    DIRECTORY,
    SYMBOLIC_LINK,
    BLOCK_DEVICE,
    OTHER
  }

  /**
   * What lstat tells.
   *
   * @param mode permission bits with set-id and sticky bits, at most 07777
   * @param device number of the device that holds the file ({@code st_dev})
   * @param specialDevice number of the device that a device node stands for ({@code st_rdev}), else
   *     0
   * @param mtimeMicros time of last modification, microseconds since 1970
   */
  record FileStatus(
      FileKind kind,
      int mode,
      long sizeBytes,
      long mtimeMicros,
      long inode,
      long device,
      long specialDevice) {}

  /**
   * What statfs tells.
   *
   * @param magic type of the file system, {@code f_type}
   * @param availableBytes free for the calling user
   * @param blockBytes allocation unit
   */
  record SpaceStatus(
      long magic, long totalBytes, long availableBytes, long blockBytes, boolean readOnly) {}

  OpenFile open(Path path, Set<OpenFlag> flags) throws IOException;

  /** lstat; empty if there is nothing of that name. */
  Optional<FileStatus> status(Path path) throws IOException;

  /** stat, following links; empty if there is nothing. */
  Optional<FileStatus> statusFollowing(Path path) throws IOException;

  SpaceStatus space(Path path) throws IOException;

  /** Names in a directory without {@code .} and {@code ..}, sorted by bytes. Follows no link. */
  List<String> list(Path directory) throws IOException;

  String readLink(Path link) throws IOException;

  /** rename(2): replaces an existing file or empty directory at once. */
  void rename(Path from, Path to) throws IOException;

  /** renameat2(2) with RENAME_EXCHANGE: swaps two names at once. */
  void exchange(Path one, Path other) throws IOException;

  /** unlink or rmdir. */
  void remove(Path path) throws IOException;

  void makeDirectory(Path path, int mode) throws IOException;

  void makeSymbolicLink(String target, Path link) throws IOException;

  void changeMode(Path path, int mode) throws IOException;

  /** Sets both times; microseconds since 1970. */
  void changeTimes(Path path, long mtimeMicros) throws IOException;

  /** Makes names in the directory durable: open, fsync, close. */
  void syncDirectory(Path directory) throws IOException;

  /** syncfs of the file system that holds the path. */
  void syncFileSystem(Path path) throws IOException;

  /** sync(2): everything everywhere. */
  void syncAll();
}
