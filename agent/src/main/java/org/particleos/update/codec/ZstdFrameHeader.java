package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * The header of a zstd frame (RFC 8878 3.1.1.1). Read here and not by the library: loading that
 * takes a tenth of a second, which a command that only asks for sizes need not spend.
 */
public final class ZstdFrameHeader {
  /** The longest one: magic, descriptor, window, dictionary, content size. */
  public static final int BYTES_MAX = 18;

  private static final int MAGIC = 0xFD2FB528;

  /** A content size in two bytes begins to count here, since one byte holds what is smaller. */
  private static final int TWO_BYTES_FROM = 256;

  private static final int[] DICTIONARY_ID_BYTES = {0, 1, 2, 4};

  private ZstdFrameHeader() {}

  /**
   * What a frame unpacks to, as it says itself.
   *
   * @param beginning the first bytes of the frame, from the buffer's position on, which does not
   *     move
   * @return empty if it does not say, or if this is no whole header of a frame
   */
  public static OptionalLong contentBytes(ByteBuffer beginning) {
    var header = beginning.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (header.remaining() <= Integer.BYTES || header.getInt() != MAGIC) {
      return OptionalLong.empty();
    }
    int descriptor = Byte.toUnsignedInt(header.get());
    boolean singleSegment = (descriptor & 0x20) != 0;
    int skipped = (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3];
    int flag = descriptor >> 6;
    int sizeBytes = flag == 0 ? (singleSegment ? 1 : 0) : 1 << flag;
    if (sizeBytes == 0 || header.remaining() < skipped + sizeBytes) {
      return OptionalLong.empty();
    }
    header.position(header.position() + skipped);
    long size =
        switch (sizeBytes) {
          case 1 -> Byte.toUnsignedLong(header.get());
          case 2 -> Short.toUnsignedLong(header.getShort()) + TWO_BYTES_FROM;
          case 4 -> Integer.toUnsignedLong(header.getInt());
          default -> header.getLong();
        };
    return size < 0 ? OptionalLong.empty() : OptionalLong.of(size);
  }
}
