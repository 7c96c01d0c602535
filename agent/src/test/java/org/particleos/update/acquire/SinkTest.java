package org.particleos.update.acquire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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
