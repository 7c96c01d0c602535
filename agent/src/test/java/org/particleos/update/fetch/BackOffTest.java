package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackOffTest {
  private static final RetryLimits LIMITS = RetryLimits.defaults();

  private final FakeTiming timing = new FakeTiming();

  private BackOff backOff(int attempts, Duration time) {
    return new BackOff(LIMITS, new RetryLimits.Budget(attempts, time), timing);
  }

  @Test
  void waitsDoubleUpToTheLongest() {
    var backOff = backOff(9, Duration.ofHours(1));

    var waits = new ArrayList<Long>();
    for (int i = 0; i < 8; i++) {
      waits.add(backOff.afterFailure(Optional.empty()).orElseThrow().toSeconds());
    }

    assertEquals(List.of(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L), waits);
    assertEquals(Optional.empty(), backOff.afterFailure(Optional.empty()));
  }

  @Test
  void aManifestOfAServerThatRefusesIsGivenUpWithinThreeSeconds() {
    var backOff = new BackOff(LIMITS, LIMITS.small(), timing);

    assertEquals(Optional.of(Duration.ofSeconds(1)), backOff.afterFailure(Optional.empty()));
    assertEquals(Optional.of(Duration.ofSeconds(2)), backOff.afterFailure(Optional.empty()));
    assertEquals(Optional.empty(), backOff.afterFailure(Optional.empty()));
  }

  @Test
  void progressMakesEarlierFailuresForgotten() {
    var backOff = backOff(2, Duration.ofSeconds(5));
    backOff.afterFailure(Optional.empty());
    timing.pass(Duration.ofMinutes(1));

    backOff.progressed();

    assertEquals(Optional.of(Duration.ofSeconds(1)), backOff.afterFailure(Optional.empty()));
  }

  @Test
  void noAttemptBeginsAfterTheTimeIsUp() {
    var backOff = backOff(9, Duration.ofSeconds(10));
    timing.pass(Duration.ofSeconds(9));
    assertEquals(Optional.of(Duration.ofSeconds(1)), backOff.afterFailure(Optional.empty()));

    timing.pass(Duration.ofSeconds(1));
    assertEquals(Optional.empty(), backOff.afterFailure(Optional.empty()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"30", " 30 ", "Thu, 01 Jan 2026 00:00:30 GMT"})
  void aServerThatSaysWhenIsObeyed(String retryAfter) {
    var wait = backOff(9, Duration.ofHours(1)).afterFailure(Optional.of(retryAfter));

    assertEquals(Optional.of(Duration.ofSeconds(31)), wait);
  }

  @Test
  void aDateInThePastMeansAtOnce() {
    var wait =
        backOff(9, Duration.ofHours(1)).afterFailure(Optional.of("Thu, 01 Jan 2015 00:00:00 GMT"));

    assertEquals(Optional.of(Duration.ofSeconds(1)), wait);
  }

  @ParameterizedTest
  @ValueSource(strings = {"301", "999999999", "Thu, 01 Jan 2026 00:05:01 GMT"})
  void aServerThatWantsTooMuchTimeIsGivenUp(String retryAfter) {
    assertEquals(
        Optional.empty(), backOff(9, Duration.ofHours(1)).afterFailure(Optional.of(retryAfter)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "-1", "1.5", "99999999999999999999"})
  void whatMakesNoSenseIsAsIfNothingWasSaid(String retryAfter) {
    assertEquals(
        Optional.of(Duration.ofSeconds(1)),
        backOff(9, Duration.ofHours(1)).afterFailure(Optional.of(retryAfter)));
  }

  @Test
  void aBudgetHasAtLeastOneAttempt() {
    assertThrows(
        IllegalArgumentException.class, () -> new RetryLimits.Budget(0, Duration.ofSeconds(1)));
  }
}
