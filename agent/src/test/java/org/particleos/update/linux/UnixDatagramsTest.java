package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
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

  /** Receives with Python, since Java has no datagram sockets of this family. */
  private static final class DatagramReceiver implements AutoCloseable {
    private static final String SCRIPT =
        """
        import socket, sys
        name = sys.argv[1]
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind('\\0' + name[1:] if name[0] == '@' else name)
        print('bound', flush=True)
        for line in sys.stdin:
            print(s.recv(65536).hex(), flush=True)
        """;

    private final Process process;

    private DatagramReceiver(Process process) {
      this.process = process;
    }

    static DatagramReceiver at(String name) throws IOException {
      Process started;
      try {
        started =
            new ProcessBuilder("python3", "-c", SCRIPT, name)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
      } catch (IOException missing) {
        assumeTrue(false, "python3 is missing: " + missing.getMessage());
        throw missing;
      }
      var receiver = new DatagramReceiver(started);
      assertEquals("bound", started.inputReader().readLine());
      return receiver;
    }

    String next() throws IOException {
      var ask = process.outputWriter();
      ask.write("\n");
      ask.flush();
      byte[] bytes = HexFormat.of().parseHex(process.inputReader().readLine());
      return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
      process.outputWriter().close();
      process.destroy();
    }
  }
}
