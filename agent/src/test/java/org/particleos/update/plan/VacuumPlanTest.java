package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.particleos.update.catalog.ATransfer.DISK;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.catalog.ATransfer;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;
import org.particleos.update.catalog.Stock;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VacuumPlan.Room;
import org.particleos.update.version.Version;

class VacuumPlanTest {
  private static final VacuumPlan PLAN =
      new VacuumPlan(OptionalLong.empty(), Set.of(), SlotUse.NONE);

  private static ATransfer files(long max) {
    return aTransfer("uki").keeping(max);
  }

  private static ATransfer slots() {
    return aTransfer("usr").toPartitions(DISK, USR, "os_@v");
  }

  private static String removed(VacuumPlan plan, Inventory inventory, Room room)
      throws UpdateException {
    return removed(plan, inventory, room, Optional.empty());
  }

  private static String removed(
      VacuumPlan plan, Inventory inventory, Room room, Optional<String> keep)
      throws UpdateException {
    return String.join(
        " ",
        plan.removals(inventory, room, keep, inventory.freeSlots().size()).stream()
            .map(removal -> removal.instance().version() + " " + removal.cause())
            .toList());
  }

  @ParameterizedTest
  @CsvSource({
    // max, room, instances, removed
    "3, NONE, 1 2 3, ''",
    "3, NONE, 1 2 3 4 5, 1 SURPLUS 2 SURPLUS",
    "3, ONE, 1 2, ''",
    "3, ONE, 1 2 3, 1 SURPLUS",
    "3, ONE, 10 9 2, 2 SURPLUS",
    "2, EVERYTHING, 1 2, 1 DISABLED 2 DISABLED",
  })
  void filesAreReducedToTheLimit(long max, Room room, String versions, String expected)
      throws UpdateException {
    var inventory = Stock.of(files(max)).installed(versions.split(" ", -1)).inventory();

    assertEquals(expected, removed(PLAN, inventory, room));
  }

  @Test
  void withoutLimitNoFileGoesUnlessTheTransferIsDisabled() throws UpdateException {
    var inventory = Stock.of(aTransfer("uki")).installed("1", "2", "3", "4").inventory();

    assertEquals("", removed(PLAN, inventory, Room.NONE));
    assertEquals("", removed(PLAN, inventory, Room.ONE));
    assertEquals(4, PLAN.removals(inventory, Room.EVERYTHING, Optional.empty(), 0).size());
  }

  @ParameterizedTest
  @CsvSource({"1, ONE", "0, ONE", "0, NONE"})
  void aLimitThatLeavesNoInstanceIsRefused(long max, Room room) {
    var plan = new VacuumPlan(OptionalLong.of(max), Set.of(), SlotUse.NONE);
    var inventory = Stock.of(files(5)).installed("1").inventory();

    var refused = assertThrows(UpdateException.NoSpace.class, () -> removed(plan, inventory, room));

    assertEquals(Reason.INSTANCES_MAX_TOO_SMALL, refused.reason());
  }

  @Test
  void theLimitOfTheCommandLineGoesFirst() throws UpdateException {
    var plan = new VacuumPlan(OptionalLong.of(1), Set.of(), SlotUse.NONE);
    var inventory = Stock.of(files(3)).installed("1", "2", "3").inventory();

    assertEquals("1 SURPLUS 2 SURPLUS", removed(plan, inventory, Room.NONE));
  }

  /** free slots, installed versions, limit (0 = none), room, removed. */
  @ParameterizedTest
  @CsvSource({
    "0, 1 2, 0, ONE, 1 SURPLUS",
    "1, 1, 0, ONE, ''",
    "2, '', 0, ONE, ''",
    "1, 1 2, 0, ONE, ''",
    "0, 1 2 3, 0, ONE, 1 SURPLUS",
    "0, 1 2 3, 2, ONE, 1 SURPLUS 2 SURPLUS",
    "1, 1 2 3, 2, NONE, 1 SURPLUS",
    "0, 1 2, 0, NONE, ''",
  })
  void partitionsAreEmptiedUntilOneIsFree(
      int free, String versions, long max, Room room, String expected) throws UpdateException {
    var transfer = max == 0 ? slots() : slots().keeping(max);
    var stock = Stock.of(transfer).free(new long[free]);
    if (!versions.isEmpty()) {
      stock.installed(versions.split(" ", -1));
    }

    assertEquals(expected, removed(PLAN, stock.inventory(), room));
  }

  @ParameterizedTest
  @CsvSource({"0, 1, ONE", "1, 0, ONE", "0, 0, ONE", "0, 1, NONE", "1, 0, NONE"})
  void fewerThanTwoSlotsAreRefused(int free, int installed, Room room) {
    var stock = Stock.of(slots()).free(new long[free]);
    if (installed > 0) {
      stock.installed("1");
    }

    var refused =
        assertThrows(UpdateException.NoSpace.class, () -> removed(PLAN, stock.inventory(), room));

    assertEquals(Reason.TOO_FEW_SLOTS, refused.reason());
  }

  /** Deviation H-04/D-09: the reference leaves them, having no limit. */
  @Test
  void partitionsOfADisabledTransferAreAllEmptied() throws UpdateException {
    var single = Stock.of(slots()).installed("1").inventory();
    var mixed = Stock.of(slots()).installed("1", "2").partial("3").pending("4").free(1).inventory();

    assertEquals("1 DISABLED", removed(PLAN, single, Room.EVERYTHING));
    assertEquals(
        "4 PENDING 3 PARTIAL 1 DISABLED 2 DISABLED", removed(PLAN, mixed, Room.EVERYTHING));
  }

  @Test
  void leftoversGoButThePendingVersionThatIsWantedStays() throws UpdateException {
    var inventory =
        Stock.of(files(5)).installed("1").partial("2", "9").pending("3", "9").inventory();

    assertEquals(
        "9 PARTIAL 3 PENDING 2 PARTIAL", removed(PLAN, inventory, Room.ONE, Optional.of("9")));
    assertEquals("9 PARTIAL 9 PENDING 3 PENDING 2 PARTIAL", removed(PLAN, inventory, Room.NONE));
  }

  @Test
  void protectedPendingVersionsStayProtectedPartialOnesDoNot() throws UpdateException {
    var inventory = Stock.of(files(5).protecting("2", "3")).partial("2").pending("3").inventory();

    assertEquals("2 PARTIAL", removed(PLAN, inventory, Room.NONE));
  }

  // ---- The examples of update-algorithm.md 9.4 ----

  @Test
  void ofThreeFilesTheOldestMakesRoomForTheFourth() throws UpdateException {
    var inventory = Stock.of(files(3)).installed("1", "2", "3").inventory();

    assertEquals("1 SURPLUS", removed(PLAN, inventory, Room.ONE, Optional.of("4")));
  }

  @Test
  void aProtectedFileStaysAndTheNextOldestGoes() throws UpdateException {
    var inventory = Stock.of(files(2).protecting("1")).installed("1", "2").inventory();

    assertEquals("2 SURPLUS", removed(PLAN, inventory, Room.ONE, Optional.of("3")));
  }

  @Test
  void ifEverythingIsProtectedNothingGoes() throws UpdateException {
    var two = Stock.of(files(2).protecting("1", "2")).installed("1", "2").inventory();
    var slots = Stock.of(slots().protecting("1", "2")).installed("1", "2").inventory();

    assertEquals("", removed(PLAN, two, Room.ONE, Optional.of("3")));
    assertEquals("", removed(PLAN, slots, Room.ONE, Optional.of("3")));
  }

  @Test
  void theBootedSlotStaysAndTheNewerOneGoes() throws UpdateException {
    var inventory = Stock.of(slots().protecting("1")).installed("1", "2").inventory();

    assertEquals("2 SURPLUS", removed(PLAN, inventory, Room.ONE, Optional.of("3")));
  }

  @Test
  void anAcquiredVersionThatNobodyWantsGoes() throws UpdateException {
    var inventory = Stock.of(slots()).installed("3").pending("4").inventory();

    assertEquals("4 PENDING", removed(PLAN, inventory, Room.NONE));
  }

  @Test
  void protectionComparesTextNotOrder() throws UpdateException {
    var inventory = Stock.of(files(2).protecting("1.0")).installed("1.00", "2").inventory();

    assertEquals("1.00 SURPLUS", removed(PLAN, inventory, Room.ONE));
  }

  @Test
  void theRunningVersionStaysAlsoWhereTheDefinitionForgotIt() throws UpdateException {
    var plan = new VacuumPlan(OptionalLong.empty(), Set.of("1"), SlotUse.NONE);
    var installed = Stock.of(slots()).installed("1", "2").inventory();
    var repaired = Stock.of(files(2)).holds(Stage.PENDING, "1").inventory();

    assertEquals("2 SURPLUS", removed(plan, installed, Room.ONE));
    assertEquals("2 DISABLED", removed(plan, installed, Room.EVERYTHING));
    assertEquals("1 PENDING", removed(plan, repaired, Room.NONE));
  }

  private static VacuumPlan after(Quarantined failed) {
    return new VacuumPlan(OptionalLong.empty(), Set.of("2"), SlotUse.NONE, failed);
  }

  @Test
  void whatDidNotComeUpGoesFirstWhateverItsAge() throws UpdateException {
    var plan = after(new Quarantined(List.of(new Version("3")), List.of()));
    var slots = Stock.of(slots()).installed("1", "2", "3").inventory();
    var files = Stock.of(files(3)).installed("1", "2", "3").inventory();

    assertEquals("3 FAILED", removed(plan, slots, Room.ONE));
    assertEquals("3 FAILED", removed(plan, files, Room.ONE));
    assertEquals("", removed(plan, files, Room.NONE));
  }

  @Test
  void whatDidNotComeUpMakesRoomNoMoreThanIsNeeded() throws UpdateException {
    var plan = after(new Quarantined(List.of(new Version("3")), List.of()));
    var slots = Stock.of(slots()).installed("1", "2", "3").free(Stock.SLOT_BYTES).inventory();

    assertEquals("", removed(plan, slots, Room.ONE));
  }

  @Test
  void theRunningVersionStaysAlsoWhenItIsSaidNotToComeUp() throws UpdateException {
    var plan = after(new Quarantined(List.of(new Version("2")), List.of(new Version("2"))));
    var slots = Stock.of(slots()).installed("1", "2").inventory();

    assertEquals("1 SURPLUS", removed(plan, slots, Room.ONE));
    assertEquals("1 SURPLUS", removed(plan, slots, Room.ONE, Optional.of("2")));
  }

  @Test
  void aProtectedVersionStaysAlsoWhenItDidNotComeUp() throws UpdateException {
    var plan = after(new Quarantined(List.of(new Version("3")), List.of()));
    var files = Stock.of(files(3).protecting("3")).installed("1", "2", "3").inventory();

    assertEquals("1 SURPLUS", removed(plan, files, Room.ONE));
  }

  @Test
  void theOldBuildGoesWhenAnotherOneOfTheSameVersionComes() throws UpdateException {
    var plan = after(new Quarantined(List.of(), List.of(new Version("3"))));
    var files = Stock.of(files(9)).installed("2", "3").inventory();
    var slots = Stock.of(slots()).installed("2", "3").free(Stock.SLOT_BYTES).inventory();

    assertEquals("3 FAILED", removed(plan, files, Room.ONE, Optional.of("3")));
    assertEquals("3 FAILED", removed(plan, slots, Room.ONE, Optional.of("3")));
    assertEquals("", removed(plan, files, Room.NONE));
  }

  @Test
  void slotsOfLeftoversCountAsFree() throws UpdateException {
    var inventory = Stock.of(slots()).installed("1").partial("2").inventory();

    assertEquals("2 PARTIAL", removed(PLAN, inventory, Room.ONE, Optional.of("3")));
  }

  @Test
  void whatIsRemovedIsWhatTheTransferHolds() throws UpdateException {
    var inventory = Stock.of(files(2)).installed("1", "2", "3").inventory();

    List<Removal> removals = PLAN.removals(inventory, Room.NONE, Optional.empty(), 0);

    assertEquals(
        List.of(inventory.held().getLast()), removals.stream().map(Removal::instance).toList());
    assertEquals("uki", removals.getFirst().transfer().id());
  }

  @Test
  void aSlotInUseStaysInEveryCase() throws UpdateException {
    var plan = new VacuumPlan(OptionalLong.empty(), Set.of(), (_, number) -> number == 1);
    var inventory = Stock.of(slots()).installed("1", "2").inventory();
    var unfinished = Stock.of(slots()).partial("1").installed("2").free(9).inventory();

    assertEquals("2 SURPLUS", removed(plan, inventory, Room.ONE));
    assertEquals("2 DISABLED", removed(plan, inventory, Room.EVERYTHING));
    assertEquals("", removed(plan, unfinished, Room.NONE));
  }

  // ---- A slow model of update-algorithm.md 9.1 ----

  private static final long SEED = 20261122;
  private static final int CASES = 4000;

  @Test
  void whatGoesIsWhatTheStepsSay() {
    for (int number = 0; number < CASES; number++) {
      var random = new Random(SEED + number);
      boolean partitions = random.nextBoolean();
      // 0 = unlimited; a definition cannot say 1.
      long max = List.of(0, 2, 3, 4).get(random.nextInt(4));
      int free = partitions ? random.nextInt(3) : 0;
      Room room = List.of(Room.values()).get(random.nextInt(Room.values().length));
      var protectedVersions = new TreeSet<String>();
      var held = new TreeMap<String, Stage>();
      for (int version = 1; version <= 5; version++) {
        switch (random.nextInt(5)) {
          case 0, 1 -> held.put(String.valueOf(version), Stage.INSTALLED);
          case 2 -> held.put(String.valueOf(version), Stage.PENDING);
          case 3 -> held.put(String.valueOf(version), Stage.PARTIAL);
          default -> {}
        }
        if (random.nextInt(5) == 0) {
          protectedVersions.add(String.valueOf(version));
        }
      }
      // A disabled transfer has no version that is being acquired.
      Optional<String> keep =
          room == Room.ONE ? Optional.of(String.valueOf(1 + random.nextInt(6))) : Optional.empty();
      var transfer = partitions ? slots() : aTransfer("uki");
      if (max > 0) {
        transfer.keeping(max);
      }
      var stock = Stock.of(transfer.protecting(protectedVersions.toArray(String[]::new)));
      if (partitions) {
        stock.free(new long[free]);
      }
      held.forEach((version, stage) -> stock.holds(stage, version));

      String given =
          "seed %d: %s, %s, limit %d, %d free, protected %s, keep %s"
              .formatted(
                  SEED + number, room, held, max, partitions ? free : -1, protectedVersions, keep);
      assertEquals(
          steps(held, max, partitions ? free : -1, room, protectedVersions, keep),
          outcome(stock.inventory(), room, keep),
          given);
    }
  }

  private static String outcome(Inventory inventory, Room room, Optional<String> keep) {
    try {
      return PLAN.removals(inventory, room, keep, inventory.freeSlots().size()).stream()
          .map(removal -> removal.instance().version().text())
          .sorted()
          .toList()
          .toString();
    } catch (UpdateException refused) {
      return refused.reason().name();
    }
  }

  /** The numbered steps, literally, but for H-04: a disabled transfer loses everything. */
  private static String steps(
      Map<String, Stage> held,
      long max,
      int freeOrFiles,
      Room room,
      Set<String> protectedVersions,
      Optional<String> keep) {
    var left = new TreeMap<>(held);
    var removed = new TreeSet<String>();
    // 2.
    held.forEach((version, stage) -> {
      boolean stays =
          stage == Stage.INSTALLED
              || (stage == Stage.PENDING
                  && (protectedVersions.contains(version) || keep.equals(Optional.of(version))));
      if (!stays) {
        left.remove(version);
        removed.add(version);
      }
    });
    // 3.
    long space = room == Room.ONE ? 1 : 0;
    long limit = Long.MAX_VALUE;
    if (room == Room.EVERYTHING) {
      limit = 0;
    } else if (max > 0) {
      if (space >= max) {
        return Reason.INSTANCES_MAX_TOO_SMALL.name();
      }
      limit = max - space;
    }
    // 4.
    if (freeOrFiles >= 0 && room != Room.EVERYTHING) {
      int free = freeOrFiles + removed.size();
      int instances = left.size();
      if (free + instances < 2 || space >= free + instances) {
        return Reason.TOO_FEW_SLOTS.name();
      }
      limit = Math.min(limit, instances - Math.max(0, space - free));
    }
    // 5.
    for (String oldest : List.copyOf(left.keySet())) {
      boolean kept = protectedVersions.contains(oldest) || keep.equals(Optional.of(oldest));
      if (left.size() > limit && !kept) {
        left.remove(oldest);
        removed.add(oldest);
      }
    }
    return removed.toString();
  }
}
