package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Errno;

class UnixDatagramsTest {
  private static final int WAIT_MILLIS = 50;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"path", "abstract"})
  void whatIsSentArrivesAtPathsAndAbstractNames(String kind) throws Exception {
    String name =
        kind.equals("path")
            ? directory.resolve("socket").toString()
            : "@particle-update-test-" + ProcessHandle.current().pid();
    try (var receiver = DatagramReceiver.at(name);
        var sender = UnixDatagrams.to(name, WAIT_MILLIS)) {
      assertTrue(sender.send("READY=1\nSTATUS=é".getBytes(StandardCharsets.UTF_8), true));

      assertEquals("READY=1\nSTATUS=é", receiver.next());
    }
  }

  @Test
  void aFullQueueIsReportedInsteadOfWaitedForWithoutEnd() throws Exception {
    String name = directory.resolve("socket").toString();
    try (var receiver = DatagramReceiver.at(name);
        var sender = UnixDatagrams.to(name, WAIT_MILLIS)) {
      byte[] message = "x".getBytes(StandardCharsets.UTF_8);
      int sent = 0;
      while (sender.send(message, false)) {
        sent++;
        assertTrue(sent < 1_000_000, "the queue has no end");
      }

      assertFalse(sender.send(message, true));
      receiver.next();
      assertTrue(sender.send(message, true));
    }
  }

  @Test
  void nobodyListeningIsAnError() throws Exception {
    try (var sender = UnixDatagrams.to(directory.resolve("nobody").toString(), WAIT_MILLIS)) {
      var failed = assertThrows(LinuxException.class, () -> sender.send(new byte[] {'x'}, true));

      assertTrue(failed.is(Errno.ENOENT), failed.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "@", "/", "relative", "vsock:2:1", "/with\0nul"})
  void aNameThatIsNoSocketAddressIsRefused(String name) {
    assertThrows(IOException.class, () -> UnixDatagrams.to(name, WAIT_MILLIS));
  }

  @Test
  void theLongestNameFitsAndALongerOneIsRefused() throws Exception {
    UnixDatagrams.to("/" + "a".repeat(106), WAIT_MILLIS).close();

    assertThrows(IOException.class, () -> UnixDatagrams.to("/" + "a".repeat(107), WAIT_MILLIS));
  }
}
