package org.particleos.update.spool;

import java.nio.file.Path;
import org.particleos.update.definition.Configuration;

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

  public SpoolPolicy {
    if (!directory.isAbsolute()) {
      throw new IllegalArgumentException("the directory of the spool is absolute");
    }
    if (sizeBytesMax < 0 || keepFreeBytes < 0) {
      throw new IllegalArgumentException("a limit of the spool cannot be negative");
    }
  }

  /** What holds where nobody decided anything. */
  public static SpoolPolicy defaults(Path directory) {
    return new SpoolPolicy(true, directory, 0, 0).configured(Configuration.defaults());
  }

  /** The same place with what the administrator decided. */
  public SpoolPolicy configured(Configuration configuration) {
    return new SpoolPolicy(
        enabled && configuration.spool(),
        directory,
        configuration.spoolBytesMax(),
        configuration.spoolKeepFreeBytes());
  }

  /** Nothing is kept. */
  public static SpoolPolicy off() {
    return new SpoolPolicy(false, DIRECTORY, 0, 0);
  }
}
