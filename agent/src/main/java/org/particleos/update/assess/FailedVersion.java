package org.particleos.update.assess;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.version.Version;

/**
 * A version that this machine was started with in vain.
 *
 * @param tries how often, as the boot loader counted
 * @param since when that was noticed; empty if nobody had set the clock
 * @param reason what the last health check of it said, if one got that far
 * @param instead the version that ran when it was noticed
 * @param digests of what was offered of it then, by transfer: another build has others
 * @param rebuilt whether the source offers it with other content by now, so that it is taken again
 */
public record FailedVersion(
    Version version,
    OptionalLong tries,
    Optional<Instant> since,
    Optional<String> reason,
    Optional<String> instead,
    Map<String, Set<String>> digests,
    boolean rebuilt) {
  public FailedVersion {
    digests = Map.copyOf(digests);
  }

  FailedVersion withDigests(Map<String, Set<String>> other) {
    return new FailedVersion(version, tries, since, reason, instead, other, rebuilt);
  }

  FailedVersion withRebuilt(boolean other) {
    return new FailedVersion(version, tries, since, reason, instead, digests, other);
  }

  FailedVersion withTries(OptionalLong other) {
    return new FailedVersion(version, other, since, reason, instead, digests, rebuilt);
  }

  FailedVersion withReason(Optional<String> other) {
    return new FailedVersion(version, tries, since, other, instead, digests, rebuilt);
  }

  /** What happened, as a clause. */
  public String story() {
    return "version "
        + version
        + " did not come up"
        + (tries.isEmpty()
            ? ""
            : tries.getAsLong() == 1
                ? " when it was tried once"
                : " in " + tries.getAsLong() + " tries")
        + instead.map(other -> "; the machine went back to version " + other).orElse("");
  }

  /** Why, as a clause. */
  public String why() {
    return reason.orElse("not known: no health check had failed before the machine restarted");
  }
}
