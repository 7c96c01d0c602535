package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.service.Authority.Verdict;
import org.particleos.update.service.FakeWorkers;
import org.particleos.update.service.Job;
import org.particleos.update.service.Jobs;

/** dbus-varlink.md 3 to 7, 14 */
@Timeout(120) // of what hangs
class Sysupdate1Test {
  private static final UInt64 NONE = new UInt64(0);
  private static final UInt64 OFFLINE = new UInt64(1);

  /** Of the job table. */
  private static final int JOBS_MAX = 64;

  @TempDir private Path directory;
  private final FakeAuthority authority = new FakeAuthority();
  private ServedMachine machine;
  private BusConnection client;

  /** What is said to everybody, in order, with the answers between: the client of a test. */
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

  @BeforeEach
  void serve() throws Exception {
    machine = new ServedMachine(directory, "", _ -> authority);
    client =
        BusConnection.open(
            List.of(machine.bus.address()),
            new BusConnection.Receiver() {
              @Override
              public void signalled(DBusSignal signal) {
                try {
                  heard.add(signal.getName() + " " + BusConnection.values(signal));
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
              }
            });
    client.ask("AddMatch", "s", "type='signal',path_namespace='" + Sysupdate1.PATH + "'");
    heard.clear();
  }

  @AfterEach
  void end() throws Exception {
    client.close();
    machine.close();
  }

  private List<Object> target(String method, String types, Object... values) throws Exception {
    return ServedMachine.target(client, "host", method, types, values);
  }

  /** A call that is under way. */
  private Future<List<Object>> calling(String method, String types, Object... values) {
    var answer = new CompletableFuture<List<Object>>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            answer.complete(target(method, types, values));
          } catch (Exception | AssertionError e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  private static BusException refusal(Future<List<Object>> call) {
    var failed = assertThrows(ExecutionException.class, call::get);
    return assertInstanceOf(BusException.class, failed.getCause());
  }

  private BusException refused(String method, String types, Object... values) {
    return assertThrows(BusException.class, () -> target(method, types, values));
  }

  private static String jobPath(int id) {
    return Sysupdate1.JOBS + "/_" + id;
  }

  // ---- Targets ----

  @Test
  void allTargetsAreListedWithTheirPaths() throws Exception {
    assertEquals(
        List.of(
            List.of(
                List.of("machine", "fedora-40", Sysupdate1.TARGETS + "/machine_3afedora_2d40"),
                List.of("host", "host", Sysupdate1.TARGETS + "/host"),
                List.of("component", "shim", Sysupdate1.TARGETS + "/component_3ashim"))),
        ServedMachine.manager(client, "ListTargets"));
    assertEquals(
        """
        /
        /org
        /org/freedesktop
        /org/freedesktop/LogControl1
        /org/freedesktop/sysupdate1
        /org/freedesktop/sysupdate1/job
        /org/freedesktop/sysupdate1/target
        /org/freedesktop/sysupdate1/target/component_3ashim
        /org/freedesktop/sysupdate1/target/host
        /org/freedesktop/sysupdate1/target/machine_3afedora_2d40\
        """,
        machine.tool.busctl("tree", "--list", Sysupdate1.NAME).succeeded());
  }

  @Test
  void aTargetHasItsProperties() throws Exception {
    String all =
        machine
            .tool
            .gdbus(
                "introspect",
                "--only-properties",
                "--dest",
                Sysupdate1.NAME,
                "--object-path",
                Sysupdate1.TARGETS + "/component_3ashim")
            .succeeded();

    assertTrue(all.contains("readonly s Class = 'component';"), all);
    assertTrue(all.contains("readonly s Name = 'shim';"), all);
    assertTrue(all.contains("readonly s Path = 'sysupdate.shim.d';"), all);
  }

  @Test
  void whatADesktopAsksFirstTakesNoWorker() throws Exception {
    assertEquals(List.of("7"), target("GetVersion", ""));
    assertEquals(List.of("3"), ServedMachine.target(client, "component:shim", "GetVersion", ""));
    assertEquals(
        List.of("40"), ServedMachine.target(client, "machine:fedora-40", "GetVersion", ""));
    assertEquals(List.of(List.of("https://example.org/os.xml")), target("GetAppStream", ""));
    assertEquals(
        List.of(List.of("https://example.org/os.xml", "https://example.org/shim.xml")),
        ServedMachine.manager(client, "ListAppStream"));
    assertEquals(List.of(List.of("devel")), target("ListFeatures", "t", NONE));
    assertEquals(List.of(), authority.asked());
    assertTrue(machine.workers.noneStarted());
  }

  @Test
  void nothingInstalledIsAnEmptyVersion() throws Exception {
    Files.delete(machine.root.resolve("srv/os_7.efi"));

    assertEquals(List.of(""), target("GetVersion", ""));
  }

  @Test
  void aTargetThatIsNotThereIsNoObject() {
    for (String name : List.of("component:other", "machine:../../etc", "host:host", "x", "")) {
      var unknown =
          assertThrows(
              BusException.class, () -> ServedMachine.target(client, name, "GetVersion", ""));
      assertEquals(BusException.UNKNOWN_OBJECT, unknown.name(), name);
    }
  }

  @Test
  void aNewComponentIsSeenAfterTheLastJob() throws Exception {
    assertEquals(3, ((List<?>) ServedMachine.manager(client, "ListTargets").getFirst()).size());
    Files.createDirectories(machine.root.resolve("usr/lib/sysupdate.fresh.d"));
    Files.copy(
        machine.root.resolve("usr/lib/sysupdate.shim.d/10-os.transfer"),
        machine.root.resolve("usr/lib/sysupdate.fresh.d/10-os.transfer"));
    var idle = new CompletableFuture<Void>();
    machine.jobs.watch(
        new Jobs.Observer() {
          @Override
          public void idle() {
            idle.complete(null);
          }
        });
    var check = calling("CheckNew", "");
    machine.workers.next().says("{'available':null}").ends(1);
    check.get();
    idle.get();

    assertEquals(4, ((List<?>) ServedMachine.manager(client, "ListTargets").getFirst()).size());
  }

  // ---- Questions ----

  @Test
  void versionsAreListedNewestFirst() throws Exception {
    var call = calling("List", "t", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{'current':'7','all':['8','7'],'appstreamUrls':[]}").ends(0);

    assertEquals(List.of(List.of("8", "7")), call.get());
    assertEquals(List.of("check {class=host, name=host, offline=0}"), authority.asked());
    assertEquals(List.of("--json=short", "--progress=json", "list"), worker.arguments());
  }

  @Test
  void offlineIsHandedOn() throws Exception {
    var call = calling("List", "t", OFFLINE);
    FakeWorkers.Played worker = machine.workers.next();
    assertEquals(
        "b true",
        machine
            .tool
            .busctl(
                "get-property", Sysupdate1.NAME, jobPath(1), Sysupdate1.NAME + ".Job", "Offline")
            .succeeded());
    worker.says("{'all':['7']}").ends(0);

    assertEquals(List.of(List.of("7")), call.get());
    assertEquals(List.of("check {class=host, name=host, offline=1}"), authority.asked());
    assertTrue(worker.arguments().contains("--offline"));
  }

  @Test
  void aDescriptionKeepsAllKeysAndNoWhiteSpace() throws Exception {
    var call = calling("Describe", "st", "8", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{ 'version' : '8', 'partial': false, 'contents' : [ {'x': 1} ] }").ends(0);

    assertEquals(
        List.of("{\"version\":\"8\",\"partial\":false,\"contents\":[{\"x\":1}]}"), call.get());
    assertEquals(List.of("check {class=host, name=host, offline=0, version=8}"), authority.asked());
    assertEquals(List.of("list", "--", "8"), last(worker, 3));
  }

  private static List<String> last(FakeWorkers.Played worker, int count) {
    List<String> all = worker.arguments();
    return all.subList(all.size() - count, all.size());
  }

  @Test
  void aNewVersionIsToldAndNoneIsEmpty() throws Exception {
    var one = calling("CheckNew", "");
    machine.workers.next().says("{'available':'8'}").ends(0);
    assertEquals(List.of("8"), one.get());

    var none = calling("CheckNew", "");
    machine.workers.next().says("{'available':null}").ends(1);
    assertEquals(List.of(""), none.get());
    assertEquals(
        List.of(
            "check {class=host, name=host, offline=0}", "check {class=host, name=host, offline=0}"),
        authority.asked());
  }

  @Test
  void vacuumTellsHowManyWereRemoved() throws Exception {
    var call = calling("Vacuum", "");
    machine.workers.next().says("{'removed':2,'disabledTransfers':1}").ends(0);

    assertEquals(List.of(new UInt32(2), new UInt32(1)), call.get());
    assertEquals(List.of("vacuum {class=host, name=host}"), authority.asked());
  }

  @Test
  void aFeatureIsDescribedToEverybody() throws Exception {
    var call = calling("DescribeFeature", "st", "devel", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{'id':'devel','enabled':false}").ends(0);

    assertEquals(List.of("{\"id\":\"devel\",\"enabled\":false}"), call.get());
    assertEquals(List.of("features", "--", "devel"), last(worker, 3));
    assertEquals(List.of(), authority.asked());
  }

  @ParameterizedTest
  @CsvSource({
    "DIGEST_MISMATCH, org.freedesktop.DBus.Error.InconsistentMessage",
    "OPTION_INVALID, org.freedesktop.DBus.Error.InvalidArgs",
    "VERSION_NOT_FOUND, org.freedesktop.DBus.Error.FileNotFound",
    "CONNECTION_FAILED, org.freedesktop.DBus.Error.IOError",
    "NOT_SUPPORTED, org.freedesktop.DBus.Error.NotSupported",
    "PERMISSION_DENIED, org.freedesktop.DBus.Error.AccessDenied",
    "MANIFEST_STALE, System.Error.ESTALE",
    "NO_EMPTY_SLOT, System.Error.ENOSPC",
    "COMPONENT_DISABLED, System.Error.EHOSTDOWN",
    "INTERRUPTED, System.Error.ECANCELED",
  })
  void whyAWorkerFailedIsToldByItsErrorNumber(String reason, String name) throws Exception {
    var call = calling("CheckNew", "");
    machine
        .workers
        .next()
        .says(
            "{'event':'failed','kind':'UNREACHABLE','exitStatus':4,'reason':'"
                + reason
                + "','message':'refused it','found':'x','state':'as before','remedy':'retry'}")
        .ends(4);

    BusException failed = refusal(call);
    assertEquals(name, failed.name());
    assertEquals("refused it; found: x; state: as before; remedy: retry", failed.text());
  }

  @ParameterizedTest
  @CsvSource({
    "5, the worker ended with exit status 5 and no word",
    "137, the worker was killed by signal 9"
  })
  void aWorkerThatSaysNothingIsAFailureWithoutANumber(int status, String text) throws Exception {
    var call = calling("Vacuum", "");
    machine.workers.next().ends(status);

    BusException failed = refusal(call);
    assertEquals(BusException.FAILED, failed.name());
    assertEquals(text, failed.text());
  }

  @ParameterizedTest
  @CsvSource({"List, t", "CheckNew, ''", "Vacuum, ''"})
  void whatAWorkerSaysMustBeUnderstood(String method, String types) throws Exception {
    var call = types.isEmpty() ? calling(method, types) : calling(method, types, NONE);
    machine.workers.next().says("{'strange':1}").ends(0);

    assertEquals(BusException.FAILED, refusal(call).name());
  }

  // ---- What is refused before anything is done ----

  @Test
  void unknownFlagsAreInvalid() {
    for (UInt64 flags : List.of(new UInt64(2), new UInt64(3), new UInt64("18446744073709551615"))) {
      assertEquals(BusException.INVALID_ARGS, refused("List", "t", flags).name());
      assertEquals(BusException.INVALID_ARGS, refused("Describe", "st", "8", flags).name());
    }
    for (UInt64 flags : List.of(OFFLINE, new UInt64("9223372036854775808"))) {
      assertEquals(BusException.INVALID_ARGS, refused("Acquire", "st", "", flags).name());
      assertEquals(BusException.INVALID_ARGS, refused("Install", "st", "", flags).name());
      assertEquals(BusException.INVALID_ARGS, refused("ListFeatures", "t", flags).name());
      assertEquals(BusException.INVALID_ARGS, refused("DescribeFeature", "st", "a", flags).name());
      assertEquals(
          BusException.INVALID_ARGS, refused("SetFeatureEnabled", "sit", "a", 1, flags).name());
    }
    assertEquals(List.of(), authority.asked());
    assertTrue(machine.workers.noneStarted());
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../x", "a b", "8;id", "ä", "8/9", "8\n"})
  void whatIsNoVersionIsInvalid(String version) {
    assertEquals("Invalid version", refused("Describe", "st", version, NONE).text());
    assertEquals("Invalid version", refused("Acquire", "st", version, NONE).text());
    assertEquals("Invalid version", refused("Install", "st", version, NONE).text());
    assertTrue(machine.workers.noneStarted());
  }

  @Test
  void noVersionCannotBeDescribed() {
    assertEquals(BusException.INVALID_ARGS, refused("Describe", "st", "", NONE).name());
  }

  @Test
  void aVersionThatLooksLikeAnOptionIsNone() throws Exception {
    var call = calling("Describe", "st", "--help", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{'version':'--help'}").ends(0);

    call.get();
    assertEquals(List.of("--", "--help"), last(worker, 2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../x", "a/b", "a\nb", ".feature", "*"})
  void whatIsNoFeatureIsInvalid(String name) {
    assertEquals(BusException.INVALID_ARGS, refused("DescribeFeature", "st", name, NONE).name());
    assertEquals(
        BusException.INVALID_ARGS, refused("SetFeatureEnabled", "sit", name, 1, NONE).name());
    assertEquals(List.of(), authority.asked());
  }

  @ParameterizedTest
  @CsvSource({
    "DENIED, org.freedesktop.DBus.Error.AccessDenied",
    "UNAVAILABLE, org.freedesktop.DBus.Error.AccessDenied",
    "NEEDS_INTERACTION, org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
  })
  void whoMayNotIsToldSoAndNothingIsDone(Verdict verdict, String name) {
    authority.decides(verdict);

    for (var refused :
        List.of(
            refused("List", "t", NONE),
            refused("Describe", "st", "8", NONE),
            refused("CheckNew", ""),
            refused("Acquire", "st", "", NONE),
            refused("Install", "st", "8", NONE),
            refused("Vacuum", ""),
            refused("SetFeatureEnabled", "sit", "devel", 1, NONE))) {
      assertEquals(name, refused.name());
    }
    assertEquals(
        List.of(
            "check {class=host, name=host, offline=0}",
            "check {class=host, name=host, offline=0, version=8}",
            "check {class=host, name=host, offline=0}",
            "update {class=host, name=host, version=}",
            "update-to-version {class=host, name=host, version=8}",
            "vacuum {class=host, name=host}",
            "manage-features {class=host, enabled=true, feature=devel.feature, name=host}"),
        authority.asked());
    assertTrue(machine.workers.noneStarted());
    assertFalse(Files.exists(machine.root.resolve("etc/sysupdate.d")));
  }

  @Test
  void whoWantsToBeAskedSaysSo() throws Exception {
    var call =
        CompletableFuture.supplyAsync(() -> {
          try {
            return machine.tool.busctl(
                "--allow-interactive-authorization=yes",
                "call",
                Sysupdate1.NAME,
                Sysupdate1.TARGETS + "/host",
                Sysupdate1.NAME + ".Target",
                "CheckNew");
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    machine.workers.next().says("{'available':'8'}").ends(0);

    assertEquals("s \"8\"", call.get().succeeded());
    assertEquals(
        List.of("check {class=host, name=host, offline=0} interactive"), authority.asked());
  }

  // ---- Updating ----

  @Test
  void anUpdateFollowsTheSequenceOfUpdatectl() throws Exception {
    var acquire = calling("Acquire", "st", "", NONE);
    FakeWorkers.Played first = machine.workers.next();
    assertEquals(List.of("acquire"), last(first, 1));
    first.says("{'event':'making-room','version':'8'}");
    assertEquals(List.of("8", new UInt64(1), jobPath(1)), acquire.get());
    assertEquals(
        List.of(List.of(List.of(new UInt64(1), "acquire", new UInt32(0), jobPath(1)))),
        ServedMachine.manager(client, "ListJobs"));

    first.says("{'event':'progress','all':{'fetched':25,'reused':25,'total':100}}");
    assertEquals(
        "PropertiesChanged [org.freedesktop.sysupdate1.Job, {Progress=50}, []]", heard.take());
    first.says("{'event':'ended','outcome':'acquired','version':'8'}").ends(0);
    assertEquals("JobRemoved [1, " + jobPath(1) + ", 0]", heard.take());

    var install = calling("Install", "st", "", NONE);
    FakeWorkers.Played second = machine.workers.next();
    assertEquals(List.of("--offline", "update"), last(second, 2));
    second.says("{'event':'install-started','version':'8'}");
    assertEquals(List.of("8", new UInt64(2), jobPath(2)), install.get());
    second.says("{'event':'ended','outcome':'installed','version':'8'}").ends(0);
    assertEquals("JobRemoved [2, " + jobPath(2) + ", 0]", heard.take());

    assertEquals(
        List.of(
            "update {class=host, name=host, version=}", "update {class=host, name=host, version=}"),
        authority.asked());
  }

  @Test
  void theAnswerComesBeforeTheEnd() throws Exception {
    // However fast the job is: who hears of an end that belongs to no answer yet waits for ever.
    for (int i = 1; i <= 50; i++) {
      var acquire = calling("Acquire", "st", "8", NONE);
      machine
          .workers
          .next()
          .says("{'event':'making-room','version':'8'}")
          .says("{'event':'ended','outcome':'acquired'}")
          .ends(0);
      assertEquals("8", acquire.get().getFirst());
      assertEquals("JobRemoved [" + i + ", " + jobPath(i) + ", 0]", heard.take());
    }
  }

  @Test
  void aFailureAfterReadinessIsToldByItsNumber() throws Exception {
    var acquire = calling("Acquire", "st", "8", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    assertEquals(List.of("acquire", "--", "8"), last(worker, 3));
    worker.says("{'event':'making-room','version':'8'}");
    acquire.get();
    worker
        .says(
            "{'event':'failed','kind':'UNREACHABLE','exitStatus':1,'reason':'DIGEST_MISMATCH','message':'m','remedy':''}")
        .ends(1);

    assertEquals("JobRemoved [1, " + jobPath(1) + ", -74]", heard.take());
    assertEquals(
        List.of("update-to-version {class=host, name=host, version=8}"), authority.asked());
  }

  @Test
  void aFailureBeforeReadinessIsToldToEverybodyAndThenToTheCaller() throws Exception {
    var acquire = calling("Acquire", "st", "", NONE);
    machine
        .workers
        .next()
        .says(
            "{'event':'failed','kind':'UNREACHABLE','exitStatus':3,'reason':'MANIFEST_STALE','message':'m','remedy':''}")
        .ends(3);

    assertEquals("System.Error.ESTALE", refusal(acquire).name());
    assertEquals("JobRemoved [1, " + jobPath(1) + ", -116]", heard.poll(), "heard before");
  }

  @Test
  void nothingToDoIsNoCandidate() throws Exception {
    var acquire = calling("Acquire", "st", "", NONE);
    machine.workers.next().says("{'event':'ended','outcome':'no-update','version':null}").ends(0);

    BusException none = refusal(acquire);
    assertEquals("org.freedesktop.sysupdate1.NoCandidate", none.name());
    assertEquals("nothing to do: there is no newer version", none.text());
    assertEquals("JobRemoved [1, " + jobPath(1) + ", 0]", heard.poll(), "heard before");

    var install = calling("Install", "st", "7", NONE);
    machine
        .workers
        .next()
        .says("{'event':'ended','outcome':'already-installed','version':'7'}")
        .ends(0);
    assertEquals("nothing to do: version 7 is installed", refusal(install).text());
  }

  /** P-06 */
  @Test
  void aVersionThatIsAcquiredAlreadyIsAcquiredAgainWithSuccess() throws Exception {
    var acquire = calling("Acquire", "st", "", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{'event':'already-acquired','version':'8'}");

    assertEquals(List.of("8", new UInt64(1), jobPath(1)), acquire.get());
    worker.says("{'event':'ended','outcome':'acquired','version':'8'}").ends(0);
    assertEquals("JobRemoved [1, " + jobPath(1) + ", 0]", heard.take());
  }

  /** P-05 */
  @Test
  void aFailedDownloadIsNotFollowedByASuccess() throws Exception {
    var acquire = calling("Acquire", "st", "", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{'event':'making-room','version':'8'}");
    acquire.get();
    worker
        .says(
            "{'event':'failed','kind':'UNREACHABLE','exitStatus':4,'reason':'CONNECTION_FAILED','message':'m','remedy':''}")
        .ends(4);
    assertEquals("JobRemoved [1, " + jobPath(1) + ", -5]", heard.take());

    var install = calling("Install", "st", "", NONE);
    machine.workers.next().says("{'event':'ended','outcome':'no-update','version':null}").ends(0);
    assertEquals("org.freedesktop.DBus.Error.IOError", refusal(install).name());

    // Once; the next one is a question of its own.
    var again = calling("Install", "st", "", NONE);
    machine.workers.next().says("{'event':'ended','outcome':'no-update','version':null}").ends(0);
    assertEquals("org.freedesktop.sysupdate1.NoCandidate", refusal(again).name());
  }

  @Test
  void aTargetThatIsBeingChangedIsBusy() throws Exception {
    var acquire = calling("Acquire", "st", "", NONE);
    FakeWorkers.Played worker = machine.workers.next();
    worker.says("{'event':'making-room','version':'8'}");
    acquire.get();

    for (var busy : List.of(refused("Install", "st", "", NONE), refused("Vacuum", ""))) {
      assertEquals("System.Error.EBUSY", busy.name());
      assertTrue(busy.text().startsWith("Failed to start job"), busy.text());
    }
    // Another target is not, nor is somebody who only looks.
    var look = calling("CheckNew", "");
    machine.workers.next().says("{'available':null}").ends(1);
    assertEquals(List.of(""), look.get());
    worker.ends(0);
  }

  // ---- Jobs ----

  private void cancel(int job) throws Exception {
    client.call(
        new BusConnection.Call(
            Sysupdate1.NAME, jobPath(job), Sysupdate1.NAME + ".Job", "Cancel", ""),
        ServedMachine.PATIENCE);
  }

  @ParameterizedTest
  @CsvSource({
    "CheckNew, '', cancel-check",
    "Vacuum, '', cancel-vacuum",
    "Acquire, '', cancel-update",
    "Acquire, 8, cancel-update-to-version",
    "Install, '', cancel-update"
  })
  void aJobIsCancelledByItsOwnAction(String method, String version, String action)
      throws Exception {
    boolean update = method.equals("Acquire") || method.equals("Install");
    var call = update ? calling(method, "st", version, NONE) : calling(method, "");
    FakeWorkers.Played worker = machine.workers.next();
    authority.asked();

    cancel(1);

    assertEquals(List.of(action + " {}"), authority.asked());
    assertEquals("System.Error.ECANCELED", refusal(call).name());
    assertEquals(1, worker.terminateRequests());
    if (update) {
      assertEquals("JobRemoved [1, " + jobPath(1) + ", -125]", heard.take());
    }
  }

  @Test
  void whoeverDescribesAFeatureMayStop() throws Exception {
    var call = calling("DescribeFeature", "st", "devel", NONE);
    machine.workers.next();

    cancel(1);

    assertEquals(List.of(), authority.asked());
    assertEquals("System.Error.ECANCELED", refusal(call).name());
  }

  @Test
  void whoMayNotCancelDoesNot() throws Exception {
    var call = calling("CheckNew", "");
    FakeWorkers.Played worker = machine.workers.next();
    authority.decides(Verdict.DENIED);

    var refused = assertThrows(BusException.class, () -> cancel(1));

    assertEquals(BusException.ACCESS_DENIED, refused.name());
    assertEquals(0, worker.terminateRequests());
    worker.says("{'available':null}").ends(1);
    call.get();
  }

  @Test
  void aStubbornWorkerIsKilledAtTheFourthRequest() throws Exception {
    var call = calling("CheckNew", "");
    FakeWorkers.Played worker = machine.workers.next().stubborn();
    cancel(1);
    worker.awaitTerminateRequest();
    for (int i = 0; i < 3; i++) {
      cancel(1);
    }

    assertEquals("System.Error.ECANCELED", refusal(call).name());
    assertEquals(3, worker.terminateRequests());
  }

  @Test
  void aJobIsAnObjectAsLongAsItRuns() throws Exception {
    var call = calling("CheckNew", "");
    FakeWorkers.Played worker = machine.workers.next();
    var properties =
        new BusConnection.Call(
            Sysupdate1.NAME,
            jobPath(1),
            "org.freedesktop.DBus.Properties",
            "GetAll",
            "s",
            Sysupdate1.NAME + ".Job");
    assertEquals(
        List.of(
            Map.of(
                "Id",
                new UInt64(1),
                "Type",
                "check-new",
                "Offline",
                false,
                "Progress",
                new UInt32(0))),
        client.call(properties, ServedMachine.PATIENCE));
    worker.says("{'available':null}").ends(1);
    call.get();

    var gone = assertThrows(BusException.class, () -> cancel(1));
    assertEquals(BusException.UNKNOWN_OBJECT, gone.name());
    assertTrue(heard.isEmpty(), "only updates are told to everybody");
  }

  @Test
  void aJobGoesOnWhenItsCallerHasGone() throws Exception {
    try (var other = machine.client()) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              ServedMachine.target(other, "host", "Acquire", "st", "", NONE);
            } catch (BusException | InterruptedException _) {
              // it is gone before the answer
            }
          });
      machine.workers.next();
    }
    // The same worker, whose caller is gone now.
    assertEquals(1, machine.jobs.all().size());
    cancel(1);
    assertEquals("JobRemoved [1, " + jobPath(1) + ", -125]", heard.take());
  }

  @Test
  void tooManyJobsAreRefused() throws Exception {
    var started = new Semaphore(0);
    machine.jobs.watch(
        new Jobs.Observer() {
          @Override
          public void started(Job job) {
            started.release();
          }
        });
    List<Future<List<Object>>> calls = new ArrayList<>();
    for (int i = 0; i < JOBS_MAX; i++) {
      calls.add(calling("CheckNew", ""));
    }
    started.acquire(JOBS_MAX);

    assertEquals(BusException.LIMITS_EXCEEDED, refused("CheckNew", "").name());
    for (int i = 0; i < JOBS_MAX; i++) {
      machine.workers.next().says("{'available':null}").ends(1);
    }
    for (var call : calls) {
      assertEquals(List.of(""), call.get());
    }
  }

  // ---- Features ----

  @Test
  void aFeatureIsSwitchedByOneFile() throws Exception {
    Path file =
        machine.root.resolve("etc/sysupdate.d/devel.feature.d/50-systemd-sysupdate-enabled.conf");

    assertEquals(List.of(), target("SetFeatureEnabled", "sit", "devel", 1, NONE));
    assertTrue(Files.readString(file).endsWith("[Feature]\nEnabled=yes\n"));
    target("SetFeatureEnabled", "sit", "devel.feature", 0, NONE);
    assertTrue(Files.readString(file).endsWith("[Feature]\nEnabled=no\n"));
    target("SetFeatureEnabled", "sit", "devel", -1, NONE);
    assertFalse(Files.exists(file));
    var missing = refused("SetFeatureEnabled", "sit", "devel", -1, NONE);

    assertEquals(BusException.FILE_NOT_FOUND, missing.name());
    String prefix = "manage-features {class=host, enabled=";
    String suffix = ", feature=devel.feature, name=host}";
    assertEquals(
        List.of(
            prefix + "true" + suffix,
            prefix + "false" + suffix,
            prefix + "unset" + suffix,
            prefix + "unset" + suffix),
        authority.asked());
  }

  @Test
  void featuresOfOtherTargetsAreNotSwitched() {
    var refused =
        assertThrows(
            BusException.class,
            () ->
                ServedMachine.target(
                    client, "component:shim", "SetFeatureEnabled", "sit", "devel", 1, NONE));

    assertEquals(BusException.NOT_SUPPORTED, refused.name());
  }

  // ---- The log ----

  @Test
  void theLogLevelIsChangedWhileTheDaemonRuns() throws Exception {
    String[] where = {
      Sysupdate1.NAME, "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1"
    };
    assertEquals("s \"info\"", property("get-property", where, "LogLevel").succeeded());

    property("set-property", where, "LogLevel", "s", "debug").succeeded();

    machine.journal.debug("heard");
    assertTrue(machine.log.contains("debug: heard"));
    assertTrue(
        property("set-property", where, "LogLevel", "s", "chatty").failed().contains("chatty"));
    assertEquals("s \"debug\"", property("get-property", where, "LogLevel").succeeded());
    assertEquals("s \"journal\"", property("get-property", where, "LogTarget").succeeded());
    property("set-property", where, "LogTarget", "s", "auto").succeeded();
    assertTrue(
        property("set-property", where, "LogTarget", "s", "kmsg").failed().contains("journal"));
    assertEquals(
        "s \"particle-update\"", property("get-property", where, "SyslogIdentifier").succeeded());
  }

  private BusTool.Ended property(String verb, String[] where, String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(verb));
    arguments.addAll(List.of(where));
    arguments.addAll(List.of(more));
    return machine.tool.busctl(arguments.toArray(String[]::new));
  }
}
