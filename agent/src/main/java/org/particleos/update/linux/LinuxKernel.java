package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;

/**
 * The running kernel, called through the C library (glibc 2.33 or later) on x86-64 and arm64.
 *
 * <p>Every call that can be interrupted is repeated here and nowhere else. Every descriptor is
 * opened with {@code O_CLOEXEC}. Paths go to the kernel as UTF-8, whatever the locale, and with the
 * bytes that {@link FileName} knows. Safe for use by several threads.
 */
public final class LinuxKernel implements Kernel {
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_TRUNC = 0x200;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int RENAME_EXCHANGE = 2;
  private static final int EINTR = 4;
  private static final int EISDIR = 21;
  private static final int ENOTTY = 25;
  private static final int ENOSYS = 38;
  private static final long FS_IOC_GETFLAGS = 0x80086601L;
  private static final long FS_IOC_SETFLAGS = 0x40086602L;

  /** {@code linux/ext4.h}: takes a pointer to flags, of which none is set here. */
  private static final long EXT4_IOC_CHECKPOINT = 0x4004662bL;

  /** The {@code f_type} of ext2, ext3 and ext4. */
  private static final long EXT4_MAGIC = 0xef53;

  private static final int PERMISSIONS = 07777;
  private static final int NEW_FILE_MODE = 0664;

  /** PATH_MAX of Linux: the target of a symbolic link is never longer. */
  private static final int PATH_BYTES_MAX = 4096;

  /** Some hundred names per call; the longest record is below 300 bytes. */
  private static final int DIRECTORY_BUFFER_BYTES = 32 * 1024;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final OpenFlagBits bits;

  public LinuxKernel() {
    this.bits = OpenFlagBits.ofMachine(System.getProperty("os.arch"));
  }

  /** Flags of open(2) whose values depend on the architecture. */
  record OpenFlagBits(int direct, int directory, int noFollow) {
    /** {@code asm-generic/fcntl.h}. */
    static final OpenFlagBits X86_64 = new OpenFlagBits(0x4000, 0x10000, 0x20000);

    /** {@code arch/arm64/include/uapi/asm/fcntl.h}. */
    static final OpenFlagBits ARM64 = new OpenFlagBits(0x10000, 0x4000, 0x8000);

    static OpenFlagBits ofMachine(String machine) {
      return switch (machine) {
        case "amd64", "x86_64" -> X86_64;
        case "aarch64", "arm64" -> ARM64;
        default ->
            throw new IllegalStateException(
                "the values of O_DIRECT, O_DIRECTORY and O_NOFOLLOW are not known for " + machine);
      };
    }
  }

  /** A call that answers -1 and sets errno on failure. */
  @FunctionalInterface
  interface Call {
    long run();
  }

  /** Runs a call until it is not interrupted; throws what it failed with. */
  static long check(String name, String subject, Call call) throws LinuxException {
    while (true) {
      long result = call.run();
      if (result >= 0) {
        return result;
      }
      // JNA saves errno per thread within the native call itself. Nothing between the call and this
      // line can block, so a virtual thread is still on the same carrier.
      int errno = Native.getLastError();
      if (errno != EINTR) {
        throw failure(name, subject, errno);
      }
    }
  }

  static LinuxException failure(String name, String subject, int errno) {
    @Nullable String text = LibC.strerrordesc_np(errno);
    return new LinuxException(errno, name, subject, text == null ? "error " + errno : text);
  }

  private static long check(String name, Path path, Call call) throws LinuxException {
    return check(name, subject(path), call);
  }

  static String subject(Path path) {
    return Quote.quote(path.toString());
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    int mask = O_CLOEXEC;
    boolean read = flags.contains(OpenFlag.READ);
    boolean write = flags.contains(OpenFlag.WRITE);
    if (!read && !write) {
      throw new IllegalArgumentException("open needs READ or WRITE");
    }
    mask |= read && write ? O_RDWR : write ? O_WRONLY : O_RDONLY;
    for (OpenFlag flag : flags) {
      mask |=
          switch (flag) {
            case READ, WRITE -> 0;
            case CREATE -> O_CREAT;
            case EXCLUSIVE -> O_EXCL;
            case TRUNCATE -> O_TRUNC;
            case NO_FOLLOW -> bits.noFollow;
            case DIRECT -> bits.direct;
          };
    }
    int descriptor = openDescriptor(path, mask);
    try {
      boolean block = statusOf(descriptor, path).kind() == FileKind.BLOCK_DEVICE;
      return new LinuxFile(path, descriptor, block, write ? this::reopen : _ -> notForWriting());
    } catch (IOException | RuntimeException | Error failed) {
      LibC.close(descriptor);
      throw failed;
    }
  }

  /** By its descriptor, not by its name, which may belong to something else by now. */
  private int reopen(int descriptor) throws LinuxException {
    return openDescriptor(
        Path.of("/proc/self/fd").resolve(Integer.toString(descriptor)),
        O_WRONLY | O_CLOEXEC | bits.direct);
  }

  /** Opening it once more could give a right that was not asked for. */
  private static int notForWriting() throws IOException {
    throw new IOException("it was not opened for writing");
  }

  private static int openDescriptor(Path path, int mask) throws LinuxException {
    byte[] name = name(path);
    return (int) check("open", path, () -> LibC.open(name, mask, NEW_FILE_MODE));
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    return parsed(path, statx(path.toString(), AT_FDCWD, path, AT_SYMLINK_NOFOLLOW));
  }

  @Override
  public Optional<FileStatus> statusFollowing(Path path) throws IOException {
    return parsed(path, statx(path.toString(), AT_FDCWD, path, 0));
  }

  private static Optional<FileStatus> parsed(Path subject, Optional<Memory> statx)
      throws IOException {
    return statx.isPresent() ? Optional.of(parse(statx.get(), subject)) : Optional.empty();
  }

  /**
   * statx(2), since its structure is the same on every architecture. Unlike stat it also triggers
   * an automount. A path below something that is no directory is as absent as any other.
   */
  private static Optional<Memory> statx(String name, int directory, Path subject, int flags)
      throws IOException {
    byte[] terminated = terminated(name);
    // Zeroed: a field that the file system does not know stays 0.
    var buffer = new Memory(Statx.BYTES);
    buffer.clear();
    try {
      check(
          "statx",
          subject,
          () -> LibC.statx(directory, terminated, flags, Statx.BASIC, Pointer.nativeValue(buffer)));
      return Optional.of(buffer);
    } catch (LinuxException failed) {
      if (failed.is(Errno.ENOENT) || failed.errno() == Statx.ENOTDIR) {
        return Optional.empty();
      }
      throw failed;
    }
  }

  private static FileStatus parse(Memory statx, Path subject) throws IOException {
    int mode = Short.toUnsignedInt(statx.getShort(Statx.MODE));
    FileKind kind =
        switch (mode & Statx.KIND_MASK) {
          case Statx.KIND_REGULAR -> FileKind.REGULAR;
          case Statx.KIND_DIRECTORY -> FileKind.DIRECTORY;
          case Statx.KIND_LINK -> FileKind.SYMBOLIC_LINK;
          case Statx.KIND_BLOCK -> FileKind.BLOCK_DEVICE;
          case Statx.KIND_CHARACTER -> FileKind.CHARACTER_DEVICE;
          case Statx.KIND_FIFO -> FileKind.FIFO;
          case Statx.KIND_SOCKET -> FileKind.SOCKET;
          default -> throw new IOException(subject(subject) + " is of no kind that has a name");
        };
    return new FileStatus(
        kind,
        mode & PERMISSIONS,
        statx.getLong(Statx.SIZE),
        nanos(statx.getLong(Statx.MTIME_SECONDS), statx.getInt(Statx.MTIME_NANOS)),
        statx.getLong(Statx.INODE),
        new DeviceNumber(statx.getInt(Statx.DEVICE_MAJOR), statx.getInt(Statx.DEVICE_MINOR))
            .encoded(),
        new DeviceNumber(statx.getInt(Statx.SPECIAL_MAJOR), statx.getInt(Statx.SPECIAL_MINOR))
            .encoded(),
        statx.getInt(Statx.USER),
        statx.getInt(Statx.GROUP),
        Integer.toUnsignedLong(statx.getInt(Statx.LINKS)));
  }

  /** A time outside of what fits is the nearest that does. */
  static long nanos(long seconds, int nanos) {
    long limit = Long.MAX_VALUE / NANOS_PER_SECOND;
    if (seconds >= limit) {
      return Long.MAX_VALUE;
    }
    return seconds < -limit ? Long.MIN_VALUE : seconds * NANOS_PER_SECOND + nanos;
  }

  /** Offsets in {@code struct statx} and values of its fields. */
  private static final class Statx {
    static final int BYTES = 256;
    static final int BASIC = 0x7ff;
    static final int ATTRIBUTES = 8;
    static final long MOUNT_ROOT = 0x2000;
    static final int LINKS = 16;
    static final int USER = 20;
    static final int GROUP = 24;
    static final int MODE = 28;
    static final int INODE = 32;
    static final int SIZE = 40;
    static final int MTIME_SECONDS = 112;
    static final int MTIME_NANOS = 120;
    static final int SPECIAL_MAJOR = 128;
    static final int SPECIAL_MINOR = 132;
    static final int DEVICE_MAJOR = 136;
    static final int DEVICE_MINOR = 140;
    static final int KIND_MASK = 0xf000;
    static final int KIND_REGULAR = 0x8000;
    static final int KIND_DIRECTORY = 0x4000;
    static final int KIND_LINK = 0xa000;
    static final int KIND_BLOCK = 0x6000;
    static final int KIND_CHARACTER = 0x2000;
    static final int KIND_FIFO = 0x1000;
    static final int KIND_SOCKET = 0xc000;
    static final int ENOTDIR = 20;

    private Statx() {}
  }

  /** Offsets in {@code struct statfs} of the 64 bit architectures. */
  private static final class Statfs {
    static final int BYTES = 120;
    static final int TYPE = 0;
    static final int BLOCK_BYTES = 8;
    static final int BLOCKS = 16;
    static final int BLOCKS_AVAILABLE = 32;
    static final int FRAGMENT_BYTES = 72;
    static final int FLAGS = 80;
    static final long READ_ONLY = 1;

    private Statfs() {}
  }

  @Override
  public SpaceStatus space(Path path) throws IOException {
    byte[] name = name(path);
    var buffer = new Memory(Statfs.BYTES);
    buffer.clear();
    check("statfs", path, () -> LibC.statfs(name, Pointer.nativeValue(buffer)));
    long fragment = buffer.getLong(Statfs.FRAGMENT_BYTES);
    long unit = fragment > 0 ? fragment : buffer.getLong(Statfs.BLOCK_BYTES);
    return new SpaceStatus(
        buffer.getLong(Statfs.TYPE),
        buffer.getLong(Statfs.BLOCKS) * unit,
        buffer.getLong(Statfs.BLOCKS_AVAILABLE) * unit,
        unit,
        (buffer.getLong(Statfs.FLAGS) & Statfs.READ_ONLY) != 0);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    int descriptor = openDescriptor(directory, directoryFlags());
    try {
      var names = new ArrayList<byte[]>();
      var buffer = new Memory(DIRECTORY_BUFFER_BYTES);
      while (true) {
        int filled =
            (int)
                check(
                    "getdents64",
                    directory,
                    () ->
                        LibC.getdents64(
                            descriptor, Pointer.nativeValue(buffer), DIRECTORY_BUFFER_BYTES));
        if (filled == 0) {
          break;
        }
        collectNames(buffer, filled, names);
      }
      names.sort(Arrays::compareUnsigned);
      return names.stream().map(FileName::text).toList();
    } finally {
      LibC.close(descriptor);
    }
  }

  /** {@code struct linux_dirent64}: inode 8, offset 8, record length 2, type 1, name. */
  private static void collectNames(Memory buffer, int filled, List<byte[]> names) {
    int record = 0;
    while (record < filled) {
      int length = Short.toUnsignedInt(buffer.getShort(record + 16L));
      int start = record + 19;
      int end = start;
      while (buffer.getByte(end) != 0) {
        end++;
      }
      byte[] name = buffer.getByteArray(start, end - start);
      boolean dots = name.length <= 2 && name[0] == '.' && name[name.length - 1] == '.';
      if (!dots) {
        names.add(name);
      }
      record += length;
    }
  }

  @Override
  public String readLink(Path link) throws IOException {
    byte[] name = name(link);
    byte[] target = new byte[PATH_BYTES_MAX];
    int length = (int) check("readlink", link, () -> LibC.readlink(name, target, PATH_BYTES_MAX));
    return FileName.text(Arrays.copyOf(target, length));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    byte[] old = name(from);
    byte[] renamed = name(to);
    check("rename", pair(from, to), () -> LibC.rename(old, renamed));
  }

  @Override
  public void exchange(Path one, Path other) throws IOException {
    byte[] first = name(one);
    byte[] second = name(other);
    check(
        "renameat2",
        pair(one, other),
        () -> LibC.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE));
  }

  @Override
  public void remove(Path path) throws IOException {
    byte[] name = name(path);
    try {
      check("unlink", path, () -> LibC.unlink(name));
    } catch (LinuxException failed) {
      if (failed.errno() != EISDIR) {
        throw failed;
      }
      check("rmdir", path, () -> LibC.rmdir(name));
    }
  }

  @Override
  public void makeDirectory(Path path, int mode) throws IOException {
    byte[] name = name(path);
    check("mkdir", path, () -> LibC.mkdir(name, mode));
  }

  @Override
  public void makeSymbolicLink(String target, Path link) throws IOException {
    byte[] content = terminated(target);
    byte[] name = name(link);
    check("symlink", link, () -> LibC.symlink(content, name));
  }

  @Override
  public void changeMode(Path path, int mode) throws IOException {
    byte[] name = name(path);
    check("fchmodat", path, () -> LibC.fchmodat(AT_FDCWD, name, mode, AT_SYMLINK_NOFOLLOW));
  }

  @Override
  public void makeHardLink(Path existing, Path link) throws IOException {
    byte[] old = name(existing);
    byte[] made = name(link);
    check("linkat", pair(existing, link), () -> LibC.linkat(AT_FDCWD, old, AT_FDCWD, made, 0));
  }

  @Override
  public void makeSpecialFile(Path path, FileKind kind, int mode, long specialDevice)
      throws IOException {
    int type =
        switch (kind) {
          case BLOCK_DEVICE -> Statx.KIND_BLOCK;
          case CHARACTER_DEVICE -> Statx.KIND_CHARACTER;
          case FIFO -> Statx.KIND_FIFO;
          case SOCKET -> Statx.KIND_SOCKET;
          case REGULAR, DIRECTORY, SYMBOLIC_LINK ->
              throw new IllegalArgumentException("mknod makes no " + kind);
        };
    boolean device = kind == FileKind.BLOCK_DEVICE || kind == FileKind.CHARACTER_DEVICE;
    byte[] name = name(path);
    check("mknod", path, () -> LibC.mknod(name, type | mode, device ? specialDevice : 0));
  }

  @Override
  public void changeTimes(Path path, long mtimeNanos) throws IOException {
    byte[] name = name(path);
    // struct timespec twice: access, modification.
    var times = new Memory(32);
    for (int at = 0; at < 32; at += 16) {
      times.setLong(at, Math.floorDiv(mtimeNanos, NANOS_PER_SECOND));
      times.setLong(at + 8, Math.floorMod(mtimeNanos, NANOS_PER_SECOND));
    }
    check(
        "utimensat",
        path,
        () -> LibC.utimensat(AT_FDCWD, name, Pointer.nativeValue(times), AT_SYMLINK_NOFOLLOW));
  }

  @Override
  public void changeOwner(Path path, int user, int group) throws IOException {
    byte[] name = name(path);
    check("lchown", path, () -> LibC.lchown(name, user, group));
  }

  @Override
  public List<String> attributeNames(Path path) throws IOException {
    return ExtendedAttributes.names(path);
  }

  @Override
  public Optional<byte[]> attribute(Path path, String name) throws IOException {
    return ExtendedAttributes.value(path, name);
  }

  @Override
  public void setAttribute(Path path, String name, byte[] value) throws IOException {
    ExtendedAttributes.set(path, name, value);
  }

  @Override
  public void removeAttribute(Path path, String name) throws IOException {
    ExtendedAttributes.remove(path, name);
  }

  @Override
  public Set<InodeFlag> inodeFlags(Path path) throws IOException {
    FileKind kind = status(path).map(FileStatus::kind).orElse(FileKind.REGULAR);
    if (kind != FileKind.REGULAR && kind != FileKind.DIRECTORY) {
      return Set.of();
    }
    int bitsSet;
    try {
      bitsSet = ask(path, inodeFlagsFlags(), fd -> inodeBits(fd, path));
    } catch (LinuxException failed) {
      if (failed.errno() == ENOTTY || failed.errno() == ENOSYS || failed.is(Errno.EOPNOTSUPP)) {
        return Set.of();
      }
      throw failed;
    }
    var flags = EnumSet.noneOf(InodeFlag.class);
    for (InodeFlag flag : InodeFlag.values()) {
      if ((bitsSet & bit(flag)) != 0) {
        flags.add(flag);
      }
    }
    return Set.copyOf(flags);
  }

  @Override
  public void changeInodeFlag(Path path, InodeFlag flag, boolean on) throws IOException {
    FileKind kind = status(path).map(FileStatus::kind).orElse(FileKind.REGULAR);
    if (kind != FileKind.REGULAR && kind != FileKind.DIRECTORY) {
      throw failure("FS_IOC_SETFLAGS", subject(path), Errno.EOPNOTSUPP.number());
    }
    withDescriptor(
        path,
        inodeFlagsFlags(),
        fd -> {
          int before = inodeBits(fd, path);
          int wanted = on ? before | bit(flag) : before & ~bit(flag);
          if (wanted != before) {
            var buffer = new Memory(Long.BYTES);
            buffer.clear();
            buffer.setInt(0, wanted);
            check(
                "FS_IOC_SETFLAGS",
                path,
                () -> LibC.ioctl(fd, FS_IOC_SETFLAGS, Pointer.nativeValue(buffer)));
          }
        });
  }

  /** Does not wait for a FIFO that took the place of the file meanwhile. */
  private int inodeFlagsFlags() {
    return O_RDONLY | O_CLOEXEC | O_NONBLOCK | bits.noFollow;
  }

  /** The number says long, the kernel reads and writes an int. */
  private static int inodeBits(int descriptor, Path path) throws LinuxException {
    var buffer = new Memory(Long.BYTES);
    buffer.clear();
    check(
        "FS_IOC_GETFLAGS",
        path,
        () -> LibC.ioctl(descriptor, FS_IOC_GETFLAGS, Pointer.nativeValue(buffer)));
    return buffer.getInt(0);
  }

  /** {@code linux/fs.h}. */
  private static int bit(InodeFlag flag) {
    return switch (flag) {
      case IMMUTABLE -> 0x10;
      case APPEND_ONLY -> 0x20;
      case NO_COPY_ON_WRITE -> 0x00800000;
    };
  }

  @Override
  public boolean isMountPoint(Path path) throws IOException {
    return statx(path.toString(), AT_FDCWD, path, AT_SYMLINK_NOFOLLOW)
        .filter(statx -> (statx.getLong(Statx.ATTRIBUTES) & Statx.MOUNT_ROOT) != 0)
        .isPresent();
  }

  @Override
  public boolean isSubvolume(Path path) throws IOException {
    Optional<FileStatus> status = status(path);
    return status.isPresent()
        && status.get().kind() == FileKind.DIRECTORY
        && status.get().inode() == Subvolumes.ROOT_INODE
        && space(path).magic() == Subvolumes.BTRFS_MAGIC;
  }

  @Override
  public void makeSubvolume(Path path) throws IOException {
    withDescriptor(parent(path), parentFlags(), directory -> Subvolumes.make(directory, path));
  }

  @Override
  public void snapshotSubvolume(Path source, Path snapshot) throws IOException {
    withDescriptor(
        source,
        directoryFlags(),
        original ->
            withDescriptor(
                parent(snapshot),
                parentFlags(),
                directory -> Subvolumes.snapshot(directory, original, snapshot)));
  }

  @Override
  public void removeSubvolume(Path path) throws IOException {
    withDescriptor(parent(path), parentFlags(), directory -> Subvolumes.remove(directory, path));
  }

  @Override
  public boolean subvolumeReadOnly(Path path) throws IOException {
    return ask(path, directoryFlags(), descriptor -> Subvolumes.readOnly(descriptor, path));
  }

  @Override
  public void changeSubvolumeReadOnly(Path path, boolean readOnly) throws IOException {
    withDescriptor(
        path,
        directoryFlags(),
        descriptor -> Subvolumes.changeReadOnly(descriptor, path, readOnly));
  }

  /** Links are followed on the way to a name, as every other call does. */
  private int parentFlags() {
    return O_RDONLY | O_CLOEXEC | bits.directory;
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("nothing holds " + path);
    }
    return parent;
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    withDescriptor(
        directory, directoryFlags(), fd -> check("fsync", directory, () -> LibC.fsync(fd)));
  }

  @Override
  public void syncFileSystem(Path path) throws IOException {
    withDescriptor(path, O_RDONLY | O_CLOEXEC, fd -> check("syncfs", path, () -> LibC.syncfs(fd)));
  }

  @Override
  public void checkpointJournal(Path directory) throws IOException {
    if (space(directory).magic() != EXT4_MAGIC) {
      return; // another file system may mean something else by this number
    }
    withDescriptor(
        directory,
        directoryFlags(),
        fd -> {
          var flags = new Memory(Long.BYTES);
          flags.clear();
          try {
            check(
                "EXT4_IOC_CHECKPOINT",
                directory,
                () -> LibC.ioctl(fd, EXT4_IOC_CHECKPOINT, Pointer.nativeValue(flags)));
          } catch (LinuxException failed) {
            boolean withoutJournal = failed.is(Errno.ENODEV);
            boolean unknown = failed.errno() == ENOTTY || failed.is(Errno.EOPNOTSUPP);
            if (!withoutJournal && !unknown && !failed.is(Errno.EPERM)) {
              throw failed;
            }
          }
        });
  }

  @Override
  public void syncAll() {
    LibC.sync();
  }

  private int directoryFlags() {
    return O_RDONLY | O_CLOEXEC | bits.directory | bits.noFollow;
  }

  @FunctionalInterface
  private interface DescriptorCall {
    void run(int descriptor) throws IOException;
  }

  @FunctionalInterface
  private interface DescriptorQuestion<T> {
    T run(int descriptor) throws IOException;
  }

  private static void withDescriptor(Path path, int flags, DescriptorCall call) throws IOException {
    int descriptor = openDescriptor(path, flags);
    try {
      call.run(descriptor);
    } finally {
      // Nothing was written through this descriptor, so closing has nothing to report.
      LibC.close(descriptor);
    }
  }

  private static <T> T ask(Path path, int flags, DescriptorQuestion<T> question)
      throws IOException {
    int descriptor = openDescriptor(path, flags);
    try {
      return question.run(descriptor);
    } finally {
      LibC.close(descriptor);
    }
  }

  private static String pair(Path one, Path other) {
    return Quote.quote(one.toString()) + " and " + Quote.quote(other.toString());
  }

  static byte[] name(Path path) {
    return terminated(path.toString());
  }

  static byte[] terminated(String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a path cannot contain NUL");
    }
    byte[] bytes = FileName.bytes(text);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  /**
   * The C library, found among the symbols of the process itself: the JVM is linked with it.
   * Addresses are passed as {@code long}, which is right on 64 bit.
   */
  static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int open(byte[] path, int flags, int mode);

    static native int close(int descriptor);

    static native long pread(int descriptor, long buffer, long count, long offset);

    static native long pwrite(int descriptor, long buffer, long count, long offset);

    static native int fsync(int descriptor);

    static native int syncfs(int descriptor);

    static native void sync();

    static native int ftruncate(int descriptor, long length);

    static native int fallocate(int descriptor, int mode, long offset, long length);

    static native int sync_file_range(int descriptor, long offset, long length, int flags);

    static native int flock(int descriptor, int operation);

    static native int ioctl(int descriptor, long request, long argument);

    static native int statx(int directory, byte[] path, int flags, int mask, long buffer);

    static native int statfs(byte[] path, long buffer);

    static native long getdents64(int descriptor, long buffer, long count);

    static native long readlink(byte[] path, byte[] buffer, long count);

    static native int rename(byte[] from, byte[] to);

    static native int renameat2(
        int fromDirectory, byte[] from, int toDirectory, byte[] to, int flags);

    static native int unlink(byte[] path);

    static native int rmdir(byte[] path);

    static native int mkdir(byte[] path, int mode);

    static native int symlink(byte[] target, byte[] link);

    static native int linkat(int fromDirectory, byte[] from, int toDirectory, byte[] to, int flags);

    static native int mknod(byte[] path, int mode, long device);

    static native int lchown(byte[] path, int user, int group);

    static native long llistxattr(byte[] path, byte[] names, long count);

    static native long lgetxattr(byte[] path, byte[] name, byte[] value, long count);

    static native int lsetxattr(byte[] path, byte[] name, byte[] value, long count, int flags);

    static native int lremovexattr(byte[] path, byte[] name);

    static native long lseek(int descriptor, long offset, int whence);

    static native int fchmodat(int directory, byte[] path, int mode, int flags);

    static native int utimensat(int directory, byte[] path, long times, int flags);

    /** Not translated, unlike strerror. */
    static native @Nullable String strerrordesc_np(int errno);
  }

  /** The address of the first byte of a direct buffer, whatever its position. */
  static long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  /** fstat; an open file is there even if its name is gone. */
  static FileStatus statusOf(int descriptor, Path subject) throws IOException {
    return parsed(subject, statx("", descriptor, subject, AT_EMPTY_PATH)).orElseThrow();
  }
}
