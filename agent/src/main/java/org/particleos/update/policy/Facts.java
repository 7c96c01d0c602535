package org.particleos.update.policy;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What is known when it is decided.
 *
 * @param now by the wall clock, which may be wrong and may jump
 * @param zone of the machine
 * @param bootId of this run of the kernel
 * @param uptime since it began, sleep included; no clock setting changes it
 * @param awake since the machine was started or woke up from sleep
 * @param occasion names that start or wake-up; another one for each
 * @param share of this machine
 * @param lastCheck the last that ended well
 * @param lastAttempt the last, however it ended
 * @param checkFailure if the last did not end well
 * @param hold what was asked for on this machine, beside the policy
 * @param freeBytes of the file system with the state
 * @param parts the operating system first, if there is one to be updated, then the components
 */
public record Facts(
    Instant now,
    ZoneId zone,
    String bootId,
    Duration uptime,
    Duration awake,
    String occasion,
    Share share,
    Optional<Past> lastCheck,
    Optional<Past> lastAttempt,
    Optional<Trouble> checkFailure,
    Connection connection,
    Energy energy,
    Optional<Instant> hold,
    OptionalLong freeBytes,
    List<Part> parts) {
  public Facts {
    parts = List.copyOf(parts);
  }

  /**
   * A moment, remembered so that it can be told later how long ago it was, whatever was done to the
   * clock.
   */
  public record Past(Instant at, String bootId, Duration uptime) {}

  /**
   * What went wrong last.
   *
   * @param count how often in a row, at least 1
   */
  public record Trouble(Kind kind, int count, Past last, String what) {
    /** By what it takes for the next attempt to make sense. */
    public enum Kind {
      /** The server cannot be reached: it or the network may be back soon. */
      NETWORK,
      /** What the server sent is not to be trusted: that takes its publisher. */
      TRUST,
      /** Somebody else is at work on the same target. */
      BUSY,
      /** Something has to be removed first. */
      SPACE,
      /** Somebody stopped it. */
      CANCELLED,
      /**
       * Its process ended without a word: killed for its memory, or crashed. Chance, or a habit.
       */
      DIED,
      /** Disks, definitions, permissions. */
      OTHER
    }
  }

  /**
   * Something with versions of its own.
   *
   * @param component empty for the operating system
   * @param booted of the operating system
   * @param installed newest version that is in place as a whole
   * @param acquired a newer version that is downloaded as a whole and waits to be installed
   * @param available what the last check found to be newer
   * @param failedToStart versions that this machine was restarted into in vain
   * @param troubles of the last attempts, for each version and step
   */
  public record Part(
      Optional<String> component,
      Optional<String> booted,
      Optional<String> installed,
      Optional<String> acquired,
      Optional<String> available,
      Set<String> failedToStart,
      List<StepTrouble> troubles) {
    public Part {
      failedToStart = Set.copyOf(failedToStart);
      troubles = List.copyOf(troubles);
    }

    Optional<Trouble> trouble(Step step, String version) {
      return troubles.stream()
          .filter(each -> each.step() == step && each.version().equals(version))
          .map(StepTrouble::trouble)
          .findFirst();
    }
  }

  /** What went wrong with one step towards one version. */
  public record StepTrouble(Step step, String version, Trouble trouble) {}

  /** Now, to be remembered. */
  public Past present() {
    return new Past(now, bootId, uptime);
  }

  /**
   * How long ago something was; empty if that cannot be told.
   *
   * <p>Within one run of the kernel its own clock tells, and the wall clock plays no part. Of an
   * earlier run the wall clock has to be believed, unless it says that the moment is yet to come;
   * it was at least before this run began.
   */
  Optional<Duration> since(Past past) {
    if (past.bootId().equals(bootId)) {
      Duration elapsed = uptime.minus(past.uptime());
      return elapsed.isNegative() ? Optional.empty() : Optional.of(elapsed);
    }
    Duration elapsed = Duration.between(past.at(), now);
    if (elapsed.isNegative()) {
      return Optional.empty();
    }
    return Optional.of(elapsed.compareTo(uptime) < 0 ? uptime : elapsed);
  }
}
