package org.particleos.update.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZOutputStream;

/** What every decoder for xz does, whichever library is behind it. */
abstract class XzDecoderContract {
  private static final long SEED = 20_261_122;
  private static final int MEBI = 1 << 20;

  /** 64 MiB, as {@code xz -9} has. */
  private static final int DICTIONARY_OF_64_MEBI = 28;

  /** 1.5 GiB, the largest that the format's own tools make. */
  private static final int DICTIONARY_OF_1536_MEBI = 37;

  /** Small, since there are thousands of them outside the heap before anybody collects them. */
  private static final int ROOM_BYTES = 16 << 10;

  private static final byte[] SEVEN = {7};

  @TempDir Path folder;

  /** With memory enough for what {@code xz -9} makes, and not much more. */
  abstract Decoder decoder(Inflow inflow);

  // --- what is whole

  @ParameterizedTest
  @ValueSource(ints = {XZ.CHECK_NONE, XZ.CHECK_CRC32, XZ.CHECK_CRC64, XZ.CHECK_SHA256})
  void everyCheckIsKnown(int check) throws Exception {
    byte[] payload = Bytes.image(SEED, MEBI + 5);

    assertArrayEquals(payload, unpack(pack(payload, check, MEBI)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 4096, MEBI})
  void theSizeOfPiecesMakesNoDifference(int pieceBytes) throws Exception {
    byte[] payload = Bytes.image(SEED, 200_000);
    byte[] packed = XzBytes.inBlocksOf(64 << 10).pack(payload);

    assertArrayEquals(payload, unpack(packed, pieceBytes, MEBI));
    assertArrayEquals(payload, unpack(packed, MEBI, pieceBytes));
  }

  @Test
  void anEndedPayloadStaysEnded() throws Exception {
    byte[] packed = XzBytes.inBlocksOf(MEBI).pack(SEVEN);
    try (var decoder = decoder(pieces(packed, MEBI))) {
      var room = ByteBuffer.allocateDirect(10);
      decoder.fill(room);
      assertEquals(1, room.position());

      decoder.fill(room);

      assertEquals(1, room.position());
    }
  }

  static Stream<List<String>> commands() {
    return Stream.of(
        List.of("-T2", "--block-size=1MiB"),
        List.of("-T2", "--block-size=1MiB", "--check=none", "-0"),
        List.of("-T1", "--block-size=1MiB", "--check=crc32"),
        List.of("-T1", "-6"),
        List.of("-T1", "-9e"),
        List.of("-T1", "--x86", "--lzma2=preset=1"),
        List.of("-T2", "--block-size=300KiB", "--delta=dist=4", "--lzma2=preset=0,pb=0,lc=4"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void whatTheToolPacksComesOutAgain(List<String> options) throws Exception {
    byte[] payload = Bytes.image(SEED, 5 * MEBI + 3);

    assertArrayEquals(payload, unpack(xz(payload, options).orElseThrow()));
  }

  @Test
  void streamsInARowWithPaddingBetweenAreOnePayload() throws Exception {
    byte[] one = Bytes.image(SEED, 50_000);
    byte[] other = Bytes.noise(SEED, 70_000);
    byte[] packed =
        Bytes.concat(
            pack(one, XZ.CHECK_SHA256, 20_000),
            new byte[8],
            pack(new byte[0], XZ.CHECK_CRC32, MEBI),
            pack(other, XZ.CHECK_NONE, MEBI),
            new byte[4]);

    assertArrayEquals(Bytes.concat(one, other), unpack(packed));
  }

  @Test
  void aBombIsUnpackedNoFurtherThanAskedFor() throws Exception {
    byte[] bomb = XzBytes.inBlocksOf(4 * MEBI).pack(new byte[64 * MEBI]);
    assertTrue(bomb.length < 100_000, bomb.length + " bytes");
    try (var decoder = decoder(pieces(bomb, MEBI))) {
      var room = ByteBuffer.allocateDirect(MEBI);

      decoder.fill(room);

      assertFalse(room.hasRemaining());
    }
  }

  // --- what is not

  @Test
  void aPayloadCutAnywhereIsRefused() {
    byte[] packed = XzBytes.inBlocksOf(1000).pack(Bytes.image(SEED, 3000));
    for (int cut = 0; cut < packed.length; cut++) {
      assertCorrupt(Arrays.copyOf(packed, cut), "cut after " + cut + " of " + packed.length);
    }
  }

  @Test
  void aFlippedBitIsRefusedWhereverItIs() {
    // Small, so that every bit has its turn; two blocks, so that several threads do.
    byte[] payload = Bytes.noise(SEED, 60);
    byte[] packed = XzBytes.inBlocksOf(32).pack(payload);
    for (int bit = 0; bit < packed.length * Byte.SIZE; bit++) {
      byte[] damaged = packed.clone();
      damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);

      assertCorrupt(damaged, "bit " + bit + " of " + packed.length + " bytes");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7})
  void paddingOfNoWholeFourBytesIsRefused(int length) {
    byte[] packed = XzBytes.inBlocksOf(MEBI).pack(SEVEN);

    assertCorrupt(Bytes.concat(packed, new byte[length]), length + " bytes behind");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 12, 13, 100_000})
  void garbageBehindTheEndIsRefused(int length) {
    byte[] packed = XzBytes.inBlocksOf(20_000).pack(Bytes.image(SEED, 60_000));

    assertCorrupt(Bytes.concat(packed, Bytes.noise(SEED, length)), length + " bytes behind");
  }

  @Test
  void anUnknownCheckIsRefused() throws Exception {
    byte[] known = new XzBytes(MEBI, XZ.CHECK_CRC32, XzBytes.SMALL_DICTIONARY).pack(SEVEN);
    // Check 2 has no meaning yet and takes as many bytes as CRC32.
    byte[] unknown = new XzBytes(MEBI, 2, XzBytes.SMALL_DICTIONARY).pack(SEVEN);

    assertArrayEquals(SEVEN, unpack(known));
    assertCorrupt(unknown, "check 2");
  }

  @Test
  void aDictionaryThatDoesNotFitIsRefusedForThatReason() throws Exception {
    byte[] payload = Bytes.image(SEED, 3000);
    byte[] large = new XzBytes(MEBI, XZ.CHECK_CRC32, DICTIONARY_OF_64_MEBI).pack(payload);
    byte[] tooLarge = new XzBytes(MEBI, XZ.CHECK_CRC32, DICTIONARY_OF_1536_MEBI).pack(payload);

    assertArrayEquals(payload, unpack(large));
    var refusal = assertThrows(CorruptPayload.class, () -> unpack(tooLarge));

    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.matches("unpacking it takes .*more than the \\d+ MiB.*"), message);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1000, -1, 1, 1000, 1 << 30})
  void sizesThatLieAreRefused(int by) throws Exception {
    byte[] payload = Bytes.image(SEED, 30_000);
    var honest = XzBytes.inBlocksOf(10_000);

    assertArrayEquals(payload, unpack(honest.pack(payload)));
    assertCorrupt(honest.lying(XzBytes.Lie.PACKED_SIZE, by).pack(payload), "packed size");
    assertCorrupt(honest.lying(XzBytes.Lie.UNPACKED_SIZE, by).pack(payload), "unpacked size");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1, 4, 1 << 20})
  void anIndexThatLiesIsRefused(int by) {
    byte[] payload = Bytes.image(SEED, 30_000);
    for (var lie :
        List.of(XzBytes.Lie.INDEX_COUNT, XzBytes.Lie.INDEX_PACKED, XzBytes.Lie.INDEX_UNPACKED)) {
      assertCorrupt(XzBytes.inBlocksOf(10_000).lying(lie, by).pack(payload), lie + " by " + by);
    }
  }

  @Test
  void damageOfAnyKindEndsInRefusalOrInBytesButAlwaysEnds() {
    byte[] payload = Bytes.image(SEED, 40_000);
    var random = new Random(SEED);
    // One without a check, so that damage reaches the decoder and is not found at once.
    byte[] unchecked = new XzBytes(9000, XZ.CHECK_NONE, XzBytes.SMALL_DICTIONARY).pack(payload);
    byte[] checked = XzBytes.inBlocksOf(9000).pack(payload);
    int refused = 0;
    for (int round = 0; round < 300; round++) {
      byte[] damaged = damage(round % 2 == 0 ? unchecked : checked, random);
      if (unpacked(damaged).isEmpty()) {
        refused++;
      }
    }
    assertTrue(refused > 250, refused + " of 300 were refused, seed " + SEED);
  }

  /** Something changed, moved, left out or doubled, once to five times. */
  private static byte[] damage(byte[] packed, Random random) {
    byte[] result = packed;
    for (int times = 1 + random.nextInt(5); times > 0; times--) {
      int at = random.nextInt(result.length);
      int length = Math.min(result.length - at, 1 + random.nextInt(64));
      byte[] piece = Arrays.copyOfRange(result, at, at + length);
      byte[] before = Arrays.copyOf(result, at);
      byte[] after = Arrays.copyOfRange(result, at + length, result.length);
      result =
          switch (random.nextInt(4)) {
            case 0 -> Bytes.concat(before, Bytes.noise(random.nextLong(), length), after);
            case 1 -> Bytes.concat(before, piece, piece, after);
            case 2 -> Bytes.concat(before, after, new byte[] {1});
            default -> Bytes.concat(after, piece, before);
          };
    }
    return result;
  }

  @Test
  void theToolAgreesAboutDamage() throws Exception {
    byte[] payload = Bytes.image(SEED, 20_000);
    byte[] packed = new XzBytes(5000, XZ.CHECK_NONE, XzBytes.SMALL_DICTIONARY).pack(payload);
    var random = new Random(SEED);
    for (int i = 0; i < 40; i++) {
      byte[] damaged = packed.clone();
      int at = random.nextInt(packed.length);
      damaged[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));

      // Without a check some damage goes unnoticed, by both in the same way.
      Optional<byte[]> expected = xz(damaged, List.of("-d"));
      Optional<byte[]> actual = unpacked(damaged);

      String what = "damaged at " + at + ", seed " + SEED;
      assertEquals(expected.isPresent(), actual.isPresent(), what);
      if (expected.isPresent()) {
        assertArrayEquals(expected.get(), actual.orElseThrow(), what);
      }
    }
  }

  // --- making and unpacking

  static byte[] pack(byte[] payload, int check, int blockBytes) {
    var packed = new ByteArrayOutputStream();
    try (var stream = new XZOutputStream(packed, new LZMA2Options(0), check)) {
      for (int at = 0; at < payload.length; at += blockBytes) {
        stream.write(payload, at, Math.min(blockBytes, payload.length - at));
        stream.endBlock();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  /** What the tool makes of it; empty if it fails. */
  private Optional<byte[]> xz(byte[] input, List<String> options) throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "xz"))),
        "xz is not installed");
    Path from = Files.write(folder.resolve("from"), input);
    Path to = folder.resolve("to");
    var process =
        new ProcessBuilder(Stream.concat(Stream.of("xz", "-q", "-c"), options.stream()).toList())
            .redirectInput(from.toFile())
            .redirectOutput(to.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor() == 0 ? Optional.of(Files.readAllBytes(to)) : Optional.empty();
  }

  static Inflow pieces(byte[] bytes, int pieceBytes) {
    var rest = ByteBuffer.wrap(bytes);
    var piece = ByteBuffer.allocateDirect(Math.min(pieceBytes, bytes.length));
    return () -> {
      if (!rest.hasRemaining()) {
        return Optional.empty();
      }
      int length = Math.min(piece.capacity(), rest.remaining());
      piece.clear().put(rest.slice(rest.position(), length)).flip();
      rest.position(rest.position() + length);
      return Optional.of(piece);
    };
  }

  private byte[] unpack(byte[] packed) throws CorruptPayload {
    return unpack(packed, MEBI, ROOM_BYTES);
  }

  private byte[] unpack(byte[] packed, int pieceBytes, int roomBytes) throws CorruptPayload {
    var all = new ByteArrayOutputStream();
    var room = ByteBuffer.allocateDirect(roomBytes);
    try (var decoder = decoder(pieces(packed, pieceBytes))) {
      do {
        decoder.fill(room.clear());
        var bytes = new byte[room.position()];
        room.get(0, bytes);
        all.writeBytes(bytes);
      } while (!room.hasRemaining());
    }
    return all.toByteArray();
  }

  private Optional<byte[]> unpacked(byte[] packed) {
    try {
      return Optional.of(unpack(packed));
    } catch (CorruptPayload _) {
      return Optional.empty();
    }
  }

  private void assertCorrupt(byte[] packed, String what) {
    assertThrows(CorruptPayload.class, () -> unpack(packed), what + ", seed " + SEED);
  }
}
