package org.particleos.update.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.LoopDevice;

class PartitionTableTest {
  @TempDir Path folder;

  private PartitionTable read(byte[] disk) throws IOException, UpdateException {
    Path image = folder.resolve("image");
    Files.write(image, disk);
    return read(image);
  }

  private static PartitionTable read(Path image) throws IOException, UpdateException {
    try (var file = new LinuxKernel().open(image, Set.of(OpenFlag.READ))) {
      return PartitionTable.read(file);
    }
  }

  private UpdateException refused(byte[] disk) {
    var failure = assertThrows(UpdateException.class, () -> read(disk));
    assertInstanceOf(UpdateException.DiskDamaged.class, failure);
    return failure;
  }

  private static void put(byte[] disk, int at, long value) {
    ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void aTableIsReadWhateverTheSectorSize(int sectorBytes) throws Exception {
    var table = read(GptImage.usual(sectorBytes).bytes());

    assertEquals(sectorBytes, table.sectorBytes());
    assertEquals(GptImage.DISK, table.diskUuid());
    assertTrue(table.health().sound());
    assertEquals(List.of(1, 2, 5), table.partitions().stream().map(Partition::number).toList());
    assertEquals(
        Optional.of(
            new Partition(
                2,
                200L * sectorBytes,
                300L * sectorBytes,
                "_empty",
                GptImage.LINUX,
                GptImage.uuid(102),
                0)),
        table.partition(2));
    assertTrue(table.partition(3).isEmpty());
  }

  @ParameterizedTest
  @CsvSource({"128, 128", "256, 128", "16, 128", "128, 256", "64, 384", "8192, 128"})
  void otherCountsAndSizesOfEntriesAreRead(int count, int bytes) throws Exception {
    var table =
        read(
            GptImage.withSectors(512)
                .size(8192)
                .entries(count, bytes)
                .add(3, 3000, 10, "x", GptImage.LINUX, GptImage.uuid(103))
                .bytes());

    assertEquals("x", table.partition(3).orElseThrow().label());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "größe", "😀", "123456789012345678901234567890123456"})
  void labelsAreReadUpToTheirEnd(String label) throws Exception {
    var image = GptImage.withSectors(512).add(1, 100, 10, label, GptImage.LINUX, GptImage.uuid(1));

    assertEquals(label, read(image.bytes()).partitions().get(0).label());
  }

  @Test
  void aTableMadeBySfdiskIsReadAsSfdiskShowsIt() throws Exception {
    Path image = folder.resolve("image");
    Files.write(image, new byte[8 << 20]);
    Tool.run(
        """
        label: gpt
        label-id: 00112233-4455-6677-8899-AABBCCDDEEFF
        start=2048, size=2048, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="esp"
        start=4096, size=4096, type=8484680C-9521-48C6-9C11-B0720656F69E, \
        uuid=01234567-89AB-CDEF-0123-456789ABCDEF, name="usr_größe", attrs="GUID:60"
        """,
        "sfdisk",
        "-q",
        image.toString());

    var table = read(image);

    assertEquals(GptImage.DISK, table.diskUuid());
    assertEquals(
        new Partition(
            2,
            4096 * 512,
            4096 * 512,
            "usr_größe",
            UUID.fromString("8484680c-9521-48c6-9c11-b0720656f69e"),
            UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
            PartitionAttributes.READ_ONLY),
        table.partitions().get(1));
  }

  @Test
  void theTablesOfTheseTestsAreWhatSgdiskTakesForSound() throws Exception {
    Path image = folder.resolve("image");
    GptImage.usual(512).write(image);

    String verdict = Tool.run("", "sgdisk", "--verify", image.toString());

    assertTrue(verdict.contains("No problems found"), verdict);
  }

  @Test
  void aDeviceIsReadWithItsOwnSectorSize() throws Exception {
    Path image = folder.resolve("image");
    var made = GptImage.usual(4096);
    try (var loop = LoopDevice.attach(image, made.sizeBytes(), 4096)) {
      Files.write(loop.node(), made.bytes());

      var table = read(loop.node());

      assertEquals(4096, table.sectorBytes());
      assertEquals(3, table.partitions().size());
    }
  }

  @Test
  void aDeviceIsNotProbedForOtherSectorSizes() throws Exception {
    Path image = folder.resolve("image");
    var made = GptImage.usual(512);
    try (var loop = LoopDevice.attach(image, made.sizeBytes(), 4096)) {
      Files.write(loop.node(), made.bytes());

      assertThrows(UpdateException.DiskDamaged.class, () -> read(loop.node()));
    }
  }

  @Test
  void anEmptyDiskHasNoTable() {
    assertEquals(Reason.NO_PARTITION_TABLE, refused(new byte[0]).reason());
    assertEquals(Reason.NO_PARTITION_TABLE, refused(new byte[100]).reason());
    assertEquals(Reason.NO_PARTITION_TABLE, refused(new byte[1 << 20]).reason());
  }

  @Test
  void anMbrTableIsNoGuidTable() {
    byte[] disk = new byte[1 << 20];
    disk[450] = (byte) 0x83;
    disk[510] = 0x55;
    disk[511] = (byte) 0xaa;

    assertEquals(Reason.NO_PARTITION_TABLE, refused(disk).reason());
  }

  @Test
  void aHybridMbrIsRefused() {
    byte[] disk = GptImage.usual(512).bytes();
    disk[446 + 16 + 4] = 0x0c;

    assertEquals(Reason.PARTITION_TABLE_HYBRID, refused(disk).reason());
  }

  @Test
  void aTableWithoutProtectiveMbrIsRefused() {
    byte[] disk = GptImage.usual(512).bytes();
    disk[446 + 4] = 0;

    assertEquals(Reason.PARTITION_TABLE_DAMAGED, refused(disk).reason());
  }

  static Stream<Integer> bitsOfTheHeader() {
    return Stream.iterate(0, bit -> bit < 92 * 8, bit -> bit + 5);
  }

  @ParameterizedTest
  @MethodSource("bitsOfTheHeader")
  void aFlippedBitInAHeaderIsFoundAndTheOtherCopyCounts(int bit) throws Exception {
    byte[] primary = GptImage.usual(512).bytes();
    byte[] backup = primary.clone();
    primary[512 + bit / 8] ^= (byte) (1 << bit % 8);
    backup[backup.length - 512 + bit / 8] ^= (byte) (1 << bit % 8);

    var fromBackup = read(primary);
    var fromPrimary = read(backup);

    assertTrue(fromBackup.health().primaryDamage().isPresent());
    assertTrue(fromBackup.health().backupDamage().isEmpty());
    assertEquals("usr_41", fromBackup.partition(5).orElseThrow().label());
    assertTrue(fromPrimary.health().primaryDamage().isEmpty());
    assertTrue(fromPrimary.health().backupDamage().isPresent());
    assertEquals("usr_41", fromPrimary.partition(5).orElseThrow().label());
  }

  @ParameterizedTest
  @ValueSource(ints = {1024, 1024 + 127, 1024 + 128 * 127, 1024 + 128 * 128 - 1})
  void aFlippedBitInTheEntriesIsFound(int at) throws Exception {
    byte[] disk = GptImage.usual(512).bytes();
    disk[at] ^= 1;

    var table = read(disk);

    assertEquals(
        Optional.of("has a wrong checksum of its entries"), table.health().primaryDamage());
    assertEquals(3, table.partitions().size());
  }

  @Test
  void damageToBothCopiesIsRefused() {
    byte[] disk = GptImage.usual(512).bytes();
    disk[512 + 60] ^= 1;
    disk[disk.length - 1024] ^= 1;

    var failure = refused(disk);

    assertEquals(Reason.PARTITION_TABLE_DAMAGED, failure.reason());
    assertTrue(failure.found().orElseThrow().contains("header checksum"), failure.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "8, 131072, has the unknown revision 20000, 4",
    "24, 2, 'says it is at sector 2, not 1', 8",
    "32, 1, says the other copy is at sector 1, 8",
    "32, 5000, says the other copy is at sector 5000, 8",
    "40, 3000, names usable sectors beyond the disk, 8",
    "40, -1, names usable sectors beyond the disk, 8",
    "48, 4000, names usable sectors beyond the disk, 8",
    "48, -5, names usable sectors beyond the disk, 8",
    "72, 1, 'has its entries at sector 1, out of place', 8",
    "72, 3, 'has its entries at sector 3, out of place', 8",
    "80, 0, has 0 entries of 128 bytes, 4",
    "80, -1, has 4294967295 entries of 128 bytes, 4",
    "80, 8193, has 8193 entries of 128 bytes, 4",
    "84, 64, has entries of 64 bytes, 4",
    "84, 200, has entries of 200 bytes, 4",
    "84, 0, has entries of 0 bytes, 4"
  })
  void aSealedHeaderThatMakesNoSenseDoesNotCount(int field, long value, String why, int width)
      throws Exception {
    byte[] disk = GptImage.usual(512).bytes();
    var bytes = ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN);
    if (width == 4) {
      bytes.putInt(512 + field, (int) value);
    } else {
      bytes.putLong(512 + field, value);
    }
    GptImage.seal(disk, 512);

    var table = read(disk);

    assertEquals(Optional.of(why), table.health().primaryDamage());
    assertEquals(3, table.partitions().size());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 91, 513, -1})
  void aHeaderOfImpossibleLengthDoesNotCount(int headerBytes) throws Exception {
    byte[] disk = GptImage.usual(512).bytes();
    ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN).putInt(512 + 12, headerBytes);

    assertTrue(read(disk).health().primaryDamage().orElseThrow().contains("bytes"));
  }

  @Test
  void overlappingPartitionsAreRefused() {
    var image = GptImage.usual(512).add(4, 499, 10, "late", GptImage.LINUX, GptImage.uuid(4));

    var failure = refused(image.bytes());

    assertEquals(Reason.PARTITION_ENTRY_INVALID, failure.reason());
    assertEquals(Optional.of("partitions 2 and 4 overlap"), failure.found());
  }

  @Test
  void neighboursAreNoOverlap() throws Exception {
    var image = GptImage.usual(512).add(4, 500, 100, "next", GptImage.LINUX, GptImage.uuid(4));

    assertEquals(4, read(image.bytes()).partitions().size());
  }

  @ParameterizedTest
  @CsvSource({"33, 10", "2000, 100", "2015, 1", "100, 0"})
  void aPartitionOutsideTheUsableSectorsIsRefused(long start, long length) {
    var image =
        GptImage.withSectors(512).add(1, start, length, "out", GptImage.LINUX, GptImage.uuid(1));

    assertEquals(Reason.PARTITION_ENTRY_INVALID, refused(image.bytes()).reason());
  }

  @Test
  void aBackupThatDiffersIsToldAndThePrimaryCounts() throws Exception {
    byte[] disk = GptImage.usual(512).bytes();
    byte[] other =
        GptImage.withSectors(512).add(1, 100, 50, "old", GptImage.LINUX, GptImage.uuid(1)).bytes();
    System.arraycopy(other, disk.length - 33 * 512, disk, disk.length - 33 * 512, 33 * 512);

    var table = read(disk);

    assertEquals(Optional.of("differs from the primary"), table.health().backupDamage());
    assertEquals(3, table.partitions().size());
  }

  @Test
  void aDiskThatHasGrownKeepsItsBackupInTheMiddle() throws Exception {
    byte[] disk = Arrays.copyOf(GptImage.usual(512).bytes(), 4096 * 512);

    assertTrue(read(disk).health().sound());
  }

  @Test
  void aDiskThatHasShrunkIsRefused() {
    byte[] disk = Arrays.copyOf(GptImage.usual(512).bytes(), 1500 * 512);

    assertEquals(Reason.PARTITION_TABLE_DAMAGED, refused(disk).reason());
  }

  @Test
  void leftoversOfATableWithOtherSectorsDoNotCount() throws Exception {
    byte[] old = GptImage.usual(512).size(GptImage.SECTORS_MIN * 8L).bytes();
    byte[] disk = GptImage.usual(4096).bytes();
    // What a program that writes 512 bytes of MBR leaves of the old header in the first sector.
    System.arraycopy(old, 512, disk, 512, 3584);

    var table = read(disk);

    assertEquals(4096, table.sectorBytes());
    put(old, 512, 0);
    assertEquals(512, read(old).sectorBytes());
  }
}
