package org.particleos.update.linux;

import java.util.Optional;

/**
 * Major and minor number of a device, as {@code /sys/dev/block} and {@code mountinfo} spell it.
 * File systems without a device of their own (btrfs, overlayfs, tmpfs) have an anonymous number.
 */
public record DeviceNumber(int major, int minor) {
  public DeviceNumber {
    if (major < 0 || minor < 0) {
      throw new IllegalArgumentException("device numbers are not negative");
    }
  }

  /** From the encoding of the C library, as {@link Kernel.FileStatus} carries it. */
  public static DeviceNumber of(long encoded) {
    long major = ((encoded >>> 8) & 0xfff) | ((encoded >>> 32) & 0xfffff000L);
    long minor = (encoded & 0xff) | ((encoded >>> 12) & 0xffffff00L);
    return new DeviceNumber((int) major, (int) minor);
  }

  /** From {@code "8:1"}; empty for any other text. */
  public static Optional<DeviceNumber> parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 1) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new DeviceNumber(
              Integer.parseUnsignedInt(text, 0, colon, 10),
              Integer.parseUnsignedInt(text, colon + 1, text.length(), 10)));
    } catch (IllegalArgumentException notNumbers) {
      return Optional.empty();
    }
  }

  /** In the encoding of the C library. */
  public long encoded() {
    return ((major & 0xfffff000L) << 32)
        | ((major & 0xfffL) << 8)
        | ((minor & 0xffffff00L) << 12)
        | (minor & 0xffL);
  }

  /** Whether no block device stands behind it. */
  public boolean anonymous() {
    return major == 0;
  }

  @Override
  public String toString() {
    return major + ":" + minor;
  }
}
