package org.particleos.update.notify;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.particleos.update.failure.Errno;
import org.particleos.update.version.Version;

/**
 * What one datagram to the service manager says (sd_notify(3), update-algorithm.md 17).
 *
 * @param assignments {@code KEY=value} each, in this order, one line each
 */
public record ServiceMessage(List<String> assignments) {
  /** The service manager drops longer ones; ours have some hundred bytes. */
  static final int BYTES_MAX = 4096;

  private static final int PERCENT_MAX = 100;

  public ServiceMessage {
    assignments = List.copyOf(assignments);
    for (String assignment : assignments) {
      if (assignment.indexOf('=') < 1 || assignment.chars().anyMatch(c -> c == '\n' || c == 0)) {
        throw new IllegalArgumentException("an assignment is KEY=value on one line");
      }
    }
    if (String.join("\n", assignments).getBytes(StandardCharsets.UTF_8).length > BYTES_MAX) {
      throw new IllegalArgumentException("a message has at most " + BYTES_MAX + " bytes");
    }
  }

  /** It is decided which version is acquired or installed, and the work begins. */
  public static ServiceMessage ready(Version version, String status) {
    return new ServiceMessage(
        List.of("READY=1", "X_SYSUPDATE_VERSION=" + version, "STATUS=" + status));
  }

  /** One line for {@code systemctl status}. */
  public static ServiceMessage status(String status) {
    return new ServiceMessage(List.of("STATUS=" + status));
  }

  /**
   * Progress of one transfer.
   *
   * @param transfer which one, counted from 0
   * @param transfers how many there are, at least 1
   * @param percent how much of this one is done, 0 to 100
   */
  public static ServiceMessage progress(Version version, int transfer, int transfers, int percent) {
    int overall = overallPercent(transfer, transfers, percent);
    return new ServiceMessage(
        List.of(
            "X_SYSUPDATE_PROGRESS=" + overall,
            "X_SYSUPDATE_TRANSFERS_LEFT=" + (transfers - transfer),
            "X_SYSUPDATE_TRANSFERS_DONE=" + transfer,
            "STATUS=Updating to '" + version + "' (" + overall + "% complete)."));
  }

  public static ServiceMessage installed(Version version) {
    return status("Installed '" + version + "'.");
  }

  /**
   * The process ends.
   *
   * @param errno only of a failure, and only if it has one
   */
  public static ServiceMessage ended(Optional<Errno> errno, int exitStatus) {
    var assignments = new ArrayList<String>();
    errno.ifPresent(number -> assignments.add("ERRNO=" + number.number()));
    assignments.add("EXIT_STATUS=" + exitStatus);
    return new ServiceMessage(assignments);
  }

  /**
   * How much of the whole is done, 0 to 100, every transfer counting alike. Rounded down at the
   * places where the reference rounds, so that both show the same numbers.
   */
  public static int overallPercent(int transfer, int transfers, int percent) {
    Objects.checkIndex(transfer, transfers);
    Objects.checkIndex(percent, PERCENT_MAX + 1);
    long done = 10_000L * transfer / transfers;
    long share = 100L * percent / transfers;
    return (int) ((done + share) / 100);
  }

  /** As it is sent. */
  public byte[] bytes() {
    return String.join("\n", assignments).getBytes(StandardCharsets.UTF_8);
  }
}
