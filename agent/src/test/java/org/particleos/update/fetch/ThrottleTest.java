package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.particleos.update.failure.UpdateException;

class ThrottleTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void withoutALimitNobodyWaits() {
    assertEquals(Duration.ZERO, Throttle.NONE.taken(Long.MAX_VALUE / 2, 0));
  }

  @Test
  void aRateIsAtLeastAByte() {
    assertThrows(IllegalArgumentException.class, () -> new Throttle(OptionalLong.of(0)));
  }

  @Test
  void afterAPauseNoMoreThanAQuarterOfASecondIsFree() {
    var throttle = new Throttle(OptionalLong.of(1000));

    assertEquals(Duration.ZERO, throttle.taken(250, 0));
    assertEquals(Duration.ofMillis(1), throttle.taken(1, 0));
    assertEquals(Duration.ZERO, throttle.taken(250, 3600 * SECOND));
    assertEquals(Duration.ofMillis(750), throttle.taken(750, 3600 * SECOND));
  }

  @Test
  void whatSeveralTakeTogetherComesAtTheRate() {
    long seed = 4;
    var random = new Random(seed);
    for (int run = 0; run < 100; run++) {
      long rate = 1L + random.nextInt(10_000_000);
      var throttle = new Throttle(OptionalLong.of(rate));
      long start = random.nextLong(); // such clocks begin anywhere
      long now = start;
      long taken = 0;
      for (int i = 0; i < 1000; i++) {
        int bytes = 1 + random.nextInt(65536);
        Duration wait = throttle.taken(bytes, now);
        taken += bytes;
        now += wait.toNanos() + random.nextInt(1_000_000);
      }
      double seconds = (now - start) / (double) SECOND;
      assertTrue(taken <= rate * (seconds + 0.2501) + 1, taken + " at " + rate + ", seed " + seed);
    }
  }

  @Test
  void theWaitIsThatOfTheReaderAndEndsWithTheRun() throws Exception {
    var throttle = new Throttle(OptionalLong.of(1000));
    var timing = new FakeTiming();
    var cancellation = new Cancellation();

    throttle.pass(1250, timing, cancellation);

    assertEquals(java.util.List.of(Duration.ofSeconds(1)), timing.pauses());
    cancellation.cancel();
    assertThrows(
        UpdateException.Interrupted.class, () -> throttle.pass(1000, timing, cancellation));
  }
}
