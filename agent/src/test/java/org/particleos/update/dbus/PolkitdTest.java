package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.service.FakeWorkers;

/**
 * What others than root may do, decided by the real polkit with actions and rules of the test, in a
 * mount namespace of its own on a bus of its own.
 */
@Timeout(120) // of what hangs
class PolkitdTest {
  private static final Path POLKITD = Path.of("/usr/lib/polkit-1/polkitd");
  private static final String ACTIONS = "/usr/share/polkit-1/actions";
  private static final String RULES = "/etc/polkit-1/rules.d";

  /** As in section 8, for everybody: the users of this test have no session. */
  private static final List<String> ACTION_NAMES =
      List.of(
          "check",
          "cancel-check",
          "update",
          "cancel-update",
          "update-to-version",
          "cancel-update-to-version",
          "vacuum",
          "cancel-vacuum",
          "manage-features");

  private static final String RULE =
      """
      polkit.addRule(function(action, subject) {
        if (subject.user != "nobody") {
          return polkit.Result.NOT_HANDLED;
        }
        switch (action.id) {
          case "org.freedesktop.sysupdate1.check":
            return action.lookup("class") == "host" && action.lookup("name") == "host"
                && action.lookup("offline") == "0" ? polkit.Result.YES : polkit.Result.NO;
          case "org.freedesktop.sysupdate1.update":
            return action.lookup("version") === "" ? polkit.Result.YES : polkit.Result.NO;
          case "org.freedesktop.sysupdate1.update-to-version":
            return action.lookup("version") == "8" ? polkit.Result.YES : polkit.Result.NOT_HANDLED;
          case "org.freedesktop.sysupdate1.manage-features":
            return action.lookup("feature") == "devel.feature" && action.lookup("enabled") == "true"
                ? polkit.Result.YES : polkit.Result.NO;
          case "org.freedesktop.sysupdate1.cancel-update":
            return polkit.Result.YES;
        }
        return polkit.Result.NOT_HANDLED;
      });
      """;

  @TempDir private Path directory;
  private ServedMachine machine;
  private Process polkitd;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(Stranger.isRoot(), "only root can start polkitd with rules of its own");
    assumeTrue(Files.isExecutable(POLKITD), "polkitd is not installed");
    Stranger.welcome(directory);
    machine = new ServedMachine(directory, "", PolkitAuthority::new);
    Path actions = Files.createDirectory(directory.resolve("actions"));
    Files.writeString(actions.resolve("test.policy"), policy());
    Path rules = Files.createDirectory(directory.resolve("rules"));
    Files.writeString(rules.resolve("10-test.rules"), RULE);
    var builder =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--propagation=private",
                "sh",
                "-euc",
                "mount --bind \"$1\" "
                    + ACTIONS
                    + "; mount --bind \"$2\" "
                    + RULES
                    + "; exec \"$3\" --no-debug",
                "sh",
                actions.toString(),
                rules.toString(),
                POLKITD.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", machine.bus.address());
    var there = new CompletableFuture<Void>();
    try (var watcher =
        BusConnection.open(
            List.of(machine.bus.address()),
            new BusConnection.Receiver() {
              @Override
              public void signalled(DBusSignal signal) {
                // The bus also tells this connection its own name, maybe only now.
                if ("NameOwnerChanged".equals(signal.getName())) {
                  there.complete(null);
                }
              }
            })) {
      watcher.ask(
          "AddMatch",
          "s",
          "type='signal',member='NameOwnerChanged',arg0='org.freedesktop.PolicyKit1'");
      polkitd = builder.start();
      var _ =
          polkitd.onExit().thenRun(() -> there.completeExceptionally(new IOException("it ended")));
      there.get();
    }
  }

  private static String policy() {
    var text = new StringBuilder("<policyconfig>\n");
    for (String name : ACTION_NAMES) {
      text.append("<action id=\"org.freedesktop.sysupdate1.")
          .append(name)
          .append("\"><description>x</description><message>x</message><defaults>")
          .append("<allow_any>auth_admin</allow_any><allow_inactive>auth_admin</allow_inactive>")
          .append("<allow_active>auth_admin</allow_active></defaults></action>\n");
    }
    return text.append("</policyconfig>\n").toString();
  }

  @AfterEach
  void end() {
    if (polkitd != null) {
      polkitd.destroy();
    }
    if (machine != null) {
      machine.close();
    }
  }

  private BusTool.Ended nobody(String target, String method, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            Stranger.command(
                "busctl",
                "--system",
                "call",
                Sysupdate1.NAME,
                Sysupdate1.TARGETS + "/" + target,
                Sysupdate1.NAME + ".Target",
                method));
    command.addAll(List.of(arguments));
    return machine.tool.run(command);
  }

  private Future<BusTool.Ended> asking(String target, String method, String... arguments) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return nobody(target, method, arguments);
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    });
  }

  @Test
  void whatTheRulesAllowIsDone() throws Exception {
    var check = asking("host", "CheckNew");
    machine.workers.next().says("{'available':'8'}").ends(0);
    assertEquals("s \"8\"", check.get().succeeded());

    for (String version : List.of("", "8")) {
      var acquire = asking("host", "Acquire", "st", version, "0");
      FakeWorkers.Played worker = machine.workers.next();
      worker.says("{'event':'making-room','version':'8'}");
      assertTrue(acquire.get().succeeded().startsWith("sto \"8\""));
      worker.ends(0);
      machine.jobs.all().forEach(job -> job.end().join());
    }

    nobody("host", "SetFeatureEnabled", "sit", "devel", "1", "0").succeeded();
    assertTrue(Files.exists(machine.root.resolve("etc/sysupdate.d/devel.feature.d")));
  }

  @Test
  void whatTheRulesForbidIsNot() throws Exception {
    for (var refused :
        List.of(
            nobody("component_3ashim", "CheckNew"),
            nobody("host", "List", "t", "1"),
            nobody("host", "SetFeatureEnabled", "sit", "devel", "0", "0"))) {
      String text = refused.failed();
      assertTrue(text.contains("Access denied"), text);
    }
    assertTrue(machine.workers.noneStarted());
  }

  @Test
  void whatTakesAPasswordIsToldSo() throws Exception {
    assertTrue(nobody("host", "Vacuum").failed().contains("takes a password"));
    assertTrue(nobody("host", "Install", "st", "9", "0").failed().contains("takes a password"));
    assertTrue(machine.workers.noneStarted());
  }

  @Test
  void whatNeedsNoPermissionIsAnswered() throws Exception {
    assertEquals("s \"7\"", nobody("host", "GetVersion").succeeded());
    assertEquals("as 1 \"devel\"", nobody("host", "ListFeatures", "t", "0").succeeded());
  }

  @Test
  void rootNeedsNoRule() throws Exception {
    try (var client = machine.client()) {
      var vacuum =
          CompletableFuture.supplyAsync(() -> {
            try {
              return ServedMachine.target(client, "host", "Vacuum", "");
            } catch (BusException | InterruptedException e) {
              throw new AssertionError(e);
            }
          });
      machine.workers.next().says("{'removed':0,'disabledTransfers':0}").ends(0);

      assertEquals(2, vacuum.get().size());
    }
  }

  @Test
  void anotherUsersUpdateIsCancelledByTheRuleForThat() throws Exception {
    try (var client = machine.client()) {
      var acquire =
          CompletableFuture.supplyAsync(() -> {
            try {
              return ServedMachine.target(client, "host", "Acquire", "st", "", new UInt64(0));
            } catch (BusException | InterruptedException e) {
              throw new AssertionError(e);
            }
          });
      FakeWorkers.Played worker = machine.workers.next();
      worker.says("{'event':'making-room','version':'8'}");
      acquire.get();

      machine
          .tool
          .run(
              Stranger.command(
                  "busctl",
                  "--system",
                  "call",
                  Sysupdate1.NAME,
                  Sysupdate1.JOBS + "/_1",
                  Sysupdate1.NAME + ".Job",
                  "Cancel"))
          .succeeded();

      assertEquals(1, worker.terminateRequests());
    }
  }
}
