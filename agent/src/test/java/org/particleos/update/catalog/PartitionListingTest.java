package org.particleos.update.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.particleos.update.catalog.ATransfer.DISK;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.VERITY;
import static org.particleos.update.catalog.ATransfer.patterns;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionAttributes;

class PartitionListingTest {
  private static Partition partition(int number, String label, UUID type, long attributes) {
    return new Partition(
        number, number * 1000L, 1000, label, type, new UUID(5, number), attributes);
  }

  private static PartitionListing list(Partition... partitions) {
    return PartitionListing.of(DISK, List.of(partitions), USR, patterns("os_@v", "os_@v_@u"));
  }

  private static List<String> names(PartitionListing listing) {
    return listing.instances().stream()
        .map(i -> i.version() + " " + i.stage() + " " + i.location())
        .toList();
  }

  @Test
  void theTypeSaysHowFarAnInstanceIs() {
    var listing =
        list(
            partition(1, "os_1", USR.uuid(), 0),
            partition(2, "os_2", USR.partial(), 0),
            partition(3, "os_3", USR.pending(), 0));

    assertEquals(
        List.of("1 INSTALLED /dev/vda1", "2 PARTIAL /dev/vda2", "3 PENDING /dev/vda3"),
        names(listing));
    assertEquals(List.of(), listing.freeSlots());
  }

  @Test
  void othersTypesAreNotLookedAt() {
    var listing =
        list(
            partition(1, "os_1", VERITY.uuid(), 0),
            partition(2, "os_2", VERITY.pending(), 0),
            partition(3, "_empty", VERITY.uuid(), 0));

    assertEquals(List.of(), listing.instances());
    assertEquals(List.of(), listing.freeSlots());
  }

  @Test
  void theLabelEmptyIsAFreeSlotWhateverOfTheThreeTypesItHas() {
    var listing =
        list(
            partition(1, "_empty", USR.uuid(), 0),
            partition(2, "_empty", USR.partial(), 0),
            partition(3, "_empty", USR.pending(), 0),
            partition(4, "_Empty", USR.uuid(), 0));

    assertEquals(List.of(1, 2, 3), listing.freeSlots().stream().map(Partition::number).toList());
    assertEquals(List.of(), listing.instances());
  }

  @Test
  void aLabelThatNoPatternKnowsIsNeitherInstanceNorSlot() {
    var listing = list(partition(1, "data", USR.uuid(), 0), partition(2, "", USR.uuid(), 0));

    assertEquals(List.of(), listing.instances());
    assertEquals(List.of(), listing.freeSlots());
  }

  @Test
  void whatTheLabelDoesNotSayIsTakenFromTheTable() {
    var uuid = UUID.fromString("11111111-2222-4333-8444-555555555555");
    var listing =
        list(
            partition(1, "os_1", USR.uuid(), PartitionAttributes.READ_ONLY | 4),
            partition(2, "os_2", USR.uuid(), 0));
    var named =
        PartitionListing.of(
            DISK,
            List.of(partition(1, "1_11111111222243338444555555555555", USR.uuid(), 0)),
            USR,
            patterns("@v_@u"));

    var first = listing.instances().getFirst().metadata();
    assertEquals(Optional.of(new UUID(5, 1)), first.partitionUuid());
    assertEquals(OptionalLong.of(PartitionAttributes.READ_ONLY | 4), first.partitionFlags());
    assertEquals(Optional.of(true), first.readOnly());
    assertEquals(Optional.of(false), listing.instances().get(1).metadata().readOnly());
    assertEquals(Optional.of(uuid), named.instances().getFirst().metadata().partitionUuid());
  }
}
