package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.catalog.ATransfer.DISK;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.VERITY;
import static org.particleos.update.catalog.ATransfer.aTransfer;
import static org.particleos.update.catalog.Stock.SLOT_BYTES;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.catalog.ATransfer;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;
import org.particleos.update.catalog.Stock;
import org.particleos.update.definition.NewInstance;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.AcquirePlanner.FileSystems;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.version.Version;

class AcquirePlannerTest {
  private static final Path ESP = Path.of("/efi/EFI/Linux");
  private static final long BLOCK = 4096;

  private OptionalLong sizeOfEverything = OptionalLong.empty();
  private long availableBytes = Long.MAX_VALUE / 4;
  private SlotUse use = SlotUse.NONE;

  private AcquirePlan plan(String version, Inventory... inventories) throws UpdateException {
    return plan(version, List.of(), inventories);
  }

  private AcquirePlan plan(String version, List<Inventory> disabled, Inventory... inventories)
      throws UpdateException {
    var planner =
        new AcquirePlanner(
            new VacuumPlan(OptionalLong.empty(), Set.of(), use),
            use,
            source ->
                source.metadata().sizeBytes().isPresent()
                    ? source.metadata().sizeBytes()
                    : sizeOfEverything,
            directory -> new FileSystems.Room(1, availableBytes, BLOCK));
    VersionSet set =
        VersionSets.of(Arrays.asList(inventories), View.ONLINE).named(version).orElseThrow();
    return planner.plan(set, disabled);
  }

  private static ATransfer usr() {
    return aTransfer("10-usr").toPartitions(DISK, USR, "os_@v");
  }

  private static ATransfer verity() {
    return aTransfer("20-verity").toPartitions(DISK, VERITY, "os_@v_verity", "os_@v");
  }

  private static ATransfer uki() {
    return aTransfer("90-uki").toFiles(ESP, "os_@v+@l-@d.efi", "os_@v.raw").keeping(2);
  }

  private static InstanceMetadata sized(String version, long bytes) {
    return InstanceMetadata.of(new Version(version)).withSizeBytes(bytes);
  }

  private static Step.FillSlot slot(AcquirePlan plan, int index) {
    return assertInstanceOf(Step.FillSlot.class, plan.steps().get(index));
  }

  private static List<String> removed(AcquirePlan plan) {
    return plan.removals().stream()
        .map(removal ->
            removal.transfer().id() + " " + removal.instance().version() + " " + removal.cause())
        .toList();
  }

  // ---- Slots ----

  @ParameterizedTest
  @CsvSource({
    // sizes of the free slots, size of the payload (0 = unknown), number of the slot
    "3 2 4, 0, 2",
    "3 2 4, 2, 2",
    "3 2 4, 3, 1",
    "3 2 4, 4, 3",
    "2 2 2, 1, 1",
    "3 2 2, 2, 2",
  })
  void theSmallestFreeSlotThatFitsIsTakenTheFirstOfEqualOnes(
      String sizes, long payload, int expected) throws UpdateException {
    var stock = Stock.of(usr());
    for (String size : sizes.split(" ", -1)) {
      stock.free(Long.parseLong(size) * SLOT_BYTES);
    }
    if (payload > 0) {
      stock.offers(sized("2", payload * SLOT_BYTES));
    } else {
      stock.offers("2");
    }

    var plan = plan("2", stock.inventory());

    assertEquals(expected, slot(plan, 0).slot().number());
    assertEquals(List.of(), plan.removals());
  }

  @Test
  void theSlotOfTheOldestVersionIsTakenIfNoneIsFree() throws UpdateException {
    var plan = plan("3", Stock.of(usr()).installed("1", "2").offers("3").inventory());

    assertEquals(List.of("10-usr 1 SURPLUS"), removed(plan));
    assertEquals(1, slot(plan, 0).slot().number());
    assertEquals("os_3", slot(plan, 0).label());
  }

  @Test
  void aSlotThatAnEarlierTransferTakesIsNotTakenTwice() throws UpdateException {
    var first = Stock.of(usr()).free(5, 5, 5).offers("2").inventory();
    var second = Stock.of(usr()).free(5, 5, 5).offers("2").inventory();
    var elsewhere =
        Stock.of(aTransfer("x").toPartitions(Path.of("/dev/vdb"), USR, "os_@v"))
            .free(5, 5)
            .offers("2")
            .inventory();

    var plan = plan("2", first, second, elsewhere);

    assertEquals(1, slot(plan, 0).slot().number());
    assertEquals(2, slot(plan, 1).slot().number());
    assertEquals(1, slot(plan, 2).slot().number());
  }

  @Test
  void ifEarlierTransfersTakeAllSlotsTheRestIsRefused() {
    var first = Stock.of(usr()).free(5).installed("1").offers("2").inventory();
    var second =
        Stock.of(usr().protecting("1")).free(5).numbering(2).installed("1").offers("2").inventory();

    var refused = assertThrows(UpdateException.NoSpace.class, () -> plan("2", first, second));

    assertEquals(Reason.TOO_FEW_SLOTS, refused.reason());
  }

  @Test
  void everySlotProtectedIsRefusedNamingWhatTheyHold() {
    var inventory =
        Stock.of(usr().protecting("1", "2")).installed("1", "2").offers("3").inventory();

    var refused = assertThrows(UpdateException.NoSpace.class, () -> plan("3", inventory));

    assertEquals(Reason.NO_EMPTY_SLOT, refused.reason());
    assertEquals(
        "/dev/vda2 holds version 2 (installed), /dev/vda1 holds version 1 (installed)",
        refused.found().orElseThrow());
  }

  @Test
  void anUnfinishedDownloadContinuesInItsSlot() throws UpdateException {
    var inventory = Stock.of(usr()).free(1).installed("1").partial("2").offers("2").inventory();

    var plan = plan("2", inventory);

    assertEquals(3, slot(plan, 0).slot().number());
    assertEquals(List.of(), plan.removals());
  }

  @Test
  void anUnfinishedDownloadThatHasOutgrownItsSlotMovesToAnother() throws UpdateException {
    var inventory =
        Stock.of(usr())
            .slot(Stage.PARTIAL, "2", 10)
            .free(30)
            .slot(Stage.INSTALLED, "1", 30)
            .offers(sized("2", 20))
            .inventory();

    var plan = plan("2", inventory);

    assertEquals(2, slot(plan, 0).slot().number());
    assertEquals(List.of("10-usr 2 PARTIAL"), removed(plan));
  }

  @Test
  void anImageLargerThanEverySlotIsRefused() throws UpdateException {
    var tooLarge = Stock.of(usr()).free(10, 20).installed("1").offers(sized("2", 21)).inventory();
    var fitting = Stock.of(usr()).free(10, 20).installed("1").offers(sized("2", 20)).inventory();
    var begun =
        Stock.of(usr())
            .slot(Stage.PARTIAL, "2", 20)
            .slot(Stage.INSTALLED, "1", 90)
            .offers(sized("2", 21))
            .inventory();

    var refused = assertThrows(UpdateException.NoSpace.class, () -> plan("2", tooLarge));
    var refusedBegun = assertThrows(UpdateException.NoSpace.class, () -> plan("2", begun));

    assertEquals(Reason.PAYLOAD_EXCEEDS_SLOT, refused.reason());
    assertEquals("21 bytes for a slot of 20 bytes", refused.found().orElseThrow());
    assertEquals(Reason.PAYLOAD_EXCEEDS_SLOT, refusedBegun.reason());
    assertEquals(2, slot(plan("2", fitting), 0).slot().number());
  }

  // ---- Names ----

  @Test
  void aLabelOfThirtySixUnitsIsTakenALongerOneRefused() throws UpdateException {
    String longest = "1".repeat(33);
    var fitting = Stock.of(usr()).free(1, 1).offers(longest).inventory();
    var tooLong = Stock.of(usr()).free(1, 1).offers(longest + "1").inventory();

    assertEquals("os_" + longest, slot(plan(longest, fitting), 0).label());
    var refused =
        assertThrows(UpdateException.Configuration.class, () -> plan(longest + "1", tooLong));
    assertEquals(Reason.LABEL_TOO_LONG, refused.reason());
  }

  @Test
  void aBadNameOfTheLastTransferIsFoundBeforeTheFirstIsPlanned() {
    var noSlots = Stock.of(usr()).offers("2").inventory();
    var longName = Stock.of(verity()).free(1, 1).offers("2").inventory();
    String version = "2" + "0".repeat(40);
    var first = Stock.of(usr()).offers(version).inventory();
    var last = Stock.of(verity()).free(1, 1).offers(version).inventory();

    var refused =
        assertThrows(UpdateException.Configuration.class, () -> plan(version, first, last));
    var noSpace = assertThrows(UpdateException.NoSpace.class, () -> plan("2", noSlots, longName));

    assertEquals(Reason.LABEL_TOO_LONG, refused.reason());
    assertEquals(Reason.TOO_FEW_SLOTS, noSpace.reason());
  }

  @Test
  void aFileNameThatLeadsOutOfTheDirectoryIsRefused() throws UpdateException {
    var dots = aTransfer("x").toFiles(ESP, "@v/os.raw");
    var good = Stock.of(dots).offers("2.1").inventory();
    var bad = Stock.of(dots).offers("..").inventory();

    var step = assertInstanceOf(Step.WriteFile.class, plan("2.1", good).steps().getFirst());
    assertEquals(ESP.resolve("2.1/os.raw"), step.paths().installed());
    var refused = assertThrows(UpdateException.Configuration.class, () -> plan("..", bad));
    assertEquals(Reason.NAME_NOT_FORMATTABLE, refused.reason());
  }

  @Test
  void aFileNameWhoseMarkedFormIsTooLongIsRefused() throws UpdateException {
    // 255 bytes less ".sysupdate.partial." and "os_.raw".
    String longest = "1".repeat(255 - 19 - 7);
    var transfer = aTransfer("x").toFiles(ESP, "os_@v.raw");
    var good = Stock.of(transfer).offers(longest).inventory();
    var bad = Stock.of(transfer).offers(longest + "1").inventory();

    assertEquals(1, plan(longest, good).stepsToFetch());
    var refused = assertThrows(UpdateException.Configuration.class, () -> plan(longest + "1", bad));
    assertEquals(Reason.NAME_NOT_FORMATTABLE, refused.reason());
  }

  @Test
  void aNameThatWouldNotBeRecognisedAgainIsRefused() throws UpdateException {
    var transfer = aTransfer("x").toPartitions(DISK, USR, "_@v");
    var good = Stock.of(transfer).free(1, 1).offers("2").inventory();
    var free = Stock.of(transfer).free(1, 1).offers("empty").inventory();

    assertEquals("_2", slot(plan("2", good), 0).label());
    var refused = assertThrows(UpdateException.Configuration.class, () -> plan("empty", free));
    assertEquals(Reason.NAME_NOT_FORMATTABLE, refused.reason());
  }

  @Test
  void theNewInstanceHasWhatDefinitionAndSourceSay() throws UpdateException {
    var wanted =
        new NewInstance(
            Optional.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(true),
            OptionalInt.of(0444),
            OptionalLong.of(5),
            OptionalLong.of(0));
    var uuid = new UUID(3, 4);
    var inventory =
        Stock.of(uki().creating(wanted))
            .offers(InstanceMetadata.of(new Version("2")).withPartitionUuid(uuid))
            .inventory();

    var step = assertInstanceOf(Step.WriteFile.class, plan("2", inventory).steps().getFirst());

    assertEquals(ESP.resolve("os_2+5-0.efi"), step.paths().installed());
    assertEquals(ESP.resolve(".sysupdate.partial.os_2+5-0.efi"), step.paths().partial());
    assertEquals(ESP.resolve(".sysupdate.pending.os_2+5-0.efi"), step.paths().pending());
    assertEquals(OptionalInt.of(0444), step.metadata().mode());
    assertEquals(Optional.of(true), step.metadata().readOnly());
    assertEquals(Optional.of(uuid), step.metadata().partitionUuid());
  }

  // ---- Room on file systems ----

  @Test
  void aFullFileSystemIsRefusedCountingWhatWillBeRemoved() throws UpdateException {
    var inventory =
        Stock.of(uki()).fileBytes(3 * BLOCK).installed("1", "2").offers(sized("3", 4 * BLOCK));

    availableBytes = BLOCK;
    var plan = plan("3", inventory.inventory());
    availableBytes = BLOCK - 1;
    var refused =
        assertThrows(UpdateException.NoSpace.class, () -> plan("3", inventory.inventory()));

    assertEquals(List.of("90-uki 1 SURPLUS"), removed(plan));
    assertEquals(Reason.FILE_SYSTEM_FULL, refused.reason());
    assertEquals("4096 bytes needed, 4095 bytes available", refused.found().orElseThrow());
  }

  @Test
  void filesAreCountedInBlocksAndTogether() {
    var first = Stock.of(uki()).offers(sized("2", 1)).inventory();
    var second = Stock.of(uki()).offers(sized("2", BLOCK + 1)).inventory();

    availableBytes = 3 * BLOCK - 1;
    var refused = assertThrows(UpdateException.NoSpace.class, () -> plan("2", first, second));

    assertEquals(Reason.FILE_SYSTEM_FULL, refused.reason());
    availableBytes = 3 * BLOCK;
    assertDoesNotThrow(() -> plan("2", first, second));
  }

  @Test
  void whatAnUnfinishedDownloadOccupiesIsUsedAgain() throws UpdateException {
    var inventory =
        Stock.of(uki()).fileBytes(3 * BLOCK).partial("2").offers(sized("2", 4 * BLOCK)).inventory();

    availableBytes = BLOCK;

    assertEquals(1, plan("2", inventory).stepsToFetch());
  }

  // ---- Sets ----

  @Test
  void repairKeepsWhatIsInstalled() throws UpdateException {
    var complete = Stock.of(usr()).installed("1", "2").offers("2").inventory();
    var lacking = Stock.of(uki()).installed("1").offers("2").inventory();

    var plan = plan("2", complete, lacking);

    assertInstanceOf(Step.Keep.class, plan.steps().getFirst());
    assertInstanceOf(Step.WriteFile.class, plan.steps().getLast());
    assertEquals(1, plan.stepsToFetch());
    assertEquals(List.of(), plan.removals());
  }

  @Test
  void aPendingMemberIsKeptUnlessThePublisherReplacedTheBuild() throws UpdateException {
    var same = InstanceMetadata.of(new Version("2")).withPartitionUuid(new UUID(7, 1));
    var other = InstanceMetadata.of(new Version("2")).withPartitionUuid(new UUID(9, 9));
    var current = Stock.of(usr()).pending("2").free(1).offers(same).inventory();
    var outdated = Stock.of(usr()).pending("2").free(1).offers(other).inventory();

    assertInstanceOf(Step.Keep.class, plan("2", current).steps().getFirst());
    assertEquals(1, slot(plan("2", outdated), 0).slot().number());
    assertEquals(
        Optional.of(new UUID(9, 9)), slot(plan("2", outdated), 0).metadata().partitionUuid());
  }

  @Test
  void disabledTransfersLoseEverything() throws UpdateException {
    var wanted = Stock.of(uki()).offers("2").inventory();
    var slots = Stock.of(usr()).installed("1", "2").inventory();
    var files = Stock.of(aTransfer("old")).installed("1").partial("2").inventory();

    var plan = plan("2", List.of(slots, files), wanted);

    assertEquals(
        Set.of("10-usr 1 DISABLED", "10-usr 2 DISABLED", "old 1 DISABLED", "old 2 PARTIAL"),
        Set.copyOf(removed(plan)));
  }

  @Test
  void theBootEntryOfAnOldVersionGoesBeforeItsContent() throws UpdateException {
    var content = Stock.of(usr()).installed("1", "2").offers("3").inventory();
    var hashes = Stock.of(verity()).numbering(3).installed("1", "2").offers("3").inventory();
    var entry = Stock.of(uki()).installed("1", "2").offers("3").inventory();

    var plan = plan("3", content, hashes, entry);

    assertEquals(
        List.of("90-uki 1 SURPLUS", "20-verity 1 SURPLUS", "10-usr 1 SURPLUS"), removed(plan));
    assertTrue(
        plan.steps().stream().map(Step::transferId).toList().getLast().equals("90-uki"),
        "and the new one comes last");
  }

  @Test
  void theSourceOfAStepIsTheOfferOfTheVersion() throws UpdateException {
    var inventory = Stock.of(usr()).free(1, 1).offers("2", "3", "1").inventory();

    Instance source = slot(plan("2", inventory), 0).source();

    assertEquals("https://example.org/os/os_2.raw", source.location());
  }

  @Test
  void aSlotTheSystemStandsOnIsNeverWrittenWhateverItsLabelSays() throws UpdateException {
    use = (_, number) -> number == 1;
    var labelledEmpty =
        Stock.of(usr()).free(1 << 20).installed("1").free(2 << 20).offers("2").inventory();
    var begun = Stock.of(usr()).partial("2").installed("1").free(2 << 20).offers("2").inventory();

    for (Inventory inventory : List.of(labelledEmpty, begun)) {
      AcquirePlan plan = plan("2", inventory);

      assertEquals(3, ((Step.FillSlot) plan.steps().getFirst()).slot().number());
      assertEquals(List.of(), plan.removals());
    }
  }

  @Test
  void withoutAnotherSlotTheOneInUseIsNoWayOut() throws UpdateException {
    use = (_, number) -> number == 1;
    var inventory = Stock.of(usr()).free(1 << 20).installed("1").offers("2").inventory();

    // Slot 1 is labelled as empty but mounted; slot 2 holds the only version.
    var failure = assertThrows(UpdateException.NoSpace.class, () -> plan("2", inventory));

    assertEquals(Reason.TOO_FEW_SLOTS, failure.reason());
  }
}
