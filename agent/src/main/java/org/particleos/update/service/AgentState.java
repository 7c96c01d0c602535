package org.particleos.update.service;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the daemon does with the operating system by itself or for others, and why it does nothing
 * more now. An immutable picture; {@link UpdateAgent} tells when there is a new one.
 *
 * @param booted running version ({@code IMAGE_VERSION})
 * @param installed newest version that is in place as a whole
 * @param pending version that a restart brings, or that is downloaded and waits to be installed
 * @param available version that the last check found
 * @param progress while something is transferred
 * @param failure of the last run, until one ends well
 * @param hold nothing is installed until then; {@link Instant#MAX} for without end
 * @param failedVersions versions that this machine was started with in vain, and what happened
 * @param waitingFor why the next step is not taken now, one sentence each, most important first
 */
public record AgentState(
    Phase phase,
    Optional<String> booted,
    Optional<String> installed,
    Optional<String> pending,
    Optional<String> available,
    Optional<Transfer> progress,
    Optional<RunFailure> failure,
    Optional<Instant> lastCheck,
    Optional<Instant> nextCheck,
    Optional<Instant> hold,
    Map<String, String> failedVersions,
    List<String> waitingFor) {
  public AgentState {
    failedVersions = Map.copyOf(failedVersions);
    waitingFor = List.copyOf(waitingFor);
  }

  /** Where things stand. */
  public enum Phase {
    IDLE("idle"),
    CHECKING("checking"),
    DOWNLOADING("downloading"),
    VERIFYING("verifying"),
    INSTALLING("installing"),
    WAITING_FOR_WINDOW("waiting-for-window"),
    WAITING_FOR_REBOOT("waiting-for-reboot"),
    FAILED("failed");

    private final String text;

    Phase(String text) {
      this.text = text;
    }

    /** As it stands on the bus. */
    public String text() {
      return text;
    }
  }

  /**
   * How far a transfer is, all parts together.
   *
   * @param done bytes fetched and found again
   * @param total of those in the end, if known
   * @param rate bytes per second that are fetched
   * @param secondsLeft if it can be told
   */
  public record Transfer(long done, OptionalLong total, long rate, OptionalLong secondsLeft) {}
}
