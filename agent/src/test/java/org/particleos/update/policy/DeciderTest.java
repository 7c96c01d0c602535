package org.particleos.update.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.policy.Facts.Trouble.Kind;

class DeciderTest {
  private static final Policy UP_TO_REBOOT = upTo(UpTo.REBOOT);

  private static Policy upTo(UpTo upTo) {
    Policy policy = Policy.defaults();
    return policy.withHost(policy.host().withUpTo(upTo));
  }

  private static Policy withHost(java.util.function.UnaryOperator<Rules> change) {
    return UP_TO_REBOOT.withHost(change.apply(UP_TO_REBOOT.host()));
  }

  private static Windows windows(String text) {
    return Windows.in(Window.parse(text).orElseThrow());
  }

  private static void assertActs(Step step, String version, Policy policy, AMachine machine) {
    var act = assertInstanceOf(Decision.Act.class, Decider.decide(policy, machine.facts()));
    assertEquals(step, act.step(), act::toString);
    assertEquals(Optional.of(version), act.version(), act::toString);
  }

  private static Prospect prospect(Step step, Policy policy, AMachine machine) {
    return Decider.prospects(policy, machine.facts()).stream()
        .filter(each -> each.step() == step && each.component().isEmpty())
        .findFirst()
        .orElseThrow();
  }

  /** It is not done, and this is the first thing that is said about it. */
  private static Prospect assertWaits(Step step, String reason, Policy policy, AMachine machine) {
    var prospect = prospect(step, policy, machine);
    assertTrue(!(prospect.when() instanceof When.Now), prospect::toString);
    assertTrue(prospect.reasons().getFirst().contains(reason), prospect::toString);
    assertInstanceOf(Decision.Wait.class, Decider.decide(policy, machine.facts()));
    return prospect;
  }

  // ---- How far ----

  @ParameterizedTest
  @CsvSource({
    "NONE, DOWNLOAD, false", "CHECK, DOWNLOAD, false", "DOWNLOAD, DOWNLOAD, true",
    "INSTALL, DOWNLOAD, true", "DOWNLOAD, INSTALL, false", "INSTALL, INSTALL, true",
    "INSTALL, REBOOT, false", "REBOOT, REBOOT, true"
  })
  void theDaemonGoesAsFarAsThePolicySays(UpTo upTo, Step step, boolean taken) {
    var machine =
        switch (step) {
          case DOWNLOAD -> AMachine.running().offered("2");
          case INSTALL -> AMachine.running().downloaded("2");
          case REBOOT -> AMachine.running().installed("2");
          case CHECK -> throw new AssertionError("checks are elsewhere");
        };

    if (taken) {
      assertActs(step, "2", upTo(upTo), machine);
    } else {
      assertWaits(step, "by hand", upTo(upTo), machine);
    }
  }

  @Test
  void oneStepComesAfterTheOther() {
    assertActs(Step.DOWNLOAD, "2", UP_TO_REBOOT, AMachine.running().offered("2"));
    assertActs(Step.INSTALL, "2", UP_TO_REBOOT, AMachine.running().downloaded("2"));
    assertActs(Step.REBOOT, "2", UP_TO_REBOOT, AMachine.running().downloaded("2").installed("2"));
    var done = AMachine.running().downloaded("2").installed("2");
    done.booted = Optional.of("2");
    assertInstanceOf(Decision.Wait.class, Decider.decide(UP_TO_REBOOT, done.facts()));
  }

  @Test
  void aNewerOfferIsDownloadedBeforeTheOlderOneIsInstalled() {
    var machine = AMachine.running().downloaded("2").offered("3");
    assertActs(Step.DOWNLOAD, "3", UP_TO_REBOOT, machine);

    assertActs(Step.INSTALL, "2", UP_TO_REBOOT, machine.connected(Answer.YES, Answer.YES));
  }

  @ParameterizedTest
  @CsvSource({"1", "0", "~", "''"})
  void whatIsNotNewerIsNotTaken(String offered) {
    assertWaits(Step.DOWNLOAD, "nothing newer", UP_TO_REBOOT, AMachine.running().offered(offered));
  }

  @Test
  void aVersionThatDidNotComeUpIsNeitherFetchedNorRestartedInto() {
    var machine = AMachine.running().installed("2").offered("3");
    machine.failedToStart = Set.of("2", "3");

    assertWaits(Step.REBOOT, "did not come up", UP_TO_REBOOT, machine);
    assertWaits(Step.DOWNLOAD, "did not come up", UP_TO_REBOOT, machine);
    assertActs(Step.DOWNLOAD, "4", UP_TO_REBOOT, machine.offered("4"));
  }

  @Test
  void whatDidNotComeUpIsNotInstalledByItselfEither() {
    var machine = AMachine.running().downloaded("2");
    machine.failedToStart = Set.of("2");

    assertWaits(Step.INSTALL, "did not come up", UP_TO_REBOOT, machine);
    assertActs(Step.INSTALL, "3", UP_TO_REBOOT, machine.downloaded("3"));
  }

  @Test
  void whyNothingNewerIsTakenIsSaid() {
    var machine = AMachine.running();
    machine.failedToStart = Set.of("2");

    assertWaits(Step.DOWNLOAD, "version 2 did not come up", UP_TO_REBOOT, machine);
  }

  @Test
  void componentsComeAfterTheSystemAndHaveRulesOfTheirOwn() {
    var machine = AMachine.running().component("tools", "1", "2").component("games", "1", "2");
    Policy policy =
        UP_TO_REBOOT.withComponent("tools", UP_TO_REBOOT.forComponents().withUpTo(UpTo.CHECK));

    var act = assertInstanceOf(Decision.Act.class, Decider.decide(policy, machine.facts()));
    assertEquals(Optional.of("games"), act.component());
    assertActs(Step.DOWNLOAD, "2", policy, machine.offered("2"));
  }

  // ---- What is in the way ----

  @Test
  void nothingIsAskedForWithoutANetworkAndItIsTriedWhereNobodyKnows() {
    var machine = AMachine.running().offered("2");

    assertWaits(
        Step.DOWNLOAD, "no network", UP_TO_REBOOT, machine.connected(Answer.NO, Answer.UNKNOWN));
    assertActs(Step.DOWNLOAD, "2", UP_TO_REBOOT, machine.connected(Answer.UNKNOWN, Answer.UNKNOWN));
    machine.connected(Answer.NO, Answer.UNKNOWN).lastCheck = Optional.empty();
    assertEquals(new When.OnChange(), prospect(Step.CHECK, UP_TO_REBOOT, machine).when());
  }

  @Test
  void aMeteredNetworkIsForChecksUnlessThePolicyPaysForMore() {
    var machine = AMachine.running().offered("2").connected(Answer.YES, Answer.YES);

    assertWaits(Step.DOWNLOAD, "metered", UP_TO_REBOOT, machine);
    assertActs(Step.DOWNLOAD, "2", withHost(rules -> rules.withDownloadMetered(true)), machine);
    machine.lastCheck = Optional.empty();
    machine.lastAttempt = Optional.empty();
    assertEquals(new When.Now(), prospect(Step.CHECK, UP_TO_REBOOT, machine).when());
  }

  @ParameterizedTest
  @CsvSource({"30%, 30, true", "30%, 29, false", "no, 100, false", "yes, 1, true", "0%, 0, true"})
  void onBatteryItIsInstalledFromACertainChargeOn(String battery, int percent, boolean done) {
    Policy policy = withHost(rules -> rules.withBattery(Battery.parse(battery).orElseThrow()));

    if (done) {
      assertActs(Step.INSTALL, "2", policy, AMachine.running().downloaded("2").onBattery(percent));
      assertActs(Step.REBOOT, "2", policy, AMachine.running().installed("2").onBattery(percent));
    } else {
      assertWaits(
          Step.INSTALL, "battery", policy, AMachine.running().downloaded("2").onBattery(percent));
      assertWaits(
          Step.REBOOT, "battery", policy, AMachine.running().installed("2").onBattery(percent));
      // Downloading goes on.
      assertActs(Step.DOWNLOAD, "2", policy, AMachine.running().offered("2").onBattery(percent));
    }
  }

  @Test
  void aBatteryOfUnknownChargeIsNotTrustedAndMainsAre() {
    var machine = AMachine.running().downloaded("2");
    machine.energy = new Energy(Answer.YES, OptionalInt.empty());
    assertWaits(Step.INSTALL, "battery", UP_TO_REBOOT, machine);

    machine.energy = new Energy(Answer.NO, OptionalInt.of(3));
    assertActs(Step.INSTALL, "2", UP_TO_REBOOT, machine);
  }

  @Test
  void nothingIsDownloadedWhereTooLittleIsFree() {
    var machine = AMachine.running().offered("2");
    Policy policy = UP_TO_REBOOT.withMinimumFreeBytes(1 << 30);
    machine.freeBytes = OptionalLong.of((1 << 30) - 1);
    assertWaits(Step.DOWNLOAD, "only 1023 MiB are free", policy, machine);

    machine.freeBytes = OptionalLong.of(1 << 30);
    assertActs(Step.DOWNLOAD, "2", policy, machine);
  }

  @Test
  void onHoldOnlyChecksAreMade() {
    Instant until = AMachine.NOW.plus(Duration.ofDays(2));
    for (var machine :
        List.of(
            AMachine.running().offered("2"),
            AMachine.running().downloaded("2"),
            AMachine.running().installed("2"))) {
      var wait =
          assertInstanceOf(
              Decision.Wait.class, Decider.decide(UP_TO_REBOOT, machine.held(until).facts()));
      assertTrue(wait.reasons().getFirst().contains("on hold until"), wait::toString);
    }
    var held = AMachine.running().offered("2").held(until);
    assertEquals(new When.At(until), prospect(Step.DOWNLOAD, UP_TO_REBOOT, held).when());
    held.now = until;
    held.uptime = held.uptime.plus(Duration.ofDays(2));
    held.lastCheck = Optional.of(held.before(Duration.ofMinutes(10)));
    assertActs(Step.DOWNLOAD, "2", UP_TO_REBOOT, held);
  }

  @Test
  void theLaterOfTwoHoldsCountsAndOneWithoutEndWaitsForNoTime() {
    Policy policy = withHost(rules -> rules.withHold(Hold.parse("2026-02-01")));
    var machine = AMachine.running().offered("2").held(AMachine.NOW.plus(Duration.ofDays(1)));
    assertEquals(
        new When.At(Instant.parse("2026-01-31T23:00:00Z")),
        prospect(Step.DOWNLOAD, policy, machine).when());

    assertEquals(
        new When.OnChange(), prospect(Step.DOWNLOAD, policy, machine.held(Instant.MAX)).when());
  }

  @Test
  void outsideOfItsWindowNothingIsInstalledOrRestarted() {
    Policy policy =
        withHost(rules -> rules.withInstallWindows(windows("22:00-23:00 UTC")))
            .withRebootWindows(windows("Sat 03:00-04:00 UTC"));

    var install =
        assertWaits(Step.INSTALL, "the install window", policy, AMachine.running().downloaded("2"));
    assertEquals(new When.At(Instant.parse("2026-01-07T22:00:00Z")), install.when());
    var reboot =
        assertWaits(Step.REBOOT, "the restart window", policy, AMachine.running().installed("2"));
    assertEquals(new When.At(Instant.parse("2026-01-10T03:00:00Z")), reboot.when());

    var later = AMachine.running().at("2026-01-07T22:30:00Z").downloaded("2");
    later.lastCheck = Optional.of(later.before(Duration.ofMinutes(10)));
    later.lastAttempt = later.lastCheck;
    assertActs(Step.INSTALL, "2", policy, later);
  }

  @Test
  void aWindowNeedsAClockAndOneThatWasNotUnderstoodNeverOpens() {
    Policy policy = withHost(rules -> rules.withInstallWindows(windows("00:00-24:00")));
    var unset = AMachine.running().at("1970-01-01T12:00:00Z").downloaded("2");
    unset.lastCheck = Optional.of(unset.before(Duration.ofMinutes(10)));
    unset.lastAttempt = unset.lastCheck;
    assertWaits(Step.INSTALL, "the clock is not set", policy, unset);
    assertActs(Step.INSTALL, "2", policy, AMachine.running().downloaded("2"));

    assertWaits(
        Step.INSTALL,
        "not understood",
        withHost(rules -> rules.withInstallWindows(Windows.ALWAYS.andUnknown())),
        AMachine.running().downloaded("2"));
  }

  @Test
  void aMachineThatWasJustStartedIsNotRestarted() {
    var machine = AMachine.running().installed("2");
    machine.uptime = Duration.ofMinutes(9);
    machine.awake = machine.uptime;
    machine.lastCheck = Optional.of(machine.before(Duration.ofMinutes(1)));
    machine.lastAttempt = machine.lastCheck;

    var prospect = assertWaits(Step.REBOOT, "was started just now", UP_TO_REBOOT, machine);
    assertEquals(new When.At(AMachine.NOW.plus(Duration.ofMinutes(1))), prospect.when());
  }

  // ---- After failures ----

  @ParameterizedTest
  @CsvSource({
    "NETWORK, 1, 5", "NETWORK, 2, 10", "NETWORK, 3, 20", "NETWORK, 30, 360", "BUSY, 1, 2",
    "BUSY, 9, 30", "TRUST, 1, 60", "TRUST, 2, 120", "TRUST, 50, 1440", "SPACE, 1, 60",
    "OTHER, 1, 30", "OTHER, 1000000, 1440", "CANCELLED, 1, 360", "DIED, 1, 5", "DIED, 30, 1440"
  })
  void waitsAfterFailuresGrowUpToALimit(Kind kind, int count, long minutes) {
    var machine =
        AMachine.running().offered("2").failed(Step.DOWNLOAD, "2", kind, count, Duration.ZERO);

    var prospect = prospect(Step.DOWNLOAD, UP_TO_REBOOT, machine);

    var at = assertInstanceOf(When.At.class, prospect.when());
    double wait = Duration.between(machine.now, at.instant()).toMillis() / 60_000.0;
    assertTrue(wait >= 0.74 * minutes && wait <= 1.26 * minutes, wait + " min");
    assertTrue(
        prospect.reasons().getFirst().contains(kind == Kind.CANCELLED ? "stopped" : "went wrong"),
        prospect::toString);
  }

  @Test
  void aFailureIsOverAfterItsWaitAndIsOneOfItsVersionAndStepOnly() {
    assertActs(
        Step.DOWNLOAD,
        "2",
        UP_TO_REBOOT,
        AMachine.running()
            .offered("2")
            .failed(Step.DOWNLOAD, "2", Kind.TRUST, 1, Duration.ofMinutes(76)));
    assertActs(
        Step.DOWNLOAD,
        "3",
        UP_TO_REBOOT,
        AMachine.running().offered("3").failed(Step.DOWNLOAD, "2", Kind.TRUST, 9, Duration.ZERO));
    assertActs(
        Step.INSTALL,
        "2",
        UP_TO_REBOOT,
        AMachine.running()
            .downloaded("2")
            .failed(Step.DOWNLOAD, "2", Kind.TRUST, 9, Duration.ZERO));
  }

  // ---- Checks ----

  /** How long until the next check, negative for overdue ones that are made now. */
  private static Duration next(Policy policy, AMachine machine) {
    return switch (prospect(Step.CHECK, policy, machine).when()) {
      case When.Now() -> Duration.ZERO;
      case When.At(var instant) -> Duration.between(machine.now, instant);
      case When.OnChange(), When.ByHand(), When.Nothing() ->
          throw new AssertionError("no check is in sight");
    };
  }

  @Test
  void theNextCheckIsAnIntervalAndThisMachinesShareOfTheSpreadAfterTheLast() {
    var machine = AMachine.running();
    double share = machine.share.of("check");

    Duration period = Duration.ofHours(2).plusMillis((long) (share * 4 * 3_600_000));
    assertEquals(period.minusHours(1), next(UP_TO_REBOOT, machine));
  }

  @Test
  void aClockThatIsSetMakesNoCheckComeSoonerOrLater() {
    var machine = AMachine.running();
    Duration usual = next(UP_TO_REBOOT, machine);

    machine.now = AMachine.NOW.plus(Duration.ofDays(400));
    assertEquals(usual, next(UP_TO_REBOOT, machine));
    machine.now = Instant.EPOCH;
    assertEquals(usual, next(UP_TO_REBOOT, machine));
  }

  @Test
  void aLastCheckThatIsYetToComeIsNone() {
    var machine = AMachine.running();
    machine.bootId = "boot-2";
    machine.lastCheck =
        Optional.of(new Facts.Past(AMachine.NOW.plusSeconds(1), "boot-1", Duration.ZERO));
    machine.lastAttempt = machine.lastCheck;

    assertEquals(Duration.ZERO, next(UP_TO_REBOOT, machine));
  }

  @Test
  void aCheckThatWasMissedIsMadeUpForSoonAfterTheStart() {
    var machine = AMachine.running();
    machine.bootId = "boot-2";
    machine.occasion = "boot-2";
    machine.uptime = Duration.ofMinutes(2);
    machine.awake = machine.uptime;
    machine.lastCheck =
        Optional.of(
            new Facts.Past(AMachine.NOW.minus(Duration.ofDays(2)), "boot-1", Duration.ofDays(9)));
    machine.lastAttempt = machine.lastCheck;

    Duration next = next(UP_TO_REBOOT, machine);
    assertTrue(next.compareTo(Duration.ofMinutes(13)) >= 0, next::toString);
    assertTrue(next.compareTo(Duration.ofMinutes(73)) < 0, next::toString);
    // The same in every other start of the daemon, another one after the next start of the machine.
    assertEquals(next, next(UP_TO_REBOOT, machine));
    machine.occasion = "boot-3";
    assertTrue(!next.equals(next(UP_TO_REBOOT, machine)));
  }

  @Test
  void aCheckThatWasMissedInSleepIsMadeUpForSoonAfterwards() {
    var machine = AMachine.running();
    machine.awake = Duration.ofSeconds(1);
    machine.occasion = "boot-1/wake-7";
    machine.lastCheck = Optional.of(machine.before(Duration.ofHours(9)));
    machine.lastAttempt = machine.lastCheck;

    Duration next = next(UP_TO_REBOOT, machine);
    assertTrue(next.compareTo(Duration.ofSeconds(59)) >= 0, next::toString);
    assertTrue(next.compareTo(Duration.ofMinutes(61)) < 0, next::toString);
  }

  @Test
  void aFailedCheckIsMadeAgainAfterItsWaitHoweverLongAgoTheLastGoodOneIs() {
    var machine = AMachine.running();
    machine.lastCheck = Optional.empty();
    machine.lastAttempt = Optional.of(machine.before(Duration.ofMinutes(1)));
    machine.checkFailure =
        Optional.of(
            new Facts.Trouble(
                Kind.TRUST, 1, machine.before(Duration.ofMinutes(1)), "no signature"));

    Duration next = next(UP_TO_REBOOT, machine);
    assertTrue(next.compareTo(Duration.ofMinutes(44)) >= 0, next::toString);
    assertTrue(next.compareTo(Duration.ofMinutes(75)) < 0, next::toString);
  }

  @Test
  void whoChecksByHandIsNotAskedBetween() {
    assertEquals(
        new When.ByHand(), prospect(Step.CHECK, upTo(UpTo.NONE), AMachine.running()).when());
  }
}
