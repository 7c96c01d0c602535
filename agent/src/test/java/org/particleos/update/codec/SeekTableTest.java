package org.particleos.update.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.particleos.update.codec.Decoder.CorruptPayload;

/** What the seekable format's own documentation says, and tables that lie. */
class SeekTableTest {
  private static byte[] twoFrames() {
    var writer = new SeekTableWriter();
    writer.add(100, 4096);
    writer.add(50, 1000);
    var bytes = new byte[writer.table().remaining()];
    writer.table().get(bytes);
    return bytes;
  }

  private static SeekTable parse(byte[] table, long fileBytes) throws CorruptPayload {
    var footer =
        SeekTable.Footer.read(
            ByteBuffer.wrap(table, table.length - SeekTable.FOOTER_BYTES, SeekTable.FOOTER_BYTES));
    int length = footer.orElseThrow().tableBytes();
    return SeekTable.parse(
        footer.get(), ByteBuffer.wrap(table, table.length - length, length), fileBytes);
  }

  private static void refused(byte[] table, String why) {
    var refused = assertThrows(CorruptPayload.class, () -> parse(table, 150 + twoFrames().length));
    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused::getMessage);
  }

  private static byte[] with(int at, int value) {
    byte[] table = twoFrames();
    ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
    return table;
  }

  @Test
  void framesAreWhereTheyWereWritten() throws Exception {
    byte[] bytes = twoFrames();
    assertEquals(8 + 2 * 8 + 9, bytes.length);

    var table = parse(bytes, 150 + bytes.length);

    assertEquals(2, table.frames());
    assertEquals(100, table.packedStart(1));
    assertEquals(4096, table.start(1));
    assertEquals(5096, table.totalBytes());
    assertEquals(100, table.packedBytesMax());
    assertEquals(4096, table.bytesMax());
  }

  @Test
  void checksumsOfOtherWritersArePassedOver() throws Exception {
    var bytes =
        ByteBuffer.allocate(8 + 2 * 12 + 9)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0x184D2A5E)
            .putInt(2 * 12 + 9)
            .putInt(100)
            .putInt(4096)
            .putInt(0xdeadbeef)
            .putInt(50)
            .putInt(1000)
            .putInt(0xdeadbeef)
            .putInt(2)
            .put((byte) 0x80)
            .putInt(0x8F92EAB1)
            .array();

    assertEquals(5096, parse(bytes, 150 + bytes.length).totalBytes());
  }

  @Test
  void aFileThatEndsOtherwiseHasNoTable() throws Exception {
    assertEquals(Optional.empty(), SeekTable.Footer.read(ByteBuffer.allocate(9)));
  }

  @Test
  void tablesThatLieAreRefused() {
    int end = twoFrames().length;
    refused(with(0, 0x184D2A5D), "does not begin");
    refused(with(4, 7), "does not begin");
    refused(with(8, 101), "for frames of 151 bytes");
    refused(with(8, 0), "impossible size");
    refused(with(8, -1), "impossible size");
    refused(with(12, Integer.MIN_VALUE), "impossible size");
    refused(with(end - 9, 0), "has 0 frames");
    refused(with(end - 9, -1), "has 4294967295 frames");
    refused(with(end - 9, SeekTable.FRAMES_MAX + 1), "frames");
    byte[] flags = twoFrames();
    flags[end - 5] = 4;
    refused(flags, "unknown flags");
  }
}
