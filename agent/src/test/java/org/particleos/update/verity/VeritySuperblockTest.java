package org.particleos.update.verity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class VeritySuperblockTest {
  /** As the format says, with the usual values. */
  private static ByteBuffer usual() {
    var block = ByteBuffer.allocate(VeritySuperblock.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    block.put(0, "verity\0\0".getBytes(StandardCharsets.US_ASCII));
    block.putInt(8, 1).putInt(12, 1);
    for (int i = 0; i < 16; i++) {
      block.put(16 + i, (byte) (i * 0x11));
    }
    block.put(32, "sha256".getBytes(StandardCharsets.US_ASCII));
    block.putInt(64, 4096).putInt(68, 4096).putLong(72, 1000);
    block.putShort(80, (short) 2).put(88, (byte) 0xab).put(89, (byte) 0xcd);
    return block;
  }

  private static VeritySuperblock parse(ByteBuffer block) throws MalformedVerityException {
    byte[] bytes = new byte[VeritySuperblock.BYTES];
    block.get(0, bytes);
    return VeritySuperblock.parse(bytes);
  }

  @Test
  void theUsualOneIsRead() throws Exception {
    assertEquals(
        new VeritySuperblock(
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
            HashAlgorithm.SHA256,
            4096,
            4096,
            1000,
            new Salt("abcd")),
        parse(usual()));
  }

  @Test
  void everyFieldIsAcceptedUpToItsLimits() throws Exception {
    var block = usual().putInt(64, 512).putInt(68, 65536).putShort(80, (short) 256);
    block.putLong(72, Long.MAX_VALUE / 512).put(88 + 255, (byte) 1);
    block.put(32, "sha512".getBytes(StandardCharsets.US_ASCII));

    var superblock = parse(block);

    assertEquals(HashAlgorithm.SHA512, superblock.algorithm());
    assertEquals(512, superblock.salt().hex().length());
    assertEquals(Long.MAX_VALUE / 512 * 512, superblock.dataBytes());
    assertEquals(1024, superblock.digestsPerBlock());
  }

  private static Arguments broken(Consumer<ByteBuffer> how, String why) {
    return Arguments.of(how, why);
  }

  static Stream<Arguments> broken() {
    return Stream.of(
        broken(b -> b.put(0, (byte) 'V'), "no dm-verity superblock"),
        broken(b -> b.put(7, (byte) 1), "no dm-verity superblock"),
        broken(b -> b.putInt(8, 0), "version 0"),
        broken(b -> b.putInt(8, 2), "version 2"),
        broken(b -> b.putInt(12, 0), "hash type 0"),
        broken(b -> b.putInt(12, -1), "hash type 4294967295"),
        broken(b -> b.put(32, "sha1\0\0".getBytes(StandardCharsets.US_ASCII)), "\"sha1\""),
        broken(b -> b.put(32, new byte[32]), "\"\""),
        broken(b -> b.put(32, "x".repeat(32).getBytes(StandardCharsets.US_ASCII)), "\"xxxx"),
        broken(b -> b.put(63, (byte) 1), "byte 63"),
        broken(b -> b.putInt(64, 0), "data blocks of 0 bytes"),
        broken(b -> b.putInt(64, 256), "data blocks of 256 bytes"),
        broken(b -> b.putInt(64, 131072), "data blocks of 131072 bytes"),
        broken(b -> b.putInt(64, 4095), "data blocks of 4095 bytes"),
        broken(b -> b.putInt(64, Integer.MIN_VALUE), "data blocks of 2147483648 bytes"),
        broken(b -> b.putInt(68, 0), "hash blocks of 0 bytes"),
        broken(b -> b.putInt(68, 256), "hash blocks of 256 bytes"),
        broken(b -> b.putInt(68, 131072), "hash blocks of 131072 bytes"),
        broken(b -> b.putInt(68, 6144), "hash blocks of 6144 bytes"),
        broken(b -> b.putLong(72, 0), "0 data blocks"),
        broken(b -> b.putLong(72, -1), "18446744073709551615 data blocks"),
        broken(b -> b.putLong(72, Long.MAX_VALUE / 4096 + 1), "data blocks of 4096 bytes"),
        broken(b -> b.putShort(80, (short) 257), "salt of 257 bytes"),
        broken(b -> b.putShort(80, (short) -1), "salt of 65535 bytes"),
        broken(b -> b.put(82, (byte) 1), "byte 82"),
        broken(b -> b.put(87, (byte) 1), "byte 87"),
        broken(b -> b.put(90, (byte) 1), "byte 90"),
        broken(b -> b.put(511, (byte) 1), "byte 511"));
  }

  @ParameterizedTest
  @MethodSource("broken")
  void whatIsOutOfRangeIsRefusedWithTheField(Consumer<ByteBuffer> how, String why) {
    var block = usual();
    how.accept(block);

    var refused = assertThrows(MalformedVerityException.class, () -> parse(block));

    assertTrue(refused.clause().contains(why), refused.clause());
  }
}
