package org.particleos.update.assess;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How all health checks of one start ended.
 *
 * @param at when they were over, by the wall clock
 * @param bootId of this run of the kernel
 * @param version that was running, if it was known
 * @param entry boot entry that was started, if it was known
 */
public record HealthRun(
    Instant at,
    String bootId,
    Optional<String> version,
    Optional<String> entry,
    List<CheckResult> checks) {
  public HealthRun {
    checks = List.copyOf(checks);
  }

  public boolean passed() {
    return firstFailure().isEmpty();
  }

  /** The check because of which the start is not confirmed. */
  public Optional<CheckResult> firstFailure() {
    return checks.stream()
        .filter(check -> check.verdict() != CheckResult.Verdict.PASSED)
        .findFirst();
  }
}
