package org.particleos.update.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZstdFrameHeaderTest {
  private static final long SEED = 8878;

  private static OptionalLong of(byte[] frame) {
    return ZstdFrameHeader.contentBytes(ByteBuffer.wrap(frame));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 255, 256, 257, 65_535, 65_791, 65_792, 70_000, 3_000_000})
  void itReadsWhatTheLibraryWrote(int length) {
    byte[] frame = Zstd.compress(new byte[length]);

    assertEquals(OptionalLong.of(length), of(frame));
  }

  @Test
  void aFrameThatKeepsItsSizeToItselfDoesNotTell() {
    try (var context = new ZstdCompressCtx().setContentSize(false)) {
      assertEquals(OptionalLong.empty(), of(context.compress(new byte[1000])));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "28b52ffd 20 08, 8",
    "28b52ffd a3 11223344 08000000, 8",
    "28b52ffd e0 ffffffffffffff7f, 9223372036854775807",
    "28b52ffd c0 58 0100000000000000, 1",
    "28b52ffd 83 58 11223344 0a000000, 10",
    "28b52ffd 61 77 0000, 256"
  })
  void everyLayoutIsRead(String hex, long expected) {
    assertEquals(OptionalLong.of(expected), of(HexFormat.of().parseHex(hex.replace(" ", ""))));
  }

  @Test
  void aSizeBeyond63BitsIsNone() {
    assertEquals(OptionalLong.empty(), of(HexFormat.of().parseHex("28b52ffde0ffffffffffffffff")));
  }

  @Test
  void whatIsCutOffOrNoFrameDoesNotTell() {
    byte[] whole = Zstd.compress(new byte[70_000]);
    byte[] header = Arrays.copyOf(whole, 9);
    for (int length = 0; length < 5; length++) {
      assertEquals(OptionalLong.empty(), of(Arrays.copyOf(header, length)));
    }
    assertEquals(OptionalLong.empty(), of(new byte[ZstdFrameHeader.BYTES_MAX]));
  }

  @Test
  void garbageBehindTheMagicIsReadAsTheLibraryReadsIt() {
    var random = new SplittableRandom(SEED);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[ZstdFrameHeader.BYTES_MAX];
      random.nextBytes(bytes);
      ByteBuffer.wrap(bytes).put(new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd});
      bytes[4] &= (byte) ~0x08; // the library refuses the reserved bit
      long library = Zstd.getFrameContentSize(bytes);

      if (library > 0) {
        assertEquals(OptionalLong.of(library), of(bytes), "seed " + SEED + ", case " + i);
      }
    }
  }
}
