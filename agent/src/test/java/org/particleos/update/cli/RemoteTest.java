package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.dbus.DaemonOnBus;
import org.particleos.update.dbus.Update1;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.service.Authority.Verdict;
import org.particleos.update.service.FakeWorkers;
import org.particleos.update.service.WorkerProcesses;
import org.particleos.update.service.Workers;

/** The command line through the daemon: over a real bus, to real workers where it says so. */
@Timeout(240) // of what hangs
class RemoteTest {
  @TempDir Path home;
  private Premises here;
  private Premises there;
  private @Nullable DaemonOnBus served;

  @BeforeEach
  void start() throws IOException {
    here = machine("here");
    there = machine("ther"); // a name as long as the other, since tables are as wide as their cells
  }

  @AfterEach
  void stop() {
    if (served != null) {
      served.close();
    }
  }

  /** Everything that the verbs show: slots, directories, a component, what is begun. */
  private Premises machine(String name) throws IOException {
    Premises machine = Premises.at(Files.createDirectories(home.resolve(name))).running("1");
    machine
        .transfer(
            "10-os", Premises.plainFiles("os", "ProtectVersion=1", "ChangeLog=https://e.org/@v"))
        .holds("os", "0.5", "1")
        .offers("os", "1", "2")
        .component("app", "10-app", Premises.plainFiles("app"))
        .offers("app", "7")
        .file("/var/os/.sysupdate.partial.os_9", "9");
    return machine;
  }

  private void serve(Workers workers) throws IOException, InterruptedException {
    served = DaemonOnBus.in(Files.createDirectories(home.resolve("bus")), workers);
  }

  private DaemonOnBus daemon() {
    return Objects.requireNonNull(served, "serve() comes first");
  }

  /** Processes of this program that work on the machine of the daemon. */
  private Workers processes() throws IOException {
    Path script = home.resolve("worker");
    Files.writeString(
        script,
        """
        #!/bin/sh
        export SYSTEMD_OS_RELEASE='%s/os-release' PARTICLE_UPDATE_STATE_DIRECTORY='%s/state'
        export XDG_RUNTIME_DIR='%s' PARTICLE_UPDATE_RUN_DIRECTORY='%s/run'
        exec '%s/bin/java' -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp '%s' \
        org.particleos.update.cli.Main "$@"
        """
            .formatted(
                there.home(),
                there.home(),
                there.home(),
                there.home(),
                System.getProperty("java.home"),
                System.getProperty("java.class.path")));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return new WorkerProcesses(script, List.of("--root=" + there.at("/")));
  }

  private CapturedRun remotely(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--daemon=yes"));
    all.addAll(Arrays.asList(arguments));
    return new CapturedRun.Setup(there.home())
        .env("DBUS_SYSTEM_BUS_ADDRESS", daemon().address())
        .run(all.toArray(String[]::new));
  }

  private CapturedRun locally(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--root=" + here.at("/")));
    all.addAll(Arrays.asList(arguments));
    return here.run(all.toArray(String[]::new));
  }

  /** What differs from run to run and from machine to machine is left out. */
  private String comparable(String text) {
    return text.replace(there.home().toString(), here.home().toString())
        .replaceAll("\\d+(\\.\\d)? [KMG]?i?B/s", "RATE")
        .replaceAll("in \\d+\\.\\d s\\.", "in TIME.")
        .replaceAll("\"(rate|secondsLeft)\":(\\d+|null)", "\"$1\":0")
        .replaceAll("\"time\":\"[^\"]*\"", "\"time\":0")
        .replaceAll("\"seconds\":[0-9.]+", "\"seconds\":0")
        .replaceAll("\"by\":\"[a-z-]+\"", "\"by\":0");
  }

  private void same(String... arguments) {
    CapturedRun local = locally(arguments);
    CapturedRun remote = remotely(arguments);

    String what = Arrays.toString(arguments);
    assertEquals(comparable(local.out()), comparable(remote.out()), what + remote.err());
    assertEquals(comparable(local.err()), comparable(remote.err()), what);
    assertEquals(local.status(), remote.status(), what);
    assertEquals(local.errno(), remote.errno(), what);
  }

  @Test
  void whatIsShownIsTheSameByteForByte() throws Exception {
    serve(processes());

    same("status");
    same("status", "--json=pretty");
    same("check");
    same("check", "--sizes", "--no-legend");
    same("check", "--json=short", "--offline");
    same("list");
    same("list", "--sizes");
    same("list", "--json=short");
    same("list", "2", "--sizes");
    same("list", "2", "--json=pretty");
    same("list", "77");
    same("list", "--component=app");
    same("status", "--component=none");
  }

  @Test
  void whatIsDoneAndHowItFailsIsTheSameByteForByte() throws Exception {
    serve(processes());

    same("apply", "77");
    same("apply");
    same("apply");
    same("apply", "--json=short", "2");
    same("apply", "--component-all");
    same("apply", "--progress=json", "0.5");
    same("vacuum");
    same("vacuum", "--json=short");
    same("status");
    same("history", "--json=short");
    same("history", "--json=short", "--lines=1", "--component=app");
    assertEquals(List.of("os_1", "os_2"), there.names("/var/os"));
  }

  @Test
  void whatOnlyReadsTakesNoProcess() throws Exception {
    var processes = new FakeWorkers();
    there.run("apply", "77");
    here.run("apply", "77");
    serve(
        new ReadsHere(
            there.setup().machine(), "1.2.3", List.of("--root=" + there.at("/")), processes));

    same("status");
    same("status", "--component=none");
    same("history", "--json=short");
    assertTrue(processes.noneStarted());
    var asksTheServer = begun("check");
    processes.next().says("{'booted':'1','installed':'1','available':null}").ends(3);
    assertEquals(3, asksTheServer.get().status());
    var namedLikeAVerb = begun("list", "status");
    processes.next().ends(1);
    assertEquals(1, namedLikeAVerb.get().status());
  }

  // ---- Without a daemon that does it ----

  private CapturedRun withoutBus(boolean usual, String... arguments) {
    return there
        .setup()
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + home.resolve("nothing"))
        .usuallyThroughDaemon(usual)
        .run(arguments);
  }

  @Test
  void whoeverOnlyLooksMayDoWithoutTheDaemon() {
    CapturedRun list = withoutBus(true, "list", "--no-legend");

    assertEquals(0, list.status(), list.err());
    assertTrue(list.out().contains("current"), list.out());
  }

  @Test
  void whoeverChangesSomethingIsToldWhatIsMissing() throws IOException {
    CapturedRun apply = withoutBus(true, "apply");

    assertEquals(10, apply.status());
    assertTrue(
        apply.err().contains("particle-update: the daemon could not be asked\n"), apply.err());
    assertTrue(apply.err().contains("systemctl start particle-update.service"), apply.err());
    assertFalse(there.names("/var/os").contains("os_2"));
    assertEquals(0, withoutBus(true, "apply", "--daemon=no").status());
    assertTrue(there.names("/var/os").contains("os_2"));
  }

  @Test
  void underTheNameOfTheReferenceItRunsAsWhoCallsIt() {
    var reference = there.named(ParticleUpdate.REFERENCE_NAME).setup().usuallyThroughDaemon(true);

    assertEquals(0, reference.run("update").status());
  }

  @Test
  void rootDoesItByItself() {
    assertEquals(0, withoutBus(false, "apply").status());
  }

  @Test
  void whatTheDaemonDoesForNobodyIsRefusedBeforeItIsAsked() {
    for (String option :
        List.of(
            "--verify=no",
            "--force",
            "--instances-max=5",
            "--sync=no",
            "--cleanup=yes",
            "--rate-limit=1M")) {
      CapturedRun run = withoutBus(true, "apply", option);

      assertEquals(6, run.status(), option);
      assertTrue(run.err().contains(option.replaceFirst("=.*", "")), run.err());
    }
    assertEquals(0, withoutBus(true, "list", "--verify=no").status());
    assertEquals(1, withoutBus(true, "list", "--daemon=yes", "--root=/srv").status());
    assertEquals(6, withoutBus(true, "check", "--daemon=yes", "--definitions=/srv").status());
    assertEquals(6, withoutBus(true, "doctor", "--daemon=yes").status());
    assertEquals(6, withoutBus(true, "check", "--daemon=perhaps").status());
  }

  @Test
  void aBusWithoutADaemonIsToldApart() throws Exception {
    serve(new FakeWorkers());
    daemon().vanish();

    CapturedRun run = remotely("vacuum");

    assertEquals(1, run.status());
    assertTrue(run.err().contains("the daemon could not be asked"), run.err());
    assertTrue(run.err().contains("ServiceUnknown"), run.err());
  }

  // ---- With permission or without ----

  @Test
  void whoMayNotIsToldSo() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);
    daemon().clerk().decides(Verdict.DENIED);

    CapturedRun run = remotely("apply");

    assertEquals(10, run.status());
    assertTrue(run.err().contains("refused 'apply': it is not allowed"), run.err());
    assertTrue(run.err().contains(Update1.NAME + ".update"), run.err());
    assertTrue(workers.noneStarted());
  }

  @Test
  void aPasswordIsAskedForUnlessThatIsNotWanted() throws Exception {
    serve(processes());
    daemon().clerk().decides(Verdict.NEEDS_INTERACTION, Verdict.ALLOWED);

    CapturedRun without = remotely("status", "--no-ask-password");
    assertFalse(daemon().clerk().asked().interactive());
    CapturedRun with = remotely("status");

    assertEquals(10, without.status());
    assertTrue(without.err().contains("it takes a password"), without.err());
    assertEquals(0, with.status(), with.err());
    assertFalse(daemon().clerk().asked().interactive());
    assertTrue(daemon().clerk().asked().interactive());
  }

  // ---- What happens meanwhile ----

  private CompletableFuture<CapturedRun> begun(String... arguments) {
    return CompletableFuture.supplyAsync(() -> remotely(arguments));
  }

  @Test
  void aDaemonThatVanishesInTheMiddleIsNoticed() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);
    var run = begun("apply");
    workers.next().says("{'event':'notice','text':'so far'}");

    daemon().vanish();

    assertEquals(4, run.get().status());
    assertTrue(run.get().err().contains("the daemon vanished in the middle"), run.get().err());
  }

  @Test
  void twoPeopleAtOnceEachHearTheirOwn() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);
    var one = begun("check");
    var first = workers.next();
    var two = begun("status");
    var second = workers.next();

    second
        .says("{'event':'warning','text':'second'}")
        .says("{'booted':'5','installed':'5','versions':[],'transfers':[]}")
        .ends(0);
    assertEquals(0, two.get().status());
    first.says("{'booted':'1','installed':'1','available':null}").ends(3);

    assertEquals(3, one.get().status());
    assertTrue(one.get().out().startsWith("running    1\n"), one.get().out());
    assertFalse(one.get().err().contains("second"));
    assertTrue(two.get().out().startsWith("running    5\n"), two.get().out());
    assertEquals("Warning: second\n", two.get().err());
  }

  @Test
  void aSecondUpdateIsRefusedLikeBetweenTwoProcesses() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);
    var one = begun("apply");
    var worker = workers.next();

    CapturedRun two = remotely("apply");
    CapturedRun vacuum = remotely("vacuum");

    assertEquals(8, two.status(), two.err());
    assertTrue(two.err().contains("another one is changing target host"), two.err());
    assertEquals(1, vacuum.status());
    worker.says("{'event':'ended','outcome':'no-update','version':null}").ends(0);
    assertEquals("No update needed: nothing newer is offered.\n", one.get().out());
  }

  @Test
  void aCancelledRunIsCancelledThereToo() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);
    var cancellation = new Cancellation();
    var run =
        CompletableFuture.supplyAsync(() ->
            new CapturedRun.Setup(there.home())
                .env("DBUS_SYSTEM_BUS_ADDRESS", daemon().address())
                .cancelledBy(cancellation)
                .run("apply", "--daemon=yes"));
    var worker = workers.next();

    cancellation.cancel();

    assertEquals(130, run.get().status(), run.get().err());
    assertEquals(1, worker.terminateRequests());
    assertTrue(run.get().err().contains("the run was cancelled"), run.get().err());
  }

  @Test
  void aRestartIsAskedForOnlyWhereItBringsSomething() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);

    assertEquals(12, remotely("apply", "--reboot").status());
    daemon().mind().becomes(DaemonOnBus.running("1"));
    var nothing = begun("apply", "--reboot");
    workers.next().says("{'event':'ended','outcome':'no-update','version':null}").ends(0);
    assertTrue(nothing.get().err().contains("Nothing that a restart would bring"));
    assertEquals(List.of(), daemon().mind().wishes());

    var something = begun("apply", "--reboot");
    workers
        .next()
        .says("{'event':'ended','outcome':'installed','version':'2','bytesTransferred':7}")
        .ends(0);
    assertEquals(0, something.get().status(), something.get().err());
    assertEquals("Restarting the machine.\n", something.get().err());
    assertEquals("reboot", daemon().mind().wish());
  }

  @Test
  void nobodyElseOnTheBusIsBelieved() throws Exception {
    var workers = new FakeWorkers();
    serve(workers);
    var run = begun("check");
    var worker = workers.next();

    DaemonOnBus.pretend(daemon().address(), 1);
    worker.says("{'booted':'1','installed':'1','available':null}").ends(3);

    assertEquals(3, run.get().status(), run.get().err());
    assertFalse(run.get().out().contains("evil"), run.get().out());
  }
}
