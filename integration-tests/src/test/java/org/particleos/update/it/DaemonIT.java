package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.it.Faults.Stall;

/** The packaged daemon on a system below a folder, with a server on the loopback interface. */
class DaemonIT {
  private static final int MEBI = 1 << 20;
  private static final int STALL_AT = 9 * MEBI + 4711;

  /** Far more than anything here takes; who waits longer waits for nothing. */
  private static final Duration WAIT_MAX = Duration.ofMinutes(2);

  private SmallSystem system;
  private FaultServer server;
  private NotifySocket notify;
  private final List<Program.Running> daemons = new ArrayList<>();

  @BeforeEach
  void aSystemThatRunsVersion0(@TempDir Path folder) throws Exception {
    notify = new NotifySocket();
    system =
        SmallSystem.in(folder)
            .by(
                Program.packaged()
                    .with("PARTICLE_UPDATE_RUN_DIRECTORY", folder.resolve("run").toString())
                    .with("NOTIFY_SOCKET", notify.path().toString()))
            .write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    server = new FaultServer(system.offer().folder());
    policy();
    transfer();
    offer("1", new byte[] {1, 2, 3});
  }

  @AfterEach
  void stop() throws Exception {
    for (Program.Running daemon : daemons) {
      daemon.terminate();
      daemon.end();
    }
    server.close();
    notify.messages(); // ends the listening
    notify.close();
  }

  private void policy(String... lines) throws IOException {
    system.write(
        "etc/particle-update/agent.conf",
        "[Agent]\nBootDelay=0\nCheckSpread=0\n" + String.join("\n", lines) + "\n");
  }

  private void transfer() throws IOException {
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer", SmallSystem.urlFile(server.uri(), "a-@v.raw"));
  }

  private void offer(String version, byte[] content) throws IOException {
    system.offer().put("a-" + version + ".raw", content).publish();
  }

  private Program.Running start() throws IOException {
    var daemon = system.program().start(system.arguments("daemon"));
    daemons.add(daemon);
    return daemon;
  }

  private void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + WAIT_MAX.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(
          System.nanoTime() < end,
          () -> "waited in vain for " + what + "; the service manager heard " + notify.soFar());
      Thread.onSpinWait();
    }
  }

  private boolean holds(String... names) {
    try {
      return system.target().equals(List.of(names));
    } catch (IOException | java.io.UncheckedIOException _) {
      return false; // a file was renamed while it was looked at
    }
  }

  private void awaitOffer() {
    await("the check to be remembered", () -> remembers("\"available\" : \"1\""));
  }

  private Run stopped(Program.Running daemon) throws InterruptedException {
    daemon.terminate();
    return daemon.end();
  }

  private static long kept(Path state) {
    try (Stream<Path> files = Files.walk(state)) {
      long lines = 0;
      for (Path file : files.filter(each -> each.toString().endsWith(".journal")).toList()) {
        lines +=
            Files.readAllLines(file).stream().filter(line -> line.matches("[0-9a-f]{8}")).count();
      }
      return lines;
    } catch (IOException | java.io.UncheckedIOException _) {
      return 0; // it is being written
    }
  }

  /** Workers of a daemon that still run. */
  private static List<ProcessHandle> workers(Program.Running daemon) {
    return daemon.process().toHandle().descendants().toList();
  }

  @Test
  void itLooksDownloadsAndInstallsByItselfAndTellsTheServiceManager() throws Exception {
    var daemon = start();
    await("version 1", () -> notify.count("Version 1 waits for a restart") > 0);
    assertTrue(holds("a-1.raw"));

    Run run = stopped(daemon).expect(0);

    List<String> messages = notify.messages();
    assertTrue(
        messages.stream().anyMatch(message -> message.startsWith("READY=1\nSTATUS=")),
        messages::toString);
    assertTrue(messages.contains("STOPPING=1\nSTATUS=Stopping."), messages::toString);
    assertEquals("EXIT_STATUS=0", messages.getLast());
    run.says("version 1 is offered").says("version 1 is installed");
  }

  @Test
  void afterARestartItDoesNotAskAgain() throws Exception {
    var daemon = start();
    await("version 1", () -> notify.count("Version 1 waits for a restart") > 0);
    stopped(daemon).expect(0);
    int asked = server.questions().size();
    long told = notify.count("waits for a restart");

    var again = start();
    await("its first decision", () -> notify.count("waits for a restart") > told);
    stopped(again).expect(0);

    assertEquals(asked, server.questions().size(), () -> server.questions().toString());
  }

  @Test
  void aSignalStopsATransferWhichTheNextStartContinues(@TempDir Path state) throws Exception {
    system = system.with("PARTICLE_UPDATE_STATE_DIRECTORY", state.toString());
    byte[] content = new byte[16 * MEBI + 99];
    new Random(7).nextBytes(content);
    offer("2", content);
    var stall = new Stall(STALL_AT);
    server.fault("a-2.raw", stall);
    var daemon = start();
    stall.awaitReached();
    // What was sent has to arrive first: each MiB is a line of the journal.
    await("what was sent to be kept", () -> kept(state) >= STALL_AT / MEBI);

    daemon.terminate();
    // The service manager would kill it after a while; this is only not to wait for ever.
    assertTrue(daemon.process().waitFor(WAIT_MAX.toSeconds(), TimeUnit.SECONDS));
    daemon.end().expect(0);
    assertEquals(List.of(), workers(daemon));
    server.behave();

    start();
    await("version 2", () -> holds("a-2.raw"));
    String last =
        server.questions().stream()
            .filter(question -> question.startsWith("GET a-2.raw"))
            .toList()
            .getLast();
    assertTrue(last.contains(" from "), last);
  }

  @Test
  void theWorkerOfADaemonThatIsKilledEndsAsWell() throws Exception {
    offer("2", new byte[16 * MEBI]);
    var stall = new Stall(STALL_AT);
    server.fault("a-2.raw", stall);
    var daemon = start();
    stall.awaitReached();
    List<ProcessHandle> workers = workers(daemon);
    assertFalse(workers.isEmpty());

    daemon.kill();
    daemon.end();

    for (ProcessHandle worker : workers) {
      worker.onExit().get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void aSecondDaemonIsToldWhoServesTheSystem() throws Exception {
    var daemon = start();
    await("the first", () -> notify.count("READY=1") > 0);

    Run second = system.run("daemon");

    second.failure(8, "another daemon", "process " + daemon.process().pid());
  }

  @Test
  void anotherPolicyHoldsAfterASignalAndABadOneDoesNot() throws Exception {
    policy("UpTo=check");
    var daemon = start();
    awaitOffer();

    system.write("etc/particle-update/agent.conf", "[Agent\nUpTo=none\n");
    hangUp(daemon);
    await("the first reload", () -> notify.count("READY=1") == 2);
    policy("UpTo=install", "Colour=blue");
    hangUp(daemon);
    await("version 1", () -> holds("a-1.raw"));

    stopped(daemon).says("the policy stays as it was").says("Colour");
    List<String> messages = notify.messages();
    assertTrue(
        messages.stream().anyMatch(message -> message.startsWith("RELOADING=1\nMONOTONIC_USEC=")),
        messages::toString);
  }

  @Test
  void itTellsTheServiceManagerThatItIsAlive() throws Exception {
    system = system.with("WATCHDOG_USEC", "1000000");
    var daemon = start();

    await("two signs of life", () -> notify.count("WATCHDOG=1") >= 2);

    stopped(daemon).expect(0);
  }

  @Test
  void aWatchdogOfAnotherProcessIsNotItsOwn() throws Exception {
    system = system.with("WATCHDOG_USEC", "1000").with("WATCHDOG_PID", "1");
    var daemon = start();
    await("version 1", () -> notify.count("Version 1 waits for a restart") > 0);

    stopped(daemon).expect(0);

    assertEquals(0, notify.count("WATCHDOG=1"));
  }

  @Test
  void itsWorkersObeyTheRateLimitOfThePolicy() throws Exception {
    policy("RateLimit=1M");
    offer("2", new byte[16 * MEBI]);
    var stall = new Stall(STALL_AT);
    server.fault("a-2.raw", stall);
    var daemon = start();
    stall.awaitReached();

    String command =
        workers(daemon).getFirst().info().commandLine().orElseThrow(AssertionError::new);

    assertTrue(command.contains(" --rate-limit=" + MEBI + " "), command);
  }

  private static void hangUp(Program.Running daemon) throws Exception {
    var kill = new ProcessBuilder("kill", "-HUP", Long.toString(daemon.process().pid())).start();
    assertEquals(0, kill.waitFor());
  }

  @Test
  void beforeItIsLookedTheVerbPolicyTellsWhatWouldHappen() throws Exception {
    policy("UpTo=check");

    var json = system.run("policy", "--json=short").expect(0).json();
    assertEquals("check", json.path("upTo").asText());
    assertEquals("check", json.path("steps").path(0).path("step").asText());
    assertEquals("now", json.path("steps").path(0).path("when").asText());
    system.run("policy").expect(0).says("goes up to check by itself").says("no check is known of");

    var daemon = start();
    awaitOffer();
    stopped(daemon).expect(0);
    system.run("policy").expect(0).says("version 1: by hand").says("downloads are made by hand");
  }

  private boolean remembers(String text) {
    try {
      return system.text("var/lib/particle-update/agent.json").contains(text);
    } catch (IOException _) {
      return false;
    }
  }

  @Test
  void besideTheDaemonTheCommandLineIsKeptOut() throws Exception {
    offer("2", new byte[16 * MEBI]);
    var stall = new Stall(STALL_AT);
    server.fault("a-2.raw", stall);
    start();
    stall.awaitReached();

    system.run("apply").failure(8, "another process", "acquire");
  }
}
