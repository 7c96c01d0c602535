package org.particleos.update.acquire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.linux.WriteBehind;

class SinkTest {
  private static final long SEED = 7;
  private static final int OFFSET = 4096;
  private static final int SLOT = 10_000;

  private final NotingKernel kernel = new NotingKernel();
  @TempDir private Path directory;
  private Path disk;
  private Path partial;

  @BeforeEach
  void aDiskOfOldBytes() throws IOException {
    partial = directory.resolve("partial");
    disk = directory.resolve("disk");
    var old = new byte[OFFSET + SLOT + 5000];
    Arrays.fill(old, (byte) 0xAA);
    Files.write(disk, old);
  }

  private OpenFile openDisk() throws IOException {
    return kernel.open(disk, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE));
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, SLOT - 1, SLOT})
  void aSlotTakesWhatFitsAndNothingAroundItChanges(int length) throws Exception {
    byte[] payload = Bytes.noise(SEED, length);
    byte[] wanted = Files.readAllBytes(disk);
    System.arraycopy(payload, 0, wanted, OFFSET, length);

    try (var file = openDisk();
        var sink = new PartitionSink(file, OFFSET, SLOT)) {
      for (int from = 0; from < length; from += 999) {
        sink.write(direct(Arrays.copyOfRange(payload, from, Math.min(length, from + 999))));
      }
      sink.finish(true);
    }

    assertArrayEquals(wanted, Files.readAllBytes(disk));
    assertEquals("sync", kernel.calls().getLast());
  }

  @Test
  void aPayloadLongerThanTheSlotIsRefusedAndStopsAtItsEnd() throws Exception {
    byte[] payload = Bytes.noise(SEED, SLOT + 1);
    byte[] wanted = Files.readAllBytes(disk);
    System.arraycopy(payload, 0, wanted, OFFSET, SLOT);

    try (var file = openDisk();
        var sink = new PartitionSink(file, OFFSET, SLOT)) {
      sink.write(direct(Arrays.copyOf(payload, 6000)));
      var rest = direct(Arrays.copyOfRange(payload, 6000, payload.length));
      var refusal = assertThrows(UpdateException.NoSpace.class, () -> sink.write(rest));

      assertEquals(Reason.PAYLOAD_EXCEEDS_SLOT, refusal.reason());
      assertTrue(String.valueOf(refusal.getMessage()).contains(disk.toString()));
    }

    assertArrayEquals(wanted, Files.readAllBytes(disk));
  }

  @Test
  void withoutSyncNothingIsSynced() throws Exception {
    try (var file = openDisk();
        var sink = new PartitionSink(file, OFFSET, SLOT)) {
      sink.write(direct(new byte[10]));
      sink.finish(false);
    }
    try (var sink = new FileSink(kernel, partial)) {
      sink.write(direct(new byte[10]));
      sink.finish(false);
    }

    assertFalse(kernel.calls().contains("sync"));
  }

  @Test
  void dirtyPagesDoNotPileUp() throws Exception {
    int mebi = 1 << 20;
    try (var sink = new FileSink(kernel, partial)) {
      var bytes = direct(Bytes.noise(SEED, mebi));
      for (int i = 0; i < 40; i++) {
        sink.write(bytes.rewind());
      }
      sink.finish(true);
    }

    long window = WriteBehind.WINDOW_BYTES;
    assertEquals(
        List.of("flush 0+" + window, "flush " + window + "+" + window),
        kernel.calls().stream().filter(call -> call.startsWith("flush")).toList());
  }

  @Test
  void aFileHoldsWhatWasWrittenWhateverZerosItHas() throws Exception {
    var random = new Random(SEED);
    for (int round = 0; round < 60; round++) {
      byte[] payload = new byte[random.nextInt(600_000)];
      // Blocks of noise of any length between zeros of any length.
      for (int at = 0; at < payload.length; at += random.nextInt(200_000)) {
        byte[] noise = Bytes.noise(random.nextLong(), 1 + random.nextInt(70_000));
        System.arraycopy(noise, 0, payload, at, Math.min(noise.length, payload.length - at));
        at += noise.length;
      }
      Files.write(partial, Bytes.noise(SEED, 700_000));

      try (var sink = new FileSink(kernel, partial)) {
        int at = 0;
        while (at < payload.length) {
          int end = Math.min(payload.length, at + 1 + random.nextInt(300_000));
          sink.write(direct(Arrays.copyOfRange(payload, at, end)));
          at = end;
        }
        sink.finish(true);
      }

      assertArrayEquals(payload, Files.readAllBytes(partial), "seed " + SEED + ", round " + round);
    }
    assertEquals(0, kernel.stillOpen());
  }

  @Test
  void runsOfZerosAreNotWritten() throws Exception {
    byte[] payload = new byte[4 * FileSink.HOLE_BYTES];
    payload[FileSink.HOLE_BYTES + 1] = 1;

    try (var sink = new FileSink(kernel, partial)) {
      sink.write(direct(payload));
      sink.finish(true);
    }

    int block = FileSink.HOLE_BYTES;
    assertEquals(
        List.of("open", "write " + block + "+" + block, "truncate " + 4 * block, "sync"),
        kernel.calls());
    assertArrayEquals(payload, Files.readAllBytes(partial));
  }

  @Test
  void zerosOfASlotAreWrittenSinceItHeldSomethingElse() throws Exception {
    try (var file = openDisk();
        var sink = new PartitionSink(file, OFFSET, SLOT)) {
      sink.write(direct(new byte[SLOT]));
      sink.finish(true);
    }

    byte[] slot = Arrays.copyOfRange(Files.readAllBytes(disk), OFFSET, OFFSET + SLOT);
    assertArrayEquals(new byte[SLOT], slot);
  }

  // --- around the page cache

  private static final int MEBI = 1 << 20;

  /** Aligned, as the chunks of the pipeline are. */
  private static ByteBuffer aligned(Arena arena, byte[] bytes) {
    return arena
        .allocate(bytes.length, OpenFile.DIRECT_ALIGNMENT_BYTES)
        .asByteBuffer()
        .put(bytes)
        .flip();
  }

  private List<String> fill(Path image, int offset, List<byte[]> pieces, NotingKernel with)
      throws Exception {
    try (var arena = Arena.ofConfined();
        var file = with.open(image, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE));
        var sink = new PartitionSink(file, offset, Integer.MAX_VALUE)) {
      for (byte[] piece : pieces) {
        sink.write(aligned(arena, piece));
      }
      sink.finish(true);
    }
    return with.calls();
  }

  private Path oldImage(int bytes) throws IOException {
    return Files.write(directory.resolve("image"), Bytes.noise(SEED + 1, bytes));
  }

  @Test
  void aSlotIsWrittenAroundThePageCacheButForItsEnd() throws Exception {
    byte[] whole = Bytes.noise(SEED, MEBI);
    byte[] end = Bytes.noise(SEED, 100_000);
    Path image = oldImage(4 * MEBI);
    byte[] wanted = Files.readAllBytes(image);
    System.arraycopy(whole, 0, wanted, MEBI, MEBI);
    System.arraycopy(end, 0, wanted, 2 * MEBI, end.length);

    var calls = fill(image, MEBI, List.of(whole, end), kernel);

    assertEquals(
        List.of(
            "open",
            "writeDirect " + MEBI + "+" + MEBI,
            "writeDirect " + 2 * MEBI + "+" + 98_304,
            "write " + (2 * MEBI + 98_304) + "+" + (100_000 - 98_304),
            "sync"),
        calls);
    assertArrayEquals(wanted, Files.readAllBytes(image));
  }

  @Test
  void whereThatIsImpossibleItIsTriedOnceAndEverythingGoesThroughThePageCache() throws Exception {
    byte[] piece = Bytes.noise(SEED, MEBI);
    Path image = oldImage(4 * MEBI);

    var calls = fill(image, 0, List.of(piece, piece), new NotingKernel().withoutDirect());

    assertEquals(
        List.of(
            "open",
            "writeDirect 0+" + MEBI,
            "write 0+" + MEBI,
            "write " + MEBI + "+" + MEBI,
            "sync"),
        calls);
    assertArrayEquals(
        Bytes.concat(piece, piece), Arrays.copyOf(Files.readAllBytes(image), 2 * MEBI));
  }

  @Test
  void aSlotThatBeginsWithinAPageGoesThroughThePageCache() throws Exception {
    byte[] piece = Bytes.noise(SEED, MEBI);
    Path image = oldImage(2 * MEBI);

    var calls = fill(image, 512, List.of(piece), kernel);

    assertEquals(List.of("open", "write 512+" + MEBI, "sync"), calls);
    assertArrayEquals(piece, Arrays.copyOfRange(Files.readAllBytes(image), 512, 512 + MEBI));
  }

  @Test
  void longRunsOfZerosInASlotAreLeftToTheKernel() throws Exception {
    byte[] noise = Bytes.noise(SEED, MEBI);
    byte[] zeros = new byte[MEBI];
    byte[] nearly = new byte[MEBI];
    nearly[MEBI - 1] = 1;
    byte[] few = new byte[PartitionSink.ZEROS_BYTES_MIN - 4096];
    Path image = oldImage(5 * MEBI);
    byte[] wanted = Files.readAllBytes(image);
    byte[] payload = Bytes.concat(noise, zeros, nearly, few);
    System.arraycopy(payload, 0, wanted, 0, payload.length);

    var calls = fill(image, 0, List.of(noise, zeros, nearly, few), kernel);

    assertEquals(
        List.of(
            "open",
            "writeDirect 0+" + MEBI,
            "zeroRange " + MEBI + "+" + MEBI,
            "writeDirect " + 2 * MEBI + "+" + MEBI,
            "writeDirect " + 3 * MEBI + "+" + few.length,
            "sync"),
        calls);
    assertArrayEquals(wanted, Files.readAllBytes(image));
  }

  @Test
  void zerosBeyondTheEndOfAnImageFileAreWritten() throws Exception {
    Path image = oldImage(MEBI / 2);

    fill(image, 0, List.of(new byte[MEBI]), kernel);

    assertArrayEquals(new byte[MEBI], Files.readAllBytes(image));
  }

  @Test
  void aFileIsWrittenAroundThePageCacheBetweenItsHoles() throws Exception {
    int block = FileSink.HOLE_BYTES;
    byte[] payload = Bytes.noise(SEED, 10 * block + 77);
    Arrays.fill(payload, 2 * block, 4 * block, (byte) 0);

    try (var arena = Arena.ofConfined();
        var sink = new FileSink(kernel, partial)) {
      sink.write(aligned(arena, payload));
      sink.finish(true);
    }

    assertEquals(
        List.of(
            "open",
            "writeDirect 0+" + 2 * block,
            "writeDirect " + 4 * block + "+" + 6 * block,
            "write " + 10 * block + "+77",
            "sync"),
        kernel.calls());
    assertArrayEquals(payload, Files.readAllBytes(partial));
  }

  @Test
  void anErrorBehindThePageCacheIsToldAtOnce() throws Exception {
    Path image = oldImage(2 * MEBI);

    var failure =
        assertThrows(
            UpdateException.class,
            () ->
                fill(image, 0, List.of(Bytes.noise(SEED, MEBI)), new NotingKernel().failing(1, 5)));

    assertEquals(Reason.WRITE_FAILED, failure.reason());
  }

  static Stream<Arguments> errors() {
    return Stream.of(
        Arguments.of(28, UpdateException.NoSpace.class, Reason.FILE_SYSTEM_FULL),
        Arguments.of(122, UpdateException.NoSpace.class, Reason.FILE_SYSTEM_FULL),
        Arguments.of(30, UpdateException.WriteFailed.class, Reason.READ_ONLY),
        Arguments.of(13, UpdateException.NotPermitted.class, Reason.PERMISSION_DENIED),
        Arguments.of(1, UpdateException.NotPermitted.class, Reason.PERMISSION_DENIED),
        Arguments.of(5, UpdateException.WriteFailed.class, Reason.WRITE_FAILED),
        Arguments.of(2, UpdateException.WriteFailed.class, Reason.WRITE_FAILED));
  }

  @ParameterizedTest
  @MethodSource("errors")
  void anErrorOfTheSystemNamesItsKindAndTheFile(
      int errno, Class<? extends UpdateException> kind, Reason reason) {
    // open, write, truncate, sync
    for (int call = 0; call < 4; call++) {
      var failing = new NotingKernel().failing(call, errno);

      var failure = assertThrows(UpdateException.class, () -> writeNoiseAndAHole(failing));

      assertInstanceOf(kind, failure);
      assertEquals(reason, failure.reason());
      assertTrue(
          String.valueOf(failure.getMessage()).contains(partial.toString()), failure.getMessage());
      assertEquals(0, failing.stillOpen());
    }
  }

  private void writeNoiseAndAHole(NotingKernel failing) throws UpdateException {
    try (var sink = new FileSink(failing, partial)) {
      sink.write(direct(Bytes.noise(SEED, FileSink.HOLE_BYTES)));
      sink.write(direct(new byte[FileSink.HOLE_BYTES]));
      sink.finish(true);
    }
  }
}
