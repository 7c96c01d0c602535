package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.definition.SettingsFile;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.policy.Answer;
import org.particleos.update.policy.Connection;
import org.particleos.update.policy.Energy;
import org.particleos.update.policy.Policy;
import org.particleos.update.policy.PolicyReader;
import org.particleos.update.update.Machine;
import org.particleos.update.version.Version;

/** The daemon's mind on a machine that a test plays: time, workers, disks, network, power. */
class AgentTest {
  private static final String OFFERED = "{'available':'2'}";
  private static final String NOTHING = "{'available':null}";

  @TempDir Path root;

  private final FakeWorkers workers = new FakeWorkers();
  private final Jobs jobs = new Jobs(workers);
  private final Clocks clocks = new Clocks();
  private final BlockingQueue<Optional<Instant>> alarms = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> journal = new LinkedBlockingQueue<>();
  private final List<String> restarts = new ArrayList<>();
  private final List<Parts.Part> parts = new ArrayList<>();
  private Connection connection = Connection.UNKNOWN;
  private Energy energy = Energy.UNKNOWN;
  private Optional<UpdateException> restartRefused = Optional.empty();

  /** What else it does would be in the way of most tests. */
  private boolean careForBootLoader;

  @SuppressWarnings("NullAway.Init") // every test starts one, each with its own policy
  private Agent agent;

  private @Nullable Thread loop;

  /** Time that stands still until a test lets it pass. */
  private static final class Clocks implements Moments {
    private Instant now = Instant.parse("2026-01-07T12:00:00Z");
    private Duration uptime = Duration.ofDays(3);
    private Duration asleep = Duration.ZERO;
    private String bootId = "boot-1";

    synchronized void pass(Duration time) {
      now = now.plus(time);
      uptime = uptime.plus(time);
    }

    synchronized void sleep(Duration time) {
      pass(time);
      asleep = asleep.plus(time);
    }

    synchronized void set(Instant instant) {
      now = instant;
    }

    synchronized void boot(String id) {
      bootId = id;
      uptime = Duration.ofHours(1);
      asleep = Duration.ZERO;
    }

    @Override
    public synchronized Instant now() {
      return now;
    }

    @Override
    public synchronized Duration uptime() {
      return uptime;
    }

    @Override
    public synchronized Duration awake() {
      return uptime.minus(asleep);
    }

    @Override
    public synchronized String bootId() {
      return bootId;
    }

    @Override
    public ZoneId zone() {
      return ZoneOffset.UTC;
    }
  }

  @BeforeEach
  void aMachineThatRunsVersion1() {
    parts.add(host("1", "1", Optional.empty()));
  }

  private static Parts.Part host(String booted, String installed, Optional<String> acquired) {
    return new Parts.Part(
        Optional.empty(), Optional.of(booted), Optional.of(installed), acquired, List.of());
  }

  private static Parts.Part component(String name, String installed) {
    return new Parts.Part(
        Optional.of(name), Optional.empty(), Optional.of(installed), Optional.empty(), List.of());
  }

  private synchronized void isNow(Parts.Part... other) {
    synchronized (parts) {
      parts.clear();
      parts.addAll(List.of(other));
    }
  }

  private Machine machine() {
    return Machine.running(
            new LinuxKernel(), InstantSource.system(), Map.of(), root.resolve("locks"))
        .below(root);
  }

  private static Policy policy(Path folder, String... lines) throws Exception {
    Path file = Files.writeString(folder.resolve("agent.conf"), String.join("\n", lines) + "\n");
    var read = SettingsFile.readFile(file, "X", PolicyReader.SECTIONS);
    Policy policy = PolicyReader.read(read.assignments(), read.warnings());
    assertEquals(List.of(), read.warnings().all());
    return policy;
  }

  /** Starts the daemon's mind. */
  private void start(String... configuration) throws Exception {
    var log =
        new Log((level, message, _) -> {
          if (level.compareTo(Log.Level.NOTICE) <= 0) {
            journal.add(message);
          }
        });
    var network =
        new Network() {
          @Override
          public Connection connection() {
            return connection;
          }

          @Override
          public void watch(Runnable changed) {}
        };
    var power =
        new Power() {
          @Override
          public Energy energy() {
            return energy;
          }

          @Override
          public void watch(Runnable changed) {}
        };
    agent =
        Agent.of(
            new Agent.World(
                jobs,
                () -> {
                  synchronized (parts) {
                    return List.copyOf(parts);
                  }
                },
                clocks,
                Optional.of("0123456789abcdef0123456789abcdef"),
                network,
                power,
                () -> {
                  if (restartRefused.isPresent()) {
                    throw restartRefused.get();
                  }
                  restarts.add("restart");
                },
                OptionalLong::empty,
                log,
                _ -> {}),
            machine(),
            careForBootLoader
                ? policy(root, configuration)
                : policy(root, configuration).withBootLoader(false));
    agent.alarm(
        new Alarm() {
          @Override
          public void at(Instant when) {
            alarms.add(Optional.of(when));
          }

          @Override
          public void off() {
            alarms.add(Optional.empty());
          }

          @Override
          public void close() {}
        });
    loop =
        Thread.ofVirtual()
            .start(() -> {
              try {
                agent.run(() -> {}, Optional.empty());
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
  }

  @AfterEach
  void stop() throws Exception {
    if (loop != null) {
      stopLoop();
    }
    jobs.stop(Duration.ofSeconds(10));
  }

  private void stopLoop() throws InterruptedException {
    agent.stop();
    Objects.requireNonNull(loop).join();
    agent.close();
  }

  /**
   * The next time that the agent wants to be woken; waits until it says one. It may have said a
   * time more than once before that was rung: such a time lies in the past and is passed over.
   */
  private Instant nextAlarm() throws InterruptedException {
    while (true) {
      Optional<Instant> alarm = alarms.take();
      if (alarm.isPresent() && alarm.get().isAfter(clocks.now())) {
        return alarm.get();
      }
    }
  }

  /** Lets time pass until then, and rings. */
  private void ringAt(Instant when) {
    clocks.pass(Duration.between(clocks.now(), when).plusMillis(1));
    agent.ring();
  }

  private FakeWorkers.Played expect(String... words) throws Exception {
    var worker = workers.next();
    assertTrue(worker.arguments().containsAll(List.of(words)), worker.arguments()::toString);
    return worker;
  }

  private void checkFinds(String result, int status) throws Exception {
    expect("check-new").says(result).ends(status);
  }

  private static UpdateException refusal() {
    return UpdateException.because(Reason.REBOOT_INHIBITED, "refused to reboot")
        .remedy("wait")
        .busy();
  }

  // ---- The boot loader ----

  private static final String FRESH = "{'event':'ended','written':0,'onTrial':false}";
  private static final String ON_TRIAL = "{'event':'ended','written':0,'onTrial':true}";

  private void nothingMoreIsBegun() throws Exception {
    Instant next = nextAlarm();
    ringAt(next);
    expect("check-new").says(NOTHING).ends(1);
    nextAlarm();
    assertTrue(workers.noneStarted());
  }

  @Test
  void theBootLoaderIsLookedAfterOnceWhenNothingElseIsToBeDone() throws Exception {
    careForBootLoader = true;
    start();

    checkFinds(NOTHING, 1);
    expect("boot-loader", "refresh", "--after-good-boot").says(FRESH).ends(0);

    nothingMoreIsBegun();
  }

  @Test
  void aVersionOnTrialIsAskedAboutAgainAfterTheNextCheck() throws Exception {
    careForBootLoader = true;
    start();
    checkFinds(NOTHING, 1);
    expect("boot-loader").says(ON_TRIAL).ends(0);

    ringAt(nextAlarm());
    checkFinds(NOTHING, 1);
    expect("boot-loader").says(FRESH.replace("0,", "2,")).ends(0);

    String told = journal.take();
    while (!told.equals("the boot loader was replaced by a newer one")) {
      told = journal.take();
    }
    nothingMoreIsBegun();
  }

  @Test
  void whoeverSwitchesItOffOrHoldsTheMachineKeepsTheBootLoader() throws Exception {
    for (String line : List.of("BootLoader=no", "HoldUntil=forever", "UpTo=check")) {
      careForBootLoader = true;
      start("[Agent]", line);
      checkFinds(NOTHING, 1);
      nextAlarm();
      assertTrue(workers.noneStarted(), line);
      stopLoop();
      clocks.pass(Duration.ofDays(1));
      alarms.clear();
    }
    loop = null;
  }

  // ---- The way of an update ----

  @Test
  void anUpdateIsFoundDownloadedInstalledAndWaitsForARestart() throws Exception {
    start();

    checkFinds(OFFERED, 0);
    var download = expect("acquire");
    assertFalse(download.arguments().contains("--offline"));
    download.says("{'event':'making-room','version':'2'}");
    isNow(host("1", "1", Optional.of("2")));
    download.says("{'event':'ended','outcome':'acquired','version':'2'}").ends(0);

    var install = expect("update", "--offline", "--cleanup=yes", "2");
    isNow(host("1", "2", Optional.empty()));
    install.says("{'event':'install-started','version':'2'}");
    install.says("{'event':'ended','outcome':'installed','version':'2'}").ends(0);

    nextAlarm();
    assertEquals(AgentState.Phase.WAITING_FOR_REBOOT, agent.state().phase());
    assertEquals(Optional.of("2"), agent.state().pending());
    assertEquals(List.of(), restarts);
    assertTrue(agent.state().waitingFor().getFirst().contains("UpTo=install"));
  }

  @Test
  void withNothingNewerItSleepsUntilTheNextCheck() throws Exception {
    start();

    checkFinds(NOTHING, 1);
    Instant next = nextAlarm();

    Duration period = Duration.between(clocks.now(), next);
    assertTrue(period.compareTo(Duration.ofHours(2)) >= 0, period::toString);
    assertTrue(period.compareTo(Duration.ofHours(6)) < 0, period::toString);
    assertEquals(AgentState.Phase.IDLE, agent.state().phase());
    assertEquals(Optional.of(next), agent.state().nextCheck());
    assertTrue(workers.noneStarted());
    ringAt(next);
    expect("check-new").says(NOTHING).ends(1);
  }

  @Test
  void upToRestartTheMachineIsRestartedOnceIntoWhatIsInstalled() throws Exception {
    parts.clear();
    parts.add(host("1", "2", Optional.empty()));
    start("[Agent]", "UpTo=reboot");

    checkFinds(NOTHING, 1);
    nextAlarm();

    assertEquals(List.of("restart"), restarts);
    // It runs, so the restart has brought it.
    stopLoop();
    clocks.boot("boot-2");
    isNow(host("2", "2", Optional.empty()));
    start("[Agent]", "UpTo=reboot");
    nextAlarm();
    assertEquals(AgentState.Phase.IDLE, agent.state().phase());
    assertEquals(List.of("restart"), restarts);
  }

  @Test
  void aVersionThatDoesNotComeUpIsNotRestartedIntoForEver() throws Exception {
    parts.clear();
    parts.add(host("1", "2", Optional.empty()));
    start("[Agent]", "UpTo=reboot");
    checkFinds(NOTHING, 1);
    nextAlarm();
    stopLoop();

    clocks.boot("boot-2"); // and the boot loader has fallen back to version 1
    start("[Agent]", "UpTo=reboot");
    Instant next = nextAlarm();
    ringAt(next);
    checkFinds(NOTHING, 1);
    nextAlarm();

    assertEquals(List.of("restart"), restarts);
    assertTrue(
        journal.stream().anyMatch(line -> line.contains("version 2 did not come up")),
        journal::toString);
    assertTrue(agent.state().waitingFor().getFirst().contains("did not come up"));
  }

  @Test
  void whatTheBootLoaderGaveUpIsTriedAgainOnceItsQuarantineIsLifted() throws Exception {
    parts.clear();
    parts.add(host("1", "2", Optional.empty()));
    start("[Agent]", "UpTo=reboot");
    checkFinds(NOTHING, 1);
    nextAlarm();
    stopLoop();

    clocks.boot("boot-2"); // and the boot loader has used up the tries of version 2
    isNow(
        new Parts.Part(
            Optional.empty(),
            Optional.of("1"),
            Optional.of("1"),
            Optional.empty(),
            List.of(
                new FailedVersion(
                    new Version("2"),
                    OptionalLong.of(3),
                    Optional.empty(),
                    Optional.of("health check 10-net: exit status 1"),
                    Optional.of("1"),
                    Map.of(),
                    false))));
    start("[Agent]", "UpTo=reboot");
    ringAt(nextAlarm());
    checkFinds(NOTHING, 1);
    nextAlarm();
    assertEquals(List.of("restart"), restarts);
    assertTrue(agent.state().failedVersions().getOrDefault("2", "").contains("10-net"));
    stopLoop();

    clocks.boot("boot-3");
    isNow(host("1", "2", Optional.empty()));
    start("[Agent]", "UpTo=reboot");
    nextAlarm();
    assertEquals(List.of("restart", "restart"), restarts);
  }

  @Test
  void aRestartThatIsInhibitedIsTriedAgainLater() throws Exception {
    parts.clear();
    parts.add(host("1", "2", Optional.empty()));
    restartRefused = Optional.of(refusal());
    start("[Agent]", "UpTo=reboot");
    checkFinds(NOTHING, 1);
    Instant retry = nextAlarm();
    assertTrue(retry.isBefore(clocks.now().plus(Duration.ofMinutes(3))), retry::toString);

    restartRefused = Optional.empty();
    ringAt(retry);
    nextAlarm();

    assertEquals(List.of("restart"), restarts);
  }

  @Test
  void componentsFollowTheSystemEachByItsOwnJob() throws Exception {
    parts.add(component("tools", "1"));
    start();

    var first = expect("check-new");
    assertFalse(first.arguments().contains("--component=tools"));
    first.says(NOTHING).ends(1);
    expect("check-new", "--component=tools").says(OFFERED).ends(0);
    expect("acquire", "--component=tools");
  }

  @Test
  void aComponentThatIsBrokenKeepsNobodyFromTheOthers() throws Exception {
    parts.add(component("a", "1"));
    parts.add(component("b", "1"));
    start();

    checkFinds(NOTHING, 1);
    expect("check-new", "--component=a")
        .says(
            "{'event':'failed','exitStatus':4,'kind':'UNREACHABLE','reason':'CONNECTION_FAILED','message':'no','remedy':''}")
        .ends(1);
    expect("check-new", "--component=b").says(NOTHING).ends(1);

    Duration next = Duration.between(clocks.now(), nextAlarm());
    assertTrue(next.compareTo(Duration.ofHours(2)) >= 0, next::toString);
  }

  // ---- What goes wrong ----

  private static String failed(int status, String kind, String reason) {
    return "{'event':'failed','exitStatus':"
        + status
        + ",'kind':'"
        + kind
        + "','reason':'"
        + reason
        + "','message':'refused it','found':'a thing','state':'unchanged','remedy':'wait'}";
  }

  @Test
  void aFailedCheckIsToldAndMadeAgainSoonerThanTheNextOne() throws Exception {
    start();

    expect("check-new").says(failed(4, "UNREACHABLE", "CONNECTION_FAILED")).ends(1);
    Instant retry = nextAlarm();

    assertTrue(retry.isBefore(clocks.now().plus(Duration.ofMinutes(7))), retry::toString);
    assertEquals(AgentState.Phase.FAILED, agent.state().phase());
    assertEquals(Reason.CONNECTION_FAILED, agent.state().failure().orElseThrow().reason());
    ringAt(retry);
    checkFinds(NOTHING, 1);
    nextAlarm();
    assertEquals(AgentState.Phase.IDLE, agent.state().phase());
    assertEquals(Optional.empty(), agent.state().failure());
  }

  @Test
  void aWorkerThatDiedIsToldAndItsStepTriedAgainAFewMinutesLater() throws Exception {
    start();

    expect("check-new").ends(134);
    Instant retry = nextAlarm();

    assertTrue(retry.isBefore(clocks.now().plus(Duration.ofMinutes(7))), retry::toString);
    var failure = agent.state().failure().orElseThrow();
    assertEquals(Reason.WORKER_FAILED, failure.reason());
    assertEquals(Optional.of("exit status 134, which is signal 6"), failure.found());
    ringAt(retry);
    checkFinds(NOTHING, 1);
    nextAlarm();
    assertEquals(AgentState.Phase.IDLE, agent.state().phase());
  }

  @Test
  void aFailureIsStillToldWithItsRemedyByTheNextDaemon() throws Exception {
    start();
    expect("check-new").says(failed(4, "UNREACHABLE", "CONNECTION_FAILED")).ends(1);
    Instant retry = nextAlarm();
    var before = agent.state().failure().orElseThrow();
    stopLoop();

    start();
    nextAlarm();

    assertEquals(AgentState.Phase.FAILED, agent.state().phase());
    assertEquals(before, agent.state().failure().orElseThrow());
    assertEquals("wait", before.remedy());
    ringAt(retry);
    checkFinds(NOTHING, 1);
    nextAlarm();
    stopLoop();
    start();
    nextAlarm();
    assertEquals(Optional.empty(), agent.state().failure());
  }

  @ParameterizedTest
  @CsvSource({"5, NOT_TRUSTED, DIGEST_MISMATCH", "15, UNFIT, PARTS_MIXED"})
  void whatCannotBeTrustedIsTriedAgainMuchLater(int status, String kind, String reason)
      throws Exception {
    start();
    checkFinds(OFFERED, 0);
    expect("acquire").says(failed(status, kind, reason)).ends(1);

    Duration wait = Duration.between(clocks.now(), nextAlarm());

    assertTrue(wait.compareTo(Duration.ofMinutes(44)) > 0, wait::toString);
    assertTrue(agent.state().waitingFor().getFirst().contains("refused it (a thing)"));
  }

  @Test
  void whileTheCommandLineHoldsTheLockItIsTriedAgainSoon() throws Exception {
    start();
    checkFinds(OFFERED, 0);
    expect("acquire").says(failed(8, "BUSY", "LOCK_HELD")).ends(1);

    Instant retry = nextAlarm();
    assertTrue(retry.isBefore(clocks.now().plus(Duration.ofMinutes(3))), retry::toString);
    ringAt(retry);
    expect("acquire");
  }

  @Test
  void aStepThatChangesNothingIsNotRepeatedWithoutEnd() throws Exception {
    start();
    checkFinds(OFFERED, 0);
    // It says that all is well, and yet nothing is there.
    expect("acquire")
        .says("{'event':'making-room','version':'2'}")
        .says("{'event':'ended','outcome':'acquired','version':'2'}")
        .ends(0);

    Duration wait = Duration.between(clocks.now(), nextAlarm());

    assertTrue(wait.compareTo(Duration.ofMinutes(20)) > 0, wait::toString);
    assertTrue(workers.noneStarted());
  }

  @Test
  void anOfferThatWasTakenBackIsForgotten() throws Exception {
    start();
    checkFinds(OFFERED, 0);
    expect("acquire").says("{'event':'ended','outcome':'no-update','version':null}").ends(0);

    nextAlarm();

    assertEquals(Optional.empty(), agent.state().available());
    assertTrue(workers.noneStarted());
  }

  @Test
  void whatSomebodyStopsIsNotBegunAgainAtOnce() throws Exception {
    start();
    checkFinds(OFFERED, 0);
    expect("acquire");

    agent.cancel();

    Duration wait = Duration.between(clocks.now(), nextAlarm());
    assertTrue(wait.compareTo(Duration.ofHours(1)) > 0, wait::toString);
    // But whoever asks for it gets it.
    Job job = agent.apply(Optional.empty());
    expect("apply").ends(0);
    job.end().get();
  }

  @Test
  void withoutWorkersItWaitsAndTriesAgain() throws Exception {
    workers.exhaust();
    start();

    Instant retry = nextAlarm();

    assertTrue(retry.isAfter(clocks.now()), retry::toString);
    assertEquals(AgentState.Phase.FAILED, agent.state().phase());
  }

  // ---- What others do and want ----

  @Test
  void whileSomebodyElseChangesTheMachineNothingIsBegun() throws Exception {
    connection = new Connection(Answer.NO, Answer.NO);
    start();
    nextOff();
    Job other =
        jobs.start(
            JobRequest.of(
                JobType.VACUUM,
                new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host())),
            new Job.Observer() {});
    var vacuum = expect("vacuum");

    connection = new Connection(Answer.YES, Answer.NO);
    agent.wake();
    nextOff();
    assertTrue(workers.noneStarted());
    vacuum.says("{'removed':0}").ends(0);
    other.end().get();
    expect("check-new");
  }

  /** Waits until the agent has nothing to be woken for. */
  private void nextOff() throws InterruptedException {
    while (alarms.take().isPresent()) {
      // Another one follows.
    }
  }

  @Test
  void aCheckThatSomebodyAskedForIsACheck() throws Exception {
    start();
    checkFinds(NOTHING, 1);
    nextAlarm();
    clocks.pass(Duration.ofHours(1));

    Job job = agent.check();
    checkFinds(NOTHING, 1);
    job.end().get();
    Instant next = nextAlarm();

    assertTrue(next.isAfter(clocks.now().plus(Duration.ofHours(2))), next::toString);
    assertEquals(Optional.of(clocks.now()), agent.state().lastCheck());
  }

  @Test
  void onHoldOnlyChecksAreMadeUntilTheDayComes() throws Exception {
    start();
    agent.hold(clocks.now().plus(Duration.ofHours(1)));
    checkFinds(OFFERED, 0);
    Instant until = nextAlarm();
    assertEquals(agent.state().hold(), Optional.of(until));
    assertEquals(AgentState.Phase.WAITING_FOR_WINDOW, agent.state().phase());
    assertTrue(workers.noneStarted());

    ringAt(until);

    expect("acquire");
  }

  @Test
  void aHoldSurvivesTheDaemonAndCanBeTakenBack() throws Exception {
    start();
    agent.hold(Instant.MAX);
    checkFinds(OFFERED, 0);
    nextAlarm();
    stopLoop();

    start();
    nextAlarm();
    assertEquals(Optional.of(Instant.MAX), agent.state().hold());
    assertTrue(workers.noneStarted());
    agent.unhold();
    expect("acquire");
  }

  @Test
  void aHoldBeyondAllCalendarsIsRefused() throws Exception {
    start();

    assertThrows(
        UpdateException.Configuration.class, () -> agent.hold(Instant.MAX.minusSeconds(1)));
    checkFinds(NOTHING, 1);
  }

  @Test
  void whatIsNoVersionIsRefusedBeforeAnythingIsStarted() throws Exception {
    start();
    checkFinds(NOTHING, 1);
    nextAlarm();

    assertThrows(
        UpdateException.NotAvailable.class, () -> agent.apply(Optional.of("../../etc/passwd")));
    assertTrue(workers.noneStarted());
  }

  @Test
  void anotherPolicyHoldsAtOnce() throws Exception {
    start("[Agent]", "UpTo=check");
    checkFinds(OFFERED, 0);
    nextAlarm();
    assertTrue(workers.noneStarted());

    agent.policy(policy(root, "[Agent]", "UpTo=download"));

    expect("acquire");
  }

  @Test
  void onBatteryItIsInstalledWhenPowerComesBack() throws Exception {
    isNow(host("1", "1", Optional.of("2")));
    energy = new Energy(Answer.YES, OptionalInt.of(10));
    start();
    checkFinds(OFFERED, 0);
    nextAlarm();
    assertTrue(workers.noneStarted());

    energy = new Energy(Answer.NO, OptionalInt.of(10));
    agent.wake();

    expect("update", "--offline", "2");
  }

  // ---- Time ----

  @Test
  void aRestartOfTheDaemonMakesNoCheckComeSooner() throws Exception {
    start();
    checkFinds(NOTHING, 1);
    Instant next = nextAlarm();
    stopLoop();

    start();

    assertEquals(next, nextAlarm());
    assertTrue(workers.noneStarted());
  }

  @Test
  void aClockThatIsSetMovesTheAlarmWithIt() throws Exception {
    start();
    checkFinds(NOTHING, 1);
    Duration before = Duration.between(clocks.now(), nextAlarm());

    clocks.set(Instant.parse("1999-01-01T00:00:00Z"));
    agent.ring();

    assertEquals(before, Duration.between(clocks.now(), nextAlarm()));
    assertTrue(workers.noneStarted());
  }

  @Test
  void aCheckThatWasMissedInSleepIsMadeSoonAfterIt() throws Exception {
    start();
    checkFinds(NOTHING, 1);
    nextAlarm();

    clocks.sleep(Duration.ofHours(10));
    agent.ring();

    Duration next = Duration.between(clocks.now(), nextAlarm());
    assertTrue(next.compareTo(Duration.ofMinutes(61)) < 0, next::toString);
    assertTrue(next.isPositive(), next::toString);
  }

  @Test
  void withoutANetworkItWaitsForOne() throws Exception {
    connection = new Connection(Answer.NO, Answer.UNKNOWN);
    start();
    nextOff();
    assertTrue(workers.noneStarted());

    connection = new Connection(Answer.YES, Answer.NO);
    agent.wake();

    expect("check-new");
  }

  // ---- What is remembered ----

  private Path file() {
    return root.resolve("var/lib/particle-update/agent.json");
  }

  @Test
  void aFileThatIsDamagedIsSetAsideAndTheDaemonBeginsAnew() throws Exception {
    Files.createDirectories(file().getParent());
    Files.writeString(file(), "{\"format\":1,\"hold\":");
    start();

    checkFinds(NOTHING, 1);
    nextAlarm();

    assertEquals(
        "{\"format\":1,\"hold\":", Files.readString(file().resolveSibling("agent.json.damaged")));
    assertTrue(journal.take().contains("is damaged"));
    assertTrue(Files.readString(file()).contains("lastCheck"));
  }

  @Test
  void whatIsRememberedIsReadAsItWasWritten() {
    var past =
        new org.particleos.update.policy.Facts.Past(
            Instant.parse("2026-01-07T12:00:00Z"), "boot", Duration.ofMillis(1234));
    Memory memory =
        Memory.EMPTY
            .withSecret("s")
            .checked(past)
            .checkFailed(org.particleos.update.policy.Facts.Trouble.Kind.TRUST, past, "why\n")
            .withHold(Optional.of(Instant.MAX))
            .restarting("2", "boot")
            .withAvailable(Optional.of("tools"), Optional.of("3"))
            .withTrouble(
                Optional.empty(),
                org.particleos.update.policy.Step.DOWNLOAD,
                "2",
                org.particleos.update.policy.Facts.Trouble.Kind.NETWORK,
                past,
                "why");

    assertEquals(memory, Memory.of(memory.json()));
    assertEquals(
        memory.restarted(Optional.of("2")), Memory.of(memory.restarted(Optional.of("2")).json()));
    assertEquals(Memory.EMPTY, Memory.of(Memory.EMPTY.json()));
  }
}
