package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The front end in a process of its own, as the service manager or an administrator starts it. */
@Timeout(value = 120, unit = TimeUnit.SECONDS) // where something is waited for that never comes
class FrontEndTest {
  private static final String CHECK =
      "{'method':'io.systemd.SysUpdate.CheckNew','parameters':{'target':{'class':'host'}}}";

  /** Binds, and becomes the program with the socket as descriptor 3. */
  private static final String LAUNCHER =
      """
      import os, socket, sys
      s = socket.socket(socket.AF_UNIX)
      s.bind(sys.argv[1])
      s.listen(16)
      os.dup2(s.fileno(), 3)
      os.set_inheritable(3, True)
      os.environ['LISTEN_FDS'] = '1'
      os.environ['LISTEN_FDNAMES'] = 'varlink'
      os.environ['LISTEN_PID'] = str(os.getpid())
      os.execv(sys.argv[2], sys.argv[2:])
      """;

  @TempDir private Path home;
  private Path root;
  private Path run;
  private @Nullable Process process;

  @BeforeEach
  void begin() throws IOException {
    root = Files.createDirectory(home.resolve("root"));
    run = Files.createDirectory(home.resolve("run"));
    Path transfer = root.resolve("usr/lib/sysupdate.d/10-os.transfer");
    Files.createDirectories(transfer.getParent());
    Files.writeString(
        transfer,
        """
        [Source]
        Type=url-file
        Path=http://127.0.0.1:1/
        MatchPattern=os_@v.efi

        [Target]
        Type=regular-file
        Path=/srv
        MatchPattern=os_@v.efi
        """);
    Files.createDirectories(root.resolve("etc"));
    Files.writeString(root.resolve("etc/os-release"), "ID=test\n");
  }

  @AfterEach
  void end() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private Path own() {
    return run.resolve("systemd/io.systemd.SysUpdate");
  }

  private Process start(List<String> command) throws IOException {
    Process started =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process = started;
    return started;
  }

  private static void awaitServing(Process started) throws IOException {
    assertEquals("serving", started.inputReader().readLine());
  }

  @Test
  void withoutASocketUnitTheDaemonMakesItsOwnSocketAndTakesItAway() throws Exception {
    Process started = start(ServingMain.command(root, run));
    awaitServing(started);

    try (Client client = Client.at(own())) {
      assertEquals("{\"parameters\":{\"available\":\"v7\"}}", client.asks(CHECK));
    }
    started.getOutputStream().close();

    assertEquals("closed", started.inputReader().readLine());
    assertFalse(Files.exists(own()));
    assertEquals(0, started.waitFor());
  }

  @Test
  void aSocketThatIsPassedIsServedAndStays() throws Exception {
    Path passed = home.resolve("passed");
    List<String> command = ServingMain.command(root, run);
    process = Python.runs(LAUNCHER, arguments(passed, command));
    awaitServing(process);

    try (Client client = Client.at(passed)) {
      assertEquals("{\"parameters\":{\"available\":\"v7\"}}", client.asks(CHECK));
    }
    assertFalse(Files.exists(own()));
    process.getOutputStream().close();

    assertEquals("closed", process.inputReader().readLine());
    assertTrue(Files.exists(passed));
  }

  private static String[] arguments(Path socket, List<String> command) {
    List<String> arguments = new ArrayList<>(List.of(socket.toString()));
    arguments.addAll(command);
    return arguments.toArray(String[]::new);
  }

  @Test
  void theFirstCallStartsTheDaemonAndIsAnswered() throws Exception {
    Path activate = Path.of("/usr/bin/systemd-socket-activate");
    assumeTrue(Files.isExecutable(activate), activate + " is missing");
    Path passed = home.resolve("passed");
    List<String> command =
        new ArrayList<>(List.of(activate.toString(), "--listen=" + passed, "--fdname=varlink"));
    command.addAll(ServingMain.command(root, run));
    // Says that it listens on its error stream, which is the only way to know.
    process = new ProcessBuilder(command).start();
    assertTrue(process.errorReader().readLine().contains("Listening"));

    try (Client client = Client.at(passed)) {
      assertEquals("{\"parameters\":{\"available\":\"v7\"}}", client.asks(CHECK));
    }
    process.getOutputStream().close();
    process.waitFor();
  }

  @Test
  void anyProgramThatKnowsTheProtocolIsAClient() throws Exception {
    awaitServing(start(ServingMain.command(root, run)));
    String script =
        """
        import json, socket, sys
        s = socket.socket(socket.AF_UNIX)
        s.connect(sys.argv[1])
        def call(method, **parameters):
            s.sendall(json.dumps({'method': method, 'parameters': parameters}).encode() + b'\\0')
            reply = b''
            while not reply.endswith(b'\\0'):
                reply += s.recv(4096)
            return json.loads(reply[:-1])
        check = 'io.systemd.SysUpdate.CheckNew'
        print(call(check, target={'class': 'host'}) == {'parameters': {'available': 'v7'}})
        print(call(check, target={'class': 'component', 'name': 'x'}) ==
              {'error': 'io.systemd.SysUpdate.NoSuchTarget', 'parameters': {}})
        print(call('io.systemd.SysUpdate.ListTargets') ==
              {'parameters': {'targets': [{'id': {'class': 'host', 'name': None}}]}})
        print(call('org.varlink.service.GetInfo')['parameters']['interfaces'])
        """;

    Process python = Python.runs(script, own().toString());

    assertEquals(
        """
        True
        True
        True
        ['io.systemd', 'io.systemd.SysUpdate', 'org.particleos.Update1', 'org.varlink.service']
        """,
        new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
  }

  @Test
  void varlinkctlIntrospectsAndCalls() throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/varlinkctl")),
        "varlinkctl is missing: it came with systemd 255");
    awaitServing(start(ServingMain.command(root, run)));

    for (String name : List.of("io.systemd", "io.systemd.SysUpdate", "org.particleos.Update1")) {
      String description = varlinkctl("introspect", own().toString(), name);
      assertTrue(description.contains("interface " + name), description);
    }
    assertTrue(
        varlinkctl(
                "call",
                own().toString(),
                "io.systemd.SysUpdate.CheckNew",
                "{\"target\":{\"class\":\"host\"}}")
            .contains("v7"));
  }

  private static String varlinkctl(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("varlinkctl"));
    command.addAll(List.of(arguments));
    Process called =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(called.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, called.waitFor(), said);
    return said;
  }
}
