package org.particleos.update.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.FailingKernel.Operation;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.LoopDevice;
import org.particleos.update.linux.OpenFile.LockMode;

class DiskTest {
  private static final UUID USR = UUID.fromString("8484680c-9521-48c6-9c11-b0720656f69e");
  private static final UUID NEW_UUID = UUID.fromString("fedcba98-7654-3210-0123-456789abcdef");
  private static final PartitionChange RELABEL =
      PartitionChange.NOTHING
          .withLabel("usr_42")
          .withType(USR)
          .withUuid(NEW_UUID)
          .withAttributes(PartitionAttributes.READ_ONLY | PartitionAttributes.NO_AUTO);

  @TempDir Path folder;
  private final Kernel kernel = new LinuxKernel();
  private Path image;

  @BeforeEach
  void nameTheImage() {
    image = folder.resolve("image");
  }

  private static Disk.Changed change(Kernel kernel, Path image, PartitionChange change)
      throws UpdateException {
    try (var disk = Disk.open(kernel, image)) {
      return disk.change(2, change);
    }
  }

  private PartitionTable read() throws IOException, UpdateException {
    try (var file = kernel.open(image, Set.of(OpenFlag.READ))) {
      return PartitionTable.read(file);
    }
  }

  private static Set<Integer> differences(byte[] before, byte[] after) {
    assertEquals(before.length, after.length);
    var places = new TreeSet<Integer>();
    for (int at = 0; at < before.length; at++) {
      if (before[at] != after[at]) {
        places.add(at);
      }
    }
    return places;
  }

  private static boolean within(int at, int start, int length) {
    return at >= start && at < start + length;
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void aChangeTouchesOnlyItsEntryAndTheChecksums(int sectorBytes) throws Exception {
    byte[] before = GptImage.usual(sectorBytes).bytes();
    Files.write(image, before);

    var changed = change(kernel, image, RELABEL);

    byte[] after = Files.readAllBytes(image);
    int end = after.length;
    int backupEntries = end - sectorBytes - 128 * 128;
    for (int at : differences(before, after)) {
      assertTrue(
          within(at, 2 * sectorBytes + 128, 128)
              || within(at, backupEntries + 128, 128)
              || within(at, sectorBytes + 16, 4)
              || within(at, sectorBytes + 88, 4)
              || within(at, end - sectorBytes + 16, 4)
              || within(at, end - sectorBytes + 88, 4),
          "byte " + at + " was changed");
    }
    assertEquals(List.of(), changed.repairs());
    assertEquals(
        new Partition(
            2,
            200L * sectorBytes,
            300L * sectorBytes,
            "usr_42",
            USR,
            NEW_UUID,
            PartitionAttributes.READ_ONLY | PartitionAttributes.NO_AUTO),
        changed.table().partition(2).orElseThrow());
    assertTrue(read().health().sound());
  }

  @Test
  void whatIsNotNamedStays() throws Exception {
    GptImage.usual(512).write(image);

    var changed = change(kernel, image, PartitionChange.NOTHING.withType(USR));

    var partition = changed.table().partition(2).orElseThrow();
    assertEquals(USR, partition.type());
    assertEquals("_empty", partition.label());
    assertEquals(GptImage.uuid(102), partition.uuid());
  }

  @Test
  void aShorterLabelLeavesNothingOfTheLongerOne() throws Exception {
    GptImage.usual(512).write(image);

    change(kernel, image, PartitionChange.NOTHING.withLabel("x".repeat(36)));
    var changed = change(kernel, image, PartitionChange.NOTHING.withLabel("ab"));

    assertEquals("ab", changed.table().partition(2).orElseThrow().label());
    byte[] field = Arrays.copyOfRange(Files.readAllBytes(image), 1024 + 128 + 60, 1024 + 256);
    assertArrayEquals(new byte[68], field);
  }

  @Test
  void aChangeThatSaysNothingNewWritesNothing() throws Exception {
    GptImage.usual(512).write(image);
    var recording = FailingKernel.recording(kernel);

    change(recording, image, PartitionChange.NOTHING.withLabel("_empty").withType(GptImage.LINUX));

    assertEquals(List.of(), recording.operations());
  }

  @Test
  void sfdiskAndSgdiskTakeTheChangedTableForSound() throws Exception {
    Files.write(image, new byte[16 << 20]);
    Tool.run(
        "label: gpt\nsize=1M\nsize=4M, name=\"_empty\"\nsize=1M, name=\"last\"\n",
        "sfdisk",
        "-q",
        image.toString());

    change(kernel, image, RELABEL);

    String dump = Tool.run("", "sfdisk", "-d", image.toString());
    assertTrue(dump.contains("name=\"usr_42\""), dump);
    assertTrue(dump.contains("name=\"last\""), dump);
    assertTrue(dump.contains("type=" + USR.toString().toUpperCase(java.util.Locale.ROOT)), dump);
    assertTrue(dump.contains("GUID:60,63"), dump);
    String verdict = Tool.run("", "sfdisk", "--verify", image.toString());
    assertTrue(verdict.contains("No errors detected"), verdict);
    String second = Tool.run("", "sgdisk", "--verify", image.toString());
    assertTrue(second.contains("No problems found"), second);
  }

  @Test
  void sgdiskTakesAChangedTableOnADeviceWith4096ByteSectorsForSound() throws Exception {
    try (var loop = LoopDevice.attach(image, 16 << 20, 4096)) {
      Tool.run("", "sgdisk", "-n", "1:0:+1M", "-n", "2:0:+4M", loop.node().toString());

      change(kernel, loop.node(), RELABEL);

      String verdict = Tool.run("", "sgdisk", "--verify", loop.node().toString());
      assertTrue(verdict.contains("No problems found"), verdict);
      String shown = Tool.run("", "sgdisk", "-i", "2", loop.node().toString());
      assertTrue(shown.contains("'usr_42'"), shown);
    }
  }

  @Test
  void labelsHaveAtMost36Units() throws Exception {
    GptImage.usual(512).write(image);
    byte[] before = Files.readAllBytes(image);

    // A character outside the basic plane takes two units.
    var failure =
        assertThrows(
            UpdateException.Configuration.class,
            () -> change(kernel, image, PartitionChange.NOTHING.withLabel("😀" + "x".repeat(35))));

    assertEquals(Reason.LABEL_TOO_LONG, failure.reason());
    assertArrayEquals(before, Files.readAllBytes(image));
    String longest = "😀" + "x".repeat(34);
    assertEquals(
        longest,
        change(kernel, image, PartitionChange.NOTHING.withLabel(longest))
            .table()
            .partition(2)
            .orElseThrow()
            .label());
  }

  @Test
  void anUnusedEntryCannotBeChanged() throws Exception {
    GptImage.usual(512).write(image);
    try (var disk = Disk.open(kernel, image)) {
      var failure = assertThrows(UpdateException.class, () -> disk.change(3, RELABEL));

      assertEquals(Reason.PARTITION_ENTRY_INVALID, failure.reason());
    }
  }

  @Test
  void aDiskInUseIsReportedWithItsPath() throws Exception {
    GptImage.usual(512).write(image);
    try (var other = kernel.open(image, Set.of(OpenFlag.READ))) {
      assertTrue(other.tryLock(LockMode.SHARED));

      var failure =
          assertThrows(
              UpdateException.Busy.class,
              () -> Disk.open(kernel, image, Duration.ofMillis(1)).close());

      assertEquals(Reason.LOCK_HELD, failure.reason());
      assertTrue(failure.toString().contains(image.toString()), failure.toString());
    }
    Disk.open(kernel, image, Duration.ZERO).close();
  }

  @Test
  void anOpenDiskIsLockedUntilItIsClosed() throws Exception {
    GptImage.usual(512).write(image);
    try (var other = kernel.open(image, Set.of(OpenFlag.READ))) {
      try (var disk = Disk.open(kernel, image)) {
        assertEquals(3, disk.table().partitions().size());
        assertFalse(other.tryLock(LockMode.SHARED));
      }
      assertTrue(other.tryLock(LockMode.SHARED));
    }
  }

  @Test
  void aMissingDiskFailsToOpen() {
    assertThrows(UpdateException.WriteFailed.class, () -> Disk.open(kernel, image).close());
  }

  @Test
  void aReadOnlyDiskIsReportedAsSuch() throws Exception {
    GptImage.usual(512).write(image);
    var failing =
        new FailingKernel(
            kernel, 0, () -> new LinuxException(30, "pwrite", "x", "Read-only file system"));

    var failure =
        assertThrows(UpdateException.WriteFailed.class, () -> change(failing, image, RELABEL));

    assertEquals(Reason.READ_ONLY, failure.reason());
  }

  @TestFactory
  Stream<DynamicTest> aDamagedCopyIsRebuiltByAChange() {
    return Stream.of("primary header", "primary entries", "backup header", "backup entries")
        .map(part ->
            DynamicTest.dynamicTest(
                part,
                () -> {
                  byte[] sound = GptImage.usual(512).bytes();
                  byte[] disk = sound.clone();
                  Arrays.fill(disk, start(part, disk), start(part, disk) + 512, (byte) 0x5a);
                  Files.write(image, disk);

                  var changed = change(kernel, image, RELABEL);

                  assertEquals(1, changed.repairs().size());
                  String repair = changed.repairs().get(0);
                  assertTrue(repair.contains(part.substring(0, part.indexOf(' '))), repair);
                  byte[] healed = Files.readAllBytes(image);
                  Files.write(image, sound);
                  change(kernel, image, RELABEL);
                  assertArrayEquals(Files.readAllBytes(image), healed);
                }));
  }

  private static int start(String part, byte[] disk) {
    return switch (part) {
      case "primary header" -> 512;
      case "primary entries" -> 1024;
      case "backup header" -> disk.length - 512;
      case "backup entries" -> disk.length - 33 * 512;
      default -> throw new AssertionError(part);
    };
  }

  @Test
  void readingRepairsNothing() throws Exception {
    byte[] disk = GptImage.usual(512).bytes();
    disk[600] ^= 1;
    Files.write(image, disk);

    try (var open = Disk.open(kernel, image)) {
      assertFalse(open.table().health().sound());
    }

    assertArrayEquals(disk, Files.readAllBytes(image));
  }

  /** The starting points of the sweeps: a sound table, and each copy lost. */
  private static Stream<byte[]> startingDisks() {
    byte[] sound = GptImage.usual(512).bytes();
    byte[] noPrimary = sound.clone();
    Arrays.fill(noPrimary, 512, 1024, (byte) 0);
    byte[] noBackup = sound.clone();
    Arrays.fill(noBackup, noBackup.length - 512, noBackup.length, (byte) 0);
    return Stream.of(sound, noPrimary, noBackup);
  }

  @TestFactory
  Stream<DynamicTest> failingBeforeAnyOperationLeavesTheOldOrTheNewTable() {
    int start = 0;
    var tests = new ArrayList<DynamicTest>();
    for (byte[] disk : startingDisks().toList()) {
      start++;
      // Two copies, each with its entries, its header and a sync.
      for (int step = 0; step < 6; step++) {
        int failAt = step;
        tests.add(
            DynamicTest.dynamicTest(
                "disk " + start + ", failure before operation " + step,
                () -> {
                  Files.write(image, disk);
                  var failing =
                      new FailingKernel(kernel, failAt, () -> new IOException("power cut"));

                  assertThrows(
                      UpdateException.WriteFailed.class, () -> change(failing, image, RELABEL));

                  assertOldOrNew("after the failure");
                  var repeated = change(kernel, image, RELABEL);
                  assertEquals("usr_42", repeated.table().partition(2).orElseThrow().label());
                  assertTrue(read().health().sound());
                }));
      }
    }
    return tests.stream();
  }

  private void assertOldOrNew(String when) throws IOException, UpdateException {
    var partition = read().partition(2).orElseThrow();
    var old =
        new Partition(2, 200 * 512, 300 * 512, "_empty", GptImage.LINUX, GptImage.uuid(102), 0);
    var changed =
        new Partition(
            2,
            200 * 512,
            300 * 512,
            "usr_42",
            USR,
            NEW_UUID,
            PartitionAttributes.READ_ONLY | PartitionAttributes.NO_AUTO);
    assertTrue(partition.equals(old) || partition.equals(changed), when + ": " + partition);
  }

  /**
   * A power cut may have kept any of the writes since the last sync, in any order, each wholly,
   * partly or not at all. Every combination is tried.
   */
  @TestFactory
  Stream<DynamicTest> aPowerCutThatTearsOrReordersWritesLeavesTheOldOrTheNewTable() {
    var disks = startingDisks().toList();
    return IntStream.range(0, disks.size())
        .mapToObj(start ->
            DynamicTest.dynamicTest(
                "disk " + (start + 1),
                () -> {
                  Files.write(image, disks.get(start));
                  var recording = FailingKernel.recording(kernel);
                  change(recording, image, RELABEL);
                  byte[] after = Files.readAllBytes(image);

                  byte[] durable = disks.get(start).clone();
                  var pending = new ArrayList<Operation>();
                  for (var operation : recording.operations()) {
                    if (!operation.name().equals("sync")) {
                      pending.add(operation);
                      continue;
                    }
                    tryAllOutcomes(durable, pending, after);
                    pending.forEach(write -> apply(durable, write, after, write.length()));
                    pending.clear();
                  }
                  assertEquals(List.of(), pending, "writes after the last sync");
                  assertArrayEquals(after, durable);
                }));
  }

  private void tryAllOutcomes(byte[] durable, List<Operation> pending, byte[] after)
      throws IOException, UpdateException {
    // Nothing, a few bytes, up to the middle, all but a byte, all.
    int outcomes = 5;
    for (int code = 0; code < Math.pow(outcomes, pending.size()); code++) {
      byte[] disk = durable.clone();
      int rest = code;
      for (var write : pending) {
        long kept =
            switch (rest % outcomes) {
              case 0 -> 0;
              case 1 -> 20;
              case 2 -> write.length() / 2;
              case 3 -> write.length() - 1;
              default -> write.length();
            };
        apply(disk, write, after, kept);
        rest /= outcomes;
      }
      Files.write(image, disk);
      assertOldOrNew("outcome " + code + " of " + pending);
    }
  }

  /** No two writes of a change cover the same bytes, so the final disk tells what each wrote. */
  private static void apply(byte[] disk, Operation write, byte[] after, long kept) {
    System.arraycopy(after, (int) write.offset(), disk, (int) write.offset(), (int) kept);
  }

  @Test
  void theCopyThatCountsIsWrittenLast() throws Exception {
    GptImage.usual(512).write(image);
    var recording = FailingKernel.recording(kernel);

    change(recording, image, RELABEL);

    long end = GptImage.usual(512).sizeBytes();
    assertEquals(
        List.of(end - 33 * 512, end - 512, 0L, 1024L, 512L, 0L),
        recording.operations().stream().map(Operation::offset).toList());
  }

  @Test
  void aChangedAllZeroTypeIsAProgrammingError() throws Exception {
    GptImage.usual(512).write(image);
    var failure =
        assertThrows(
            IllegalArgumentException.class,
            () -> change(kernel, image, PartitionChange.NOTHING.withType(new UUID(0, 0))));

    assertInstanceOf(IllegalArgumentException.class, failure);
  }
}
