package org.particleos.update.policy;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds of every schedule, on machines to which things happen by chance. */
class SchedulePropertiesTest {
  private static final int MACHINES = 30_000;

  /** A machine whose clock jumps, which sleeps, restarts and fails, from a seed. */
  private static final class Life {
    private final Random random;
    private final Policy policy;
    private final AMachine machine = AMachine.running();
    private final List<Duration> checks = new ArrayList<>();
    private final List<Integer> bootsOfChecks = new ArrayList<>();

    /** Real time since the beginning, which nothing changes. */
    private Duration real = Duration.ZERO;

    private int boots;
    private int wakes;
    private Duration longestAwakeWithoutCheck = Duration.ZERO;
    private Duration awakeSinceCheck = Duration.ZERO;

    Life(long seed) {
      random = new Random(seed);
      machine.share = new Share("machine " + seed);
      machine.lastCheck = Optional.empty();
      machine.lastAttempt = Optional.empty();
      boot(Duration.ZERO);
      policy =
          Policy.defaults()
              .withCheckInterval(Duration.ofMinutes(5 + random.nextInt(600)))
              .withCheckSpread(Duration.ofMinutes(random.nextInt(600)))
              .withBootDelay(Duration.ofMinutes(random.nextInt(30)));
    }

    private void boot(Duration off) {
      real = real.plus(off);
      machine.now = machine.now.plus(off);
      machine.bootId = "boot " + boots++;
      machine.occasion = machine.bootId;
      machine.uptime = Duration.ZERO;
      machine.awake = Duration.ZERO;
    }

    private void pass(Duration time) {
      real = real.plus(time);
      machine.now = machine.now.plus(time);
      machine.uptime = machine.uptime.plus(time);
      machine.awake = machine.awake.plus(time);
      awakeSinceCheck = awakeSinceCheck.plus(time);
      if (awakeSinceCheck.compareTo(longestAwakeWithoutCheck) > 0) {
        longestAwakeWithoutCheck = awakeSinceCheck;
      }
    }

    /** As the daemon does: decides, acts or waits, and is woken by what happens. */
    void step() {
      switch (Decider.decide(policy, machine.facts())) {
        case Decision.Act act -> {
          assertTrue(act.step() == Step.CHECK, act::toString);
          check();
        }
        case Decision.Wait(var until, _) -> {
          Duration wait = Duration.between(machine.now, until.orElseThrow());
          assertTrue(wait.isPositive(), wait::toString);
          if (random.nextInt(4) > 0) {
            pass(wait);
          } else {
            pass(Duration.ofMillis((long) (wait.toMillis() * random.nextDouble())));
            happens();
          }
        }
      }
    }

    private void happens() {
      switch (random.nextInt(4)) {
        case 0 -> machine.now = Instant.ofEpochSecond(random.nextLong(0, 4_000_000_000L));
        case 1 -> machine.now = machine.now.plusSeconds(random.nextInt(-7200, 7200));
        case 2 -> {
          Duration asleep = Duration.ofMinutes(random.nextInt(3000));
          real = real.plus(asleep);
          machine.now = machine.now.plus(asleep);
          machine.uptime = machine.uptime.plus(asleep);
          machine.awake = Duration.ZERO;
          machine.occasion = machine.bootId + "/" + wakes++;
        }
        default -> boot(Duration.ofMinutes(random.nextInt(3000)));
      }
    }

    private void check() {
      checks.add(real);
      bootsOfChecks.add(boots);
      awakeSinceCheck = Duration.ZERO;
      machine.lastAttempt = Optional.of(machine.facts().present());
      pass(Duration.ofSeconds(random.nextInt(120)));
      if (random.nextInt(3) > 0) {
        machine.lastCheck = Optional.of(machine.facts().present());
        machine.checkFailure = Optional.empty();
      } else {
        var kinds = Facts.Trouble.Kind.values();
        int before = machine.checkFailure.map(Facts.Trouble::count).orElse(0);
        machine.checkFailure =
            Optional.of(
                new Facts.Trouble(
                    kinds[random.nextInt(kinds.length)],
                    before + 1,
                    machine.facts().present(),
                    "chance"));
      }
      awakeSinceCheck = Duration.ZERO;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void neverAreTwoChecksCloserThanTheFloorAndAlwaysAnotherOneComes(long seed) {
    for (long machine = 0; machine < 20; machine++) {
      var life = new Life(seed * 1000 + machine);
      for (int step = 0; step < 500; step++) {
        life.step();
      }
      String where = "seed " + (seed * 1000 + machine) + ": " + life.checks;
      assertTrue(life.checks.size() > 20, where);
      for (int i = 1; i < life.checks.size(); i++) {
        Duration apart = life.checks.get(i).minus(life.checks.get(i - 1));
        // Across a restart, with a clock that was set, nobody can know how long ago it was.
        boolean known = life.bootsOfChecks.get(i).equals(life.bootsOfChecks.get(i - 1));
        assertTrue(
            !known || apart.compareTo(Policy.CHECK_FLOOR) >= 0,
            apart + " at " + life.checks.get(i) + " in " + where);
      }
      // Interval and spread, or the longest wait after failures, whichever is longer.
      assertTrue(
          life.longestAwakeWithoutCheck.compareTo(Duration.ofHours(31)) < 0,
          life.longestAwakeWithoutCheck + " in " + where);
    }
  }

  /** Counts per minute, of machines that all see the same at the same time. */
  private static int[] minutes(int minutes, java.util.function.Consumer<AMachine> premise) {
    int[] counts = new int[minutes];
    var machine = AMachine.running();
    premise.accept(machine);
    for (int i = 0; i < MACHINES; i++) {
      machine.share = new Share(String.format("%032x", i * 2_654_435_761L));
      var wait = (Decision.Wait) Decider.decide(Policy.defaults(), machine.facts());
      long minute = Duration.between(machine.now, wait.until().orElseThrow()).toMinutes();
      counts[(int) minute]++;
    }
    return counts;
  }

  /** Each minute has its share, give or take what chance does. */
  private static void assertEven(int[] counts, int from, int to) {
    double expected = (double) MACHINES / (to - from);
    double chiSquare = 0;
    for (int minute = 0; minute < counts.length; minute++) {
      if (minute < from || minute >= to) {
        assertTrue(counts[minute] == 0, "minute " + minute + ": " + counts[minute]);
      } else {
        chiSquare += Math.pow(counts[minute] - expected, 2) / expected;
      }
    }
    int degrees = to - from - 1;
    // Six standard deviations of that distribution.
    assertTrue(chiSquare < degrees + 6 * Math.sqrt(2.0 * degrees), "chi square " + chiSquare);
  }

  @Test
  void afterACommonCheckMachinesAskInMinutesSpreadEvenlyOverFourHours() {
    assertEven(
        minutes(
            360,
            machine -> {
              machine.lastCheck = Optional.of(machine.before(Duration.ZERO));
              machine.lastAttempt = machine.lastCheck;
            }),
        120,
        360);
  }

  @Test
  void afterACommonStartMachinesAskInMinutesSpreadEvenlyOverAnHour() {
    assertEven(
        minutes(
            90,
            machine -> {
              machine.lastCheck = Optional.of(machine.before(Duration.ofDays(2)));
              machine.bootId = "another";
              machine.occasion = "another";
              machine.uptime = Duration.ZERO;
              machine.awake = Duration.ZERO;
            }),
        15,
        75);
  }

  @Test
  void afterACommonFailureMachinesComeBackSpreadOverHalfOfTheWait() {
    int[] counts =
        minutes(
            400,
            machine -> {
              machine.lastAttempt = Optional.of(machine.before(Duration.ZERO));
              machine.checkFailure =
                  Optional.of(
                      new Facts.Trouble(
                          Facts.Trouble.Kind.NETWORK, 6, machine.before(Duration.ZERO), "the CDN"));
            });
    // 160 minutes, a quarter more or less.
    assertEven(counts, 120, 200);
  }

  @Test
  void aShareSaysNothingOfTheIdAndOneOfAPurposeNothingOfAnother() {
    var share = new Share("0123456789abcdef0123456789abcdef");

    assertTrue(share.of("check") >= 0 && share.of("check") < 1);
    assertTrue(share.of("check") == new Share("0123456789abcdef0123456789abcdef").of("check"));
    assertNotEquals(share.of("check"), share.of("wake/1"));
    assertNotEquals(share.of("check"), new Share("0123456789abcdef0123456789abcdee").of("check"));
  }
}
