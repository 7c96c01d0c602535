package org.particleos.update.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is mounted where, from {@code mountinfo} in /proc, as of the moment of reading. */
public record MountTable(List<Mount> mounts) {
  /**
   * One mount.
   *
   * @param device number of the file system; anonymous for btrfs and others without a device
   * @param source what was mounted, often a device node; text of the one who mounted it
   */
  public record Mount(DeviceNumber device, Path mountPoint, String type, String source) {}

  /**
   * What the reading thread sees. With a private mount namespace that is not what {@code
   * /proc/self} shows, which belongs to the first thread.
   */
  public static final Path HERE = Path.of("/proc/thread-self/mountinfo");

  /** The kernel allows 100,000 mounts by default, of some 100 bytes each. */
  private static final int BYTES_MAX = 32 << 20;

  public MountTable {
    mounts = List.copyOf(mounts);
  }

  public static MountTable read(Path mountInfo) throws IOException {
    var mounts = new ArrayList<Mount>();
    try (var in = Files.newInputStream(mountInfo)) {
      byte[] bytes = in.readNBytes(BYTES_MAX);
      // One char per byte, so that escapes can be undone before UTF-8 is decoded.
      for (String line : new String(bytes, StandardCharsets.ISO_8859_1).split("\n", -1)) {
        parse(line).ifPresent(mounts::add);
      }
    }
    return new MountTable(mounts);
  }

  /**
   * {@code 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw}: the number of optional
   * fields before the dash varies (proc_pid_mountinfo(5)).
   */
  private static Optional<Mount> parse(String line) {
    String[] fields = line.split(" ", -1);
    int dash = 6;
    while (dash < fields.length && !fields[dash].equals("-")) {
      dash++;
    }
    if (dash + 2 >= fields.length) {
      return Optional.empty();
    }
    String type = unescape(fields[dash + 1]);
    String source = unescape(fields[dash + 2]);
    return DeviceNumber.parse(fields[2])
        .map(device -> new Mount(device, Path.of(unescape(fields[4])), type, source));
  }

  /** Undoes the octal escapes for space, tab, newline and backslash. */
  private static String unescape(String field) {
    var bytes = new StringBuilder();
    for (int i = 0; i < field.length(); i++) {
      if (field.charAt(i) == '\\' && i + 3 < field.length()) {
        bytes.append((char) Integer.parseInt(field, i + 1, i + 4, 8));
        i += 3;
      } else {
        bytes.append(field.charAt(i));
      }
    }
    return new String(
        bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /** The mount that has its root exactly here; the topmost if several are stacked. */
  public Optional<Mount> at(Path mountPoint) {
    return mounts.stream()
        .filter(mount -> mount.mountPoint.equals(mountPoint))
        .reduce((_, later) -> later);
  }

  /** The mount that holds the path. */
  public Optional<Mount> holding(Path path) {
    for (Path at = path; at != null; at = at.getParent()) {
      var mount = at(at);
      if (mount.isPresent()) {
        return mount;
      }
    }
    return Optional.empty();
  }

  /** Some mount of the file system with this number. */
  public Optional<Mount> of(DeviceNumber device) {
    return mounts.stream().filter(mount -> mount.device.equals(device)).findFirst();
  }
}
