package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.particleos.update.failure.Errno;

class FlushesTest {
  private int calls;
  private int drops;
  private final Flushes flushes = new Flushes(() -> drops++);

  private static LinuxException failed() {
    return new LinuxException(Errno.EIO.number(), "fsync", "something", "Input/output error");
  }

  @Test
  void flushesThatSucceedGoThroughAndKeepTheCache() throws IOException {
    flushes.flush(() -> calls++);
    flushes.flush(() -> calls++);

    assertEquals(2, calls);
    assertEquals(0, drops);
  }

  @Test
  void oneThatFailedIsNotForgottenByTheNext() {
    LinuxException first = failed();
    assertThrows(
        LinuxException.class,
        () ->
            flushes.flush(() -> {
              throw first;
            }));

    var next = assertThrows(IOException.class, () -> flushes.flush(() -> calls++));

    assertSame(first, next.getCause());
    assertEquals(0, calls);
    assertEquals(1, drops);
  }

  @Test
  void aCacheThatCannotBeDroppedDoesNotHideTheFailure() {
    LinuxException first = failed();
    var stubborn =
        new Flushes(() -> {
          throw new IOException("no");
        });

    var thrown =
        assertThrows(
            LinuxException.class,
            () ->
                stubborn.flush(() -> {
                  throw first;
                }));

    assertSame(first, thrown);
    assertEquals(1, thrown.getSuppressed().length);
  }
}
