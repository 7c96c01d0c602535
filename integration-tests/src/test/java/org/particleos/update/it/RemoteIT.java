package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command line that lets the daemon do it, over a message bus: same answers, same exit statuses
 * as where it does the work itself.
 */
class RemoteIT {
  private static final Duration WAIT_MAX = Duration.ofMinutes(2);

  @TempDir private Path folder;
  private MessageBus bus;
  private NotifySocket notify;
  private SmallSystem system;
  private Program client;
  private Program.Running daemon;

  @BeforeEach
  void aDaemonOnABus() throws Exception {
    Root.needed("own the names of the service");
    bus = MessageBus.in(folder, MessageBus.OPEN);
    notify = new NotifySocket();
    client = Program.packaged().with("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    system =
        SmallSystem.in(folder)
            .by(
                client
                    .with("PARTICLE_UPDATE_RUN_DIRECTORY", folder.resolve("run").toString())
                    .with("NOTIFY_SOCKET", notify.path().toString()))
            .write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
            .write("etc/particle-update/agent.conf", "[Agent]\nHoldUntil=forever\n")
            .transfer("10-a", "a-@v.raw");
    system.offer().put("a-1.raw", new byte[] {1, 2, 3}).publish();
    daemon = system.program().start(system.arguments("daemon"));
    long end = System.nanoTime() + WAIT_MAX.toNanos();
    while (notify.count("READY=1") == 0) {
      assertTrue(System.nanoTime() < end && daemon.process().isAlive(), "the daemon is ready");
      Thread.onSpinWait();
    }
  }

  @AfterEach
  void stop() throws Exception {
    if (daemon != null) {
      daemon.terminate();
      daemon.end().expect(0);
    }
    if (notify != null) {
      notify.messages();
      notify.close();
    }
    if (bus != null) {
      bus.close();
    }
  }

  private Run remote(String... words) throws Exception {
    String[] all = Arrays.copyOf(words, words.length + 1);
    all[words.length] = "--daemon=yes";
    return client.run(all);
  }

  /** Runs it on both ways; what is said and how it ends are the same. */
  private Run same(String... words) throws Exception {
    Run here = system.run(words);
    Run there = remote(words);
    assertEquals(here.status(), there.status(), () -> here + "\n" + there);
    assertEquals(here.out(), there.out(), () -> here + "\n" + there);
    return there;
  }

  @Test
  void theDaemonAnswersWhatTheCommandWouldHaveFound() throws Exception {
    same("check").expect(0).says("1");
    same("list").expect(0).says("1");
    same("status").expect(0);
    same("check", "--json=short").expect(0);
    same("list", "--json=short").expect(0);

    remote("apply").expect(0);

    assertEquals(List.of("a-1.raw"), system.target());
    same("check").expect(3);
    same("status", "--json=short").expect(0);
    same("history", "--json=short").expect(0);
    same("vacuum").expect(0);
  }

  @Test
  void linesOfProgressAndTheOutcomeAreTheSame() throws Exception {
    JsonNode there = remote("apply", "--json=short").expect(0).json();
    Files.delete(system.path("target/a-1.raw"));
    JsonNode here = system.run("apply", "--json=short").expect(0).json();

    assertEquals(withoutTimes(here), withoutTimes(there));
  }

  private static JsonNode withoutTimes(JsonNode outcome) {
    var copy = (ObjectNode) outcome.deepCopy();
    copy.remove(List.of("seconds", "bytesPerSecond"));
    return copy;
  }

  @Test
  void whatFailsThereFailsHereWithTheSameStatusAndReport() throws Exception {
    Files.delete(folder.resolve("offer/SHA256SUMS"));

    Run here = system.run("check");
    Run there = remote("check");

    assertEquals(here.failure(here.status()), there.failure(here.status()));
    Run apply = remote("apply");
    assertEquals(system.run("apply").status(), apply.status());
    assertEquals(List.of(), system.target());
  }

  @Test
  void othersThanRootAskTheDaemonWhichAsksPolkit() throws Exception {
    Run refused = Root.asNobody(client).run("apply");

    refused.failure(10);
    assertEquals(List.of(), system.target());
  }

  @Test
  void withoutADaemonItSaysSo() throws Exception {
    daemon.terminate();
    daemon.end().expect(0);
    daemon = null;

    remote("check").failure(10, "the daemon could not be asked", "org.particleos.Update1");
  }
}
