package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;

/**
 * The running kernel, called through the C library (glibc 2.32 or later) on x86-64 and arm64.
 *
 * <p>Every call that can be interrupted is repeated here and nowhere else. Every descriptor is
 * opened with {@code O_CLOEXEC}. Paths go to the kernel as UTF-8, whatever the locale. Safe for use
 * by several threads.
 */
public final class LinuxKernel implements Kernel {
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_TRUNC = 0x200;
  private static final int O_CLOEXEC = 0x80000;
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int RENAME_EXCHANGE = 2;
  private static final int EINTR = 4;
  private static final int EISDIR = 21;
  private static final int PERMISSIONS = 07777;
  private static final int NEW_FILE_MODE = 0664;

  /** PATH_MAX of Linux: the target of a symbolic link is never longer. */
  private static final int PATH_BYTES_MAX = 4096;

  /** Some hundred names per call; the longest record is below 300 bytes. */
  private static final int DIRECTORY_BUFFER_BYTES = 32 * 1024;

  private static final long NANOS_PER_MICRO = 1_000;
  private static final long MICROS_PER_SECOND = 1_000_000;

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
    return check(name, Quote.quote(path.toString()), call);
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
      return new LinuxFile(path, descriptor, block);
    } catch (IOException | RuntimeException | Error failed) {
      LibC.close(descriptor);
      throw failed;
    }
  }

  private static int openDescriptor(Path path, int mask) throws LinuxException {
    byte[] name = name(path);
    return (int) check("open", path, () -> LibC.open(name, mask, NEW_FILE_MODE));
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    return statx(path.toString(), AT_FDCWD, path, AT_SYMLINK_NOFOLLOW).map(LinuxKernel::parse);
  }

  @Override
  public Optional<FileStatus> statusFollowing(Path path) throws IOException {
    return statx(path.toString(), AT_FDCWD, path, 0).map(LinuxKernel::parse);
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

  private static FileStatus parse(Memory statx) {
    int mode = Short.toUnsignedInt(statx.getShort(Statx.MODE));
    FileKind kind =
        switch (mode & Statx.KIND_MASK) {
          case Statx.KIND_REGULAR -> FileKind.REGULAR;
          case Statx.KIND_DIRECTORY -> FileKind.DIRECTORY;
          case Statx.KIND_LINK -> FileKind.SYMBOLIC_LINK;
          case Statx.KIND_BLOCK -> FileKind.BLOCK_DEVICE;
          default -> FileKind.OTHER;
        };
    long micros =
        statx.getLong(Statx.MTIME_SECONDS) * MICROS_PER_SECOND
            + Integer.toUnsignedLong(statx.getInt(Statx.MTIME_NANOS)) / NANOS_PER_MICRO;
    return new FileStatus(
        kind,
        mode & PERMISSIONS,
        statx.getLong(Statx.SIZE),
        micros,
        statx.getLong(Statx.INODE),
        new DeviceNumber(statx.getInt(Statx.DEVICE_MAJOR), statx.getInt(Statx.DEVICE_MINOR))
            .encoded(),
        new DeviceNumber(statx.getInt(Statx.SPECIAL_MAJOR), statx.getInt(Statx.SPECIAL_MINOR))
            .encoded());
  }

  /** Offsets in {@code struct statx} and values of its fields. */
  private static final class Statx {
    static final int BYTES = 256;
    static final int BASIC = 0x7ff;
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
      // A name that is not UTF-8 gets replacement characters: no pattern matches it, and a later
      // call with it finds nothing.
      return names.stream().map(name -> new String(name, StandardCharsets.UTF_8)).toList();
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
    return new String(target, 0, length, StandardCharsets.UTF_8);
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
  public void changeTimes(Path path, long mtimeMicros) throws IOException {
    byte[] name = name(path);
    // struct timespec twice: access, modification.
    var times = new Memory(32);
    for (int at = 0; at < 32; at += 16) {
      times.setLong(at, Math.floorDiv(mtimeMicros, MICROS_PER_SECOND));
      times.setLong(at + 8, Math.floorMod(mtimeMicros, MICROS_PER_SECOND) * NANOS_PER_MICRO);
    }
    check(
        "utimensat",
        path,
        () -> LibC.utimensat(AT_FDCWD, name, Pointer.nativeValue(times), AT_SYMLINK_NOFOLLOW));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    withDescriptor(directory, directoryFlags(), "fsync", LibC::fsync);
  }

  @Override
  public void syncFileSystem(Path path) throws IOException {
    withDescriptor(path, O_RDONLY | O_CLOEXEC, "syncfs", LibC::syncfs);
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
    int run(int descriptor);
  }

  private static void withDescriptor(Path path, int flags, String name, DescriptorCall call)
      throws LinuxException {
    int descriptor = openDescriptor(path, flags);
    try {
      check(name, path, () -> call.run(descriptor));
    } finally {
      // Nothing was written through this descriptor, so closing has nothing to report.
      LibC.close(descriptor);
    }
  }

  private static String pair(Path one, Path other) {
    return Quote.quote(one.toString()) + " and " + Quote.quote(other.toString());
  }

  private static byte[] name(Path path) {
    return terminated(path.toString());
  }

  private static byte[] terminated(String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a path cannot contain NUL");
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
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
    return parse(statx("", descriptor, subject, AT_EMPTY_PATH).orElseThrow());
  }
}
