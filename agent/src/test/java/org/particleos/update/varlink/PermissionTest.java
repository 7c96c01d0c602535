package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.linux.UnixConnection;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;

/** Who may do what, and what polkit is told about it (dbus-varlink.md 8). */
@Timeout(value = 60, unit = TimeUnit.SECONDS) // where something is waited for that never comes
class PermissionTest {
  private static final UnixConnection.Peer STRANGER =
      new UnixConnection.Peer(42, 1000, OptionalLong.of(7));

  @TempDir private Path home;
  private ServedSystem system;

  @BeforeEach
  void begin() throws IOException {
    system = ServedSystem.at(home).updates("").component("shim", "");
  }

  @AfterEach
  void end() {
    system.close();
  }

  private record Asked(Call call, UnixConnection.Peer peer) implements Exchange {
    @Override
    public void awaitRoom() {}

    @Override
    public void sendMore(ObjectNode parameters) {}

    @Override
    public CompletableFuture<Void> gone() {
      return CompletableFuture.completedFuture(null);
    }
  }

  /** Calls as if from somewhere else. A check ends at once: its caller is gone. */
  private CompletableFuture<String> asks(UnixConnection.Peer peer, String message) {
    var answer = new CompletableFuture<String>();
    Thread.ofVirtual().start(() -> answer.complete(answer(peer, message)));
    return answer;
  }

  private String answer(UnixConnection.Peer peer, String message) {
    try {
      var call = Call.parse(message.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
      return system.service.answer(new Asked(call, peer)).toString();
    } catch (CallException error) {
      return error.error();
    } catch (MalformedCallException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String call(String method, String parameters) {
    return "{'method':'" + method + "','parameters':{" + parameters + "},'more':true}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "io.systemd.SysUpdate.CheckNew | 'target':{'class':'host'} | check |"
            + " class=host offline=0",
        "io.systemd.SysUpdate.CheckNew | 'target':{'class':'component','name':'shim'} | check |"
            + " class=component name=shim offline=0",
        "org.particleos.Update1.Acquire | 'target':{'class':'host'} | update |"
            + " class=host name=host version=",
        "org.particleos.Update1.Acquire | 'target':{'class':'host'},'version':'8' |"
            + " update-to-version | class=host name=host version=8",
        "org.particleos.Update1.Install | 'target':{'class':'component','name':'shim'} | update |"
            + " class=component name=shim version=",
        "org.particleos.Update1.Install | 'target':{'class':'host'},'version':'8' |"
            + " update-to-version | class=host name=host version=8",
        "org.particleos.Update1.Vacuum | 'target':{'class':'host'} | vacuum |"
            + " class=host name=host",
      })
  void polkitIsAskedForTheActionWithItsDetails(
      String method, String parameters, String action, String details) throws Exception {
    system.decides(Authority.Verdict.DENIED);

    assertEquals("io.systemd.PermissionDenied", asks(STRANGER, call(method, parameters)).get());
    asks(STRANGER, call(method, parameters + ",'allowInteractiveAuthentication':true")).get();

    var asked = system.questions.getFirst();
    assertEquals(new Caller.OnSocket(42, 1000, 7), asked.caller());
    assertEquals("org.freedesktop.sysupdate1." + action, asked.action());
    assertEquals(
        List.of(details.split(" ")),
        asked.details().entrySet().stream()
            .map(detail -> detail.getKey() + "=" + detail.getValue())
            .sorted()
            .toList());
    assertEquals(
        List.of(false, true),
        system.questions.stream().map(ServedSystem.Question::interactive).toList());
    assertTrue(system.workers.noneStarted());
  }

  @ParameterizedTest
  @CsvSource({
    "DENIED, io.systemd.PermissionDenied",
    "UNAVAILABLE, io.systemd.PermissionDenied",
    "NEEDS_INTERACTION, io.systemd.InteractiveAuthenticationRequired",
    "ALLOWED, io.systemd.System", // the check was begun and cancelled
  })
  void theVerdictIsTold(Authority.Verdict verdict, String error) throws Exception {
    system.decides(verdict);

    assertEquals(
        error,
        asks(STRANGER, call("io.systemd.SysUpdate.CheckNew", "'target':{'class':'host'}")).get());
  }

  @Test
  void polkitIsNotAskedAboutRoot() throws Exception {
    system.decides(Authority.Verdict.UNAVAILABLE);

    String answer =
        asks(
                new UnixConnection.Peer(42, 0, OptionalLong.empty()),
                call("io.systemd.SysUpdate.CheckNew", "'target':{'class':'host'}"))
            .get();

    assertEquals("io.systemd.System", answer);
    assertEquals(List.of(), system.questions);
  }

  @Test
  void polkitIsNotAskedAboutTheDaemonItself() throws Exception {
    Authority never =
        (caller, action, details, interactive) -> {
          throw new AssertionError("asked");
        };

    new Permission(never, 1000).require(STRANGER, "check", Map.of(), false);
    assertThrows(
        AssertionError.class,
        () -> new Permission(never, 1001).require(STRANGER, "check", Map.of(), false));
  }

  @Test
  void aProcessThatCannotBeKnownAgainMayNothing() throws Exception {
    var gone = new UnixConnection.Peer(42, 1000, OptionalLong.empty());

    assertEquals(
        "io.systemd.PermissionDenied",
        asks(gone, call("io.systemd.SysUpdate.CheckNew", "'target':{'class':'host'}")).get());
    assertEquals(List.of(), system.questions);
  }

  @Test
  void whoMayNothingMayStillLook() throws Exception {
    system.decides(Authority.Verdict.DENIED);

    assertTrue(asks(STRANGER, call("io.systemd.SysUpdate.ListTargets", "")).get().contains("shim"));
    assertEquals(
        "{\"features\":[]}",
        asks(STRANGER, call("io.systemd.SysUpdate.ListFeatures", "'target':{'class':'host'}"))
            .get());
    assertEquals(List.of(), system.questions);
  }

  @ParameterizedTest
  @CsvSource({
    "Acquire, '', cancel-update",
    "Acquire, ',''version'':''8''', cancel-update-to-version",
    "Install, '', cancel-update",
    "Vacuum, '', cancel-vacuum",
  })
  void cancellingHasActionsOfItsOwn(String method, String version, String action) throws Exception {
    var begun =
        asks(
            new UnixConnection.Peer(1, 0, OptionalLong.empty()),
            call("org.particleos.Update1." + method, "'target':{'class':'host'}" + version));
    var worker = system.workers.next();
    worker.says("{'event':'making-room','version':'8'}"); // decides nothing: P-02
    system.decides(Authority.Verdict.DENIED);
    String cancel = call("org.particleos.Update1.Cancel", "'job':1");

    assertEquals("io.systemd.PermissionDenied", asks(STRANGER, cancel).get());
    assertEquals("org.freedesktop.sysupdate1." + action, system.questions.getFirst().action());
    assertEquals(Map.of(), system.questions.getFirst().details());

    system.decides(Authority.Verdict.ALLOWED);
    assertEquals("{}", asks(STRANGER, cancel).get());
    assertEquals(143, worker.awaitEnd());
    assertEquals("org.particleos.Update1.Cancelled", begun.get());
  }

  @Test
  void theKernelSaysWhoConnects() throws Exception {
    assumeTrue(UnixConnection.ownUser() == 0, "only root can become somebody else");
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
    system.decides(Authority.Verdict.NEEDS_INTERACTION);
    String script =
        """
        import os, socket, sys
        os.setgid(65534)
        os.setuid(65534)
        s = socket.socket(socket.AF_UNIX)
        s.connect(sys.argv[1])
        s.sendall(b'{"method":"io.systemd.SysUpdate.CheckNew","parameters":{"target":{"class":"host"}}}\\0')
        reply = b''
        while not reply.endswith(b'\\0'):
            reply += s.recv(4096)
        print(reply[:-1].decode(), open('/proc/self/stat').read().rsplit(')')[-1].split()[19])
        """;
    Process python = Python.runs(script, system.socket.toString());
    String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    String error =
        "{\"error\":\"io.systemd.InteractiveAuthenticationRequired\",\"parameters\":{}} ";
    assertTrue(said.startsWith(error), said);
    long startTime = Long.parseLong(said.substring(error.length()).trim());
    assertEquals(
        new Caller.OnSocket(python.pid(), 65534, startTime), system.questions.getFirst().caller());
  }
}
