package org.particleos.update.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;

/** Mounts file systems where only this program sees them. Needs the rights of root. */
public final class Mounts {
  private static final int CLONE_NEWNS = 0x20000;
  private static final long MS_RDONLY = 1;
  private static final long MS_NOSUID = 2;
  private static final long MS_NODEV = 4;
  private static final long MS_NOEXEC = 8;
  private static final long MS_REC = 0x4000;
  private static final long MS_SLAVE = 1 << 19;
  private static final int MNT_DETACH = 2;
  private static final int UMOUNT_NOFOLLOW = 8;

  /** Restrictions of a mount. */
  public enum Restriction {
    READ_ONLY,
    /** Device nodes are names without a device. */
    NO_DEVICES,
    /** Programs do not run with the rights of their owner. */
    NO_SET_ID,
    NO_EXECUTE
  }

  /**
   * Gives the calling thread a mount namespace of its own, in which later mounts stay, while
   * unmounts of the system still come through. The kernel dissolves it, with all its mounts, when
   * the last thread in it has ended, however that happens.
   *
   * <p>Linux does this per thread: threads that exist already stay outside, those that this thread
   * starts from now on are inside. {@code /proc/self} belongs to the first thread of the process
   * and so shows the outside; {@code /proc/thread-self} shows where the reader is.
   */
  public void enterPrivateNamespace() throws IOException {
    LinuxKernel.check("unshare", "the mount namespace", () -> LibC.unshare(CLONE_NEWNS));
    byte[] root = terminated("/");
    LinuxKernel.check(
        "mount", "\"/\"", () -> LibC.mount(null, root, null, MS_REC | MS_SLAVE, null));
  }

  /**
   * Mounts a file system. The target must not end in a symbolic link that is not to be followed.
   *
   * @param type as the kernel calls it
   * @param options of the file system, separated by commas, may be empty
   */
  public void mount(
      String source, Path target, String type, Set<Restriction> restrictions, String options)
      throws IOException {
    long flags = 0;
    for (Restriction restriction : restrictions) {
      flags |=
          switch (restriction) {
            case READ_ONLY -> MS_RDONLY;
            case NO_DEVICES -> MS_NODEV;
            case NO_SET_ID -> MS_NOSUID;
            case NO_EXECUTE -> MS_NOEXEC;
          };
    }
    long mask = flags;
    byte[] device = terminated(source);
    byte[] directory = terminated(target.toString());
    byte[] fileSystem = terminated(type);
    byte[] data = terminated(options);
    LinuxKernel.check(
        "mount",
        Quote.quote(source) + " to " + Quote.quote(target.toString()),
        () -> LibC.mount(device, directory, fileSystem, mask, data));
  }

  /** Fails while somebody uses it. */
  public void unmount(Path target) throws IOException {
    unmount(target, UMOUNT_NOFOLLOW);
  }

  /** Takes it out of the tree now; it ends when its last user is gone. */
  public void detach(Path target) throws IOException {
    unmount(target, UMOUNT_NOFOLLOW | MNT_DETACH);
  }

  private static void unmount(Path target, int flags) throws IOException {
    byte[] directory = terminated(target.toString());
    LinuxKernel.check(
        "umount2", Quote.quote(target.toString()), () -> LibC.umount2(directory, flags));
  }

  private static byte[] terminated(String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("what is mounted cannot contain NUL");
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  private static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int unshare(int flags);

    static native int mount(
        byte @Nullable [] source,
        byte[] target,
        byte @Nullable [] type,
        long flags,
        byte @Nullable [] data);

    static native int umount2(byte[] target, int flags);
  }
}
