package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.particleos.update.catalog.ATransfer.DISK;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
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
}
