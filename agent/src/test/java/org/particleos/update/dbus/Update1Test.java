package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.xml.parsers.DocumentBuilderFactory;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.AgentState;
import org.particleos.update.service.Authority.Verdict;
import org.particleos.update.service.FakeWorkers;
import org.particleos.update.service.RunFailure;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;

@Timeout(120) // of what hangs
class Update1Test {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String MAX = "18446744073709551615";

  @TempDir private Path directory;
  private final FakeWorkers workers = new FakeWorkers();
  private DaemonOnBus daemon;
  private Peer peer;

  @BeforeEach
  void start() throws Exception {
    daemon = DaemonOnBus.in(directory, workers);
    peer = new Peer(daemon.address());
  }

  @AfterEach
  void stop() {
    peer.close();
    daemon.close();
  }

  /** Somebody on the bus. */
  private static final class Peer implements AutoCloseable {
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final BlockingQueue<Map<?, ?>> changes = new LinkedBlockingQueue<>();
    private final BusConnection connection;

    Peer(String address) throws IOException, InterruptedException {
      connection =
          BusConnection.open(
              List.of(address),
              new BusConnection.Receiver() {
                @Override
                public void told(DBusSignal signal) {
                  try {
                    heard.add(signal.getName() + BusConnection.values(signal));
                  } catch (DBusException e) {
                    throw new AssertionError(e);
                  }
                }

                @Override
                public void signalled(DBusSignal signal) {
                  try {
                    if (signal.getName().equals("PropertiesChanged")) {
                      changes.add((Map<?, ?>) BusConnection.values(signal).get(1));
                    }
                  } catch (DBusException e) {
                    throw new AssertionError(e);
                  }
                }
              });
    }

    List<Object> call(String method, String signature, Object... arguments) throws Exception {
      return call(false, method, signature, arguments);
    }

    List<Object> call(boolean interactive, String method, String signature, Object... arguments)
        throws Exception {
      return connection.call(
          new BusConnection.Call(
                  Update1.NAME, Update1.PATH, Update1.NAME, method, signature, arguments)
              .interactive(interactive),
          PATIENCE);
    }

    long run(String verb, Map<String, Variant<?>> options) throws Exception {
      return ((UInt64) call("Run", "sa{sv}", verb, options).getFirst()).longValue();
    }

    Map<?, ?> properties() throws Exception {
      return (Map<?, ?>)
          connection
              .call(
                  new BusConnection.Call(
                      Update1.NAME,
                      Update1.PATH,
                      "org.freedesktop.DBus.Properties",
                      "GetAll",
                      "s",
                      Update1.NAME),
                  PATIENCE)
              .getFirst();
    }

    @Override
    public void close() {
      connection.close();
    }
  }

  private static String error(Peer who, String method, String signature, Object... arguments) {
    return assertThrows(
            BusException.class,
            () -> who.call(method, signature, arguments),
            () -> method + Arrays.deepToString(arguments))
        .name();
  }

  private static AgentState downloading(long done) {
    return new AgentState(
        AgentState.Phase.DOWNLOADING,
        Optional.of("1"),
        Optional.of("1"),
        Optional.empty(),
        Optional.of("2"),
        Optional.of(new AgentState.Transfer(done, OptionalLong.of(100), 7, OptionalLong.empty())),
        Optional.of(
            RunFailure.of(
                UpdateException.because(Reason.TOO_SLOW, "too slow").remedy("wait").unreachable())),
        Optional.of(Instant.ofEpochSecond(10, 5_000)),
        Optional.empty(),
        Optional.of(Instant.MAX),
        Map.of("9", "it did not come up"),
        List.of("The window opens at 3."));
  }

  // ---- What is shown ----

  @Test
  void aDaemonThatKnowsNothingSaysSo() throws Exception {
    Map<?, ?> properties = peer.properties();

    assertEquals("idle", properties.get("State"));
    assertEquals("", properties.get("BootedVersion"));
    assertEquals(new UInt64(0), properties.get("LastCheck"));
    assertEquals(new UInt64(0), properties.get("HoldUntil"));
    assertEquals(new UInt64(MAX), properties.get("SecondsLeft"));
    assertEquals(List.of(), properties.get("WaitingFor"));
    assertEquals(Map.of(), properties.get("FailedVersions"));
  }

  @Test
  void theStateIsShownAsProperties() throws Exception {
    daemon.mind().becomes(downloading(40));

    Map<?, ?> properties = peer.properties();
    assertEquals("downloading", properties.get("State"));
    assertEquals("1", properties.get("BootedVersion"));
    assertEquals("2", properties.get("AvailableVersion"));
    assertEquals(new UInt64(40), properties.get("BytesDone"));
    assertEquals(new UInt64(100), properties.get("BytesTotal"));
    assertEquals(new UInt64(7), properties.get("Rate"));
    assertEquals("TOO_SLOW", properties.get("FailureReason"));
    assertEquals("wait", properties.get("FailureRemedy"));
    assertEquals(new UInt64(10_000_005), properties.get("LastCheck"));
    assertEquals(new UInt64(MAX), properties.get("HoldUntil"));
    assertEquals(List.of("The window opens at 3."), properties.get("WaitingFor"));
    assertEquals(Map.of("9", "it did not come up"), properties.get("FailedVersions"));
  }

  @Test
  void changesAreSignalledAndNothingElse() throws Exception {
    peer.connection.ask(
        "AddMatch", "s", "type='signal',path='" + Update1.PATH + "',member='PropertiesChanged'");
    daemon.mind().becomes(downloading(40));
    assertTrue(peer.changes.take().containsKey("State"));

    daemon.mind().becomes(downloading(40));
    daemon.mind().becomes(downloading(50));

    assertEquals(Map.of("BytesDone", new UInt64(50)), peer.changes.take());
    assertTrue(peer.changes.isEmpty());
  }

  // ---- Wishes ----

  @ParameterizedTest
  @CsvSource({
    "Check, check, check",
    "Cancel, cancel, cancel",
    "Unhold, hold, unhold",
    "Reboot, reboot, reboot"
  })
  void aWishIsFulfilledForWhoMay(String method, String action, String wish) throws Exception {
    peer.call(method, "");

    var question = daemon.clerk().asked();
    assertEquals(Update1.NAME + "." + action, question.action());
    assertEquals("host", question.details().get("class"));
    assertFalse(question.interactive());
    assertEquals(wish, daemon.mind().wish());
    daemon.clerk().decides(Verdict.DENIED);
    assertEquals(BusException.ACCESS_DENIED, error(peer, method, ""));
    daemon.clerk().decides(Verdict.UNAVAILABLE);
    assertEquals(BusException.ACCESS_DENIED, error(peer, method, ""));
    daemon.clerk().decides(Verdict.NEEDS_INTERACTION, Verdict.ALLOWED);
    assertEquals(BusException.INTERACTION_REQUIRED, error(peer, method, ""));
    assertEquals(List.of(), daemon.mind().wishes());
    if (!method.equals("Check")) { // whose first job still runs
      peer.call(true, method, "");
      assertEquals(wish, daemon.mind().wish());
    }
  }

  @Test
  void theNewestVersionAndACertainOneAreDifferentPermissions() throws Exception {
    peer.call("Apply", "s", "");
    assertEquals(Update1.NAME + ".update", daemon.clerk().asked().action());
    assertEquals("apply newest", daemon.mind().wish());
    workers.next().ends(0);
    while (!daemon.jobs().all().isEmpty()) {
      Thread.onSpinWait();
    }

    peer.call("Apply", "s", "7");
    var question = daemon.clerk().asked();
    assertEquals(Update1.NAME + ".update-to-version", question.action());
    assertEquals("7", question.details().get("version"));
    assertEquals("apply 7", daemon.mind().wish());
    assertEquals(BusException.INVALID_ARGS, error(peer, "Apply", "s", "a/b"));
    assertEquals(List.of(), daemon.mind().wishes());
  }

  @Test
  void somebodyElseAtWorkIsToldByName() throws Exception {
    peer.call("Apply", "s", "");

    assertEquals("System.Error.EBUSY", error(peer, "Apply", "s", ""));
  }

  @Test
  void holdTakesATimeOrNone() throws Exception {
    peer.call("Hold", "t", new UInt64(1_000_000));
    assertEquals("hold 1970-01-01T00:00:01Z", daemon.mind().wish());
    peer.call("Hold", "t", new UInt64(MAX));
    assertEquals("hold for ever", daemon.mind().wish());
  }

  @Test
  void thePolicyIsExplainedToEverybody() throws Exception {
    daemon.clerk().decides(Verdict.DENIED);

    assertEquals(
        List.of(List.of("The next check is at noon.", "Nothing is held.")),
        peer.call("Explain", ""));
  }

  // ---- Runs ----

  private static Map<String, Variant<?>> options(Object... namesAndValues) {
    Map<String, Variant<?>> options = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      options.put((String) namesAndValues[i], new Variant<>(namesAndValues[i + 1]));
    }
    return options;
  }

  @Test
  void aRunTellsItsCallerWhatItSaysAndHowItEnded() throws Exception {
    try (var other = new Peer(daemon.address())) {
      other.connection.ask("AddMatch", "s", "type='signal'");
      long job = peer.run("check", options("sizes", true, "component", "app"));
      var worker = workers.next();

      worker.says("{'event':'notice','text':'so'}").says("{'available':null}").ends(3);

      assertEquals("Event[" + job + ", {\"event\":\"notice\",\"text\":\"so\"}]", peer.heard.take());
      assertEquals("Event[" + job + ", {\"available\":null}]", peer.heard.take());
      assertEquals("Ended[" + job + ", 3]", peer.heard.take());
      assertTrue(worker.arguments().contains("--component=app"), worker.arguments().toString());
      assertTrue(worker.arguments().contains("--sizes"));
      assertEquals("check", worker.arguments().getLast());
      other.connection.ask("GetId", "");
      assertTrue(other.heard.isEmpty());
    }
  }

  @Test
  void whoAskedIsToldToTheWorker() throws Exception {
    peer.run("vacuum", options());

    String uid = String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    assertTrue(workers.next().arguments().contains("--on-behalf-of=" + uid));
  }

  @Test
  void aVersionIsNeverTakenForAnOption() throws Exception {
    peer.run("apply", options("version", "--root"));

    List<String> arguments = workers.next().arguments();
    assertEquals(
        List.of("apply", "--", "--root"),
        arguments.subList(arguments.size() - 3, arguments.size()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "check|check",
        "status|check",
        "list|check",
        "history|history",
        "vacuum|vacuum",
        "apply|update"
      })
  void everyVerbHasItsPermission(String verb, String action) throws Exception {
    daemon.clerk().decides(Verdict.DENIED);

    assertEquals(BusException.ACCESS_DENIED, error(peer, "Run", "sa{sv}", verb, options()));
    assertEquals(Update1.NAME + "." + action, daemon.clerk().asked().action());
    assertTrue(workers.noneStarted());
    daemon.clerk().decides(Verdict.ALLOWED);
    assertTrue(peer.run(verb, options()) > 0);
  }

  @Test
  void theDetailsOfARunAreThereForRules() throws Exception {
    peer.run("apply", options("version", "7", "component", "app", "offline", true));

    var question = daemon.clerk().asked();
    assertEquals(Update1.NAME + ".update-to-version", question.action());
    assertEquals(
        Map.of("class", "component", "name", "app", "version", "7", "offline", "1"),
        question.details());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "doctor", "acquire", "CHECK", "check --root=/", "../check", "--version", "\n"})
  void anotherVerbIsRefused(String verb) {
    assertEquals(BusException.INVALID_ARGS, error(peer, "Run", "sa{sv}", verb, options()));
    assertTrue(workers.noneStarted());
  }

  @Test
  void optionsThatAreNotMeantForOthersAreRefused() {
    List<Map<String, Variant<?>>> hostile = new ArrayList<>();
    for (String name :
        List.of(
            "root",
            "image",
            "definitions",
            "transfer-source",
            "verify",
            "force",
            "--root",
            "",
            "Version",
            "version\u0000",
            "json")) {
      if (name.indexOf('\u0000') < 0) {
        hostile.add(options(name, "/"));
        hostile.add(options(name, true));
      }
    }
    for (String version :
        List.of("", "a/b", "a b", "--root=x", "../../etc/passwd", "x\n", "x".repeat(300), "é")) {
      hostile.add(options("version", version));
    }
    for (String component : List.of("", "../x", "a/b", "a.component", "x\n", "x".repeat(300))) {
      hostile.add(options("component", component));
    }
    hostile.add(options("version", 7));
    hostile.add(options("offline", "yes"));
    hostile.add(options("offline", new UInt32(1)));
    hostile.add(options("lines", new UInt32(5))); // of another verb
    hostile.add(options("component", "app", "component-all", true));

    for (Map<String, Variant<?>> options : hostile) {
      assertEquals(
          BusException.INVALID_ARGS,
          error(peer, "Run", "sa{sv}", "apply", options),
          options.toString());
    }
    for (long lines : new long[] {0, 1001, 4_294_967_295L}) {
      assertEquals(
          BusException.INVALID_ARGS,
          error(peer, "Run", "sa{sv}", "history", options("lines", new UInt32(lines))));
    }
    assertEquals(BusException.INVALID_ARGS, error(peer, "Run", "sas", "apply", new String[0]));
    assertTrue(workers.noneStarted());
  }

  @Test
  void aRunThatCannotBeStartedSaysWhy() throws Exception {
    peer.run("apply", options());

    assertEquals(0, peer.run("vacuum", options()));

    String line = peer.heard.take();
    assertTrue(line.startsWith("Event[0, {\"event\":\"failed\","), line);
    assertTrue(line.contains("\"kind\":\"BUSY\""), line);
    assertTrue(line.contains("\"reason\":\"LOCK_HELD\""), line);
    assertEquals("Ended[0, 1]", peer.heard.take());
  }

  @Test
  void aWorkerThatDiesWithoutAWordIsAFailure() throws Exception {
    long job = peer.run("apply", options());
    workers.next().ends(139);

    String line = peer.heard.take();
    assertTrue(line.contains("\"reason\":\"WORKER_FAILED\""), line);
    assertTrue(line.contains("exit status 139"), line);
    assertEquals("Ended[" + job + ", 1]", peer.heard.take());
  }

  @Test
  void aFailureIsToldOnce() throws Exception {
    long job = peer.run("apply", options());
    workers
        .next()
        .says(
            "{'event':'failed','exitStatus':5,'kind':'NOT_TRUSTED','reason':'DIGEST_MISMATCH',"
                + "'message':'m','remedy':'r'}")
        .ends(5);

    assertTrue(peer.heard.take().contains("DIGEST_MISMATCH"));
    assertEquals("Ended[" + job + ", 5]", peer.heard.take());
  }

  @Test
  void whoBeganARunMayEndItAndOthersNeedAPermission() throws Exception {
    try (var other = new Peer(daemon.address())) {
      long job = peer.run("apply", options());
      var worker = workers.next();
      daemon.clerk().asked();
      daemon.clerk().decides(Verdict.DENIED);

      assertEquals(BusException.ACCESS_DENIED, error(other, "CancelRun", "t", new UInt64(job)));
      assertEquals(Update1.NAME + ".cancel", daemon.clerk().asked().action());
      assertEquals(0, worker.terminateRequests());
      assertEquals(BusException.FILE_NOT_FOUND, error(peer, "CancelRun", "t", new UInt64(job + 1)));
      peer.call("CancelRun", "t", new UInt64(job));

      assertEquals(1, worker.terminateRequests());
      assertTrue(peer.heard.take().contains("\"reason\":\"INTERRUPTED\""));
      assertEquals("Ended[" + job + ", 130]", peer.heard.take());
    }
  }

  @Test
  void aQuestionOfSomebodyWhoLeftIsDroppedAndAnUpdateIsCarriedOn() throws Exception {
    var leaving = new Peer(daemon.address());
    leaving.run("check", options());
    var check = workers.next();
    leaving.run("apply", options());
    var apply = workers.next();

    leaving.close();

    assertEquals(143, check.exitStatus());
    assertEquals(0, apply.terminateRequests());
  }

  @Test
  void oneUserDoesNotKeepAllOthersOut() throws Exception {
    assumeFalse(
        "root".equals(System.getProperty("user.name")), "the limit is for others than root");
    for (int i = 0; i < Update1.RUNS_PER_USER_MAX; i++) {
      peer.run("check", options());
    }

    assertEquals(BusException.LIMITS_EXCEEDED, error(peer, "Run", "sa{sv}", "check", options()));
  }

  // ---- What is published ----

  @Test
  void theDescriptionInTheRepositoryIsWhatIntrospectionTells() throws Exception {
    String told =
        (String)
            peer.connection
                .call(
                    new BusConnection.Call(
                        Update1.NAME,
                        Update1.PATH,
                        "org.freedesktop.DBus.Introspectable",
                        "Introspect",
                        ""),
                    PATIENCE)
                .getFirst();
    String published =
        Files.readString(
            Path.of("../systemd-units/share/dbus-1/interfaces/org.particleos.Update1.xml"));

    assertEquals(members(published), members(told));
  }

  /** Every element of our interface with its attributes and place, without white space. */
  private static List<String> members(String xml) throws Exception {
    var factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    Element root =
        factory
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(xml)))
            .getDocumentElement();
    List<String> members = new ArrayList<>();
    for (Node child = root.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child instanceof Element element && element.getAttribute("name").equals(Update1.NAME)) {
        collect("", element, members);
      }
    }
    return members;
  }

  private static void collect(String place, Element element, List<String> into) {
    var attributes = new ArrayList<String>();
    for (int i = 0; i < element.getAttributes().getLength(); i++) {
      attributes.add(element.getAttributes().item(i).toString());
    }
    attributes.sort(null);
    String here = place + "/" + element.getTagName() + attributes;
    into.add(here);
    for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child instanceof Element inner) {
        collect(here, inner, into);
      }
    }
  }
}
