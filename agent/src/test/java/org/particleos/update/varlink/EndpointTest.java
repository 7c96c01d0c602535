package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.linux.UnixListener;

class EndpointTest {
  @TempDir private Path home;

  private Path socket() {
    return home.resolve("systemd/io.systemd.SysUpdate");
  }

  private Endpoint open() throws IOException {
    return Endpoint.open(Map.of(), 7, socket());
  }

  @Test
  void everybodyMayConnectToASocketThatIsMadeHereAndItGoesInTheEnd() throws Exception {
    Endpoint endpoint = open();
    assertEquals(
        "rw-rw-rw-", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
    Client.at(socket()).close();

    endpoint.listener().close();
    endpoint.remove();

    assertFalse(Files.exists(socket()));
    endpoint.remove(); // harmless
  }

  @Test
  void aSocketThatSomebodyLeftBehindIsReplaced() throws Exception {
    Files.createDirectories(socket().getParent());
    UnixListener.bind(socket(), 0600).close();

    Endpoint endpoint = open();

    Client.at(socket()).close();
    assertTrue(endpoint.listener().accept().isPresent());
    endpoint.listener().close();
  }

  @Test
  void aSocketWhereSomebodyListensIsLeftAlone() throws Exception {
    Files.createDirectories(socket().getParent());
    try (var other = UnixListener.bind(socket(), 0600)) {
      assertThrows(IOException.class, this::open);

      Client.at(socket()).close();
      assertTrue(other.accept().isPresent());
    }
  }

  @Test
  void whatIsNoSocketIsLeftAlone() throws Exception {
    Files.createDirectories(socket().getParent());
    Files.writeString(socket(), "precious");

    assertThrows(IOException.class, this::open);

    assertEquals("precious", Files.readString(socket()));
  }

  @Test
  void whatTookItsPlaceIsNotRemoved() throws Exception {
    Endpoint endpoint = open();
    Path moved = home.resolve("moved"); // keeps the number of the first from being used again
    Files.move(socket(), moved);
    try (var other = UnixListener.bind(socket(), 0600)) {
      endpoint.listener().close();
      endpoint.remove();

      Client.at(socket()).close();
      assertTrue(other.accept().isPresent());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "7, 1, varlink, 3",
    "7, 2, other:varlink, 4",
    "7, 1, other:varlink, ",
    "7, 1, other, ",
    "7, 1, , ",
    "7, 0, varlink, ",
    "7, x, varlink, ",
    "7, , varlink, ",
    "8, 1, varlink, ",
    ", 1, varlink, ",
  })
  void aPassedSocketIsKnownByItsNameIfItIsForThisProcess(
      String process, String count, String names, Integer descriptor) {
    Map<String, String> environment = new HashMap<>();
    environment.put("LISTEN_PID", process);
    environment.put("LISTEN_FDS", count);
    environment.put("LISTEN_FDNAMES", names);
    environment.values().removeIf(value -> value == null);

    assertEquals(
        descriptor == null ? OptionalInt.empty() : OptionalInt.of(descriptor),
        Endpoint.passed(environment, 7));
  }

  @Test
  void adescriptorThatIsNoListeningSocketIsRefused() {
    // 1000 is not open in a test; 0 is open and no socket of this kind.
    assertThrows(IOException.class, () -> UnixListener.passed(1000));
    assertThrows(IOException.class, () -> UnixListener.passed(0));
  }
}
