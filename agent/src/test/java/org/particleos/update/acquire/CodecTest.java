package org.particleos.update.acquire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;
import org.particleos.update.codec.Compression;
import org.particleos.update.codec.ZstdDecoder;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.Payload;

class CodecTest {
  private static final long SEED = 20_261_122;
  private static final int MEBI = 1 << 20;

  @ParameterizedTest
  @EnumSource
  void everyPayloadComesOutAsItWasPacked(Compression compression) throws Exception {
    var payloads =
        List.of(
            new byte[0],
            new byte[] {7},
            Bytes.noise(SEED, 100_000),
            Bytes.image(SEED, 3 * MEBI + 17),
            new byte[4 * MEBI]);
    for (byte[] payload : payloads) {
      byte[] packed = Bytes.pack(compression, payload);

      var acquired = unpack(packed);

      assertArrayEquals(payload, acquired.bytes(), payload.length + " bytes");
      if (compression != Compression.NONE && payload.length > 0) {
        assertEquals(compression, acquired.report().compression());
      }
      assertEquals(packed.length, acquired.report().bytesTransferred());
      assertEquals(payload.length, acquired.report().bytesWritten());
      assertEquals(Optional.of(Bytes.sha256(packed)), acquired.report().digest());
    }
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void concatenatedPartsAreOnePayload(Compression compression) throws Exception {
    byte[] one = Bytes.image(SEED, MEBI + 1);
    byte[] other = Bytes.noise(SEED, 70_001);
    byte[] packed =
        Bytes.concat(
            Bytes.pack(compression, one),
            Bytes.pack(compression, new byte[0]),
            Bytes.pack(compression, other));

    assertArrayEquals(Bytes.concat(one, other), unpack(packed).bytes());
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void aPayloadCutShortIsRefused(Compression compression) {
    byte[] packed = Bytes.pack(compression, Bytes.image(SEED, 60_000));
    var random = new Random(SEED);
    var cuts =
        Stream.concat(
                random.ints(60, Compression.MAGIC_BYTES, packed.length).boxed(),
                Stream.of(Compression.MAGIC_BYTES, packed.length - 1, packed.length - 4))
            .toList();
    for (int cut : cuts) {
      byte[] part = Arrays.copyOf(packed, cut);

      assertCorrupt(part, compression + " cut after " + cut + " of " + packed.length);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void garbageAfterTheEndIsRefused(Compression compression) {
    byte[] packed = Bytes.pack(compression, Bytes.image(SEED, 60_000));
    for (int length : new int[] {1, 4, 13, 100_000}) {
      byte[] garbage = Bytes.noise(SEED, length);

      assertCorrupt(Bytes.concat(packed, garbage), compression + " and " + length + " bytes");
    }
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void aFlippedBitIsRefusedUnlessItChangesNothing(Compression compression) {
    byte[] payload = Bytes.image(SEED, 60_000);
    byte[] packed = Bytes.pack(compression, payload);
    var random = new Random(SEED);
    for (int i = 0; i < 60; i++) {
      byte[] damaged = packed.clone();
      int at = 30 + random.nextInt(packed.length - 30);
      damaged[at] ^= (byte) (1 << random.nextInt(8));

      // A run of zeros may be copied from here or from there.
      try {
        assertArrayEquals(payload, unpack(damaged).bytes(), compression + " damaged at " + at);
      } catch (UpdateException e) {
        assertEquals(Reason.PAYLOAD_CORRUPT, e.reason());
      }
    }
  }

  @Test
  void aPayloadShorterThanTheMagicIsTakenAsItIs() throws Exception {
    byte[] gzip = Bytes.pack(Compression.GZIP, new byte[0]);
    for (int length = 0; length < Compression.MAGIC_BYTES; length++) {
      byte[] beginning = Arrays.copyOf(gzip, length);

      var acquired = unpack(beginning);

      assertArrayEquals(beginning, acquired.bytes());
      assertEquals(Compression.NONE, acquired.report().compression());
    }
  }

  @Test
  void aZstdWindowLargerThanTheLimitIsRefused() throws Exception {
    byte[] payload = Bytes.image(SEED, 1000);

    assertArrayEquals(payload, unpack(zstd(payload, ZstdDecoder.WINDOW_LOG_MAX)).bytes());
    var refusal = refusal(zstd(payload, ZstdDecoder.WINDOW_LOG_MAX + 1));

    assertEquals(Reason.PAYLOAD_CORRUPT, refusal.reason());
    assertTrue(refusal.found().orElseThrow().contains("128 MiB"), refusal.found().orElseThrow());
  }

  /** A frame with one block as it is; the library itself packs with no window of that size. */
  private static byte[] zstd(byte[] block, int windowLog) {
    int blockHeader = (block.length << 3) | 1;
    byte[] head = {
      0x28,
      (byte) 0xb5,
      0x2f,
      (byte) 0xfd,
      0,
      (byte) ((windowLog - 10) << 3),
      (byte) blockHeader,
      (byte) (blockHeader >> 8),
      (byte) (blockHeader >> 16)
    };
    return Bytes.concat(head, block);
  }

  @Test
  void aPayloadThatUnpacksToMoreThanTheCapIsRefused() throws Exception {
    byte[] bomb = Bytes.pack(Compression.ZSTD, new byte[3 * MEBI]);
    var sink = new MemorySink();

    var acquisition =
        new Acquisition(new FakeSource(bomb).opener(), true, 2 * MEBI, System::nanoTime);
    var refusal =
        assertThrows(
            UpdateException.NotTrusted.class,
            () ->
                acquisition.run(
                    ANY, Optional.empty(), sink, Progress.unwatched(), new Cancellation()));

    assertEquals(Reason.PAYLOAD_TOO_LARGE, refusal.reason());
    assertTrue(sink.written().length <= 2 * MEBI);
  }

  static Stream<List<String>> commands() {
    return Stream.of(
        List.of("zstd", "-q", "--long=27", "-T2"),
        List.of("xz", "-T2", "--block-size=1MiB"),
        List.of("xz", "--check=sha256", "-0"),
        List.of("gzip", "-9"),
        List.of("bzip2"),
        List.of("lz4", "-q", "-BD"),
        List.of("lz4", "-q", "--content-size", "-B4", "-9"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void whatTheUsualCommandsPackComesOutAgain(List<String> command, @TempDir Path directory)
      throws Exception {
    assumeTrue(installed(command.getFirst()), command.getFirst() + " is not installed");
    byte[] payload = Bytes.image(SEED, 5 * MEBI + 3);
    Path raw = Files.write(directory.resolve("raw"), payload);
    Path packed = directory.resolve("packed");
    var process =
        new ProcessBuilder(Stream.concat(command.stream(), Stream.of("-c")).toList())
            .redirectInput(raw.toFile())
            .redirectOutput(packed.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertEquals(0, process.waitFor());

    assertArrayEquals(payload, unpack(Files.readAllBytes(packed)).bytes());
  }

  private static boolean installed(String command) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }

  @Test
  void noOtherBeginningIsTakenForPacked() {
    var found = EnumSet.noneOf(Compression.class);
    for (var compression : Compression.values()) {
      byte[] packed = Bytes.pack(compression, Bytes.noise(SEED, 100));
      found.add(Compression.of(ByteBuffer.wrap(packed)));
    }

    assertEquals(EnumSet.allOf(Compression.class), found);
    assertEquals(
        Compression.NONE,
        Compression.of(ByteBuffer.wrap("MZ UKI, say".getBytes(StandardCharsets.UTF_8))));
  }

  private static final Payload ANY = new Payload.LocalFile(Path.of("/payload"));

  private record Unpacked(MemorySink sink, Acquired report) {
    byte[] bytes() {
      return sink.written();
    }
  }

  private static Unpacked unpack(byte[] packed) throws UpdateException {
    var sink = new MemorySink();
    var report =
        new Acquisition(
                new FakeSource(packed).opener(),
                true,
                HttpLimits.PAYLOAD_BYTES_MAX,
                System::nanoTime)
            .run(
                ANY,
                Optional.of(Bytes.sha256(packed)),
                sink,
                Progress.unwatched(),
                new Cancellation());
    assertTrue(sink.finished);
    return new Unpacked(sink, report);
  }

  private static UpdateException refusal(byte[] packed) {
    return assertThrows(UpdateException.NotTrusted.class, () -> unpack(packed));
  }

  private static void assertCorrupt(byte[] packed, String what) {
    try {
      unpack(packed);
    } catch (UpdateException e) {
      assertEquals(Reason.PAYLOAD_CORRUPT, e.reason(), what);
      return;
    }
    throw new AssertionError("taken: " + what + ", seed " + SEED);
  }

  /** Kept apart from the enum: a new codec must be thought of here. */
  @Test
  void everyCodecOfTheSpecificationIsKnown() {
    assertEquals(
        Set.of("NONE", "GZIP", "XZ", "ZSTD", "LZ4", "BZIP2"),
        Set.copyOf(Stream.of(Compression.values()).map(Enum::name).toList()));
  }
}
