package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class WallClockTimerTest {
  @Test
  void whatIsPastEndsTheWaitAtOnce() throws Exception {
    try (var timer = WallClockTimer.open()) {
      timer.at(Instant.now().minusSeconds(1));
      assertTrue(timer.await());
      timer.at(Instant.EPOCH);
      assertTrue(timer.await());
      timer.at(Instant.MIN);
      assertTrue(timer.await());
    }
  }

  @Test
  void whatIsToComeEndsTheWaitThenAndNotBefore() throws Exception {
    try (var timer = WallClockTimer.open()) {
      Instant when = Instant.now().plusMillis(30);
      timer.at(when);

      assertTrue(timer.await());

      assertFalse(Instant.now().isBefore(when));
    }
  }

  @Test
  void aTimeThatIsSetDuringTheWaitCountsInsteadOfTheFirst() throws Exception {
    try (var timer = WallClockTimer.open();
        ExecutorService waiting = Executors.newSingleThreadExecutor()) {
      timer.at(Instant.MAX);
      var rang = CompletableFuture.supplyAsync(() -> await(timer), waiting);

      timer.at(Instant.now());

      assertTrue(rang.get());
    }
  }

  @Test
  void closingEndsTheWaitAndLaterOnes() throws Exception {
    try (ExecutorService waiting = Executors.newSingleThreadExecutor()) {
      var timer = WallClockTimer.open();
      var rang = CompletableFuture.supplyAsync(() -> await(timer), waiting);

      timer.close();
      timer.close();

      assertFalse(rang.get());
      assertFalse(timer.await());
      timer.at(Instant.now());
      assertFalse(timer.await());
    }
  }

  private static boolean await(WallClockTimer timer) {
    try {
      return timer.await();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
