package org.particleos.update.codec;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.tukaani.xz.FinishableWrapperOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.UnsupportedOptionsException;

/**
 * Streams in the .xz format whose block headers name both sizes, as {@code xz -T} makes them and as
 * decoding them side by side needs it. XZ for Java leaves the sizes out.
 *
 * @param blockBytes of the payload in every block but the last
 * @param check the number in the header; 0 for none, otherwise four bytes, whose content is CRC32
 * @param dictionaryCode what the block headers say of the dictionary; 12 is 256 KiB, which is what
 *     is really used, and the size doubles with every second
 * @param lieBy how much the lie adds to the truth
 */
record XzBytes(int blockBytes, int check, int dictionaryCode, Lie lie, int lieBy) {
  /** What says something else than what is there, by a constant. All sums are right again. */
  enum Lie {
    NONE,
    PACKED_SIZE,
    UNPACKED_SIZE,
    INDEX_COUNT,
    INDEX_PACKED,
    INDEX_UNPACKED
  }

  XzBytes(int blockBytes, int check, int dictionaryCode) {
    this(blockBytes, check, dictionaryCode, Lie.NONE, 0);
  }

  XzBytes lying(Lie about, int by) {
    return new XzBytes(blockBytes, check, dictionaryCode, about, by);
  }

  private int told(Lie about, int truth) {
    return about == lie ? Math.max(1, truth + lieBy) : truth;
  }

  static final int CRC32_CHECK = 1;

  /** 256 KiB. */
  static final int SMALL_DICTIONARY = 12;

  static final int DICTIONARY_BYTES = 1 << 18;

  private static final byte[] MAGIC = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};

  static XzBytes inBlocksOf(int blockBytes) {
    return new XzBytes(blockBytes, CRC32_CHECK, SMALL_DICTIONARY);
  }

  byte[] pack(byte[] payload) {
    var stream = new ByteArrayOutputStream();
    var index = new ByteArrayOutputStream();
    byte[] flags = {0, (byte) check};
    stream.writeBytes(MAGIC);
    stream.writeBytes(flags);
    stream.writeBytes(crc32(flags));

    index.write(0);
    number(index, told(Lie.INDEX_COUNT, Math.ceilDiv(payload.length, blockBytes)));
    for (int at = 0; at < payload.length; at += blockBytes) {
      block(
          Arrays.copyOfRange(payload, at, Math.min(at + blockBytes, payload.length)),
          stream,
          index);
    }
    pad(index);
    index.writeBytes(crc32(index.toByteArray()));
    stream.writeBytes(index.toByteArray());

    byte[] backward =
        ByteBuffer.allocate(6)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(index.size() / 4 - 1)
            .put(flags)
            .array();
    stream.writeBytes(crc32(backward));
    stream.writeBytes(backward);
    stream.write('Y');
    stream.write('Z');
    return stream.toByteArray();
  }

  private void block(byte[] piece, ByteArrayOutputStream stream, ByteArrayOutputStream index) {
    byte[] packed = lzma2(piece);
    var fields = new ByteArrayOutputStream();
    fields.write(0xc0);
    number(fields, told(Lie.PACKED_SIZE, packed.length));
    number(fields, told(Lie.UNPACKED_SIZE, piece.length));
    fields.writeBytes(new byte[] {0x21, 1, (byte) dictionaryCode});
    // With the byte for its own length, which comes first.
    int headerBytes = Math.ceilDiv(1 + fields.size(), 4) * 4 + 4;
    byte[] header = Arrays.copyOf(new byte[] {(byte) (headerBytes / 4 - 1)}, headerBytes - 4);
    System.arraycopy(fields.toByteArray(), 0, header, 1, fields.size());
    stream.writeBytes(header);
    stream.writeBytes(crc32(header));

    stream.writeBytes(packed);
    pad(stream);
    int checkBytes = check == 0 ? 0 : 4;
    stream.write(crc32(piece), 0, checkBytes);
    number(index, told(Lie.INDEX_PACKED, headerBytes + packed.length + checkBytes));
    number(index, told(Lie.INDEX_UNPACKED, piece.length));
  }

  private static byte[] lzma2(byte[] piece) {
    var packed = new ByteArrayOutputStream();
    try {
      var options = new LZMA2Options(0);
      options.setDictSize(DICTIONARY_BYTES);
      try (var encoder = options.getOutputStream(new FinishableWrapperOutputStream(packed))) {
        encoder.write(piece);
      }
    } catch (UnsupportedOptionsException e) {
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  /** Seven bits in each byte, the lowest first. */
  private static void number(ByteArrayOutputStream out, int value) {
    int rest = value;
    while (rest >= 0x80) {
      out.write(rest | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }

  private static void pad(ByteArrayOutputStream out) {
    while (out.size() % 4 != 0) {
      out.write(0);
    }
  }

  private static byte[] crc32(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return ByteBuffer.allocate(4)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((int) crc.getValue())
        .array();
  }
}
