package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.LinuxKernel.LibC;

/**
 * An image file that the kernel shows as a disk, a loop device (loop(4)). The kernel detaches it
 * when its last user is gone: this object and what is mounted from it, also if the process is
 * killed. Whoever attached it closes it.
 *
 * <p>As long as it is attached the image is locked with flock(2), alone for writing, shared for
 * reading (Deviation: H-09, the reference does not lock it): a file system that is mounted twice
 * for writing is lost. (The kernel keeps the open file that carries the lock.)
 */
public final class LoopDisk implements AutoCloseable {
  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int CLOSED = -1;
  private static final long LOOP_CTL_GET_FREE = 0x4c82;
  private static final long LOOP_CONFIGURE = 0x4c0a;
  private static final int LO_FLAGS_READ_ONLY = 1;
  private static final int LO_FLAGS_AUTOCLEAR = 4;
  private static final int LO_FLAGS_PARTSCAN = 8;
  private static final long BLKPG = 0x1269;
  private static final int BLKPG_ADD_PARTITION = 1;

  /** What sysfs counts in, whatever the sectors of the device. */
  private static final int SYSFS_SECTOR_BYTES = 512;

  /** The number is only free until somebody else asks too. Nobody loses this often in a row. */
  private static final int ATTEMPTS_MAX = 64;

  private final Path node;
  private final AtomicInteger descriptor;

  private LoopDisk(Path node, int descriptor) {
    this.node = node;
    this.descriptor = new AtomicInteger(descriptor);
  }

  /** Offsets in {@code struct loop_config}. */
  private static final class Config {
    static final int BYTES = 304;
    static final int DESCRIPTOR = 0;
    static final int BLOCK_BYTES = 4;
    static final int FLAGS = 60;
    static final int FILE_NAME = 64;
    static final int FILE_NAME_BYTES = 64;

    private Config() {}
  }

  /** Offsets in {@code struct blkpg_ioctl_arg} and {@code struct blkpg_partition}. */
  private static final class AddPartition {
    static final int ARGUMENT_BYTES = 24;
    static final int OPERATION = 0;
    static final int LENGTH = 8;
    static final int DATA = 16;
    static final int DATA_BYTES = 152;
    static final int DATA_START = 0;
    static final int DATA_SIZE = 8;
    static final int DATA_NUMBER = 16;

    private AddPartition() {}
  }

  /**
   * Attaches a regular file or block device.
   *
   * @param sectorBytes logical sector size that the disk shall have
   * @throws LinuxException with {@code EAGAIN} of {@code flock} if another process uses the image;
   *     with {@code EACCES} or {@code EPERM} without the rights for it
   */
  public static LoopDisk attach(Path image, boolean readOnly, int sectorBytes) throws IOException {
    int file = open(image, readOnly ? O_RDONLY : O_RDWR);
    try {
      int lock = (readOnly ? LOCK_SH : LOCK_EX) | LOCK_NB;
      LinuxKernel.check("flock", quote(image), () -> LibC.flock(file, lock));
      for (int attempt = 1; ; attempt++) {
        try {
          return configure(image, file, readOnly, sectorBytes);
        } catch (LinuxException failed) {
          if (!failed.is(Errno.EBUSY) || attempt == ATTEMPTS_MAX) {
            throw failed;
          }
        }
      }
    } finally {
      LibC.close(file);
    }
  }

  private static LoopDisk configure(Path image, int file, boolean readOnly, int sectorBytes)
      throws IOException {
    Path node = Path.of("/dev/loop" + free());
    int device = open(node, readOnly ? O_RDONLY : O_RDWR);
    try {
      var config = new Memory(Config.BYTES);
      config.clear();
      config.setInt(Config.DESCRIPTOR, file);
      config.setInt(Config.BLOCK_BYTES, sectorBytes);
      config.setInt(
          Config.FLAGS,
          LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN | (readOnly ? LO_FLAGS_READ_ONLY : 0));
      // For people who look at the list of loop devices; the end stays NUL.
      byte[] name = image.toString().getBytes(StandardCharsets.UTF_8);
      config.write(Config.FILE_NAME, name, 0, Math.min(name.length, Config.FILE_NAME_BYTES - 1));
      ioctl("LOOP_CONFIGURE", node, device, LOOP_CONFIGURE, Pointer.nativeValue(config));
      return new LoopDisk(node, device);
    } catch (IOException | RuntimeException | Error failed) {
      LibC.close(device);
      throw failed;
    }
  }

  private static long free() throws IOException {
    Path control = Path.of("/dev/loop-control");
    int descriptor = open(control, O_RDWR);
    try {
      return ioctl("LOOP_CTL_GET_FREE", control, descriptor, LOOP_CTL_GET_FREE, 0);
    } finally {
      LibC.close(descriptor);
    }
  }

  /** The device node of the disk. */
  public Path node() {
    return node;
  }

  /**
   * The device node of a partition. Adds the partition where the kernel did not find it by itself,
   * because it was built without this kind of table or somebody was faster.
   *
   * @throws IOException also if the kernel has another partition of this number
   */
  public Path partition(int number, long startBytes, long sizeBytes) throws IOException {
    String name = node.getFileName() + "p" + number;
    Path sysfs = Path.of("/sys/class/block").resolve(name);
    if (!Files.exists(sysfs)) {
      add(number, startBytes, sizeBytes);
    }
    long start = number(sysfs.resolve("start")) * SYSFS_SECTOR_BYTES;
    long size = number(sysfs.resolve("size")) * SYSFS_SECTOR_BYTES;
    if (start != startBytes || size != sizeBytes) {
      throw new IOException(
          "the kernel has "
              + Quote.quote(name)
              + " at byte "
              + start
              + " with "
              + size
              + " bytes, the partition table at "
              + startBytes
              + " with "
              + sizeBytes);
    }
    return node.resolveSibling(name);
  }

  private void add(int number, long startBytes, long sizeBytes) throws IOException {
    var data = new Memory(AddPartition.DATA_BYTES);
    data.clear();
    data.setLong(AddPartition.DATA_START, startBytes);
    data.setLong(AddPartition.DATA_SIZE, sizeBytes);
    data.setInt(AddPartition.DATA_NUMBER, number);
    var argument = new Memory(AddPartition.ARGUMENT_BYTES);
    argument.clear();
    argument.setInt(AddPartition.OPERATION, BLKPG_ADD_PARTITION);
    argument.setInt(AddPartition.LENGTH, AddPartition.DATA_BYTES);
    argument.setPointer(AddPartition.DATA, data);
    try {
      ioctl("BLKPG_ADD_PARTITION", node, descriptor.get(), BLKPG, Pointer.nativeValue(argument));
    } catch (LinuxException failed) {
      // It came into being just now; whether it is the right one, the caller looks.
      if (!failed.is(Errno.EBUSY)) {
        throw failed;
      }
    }
  }

  private static long number(Path attribute) throws IOException {
    String text = Files.readString(attribute).strip();
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException notNumber) {
      throw new IOException(quote(attribute) + " holds no number", notNumber);
    }
  }

  private static long ioctl(String name, Path subject, int descriptor, long request, long argument)
      throws IOException {
    return LinuxKernel.check(name, quote(subject), () -> LibC.ioctl(descriptor, request, argument));
  }

  private static int open(Path path, int access) throws IOException {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    byte[] name = Arrays.copyOf(bytes, bytes.length + 1);
    return (int)
        LinuxKernel.check("open", quote(path), () -> LibC.open(name, access | O_CLOEXEC, 0));
  }

  private static String quote(Path path) {
    return Quote.quote(path.toString());
  }

  /** Lets go of the disk. A second call does nothing. */
  @Override
  public void close() {
    int closing = descriptor.getAndSet(CLOSED);
    if (closing != CLOSED) {
      // Nothing was written through this descriptor, so closing has nothing to report.
      LibC.close(closing);
    }
  }
}
