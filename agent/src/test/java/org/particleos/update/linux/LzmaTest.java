package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LzmaTest {
  private static final int CRC32_CHECK = 1;

  /** {@code printf abc | xz -T2 --check=crc32}, less the header of the stream. */
  private static final byte[] HEADER = hex("04c0070321011600" + "0000000000000000" + "e2f35b0c");

  /** The same by {@code xz -T1}, which names no sizes. */
  private static final byte[] HEADER_WITHOUT_SIZES = hex("0200210116000000742fe5a3");

  private static final byte[] CONTENT = hex("0100026162630000c2412435");

  private Lzma lzma;

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }

  @BeforeEach
  void needsTheLibrary() {
    Optional<Lzma> library = Lzma.ofSystem();
    assumeTrue(library.isPresent(), "this system has no liblzma");
    lzma = library.get();
  }

  @Test
  void aLibraryThatIsNotThereIsAbsent() {
    assertEquals(Optional.empty(), Lzma.named("liblzma-of-nobody.so.5"));
  }

  @Test
  void theVersionHasThreeNumbers() {
    assertTrue(lzma.version().matches("5\\.[0-9]+\\.[0-9]+"), lzma.version());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, 10})
  void theChecksOfTheFormatAreKnown(int check) {
    assertTrue(lzma.knowsCheck(check));
    assertFalse(lzma.knowsCheck(check + 2));
  }

  @Test
  void aHeaderTellsSizesIfItHasThemAndTheMemory() throws Exception {
    LzmaBlock with = lzma.describe(HEADER, CRC32_CHECK);
    LzmaBlock without = lzma.describe(HEADER_WITHOUT_SIZES, CRC32_CHECK);

    assertEquals(OptionalLong.of(7), with.packedBytes());
    assertEquals(OptionalLong.of(3), with.unpackedBytes());
    assertEquals(OptionalLong.empty(), without.packedBytes());
    assertEquals(OptionalLong.empty(), without.unpackedBytes());
    long dictionary = 8L << 20;
    assertTrue(with.memoryBytes() >= dictionary && with.memoryBytes() < dictionary * 5 / 4);
  }

  @Test
  void aDamagedHeaderIsRefused() {
    for (int bit = Byte.SIZE; bit < HEADER.length * Byte.SIZE; bit++) {
      byte[] damaged = HEADER.clone();
      damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);

      assertThrows(LzmaFailure.class, () -> lzma.describe(damaged, CRC32_CHECK));
    }
    assertThrows(
        IllegalArgumentException.class, () -> lzma.describe(new byte[] {4, 0}, CRC32_CHECK));
  }

  @Test
  void positionsOfBuffersAreRespectedAndMoved() throws Exception {
    var in = direct(CONTENT, 5, 3);
    var out = ByteBuffer.allocateDirect(9).position(4);
    try (var decoder = lzma.decoder()) {
      decoder.begin(HEADER, CRC32_CHECK);
      assertTrue(decoder.step(in, out));
      assertEquals(7, decoder.packedBytes());
      assertEquals(3, decoder.unpackedBytes());
    }

    assertEquals(5 + CONTENT.length, in.position());
    assertEquals(7, out.position());
    byte[] all = new byte[9];
    out.get(0, all);
    assertArrayEquals(new byte[] {0, 0, 0, 0, 'a', 'b', 'c', 0, 0}, all);
  }

  @Test
  void oneDecoderTakesBlockAfterBlockAndGoesOnByteByByte() throws Exception {
    try (var decoder = lzma.decoder()) {
      for (byte[] header : new byte[][] {HEADER, HEADER_WITHOUT_SIZES, HEADER}) {
        decoder.begin(header, CRC32_CHECK);
        var out = ByteBuffer.allocateDirect(3);
        boolean ended = false;
        for (byte value : CONTENT) {
          assertFalse(ended);
          ended = decoder.step(direct(new byte[] {value}, 0, 0), out);
          if (!ended) {
            // Nothing new: it goes on waiting.
            assertFalse(decoder.step(direct(new byte[0], 0, 0), out));
          }
        }
        assertTrue(ended);
        assertFalse(out.hasRemaining());
        decoder.release();
      }
    }
  }

  @Test
  void aWrongCheckIsRefusedAndTheDecoderCanBeginAnew() throws Exception {
    byte[] damaged = CONTENT.clone();
    damaged[CONTENT.length - 1] ^= 1;
    try (var decoder = lzma.decoder()) {
      var out = ByteBuffer.allocateDirect(10);
      decoder.begin(HEADER, CRC32_CHECK);
      var failure = assertThrows(LzmaFailure.class, () -> decoder.step(direct(damaged, 0, 0), out));
      assertEquals(LzmaFailure.Kind.DAMAGED, failure.kind());
      assertThrows(IllegalStateException.class, () -> decoder.step(direct(CONTENT, 0, 0), out));

      decoder.begin(HEADER, CRC32_CHECK);
      assertTrue(decoder.step(direct(CONTENT, 0, 0), out.clear()));
    }
  }

  @Test
  void whatIsClosedIsClosed() throws Exception {
    var decoder = lzma.decoder();
    decoder.begin(HEADER, CRC32_CHECK);
    decoder.close();
    decoder.close();

    assertThrows(IllegalStateException.class, () -> decoder.begin(HEADER, CRC32_CHECK));
    assertThrows(
        IllegalStateException.class,
        () -> decoder.step(direct(CONTENT, 0, 0), ByteBuffer.allocateDirect(1)));
  }

  @Test
  void buffersOnTheHeapAreNoBuffersForIt() throws Exception {
    try (var decoder = lzma.decoder()) {
      decoder.begin(HEADER, CRC32_CHECK);
      assertThrows(
          IllegalArgumentException.class,
          () -> decoder.step(ByteBuffer.wrap(CONTENT), ByteBuffer.allocateDirect(1)));
    }
  }

  /** With so many other bytes before and behind it. */
  private static ByteBuffer direct(byte[] bytes, int before, int behind) {
    return ByteBuffer.allocateDirect(before + bytes.length + behind)
        .put(before, bytes)
        .position(before)
        .limit(before + bytes.length);
  }
}
