package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.particleos.update.codec.Decoder.CorruptPayload;

/**
 * What holds the blocks of the .xz format together: headers, indexes and footers of the streams,
 * and the padding between them (The .xz File Format, 1.2.1). It reads one part after the other and
 * never looks at the content of a block, which others take from the same {@link PackedBytes}.
 *
 * <p>An index must name every block with its sizes. Only a digest of them is kept: a stream may
 * have any number.
 */
final class XzContainer {
  private static final byte[] MAGIC = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
  private static final byte[] FOOTER_MAGIC = {'Y', 'Z'};
  private static final int STREAM_HEADER_BYTES = 12;
  private static final int UNIT_BYTES = 4;
  private static final int FLAGS_BYTES = 2;
  private static final int CHECK_MASK = 0x0f;
  private static final int VLI_BYTES_MAX = 9;
  private static final int VLI_BITS = 7;
  private static final int VLI_MORE = 1 << VLI_BITS;

  /** What stands between two blocks, or behind the last one. */
  sealed interface Part {
    /** A block begins; its content follows. */
    record Block(BlockHeader header) implements Part {}

    /** A stream has ended, with an index that is right. */
    record StreamEnd() implements Part {}
  }

  /** The header of a block, whole and unread. */
  static final class BlockHeader {
    private final byte[] bytes;

    BlockHeader(byte[] bytes) {
      this.bytes = bytes;
    }

    byte[] bytes() {
      return bytes.clone();
    }

    int length() {
      return bytes.length;
    }
  }

  private final PackedBytes packed;
  private byte[] flags = new byte[FLAGS_BYTES];
  private long blocks;
  private MessageDigest records = sha256();

  XzContainer(PackedBytes packed) {
    this.packed = packed;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The number of the check that the blocks of this stream have. */
  int check() {
    return flags[1] & CHECK_MASK;
  }

  /** How many bytes that check takes: none, or 4, 8, 16, 32 or 64. */
  int checkBytes() {
    int check = check();
    return check == 0 ? 0 : UNIT_BYTES << ((check - 1) / 3);
  }

  /** What the data of a block takes in the file, with padding but without check. */
  static long padded(long packedBytes) {
    return (packedBytes + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
  }

  /**
   * Reads the padding and the header of a stream.
   *
   * @param first whether none was before it: padding is not allowed there
   * @return false if the payload ends instead
   */
  boolean startStream(boolean first) throws CorruptPayload {
    var header = new byte[STREAM_HEADER_BYTES];
    do {
      if (!packed.more() && !first) {
        return false;
      }
      packed.next(header, 0, UNIT_BYTES);
    } while (!first && Arrays.equals(header, 0, UNIT_BYTES, new byte[UNIT_BYTES], 0, UNIT_BYTES));
    if (!Arrays.equals(header, 0, UNIT_BYTES, MAGIC, 0, UNIT_BYTES)) {
      throw noStream();
    }
    packed.next(header, UNIT_BYTES, STREAM_HEADER_BYTES - UNIT_BYTES);
    if (!Arrays.equals(header, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw noStream();
    }
    flags = Arrays.copyOfRange(header, MAGIC.length, MAGIC.length + FLAGS_BYTES);
    if (littleEndian(header, MAGIC.length + FLAGS_BYTES) != crc(flags)) {
      throw new CorruptPayload("the header of a stream is damaged");
    }
    if (flags[0] != 0 || (flags[1] & ~CHECK_MASK) != 0) {
      throw new CorruptPayload("it uses flags that are not known");
    }
    blocks = 0;
    records = sha256();
    return true;
  }

  private static CorruptPayload noStream() {
    return new CorruptPayload("something in it is no xz stream");
  }

  /** Reads up to the content of a block, or to the end of the stream. */
  Part next() throws CorruptPayload {
    packed.mark();
    int first = packed.next();
    if (first == 0) {
      readIndex();
      return new Part.StreamEnd();
    }
    var header = new byte[(first + 1) * UNIT_BYTES];
    header[0] = (byte) first;
    packed.next(header, 1, header.length - 1);
    return new Part.Block(new BlockHeader(header));
  }

  /** Notes a block for the index. */
  void ended(BlockHeader header, long packedBytes, long unpackedBytes) {
    blocks++;
    note(records, header.length() + packedBytes + checkBytes(), unpackedBytes);
  }

  private static void note(MessageDigest records, long one, long other) {
    records.update(ByteBuffer.allocate(2 * Long.BYTES).putLong(one).putLong(other).flip());
  }

  private void readIndex() throws CorruptPayload {
    if (number() != blocks) {
      throw wrongIndex();
    }
    var named = sha256();
    for (long i = 0; i < blocks; i++) {
      note(named, number(), number());
    }
    if (!MessageDigest.isEqual(named.digest(), records.digest())) {
      throw wrongIndex();
    }
    while (packed.count() % UNIT_BYTES != 0) {
      if (packed.next() != 0) {
        throw wrongIndex();
      }
    }
    int crc = packed.crc();
    var stored = new byte[UNIT_BYTES];
    packed.next(stored, 0, UNIT_BYTES);
    if (littleEndian(stored, 0) != crc) {
      throw wrongIndex();
    }
    readFooter(packed.count());
  }

  private void readFooter(long indexBytes) throws CorruptPayload {
    var footer = new byte[STREAM_HEADER_BYTES];
    packed.next(footer, 0, footer.length);
    int magicAt = footer.length - FOOTER_MAGIC.length;
    int flagsAt = magicAt - FLAGS_BYTES;
    long backward = Integer.toUnsignedLong(littleEndian(footer, UNIT_BYTES));
    if (littleEndian(footer, 0) != crc(Arrays.copyOfRange(footer, UNIT_BYTES, magicAt))
        || (backward + 1) * UNIT_BYTES != indexBytes
        || !Arrays.equals(footer, flagsAt, magicAt, flags, 0, FLAGS_BYTES)
        || !Arrays.equals(footer, magicAt, footer.length, FOOTER_MAGIC, 0, FOOTER_MAGIC.length)) {
      throw new CorruptPayload("the end of a stream is damaged");
    }
  }

  private static CorruptPayload wrongIndex() {
    return new CorruptPayload("the index of a stream does not fit its blocks");
  }

  /** Seven bits in each byte, the lowest first, as short as possible. */
  private long number() throws CorruptPayload {
    long value = 0;
    for (int i = 0; i < VLI_BYTES_MAX; i++) {
      int next = packed.next();
      value |= (long) (next & (VLI_MORE - 1)) << (i * VLI_BITS);
      if (next < VLI_MORE) {
        if (next == 0 && i > 0) {
          throw wrongIndex();
        }
        return value;
      }
    }
    throw wrongIndex();
  }

  private static int littleEndian(byte[] bytes, int at) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
  }

  private static int crc(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
