package org.particleos.update.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.linux.Lzma;

/** The system's liblzma, on several threads and on one, with much memory and with little. */
class NativeXzDecoderTest {
  private static final long SEED = 20_261_122;
  private static final int MEBI = 1 << 20;

  private static Decoder decoder(Inflow inflow, int processors, long memoryBytesMax) {
    var library = Lzma.ofSystem();
    assumeTrue(library.isPresent(), "this system has no liblzma");
    return new XzDecoder(library.get(), inflow, processors, memoryBytesMax);
  }

  @Nested
  class OnSeveralThreads extends XzDecoderContract {
    @Override
    Decoder decoder(Inflow inflow) {
      return NativeXzDecoderTest.decoder(inflow, 4, XzDecoder.MEMORY_BYTES_MAX);
    }
  }

  @Nested
  class OnOneThread extends XzDecoderContract {
    @Override
    Decoder decoder(Inflow inflow) {
      return NativeXzDecoderTest.decoder(inflow, 1, XzDecoder.MEMORY_BYTES_MAX);
    }
  }

  @Test
  void blocksLargerThanTheMemoryForThemComeThrough() throws Exception {
    byte[] payload = Bytes.concat(Bytes.noise(SEED, 3 * MEBI), new byte[12 * MEBI]);
    byte[] packed = XzBytes.inBlocksOf(4 * MEBI).pack(payload);
    // One dictionary of 256 KiB; a second one does not fit besides the segments.
    for (long memory : new long[] {4_700 << 10, 5_200 << 10, 7_000 << 10}) {
      assertArrayEquals(payload, unpack(packed, memory), memory + " bytes");
    }
  }

  @Test
  void theHeadIsServedHoweverMuchTheOthersHaveAhead() throws Exception {
    // The first block is slow and large, those behind it are done at once and unpack to much.
    byte[] slow = XzBytes.inBlocksOf(8 * MEBI).pack(Bytes.noise(SEED, 3 * MEBI));
    byte[] fast = XzBytes.inBlocksOf(8 * MEBI).pack(new byte[24 * MEBI]);
    byte[] packed = Bytes.concat(slow, fast, slow, fast);

    byte[] unpacked = unpack(packed, 6L * MEBI);

    assertEquals(2 * (3 + 24) * MEBI, unpacked.length);
  }

  @Test
  void blocksWithAndWithoutSizesAndOfManyDictionariesFollowEachOther() throws Exception {
    byte[] payload = Bytes.image(SEED, 2 * MEBI);
    byte[] sized = XzBytes.inBlocksOf(MEBI).pack(payload);
    byte[] unsized = XzDecoderContract.pack(payload, 4, MEBI);
    // 32 MiB.
    byte[] large = new XzBytes(MEBI, XzBytes.CRC32_CHECK, 26).pack(payload);

    byte[] unpacked =
        unpack(
            Bytes.concat(sized, unsized, large, sized, large, unsized, sized),
            XzDecoder.MEMORY_BYTES_MAX);

    byte[] thrice = Bytes.concat(payload, payload, payload);
    assertArrayEquals(Bytes.concat(thrice, thrice, payload), unpacked);
  }

  @Test
  void whatIsWholeComesOutBeforeTheDamageIsTold() throws Exception {
    byte[] payload = Bytes.noise(SEED, 3 * MEBI);
    byte[] packed = XzBytes.inBlocksOf(MEBI).pack(payload);
    packed[packed.length / 2] ^= 1;
    var room = ByteBuffer.allocateDirect(4 * MEBI);
    try (var decoder =
        decoder(XzDecoderContract.pieces(packed, MEBI), 4, XzDecoder.MEMORY_BYTES_MAX)) {
      assertThrows(CorruptPayload.class, () -> decoder.fill(room));
    }

    assertTrue(room.position() >= MEBI, room.position() + " bytes");
    byte[] whole = new byte[MEBI];
    room.get(0, whole);
    assertArrayEquals(Bytes.noise(SEED, MEBI), whole);
  }

  @Test
  void itMayBeClosedWhileItsThreadsAreAtWork() throws Exception {
    byte[] packed = XzBytes.inBlocksOf(MEBI).pack(Bytes.image(SEED, 6 * MEBI));
    for (int room = 1; room < 3 * MEBI; room += MEBI / 3) {
      var decoder = decoder(XzDecoderContract.pieces(packed, MEBI), 4, XzDecoder.MEMORY_BYTES_MAX);
      decoder.fill(ByteBuffer.allocateDirect(room));

      decoder.close();
    }

    assertFalse(
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(thread -> thread.getName().equals(XzBlocks.THREAD_NAME)));
  }

  private static byte[] unpack(byte[] packed, long memoryBytesMax) throws CorruptPayload {
    var all = new ByteArrayOutputStream();
    var room = ByteBuffer.allocateDirect(MEBI);
    try (var decoder = decoder(XzDecoderContract.pieces(packed, MEBI), 3, memoryBytesMax)) {
      do {
        decoder.fill(room.clear());
        var bytes = new byte[room.position()];
        room.get(0, bytes);
        all.writeBytes(bytes);
      } while (!room.hasRemaining());
    }
    return all.toByteArray();
  }
}
