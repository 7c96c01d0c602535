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
 * Names that are not UTF-8 are spelled as {@link FileName} does.
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
    CHARACTER_DEVICE,
    FIFO,
    SOCKET
  }

  /** What {@code chattr} changes and an update cares for. */
  enum InodeFlag {
    /** Nobody can change, rename, link or remove it, root included ({@code i}). */
    IMMUTABLE,
    /** It can only grow ({@code a}). */
    APPEND_ONLY,
    /** Of btrfs: data is overwritten in place and has no checksums ({@code C}). */
    NO_COPY_ON_WRITE
  }

  /**
   * What lstat tells.
   *
   * @param mode permission bits with set-id and sticky bits, at most 07777
   * @param mtimeNanos time of last modification, nanoseconds since 1970; a time beyond what a long
   *     holds (the year 2262) is its end
   * @param device number of the device that holds the file ({@code st_dev})
   * @param specialDevice number of the device that a device node stands for ({@code st_rdev}), else
   *     0
   * @param links how many names it has
   */
  record FileStatus(
      FileKind kind,
      int mode,
      long sizeBytes,
      long mtimeNanos,
      long inode,
      long device,
      long specialDevice,
      int user,
      int group,
      long links) {
    private static final long NANOS_PER_MICRO = 1_000;

    /** Time of last modification, microseconds since 1970, rounded down. */
    public long mtimeMicros() {
      return Math.floorDiv(mtimeNanos, NANOS_PER_MICRO);
    }
  }

  /**
   * What statfs tells.
   *
   * @param magic type of the file system, {@code f_type}
   * @param availableBytes free for the calling user
   * @param blockBytes allocation unit
   */
  record SpaceStatus(
      long magic, long totalBytes, long availableBytes, long blockBytes, boolean readOnly) {
    /** The {@code f_type} of btrfs. */
    public static final long BTRFS = 0x9123683EL;

    /** Whether it can do what only btrfs can: subvolumes, no copy-on-write. */
    public boolean btrfs() {
      return magic == BTRFS;
    }
  }

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

  /** unlink or rmdir. Never a subvolume that is not empty. */
  void remove(Path path) throws IOException;

  void makeDirectory(Path path, int mode) throws IOException;

  void makeSymbolicLink(String target, Path link) throws IOException;

  /** link(2): a second name for the same file, also of a symbolic link itself. */
  void makeHardLink(Path existing, Path link) throws IOException;

  /**
   * mknod: a FIFO, a socket or a device node, with the mode less the umask.
   *
   * @param specialDevice number of the device as {@link DeviceNumber#encoded}; nothing to the
   *     others
   * @throws IllegalArgumentException for a kind that has a call of its own
   */
  void makeSpecialFile(Path path, FileKind kind, int mode, long specialDevice) throws IOException;

  void changeMode(Path path, int mode) throws IOException;

  /** Sets both times; nanoseconds since 1970. */
  void changeTimes(Path path, long mtimeNanos) throws IOException;

  /** lchown. The kernel clears set-id bits and capabilities with it. */
  void changeOwner(Path path, int user, int group) throws IOException;

  /** Sorted names of the extended attributes; none where the file system has no such thing. */
  List<String> attributeNames(Path path) throws IOException;

  /** The value of an extended attribute; empty if it is not set or cannot be. */
  Optional<byte[]> attribute(Path path, String name) throws IOException;

  void setAttribute(Path path, String name, byte[] value) throws IOException;

  void removeAttribute(Path path, String name) throws IOException;

  /**
   * The flags of a file or directory; none of anything else, and none where the file system has no
   * flags.
   */
  Set<InodeFlag> inodeFlags(Path path) throws IOException;

  /**
   * Sets or clears one flag of a file or directory; does nothing if it is so already.
   *
   * @throws LinuxException with {@code EOPNOTSUPP} or {@code ENOTTY} where that is impossible
   */
  void changeInodeFlag(Path path, InodeFlag flag, boolean on) throws IOException;

  /**
   * Whether something is mounted there, a bind mount of the same file system included. False where
   * the kernel cannot tell (before Linux 5.8).
   */
  boolean isMountPoint(Path path) throws IOException;

  /** Whether the path is the root of a btrfs subvolume; false for whatever else is there or not. */
  boolean isSubvolume(Path path) throws IOException;

  /**
   * Creates an empty btrfs subvolume.
   *
   * @throws LinuxException with {@code ENOTTY} or {@code EOPNOTSUPP} on any other file system
   */
  void makeSubvolume(Path path) throws IOException;

  /** Creates a writable snapshot of a subvolume. Nested subvolumes are empty directories in it. */
  void snapshotSubvolume(Path source, Path snapshot) throws IOException;

  /** Removes a subvolume with all it holds but nested subvolumes, which make it fail. */
  void removeSubvolume(Path path) throws IOException;

  boolean subvolumeReadOnly(Path path) throws IOException;

  void changeSubvolumeReadOnly(Path path, boolean readOnly) throws IOException;

  /** Makes names in the directory durable: open, fsync, close. */
  void syncDirectory(Path directory) throws IOException;

  /** syncfs of the file system that holds the path. */
  void syncFileSystem(Path path) throws IOException;

  /**
   * Empties the journal of an ext4 file system into its place, so that who reads the device without
   * replaying the journal finds everything that was synced before. Does nothing on any other file
   * system, nor where the kernel cannot (before Linux 5.14) or does not let us.
   */
  void checkpointJournal(Path directory) throws IOException;

  /** sync(2): everything everywhere. */
  void syncAll();
}
