package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.particleos.update.catalog.ATransfer.SIGNATURE;
import static org.particleos.update.catalog.ATransfer.USR;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.catalog.ATransfer;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.catalog.Stock;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.GptImage;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionAttributes;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.Step.FillSlot;
import org.particleos.update.version.Version;

class SlotPublisherTest {
  private static final UUID BEFORE = new UUID(1, 1);
  private static final UUID AFTER = UUID.fromString("11111111-2222-4333-8444-555555555555");

  private final Kernel kernel = new LinuxKernel();
  private final SlotPublisher publisher = new SlotPublisher(kernel);
  @TempDir Path directory;
  private Path image;

  @BeforeEach
  void writeImage() throws Exception {
    image = directory.resolve("disk.raw");
    GptImage.withSectors(512)
        .add(1, 100, 100, "os_1", USR.uuid(), new UUID(1, 9))
        .add(2, 300, 100, "_empty", USR.uuid(), BEFORE)
        .add(3, 500, 100, "_empty", SIGNATURE.uuid(), BEFORE)
        .write(image);
  }

  private Partition partition(int number) throws Exception {
    try (var disk = kernel.open(image, Set.of(Kernel.OpenFlag.READ))) {
      return PartitionTable.read(disk).partition(number).orElseThrow();
    }
  }

  private FillSlot step(int number, PartitionType type, InstanceMetadata metadata)
      throws Exception {
    var inventory =
        Stock.of(ATransfer.aTransfer("usr").toPartitions(image, type, "os_@v"))
            .offers("2")
            .inventory();
    Instance offer = inventory.offered().getFirst();
    return new FillSlot(
        new Member(inventory, Optional.empty(), Optional.of(offer)),
        offer,
        metadata,
        "os_2",
        new Place.Disk(image),
        partition(number),
        type,
        OptionalLong.empty());
  }

  private static InstanceMetadata metadata() {
    return InstanceMetadata.of(new Version("2"));
  }

  private Instance.InPartition held(int number, Stage stage) throws Exception {
    return new Instance.InPartition(image, partition(number), stage, metadata());
  }

  @Test
  void aSlotGoesThroughTheLifeOfTheSpecification() throws Exception {
    var step = step(2, USR, metadata().withPartitionUuid(AFTER).withPartitionFlags(4));

    publisher.claim(step);
    assertSlot("os_2", USR.partial(), BEFORE, 0);

    publisher.markPending(step);
    assertSlot("os_2", USR.pending(), AFTER, 4);

    publisher.publish(held(2, Stage.PENDING), "os_2", USR);
    assertSlot("os_2", USR.uuid(), AFTER, 4);

    publisher.empty(held(2, Stage.INSTALLED), USR);
    assertSlot("_empty", USR.uuid(), AFTER, 4);
    assertEquals(List.of(), publisher.repairs());
  }

  private void assertSlot(String label, UUID type, UUID uuid, long attributes) throws Exception {
    var slot = partition(2);
    assertEquals(label, slot.label());
    assertEquals(type, slot.type());
    assertEquals(uuid, slot.uuid());
    assertEquals(attributes, slot.attributes());
  }

  @Test
  void anUnfinishedSlotGetsItsTypeBackWhenItIsEmptied() throws Exception {
    publisher.claim(step(2, USR, metadata()));

    publisher.empty(held(2, Stage.PARTIAL), USR);

    assertSlot("_empty", USR.uuid(), BEFORE, 0);
  }

  @Test
  void withoutUuidAndFlagsThoseOfTheSlotStay() throws Exception {
    publisher.markPending(step(2, USR, metadata()));

    assertEquals(BEFORE, partition(2).uuid());
    assertEquals(0, partition(2).attributes());
  }

  /** H-06: in the reference these have no effect. */
  @Test
  void singleFlagsAreJudgedByTheConfiguredType() throws Exception {
    var wanted = metadata().withReadOnly(true).withNoAuto(true).withGrowFileSystem(true);

    publisher.markPending(step(2, USR, wanted));
    publisher.markPending(step(3, SIGNATURE, wanted));

    assertEquals(
        PartitionAttributes.READ_ONLY
            | PartitionAttributes.NO_AUTO
            | PartitionAttributes.GROW_FILE_SYSTEM,
        partition(2).attributes());
    assertEquals(
        PartitionAttributes.READ_ONLY, partition(3).attributes(), "that type knows no other bit");
  }

  @Test
  void neitherDataNorTheOtherSlotsAreTouched() throws Exception {
    byte[] before = Files.readAllBytes(image);
    var step = step(2, USR, metadata().withPartitionUuid(AFTER));

    publisher.claim(step);
    publisher.markPending(step);

    byte[] after = Files.readAllBytes(image);
    assertArrayEquals(
        Arrays.copyOfRange(before, 100 * 512, before.length - 34 * 512),
        Arrays.copyOfRange(after, 100 * 512, after.length - 34 * 512));
    assertEquals("os_1", partition(1).label());
    assertEquals(USR.uuid(), partition(1).type());
  }

  @Test
  void repairsOfTheTableAreTold() throws Exception {
    byte[] bytes = Files.readAllBytes(image);
    bytes[512 + 20] ^= 1; // in the primary header
    Files.write(image, bytes);

    publisher.claim(step(2, USR, metadata()));

    assertEquals(1, publisher.repairs().size());
    assertEquals("os_2", partition(2).label());
  }
}
