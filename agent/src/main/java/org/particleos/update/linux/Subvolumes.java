package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Path;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.LinuxKernel.LibC;

/**
 * The requests of btrfs for subvolumes ({@code linux/btrfs.h}). The numbers and structures are the
 * same on every 64 bit architecture.
 */
final class Subvolumes {
  /** The root directory of every subvolume has this inode number, and nothing else has. */
  static final long ROOT_INODE = 256;

  static final long BTRFS_MAGIC = 0x9123683eL;

  private static final long SNAP_DESTROY = 0x5000940fL;
  private static final long SNAP_CREATE_V2 = 0x50009417L;
  private static final long SUBVOL_CREATE_V2 = 0x50009418L;
  private static final long SUBVOL_GETFLAGS = 0x80089419L;
  private static final long SUBVOL_SETFLAGS = 0x4008941aL;
  private static final long READ_ONLY = 2;

  /** {@code struct btrfs_ioctl_vol_args} and {@code _v2}, both of one page. */
  private static final int ARGUMENT_BYTES = 4096;

  private static final int NAME_OFFSET = 8;
  private static final int NAME_OFFSET_V2 = 56;

  /** Of a single name, on btrfs as elsewhere; the kernel checks it again. */
  private static final int NAME_BYTES_MAX = 255;

  private Subvolumes() {}

  static void make(int directory, Path path) throws IOException {
    request("BTRFS_IOC_SUBVOL_CREATE_V2", SUBVOL_CREATE_V2, directory, path, 0, NAME_OFFSET_V2);
  }

  static void snapshot(int directory, int source, Path snapshot) throws IOException {
    request(
        "BTRFS_IOC_SNAP_CREATE_V2", SNAP_CREATE_V2, directory, snapshot, source, NAME_OFFSET_V2);
  }

  static void remove(int directory, Path path) throws IOException {
    request("BTRFS_IOC_SNAP_DESTROY", SNAP_DESTROY, directory, path, 0, NAME_OFFSET);
  }

  private static void request(
      String call, long number, int directory, Path path, int descriptor, int nameOffset)
      throws IOException {
    byte[] name = FileName.bytes(String.valueOf(path.getFileName()));
    if (name.length > NAME_BYTES_MAX) {
      throw new LinuxException(
          Errno.EINVAL.number(), call, LinuxKernel.subject(path), "the name is too long");
    }
    var argument = new Memory(ARGUMENT_BYTES);
    argument.clear();
    argument.setLong(0, descriptor);
    argument.write(nameOffset, name, 0, name.length);
    LinuxKernel.check(
        call,
        LinuxKernel.subject(path),
        () -> LibC.ioctl(directory, number, Pointer.nativeValue(argument)));
  }

  static boolean readOnly(int subvolume, Path path) throws IOException {
    return (flags(subvolume, path) & READ_ONLY) != 0;
  }

  private static long flags(int subvolume, Path path) throws IOException {
    var flags = new Memory(Long.BYTES);
    flags.clear();
    LinuxKernel.check(
        "BTRFS_IOC_SUBVOL_GETFLAGS",
        LinuxKernel.subject(path),
        () -> LibC.ioctl(subvolume, SUBVOL_GETFLAGS, Pointer.nativeValue(flags)));
    return flags.getLong(0);
  }

  static void changeReadOnly(int subvolume, Path path, boolean readOnly) throws IOException {
    long before = flags(subvolume, path);
    long wanted = readOnly ? before | READ_ONLY : before & ~READ_ONLY;
    if (wanted == before) {
      return;
    }
    var flags = new Memory(Long.BYTES);
    flags.setLong(0, wanted);
    LinuxKernel.check(
        "BTRFS_IOC_SUBVOL_SETFLAGS",
        LinuxKernel.subject(path),
        () -> LibC.ioctl(subvolume, SUBVOL_SETFLAGS, Pointer.nativeValue(flags)));
  }
}
