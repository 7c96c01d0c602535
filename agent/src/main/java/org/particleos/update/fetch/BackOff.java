package org.particleos.update.fetch;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/** Decides how long one download waits after a failure, and when it has waited enough. */
final class BackOff {
  /** Doubling more often than that is beyond every limit, and would overflow. */
  private static final int DOUBLINGS_MAX = 20;

  private final RetryLimits limits;
  private final RetryLimits.Budget budget;
  private final Timing timing;
  private int failures;
  private long sinceNanos;

  BackOff(RetryLimits limits, RetryLimits.Budget budget, Timing timing) {
    this.limits = limits;
    this.budget = budget;
    this.timing = timing;
    this.sinceNanos = timing.nanos();
  }

  /** The download got on: what failed before does not count any more. */
  void progressed() {
    failures = 0;
    sinceNanos = timing.nanos();
  }

  /**
   * The wait before the next attempt; empty if there shall be none.
   *
   * @param retryAfter header of the answer, seconds or a date (RFC 9110 10.2.3)
   */
  Optional<Duration> afterFailure(Optional<String> retryAfter) {
    failures++;
    var asked = retryAfter.flatMap(this::parse);
    if (failures >= budget.attempts()
        || asked.filter(wait -> wait.compareTo(limits.retryAfterMax()) > 0).isPresent()) {
      return Optional.empty();
    }
    var wait = asked.map(least -> least.plus(part(limits.firstWait()))).orElse(part(longest()));
    var spent = Duration.ofNanos(timing.nanos() - sinceNanos);
    return Optional.of(wait).filter(next -> spent.plus(next).compareTo(budget.time()) <= 0);
  }

  /** Of the attempt that comes next, counted from one. */
  int attempt() {
    return failures + 1;
  }

  int attemptsMax() {
    return budget.attempts();
  }

  private Duration longest() {
    var doubled = limits.firstWait().multipliedBy(1L << Math.min(failures - 1, DOUBLINGS_MAX));
    return doubled.compareTo(limits.waitMax()) < 0 ? doubled : limits.waitMax();
  }

  private Duration part(Duration whole) {
    return Duration.ofNanos((long) (whole.toNanos() * timing.chance()));
  }

  /** What makes no sense is as if nothing was said. */
  private Optional<Duration> parse(String header) {
    String text = header.strip();
    if (text.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      var date = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      var wait = Duration.between(timing.now(), date);
      return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }
}
