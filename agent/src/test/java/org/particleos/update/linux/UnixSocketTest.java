package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Errno;

@Timeout(value = 60, unit = TimeUnit.SECONDS) // where something is waited for that never comes
class UnixSocketTest {
  private static final int FOREVER = -1;

  @TempDir private Path directory;
  private Path path;
  private UnixListener listener;

  @BeforeEach
  void listen() throws IOException {
    path = directory.resolve("socket");
    listener = UnixListener.bind(path, 0640);
  }

  @AfterEach
  void close() {
    listener.close();
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(path));
  }

  private UnixConnection accept() throws IOException {
    return listener.accept().orElseThrow();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void theModeSaysWhoMayConnect() throws Exception {
    assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
  }

  @Test
  void nobodyIsWaitedFor() throws Exception {
    assertEquals(Optional.empty(), listener.accept());
  }

  @Test
  void theKernelTellsWhoConnected() throws Exception {
    try (var client = connect();
        var connection = accept()) {
      long self = ProcessHandle.current().pid();
      assertEquals(
          new UnixConnection.Peer(
              self, UnixConnection.ownUser(), UnixConnection.startTime(Path.of("/proc"), self)),
          connection.peer());
      assertTrue(connection.peer().startTime().isPresent());
      assertTrue(client.isConnected());
    }
  }

  @Test
  void bytesArriveAndTheEndIsTold() throws Exception {
    try (var client = connect();
        var connection = accept()) {
      byte[] buffer = new byte[8];
      assertEquals(0, connection.read(buffer));

      client.write(bytes("hello"));
      assertEquals(5, connection.read(buffer));
      assertArrayEquals("hello".getBytes(StandardCharsets.UTF_8), Arrays.copyOf(buffer, 5));

      client.shutdownOutput();
      assertEquals(-1, connection.read(buffer));
      assertEquals(2, connection.write(new byte[] {'o', 'k'}));
      var answer = ByteBuffer.allocate(8);
      assertEquals(2, client.read(answer));
    }
  }

  @Test
  void aFullSocketTakesNothingUntilSomebodyReads() throws Exception {
    try (var client = connect();
        var connection = accept()) {
      byte[] chunk = new byte[64 * 1024];
      long written = 0;
      for (int count = connection.write(chunk); count > 0; count = connection.write(chunk)) {
        written += count;
        assertTrue(written < 1L << 30, "the socket has no end");
      }

      var read = ByteBuffer.allocate(1 << 20);
      while (written > 0) {
        written -= client.read(read.clear());
      }
      assertTrue(connection.write(chunk) > 0);
    }
  }

  @Test
  void writingToNobodyIsAnErrorAndNoSignal() throws Exception {
    try (var connection = accepted()) {
      var failed = assertThrows(LinuxException.class, () -> connection.write(new byte[1]));

      assertEquals(32, failed.errno()); // EPIPE
    }
  }

  /** Whose other end is closed. */
  private UnixConnection accepted() throws IOException {
    connect().close();
    return accept();
  }

  @Test
  void waitingEndsWhenSomethingCanBeDone() throws Exception {
    SocketChannel client = connect();
    try (var poll = new Poll()) {
      List<Poll.Ready> ready =
          poll.await(List.of(new Poll.Interest(listener, true, false)), FOREVER);
      assertEquals(List.of(new Poll.Ready(listener, true, false, false)), ready);

      try (var connection = accept()) {
        var reading = new Poll.Interest(connection, true, false);
        assertEquals(List.of(), poll.await(List.of(reading), 0));
        client.write(bytes("x"));
        assertEquals(
            List.of(new Poll.Ready(connection, true, false, false)),
            poll.await(List.of(reading), FOREVER));
        assertEquals(
            List.of(new Poll.Ready(connection, false, true, false)),
            poll.await(List.of(new Poll.Interest(connection, false, true)), FOREVER));

        // Also who waits for nothing is told that nobody is there any more.
        client.close();
        assertTrue(
            poll.await(List.of(new Poll.Interest(connection, false, false)), FOREVER)
                .getFirst()
                .gone());
      }
    }
  }

  @Test
  void anybodyMayEndTheWait() throws Exception {
    var poll = new Poll();
    poll.wake(); // before
    assertEquals(List.of(), poll.await(List.of(), FOREVER));

    Thread other = Thread.ofVirtual().start(poll::wake); // or meanwhile
    assertEquals(List.of(), poll.await(List.of(), FOREVER));
    other.join();

    poll.close();
    poll.wake(); // harmless
  }

  @Test
  void whatIsClosedIsNotUsedAnyMore() throws Exception {
    try (var client = connect()) {
      var connection = accept();
      connection.close();
      connection.close(); // harmless

      assertThrows(LinuxException.class, () -> connection.read(new byte[1]));
      listener.close();
      var failed = assertThrows(LinuxException.class, listener::accept);
      assertTrue(failed.is(Errno.EBADF));
      assertTrue(client.isConnected());
    }
  }

  @Test
  void aTakenPathIsRefused() {
    var failed = assertThrows(LinuxException.class, () -> UnixListener.bind(path, 0600));

    assertEquals("bind", failed.call());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"sh", "a b", "a) S 1 (b", "((", ") 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"})
  void theStartTimeIsFoundWhateverTheProcessIsCalled(String name) throws Exception {
    Path process = Files.createDirectory(directory.resolve("7"));
    StringBuilder stat = new StringBuilder("7 (" + name + ") S");
    for (int field = 4; field <= 52; field++) {
      stat.append(' ').append(field);
    }
    Files.writeString(process.resolve("stat"), stat + "\n");

    assertEquals(OptionalLong.of(22), UnixConnection.startTime(directory, 7));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "7",
        "7 (a)",
        "7 (a) S 1 2 3",
        "7 (a) S 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 x"
      })
  void whatCannotBeReadHasNoStartTime(String stat) throws Exception {
    assertEquals(OptionalLong.empty(), UnixConnection.startTime(directory, 7));

    Files.writeString(Files.createDirectory(directory.resolve("7")).resolve("stat"), stat);

    assertEquals(OptionalLong.empty(), UnixConnection.startTime(directory, 7));
  }
}
