package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

@Timeout(60) // of what hangs
class EarlyKeyringTest {
  @TempDir private Path root;

  private UpdateException refusal() {
    return assertThrows(UpdateException.class, () -> new KeyringLocation(root, Map.of()).load());
  }

  @Test
  void itIsReadOnceByWhoeverComesFirst() throws Exception {
    var asked = new AtomicInteger();
    var begun = new CountDownLatch(1);
    UpdateException refusal = refusal();
    var early =
        new EarlyKeyring(() -> {
          asked.incrementAndGet();
          begun.countDown();
          throw refusal;
        });

    early.begin();
    early.begin();
    begun.await();

    assertSame(refusal, assertThrows(UpdateException.class, early::load));
    assertSame(refusal, assertThrows(UpdateException.class, early::load));
    assertEquals(1, asked.get());
  }

  @Test
  void withoutABeginningItIsReadWhenItIsAskedFor() {
    var early = new EarlyKeyring(new KeyringLocation(root, Map.of()));

    assertEquals(Reason.KEYRING_MISSING, assertThrows(UpdateException.class, early::load).reason());
  }

  @Test
  void whoWaitsForItCanBeInterrupted() throws Exception {
    var reading = new CountDownLatch(1);
    var never = new CountDownLatch(1);
    var early =
        new EarlyKeyring(() -> {
          reading.countDown();
          try {
            never.await();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
          throw new IllegalStateException("nobody asks for it");
        });
    early.begin();
    reading.await();
    Thread.currentThread().interrupt();

    var stopped = assertThrows(UpdateException.class, early::load);

    assertEquals(Reason.INTERRUPTED, stopped.reason());
    assertTrue(Thread.interrupted());
    never.countDown();
  }
}
