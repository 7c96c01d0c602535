package org.particleos.update.spool;

import java.nio.file.Path;

/**
 * Whether and where interrupted transfers are kept, and how much room they may take.
 *
 * @param enabled without it every transfer begins anew
 * @param directory absolute; made when it is needed, for its owner only
 * @param sizeBytesMax what the packed payloads of all installations may take together
 * @param keepFreeBytes what is left free on the file system of the directory
 */
public record SpoolPolicy(boolean enabled, Path directory, long sizeBytesMax, long keepFreeBytes) {
  /** Where the service keeps it. */
  public static final Path DIRECTORY = Path.of("/var/lib/particle-update/spool");

  /** An image of an operating system, packed, with room for it to grow. */
  public static final long SIZE_BYTES_MAX = 2L << 30;

  /** Logs and package managers need room as well; it is what a journal of systemd leaves. */
  public static final long KEEP_FREE_BYTES = 512L << 20;

  public SpoolPolicy {
    if (!directory.isAbsolute()) {
      throw new IllegalArgumentException("the directory of the spool is absolute");
    }
    if (sizeBytesMax < 0 || keepFreeBytes < 0) {
      throw new IllegalArgumentException("a limit of the spool cannot be negative");
    }
  }

  public static SpoolPolicy defaults(Path directory) {
    return new SpoolPolicy(true, directory, SIZE_BYTES_MAX, KEEP_FREE_BYTES);
  }

  /** Nothing is kept. */
  public static SpoolPolicy off() {
    return new SpoolPolicy(false, DIRECTORY, 0, 0);
  }
}
