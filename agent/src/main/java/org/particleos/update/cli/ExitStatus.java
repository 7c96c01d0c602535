package org.particleos.update.cli;

import org.particleos.update.failure.UpdateException;

/**
 * What the process ends with. The verbs that {@code systemd-sysupdate} has too keep its 0 and 1
 * (update-algorithm.md 18.4); {@code check}, {@code apply} and {@code status} tell causes apart.
 */
enum ExitStatus {
  OK(0, "done; check: an update is offered"),
  FAILED(1, "an unexpected failure; also every failure and every 'no' of the reference's verbs"),
  USAGE(2, "the command line is wrong"),
  NO_UPDATE(3, "check: there is no update"),
  NOT_REACHABLE(4, "the server could not be reached or read"),
  NOT_TRUSTED(5, "signature, digest or freshness of what the server sent was refused"),
  BAD_CONFIGURATION(6, "definitions or options are wrong, or nothing is configured"),
  NO_SPACE(7, "no empty slot, slot too small, or file system full"),
  BUSY(8, "another process is changing the same target"),
  WRITE_FAILED(9, "reading or writing a local disk failed"),
  NOT_PERMITTED(10, "the permission for it is missing"),
  DISK_DAMAGED(11, "the partition table is missing or damaged"),
  NOT_AVAILABLE(12, "the version asked for is not there or may not be installed"),
  CONTENT_DAMAGED(13, "verify, pack --check: what is there is not what was published"),
  UNHEALTHY(14, "health: a check failed, so that the start is not to be confirmed"),
  UNFIT(15, "the parts of the version do not belong together or cannot start here"),
  INTERRUPTED(130, "ended by a signal");

  private final int code;
  private final String meaning;

  ExitStatus(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  int code() {
    return code;
  }

  String meaning() {
    return meaning;
  }

  static ExitStatus of(UpdateException failure) {
    return switch (failure) {
      case UpdateException.Configuration _ -> BAD_CONFIGURATION;
      case UpdateException.NotTrusted _ -> NOT_TRUSTED;
      case UpdateException.Unreachable _ -> NOT_REACHABLE;
      case UpdateException.NoSpace _ -> NO_SPACE;
      case UpdateException.Busy _ -> BUSY;
      case UpdateException.WriteFailed _ -> WRITE_FAILED;
      case UpdateException.NotPermitted _ -> NOT_PERMITTED;
      case UpdateException.DiskDamaged _ -> DISK_DAMAGED;
      case UpdateException.NotAvailable _ -> NOT_AVAILABLE;
      case UpdateException.Unfit _ -> UNFIT;
      case UpdateException.Interrupted _ -> INTERRUPTED;
    };
  }
}
