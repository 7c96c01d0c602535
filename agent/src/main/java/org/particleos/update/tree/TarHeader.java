package org.particleos.update.tree;

import java.util.Arrays;
import org.particleos.update.failure.UpdateException;

/**
 * One 512-byte header block: old, POSIX {@code ustar} and GNU format. Fields are read where they
 * stand, so a block costs no objects.
 */
final class TarHeader {
  static final int BLOCK_BYTES = 512;

  /** Sparse extents in a GNU header, and in each block that continues it. */
  private static final int SPARSE_AT = 386;

  private static final int SPARSE_COUNT = 4;
  static final int SPARSE_CONTINUED_COUNT = 21;
  private static final int SPARSE_EXTENT_BYTES = 24;
  private static final int SPARSE_NUMBER_BYTES = 12;

  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM_BYTES = 8;

  private final byte[] block;
  private final long offset;

  /**
   * @param offset of the block in the archive, for messages
   */
  TarHeader(byte[] block, long offset) {
    this.block = block;
    this.offset = offset;
  }

  static boolean blank(byte[] block) {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** Compares the sum of all bytes; some old writers took bytes as signed. */
  void requireChecksum() throws UpdateException {
    long stored = number(CHECKSUM_AT, CHECKSUM_BYTES, "checksum");
    long unsigned = 0;
    long signed = 0;
    for (int i = 0; i < BLOCK_BYTES; i++) {
      boolean blank = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES;
      byte b = blank ? (byte) ' ' : block[i];
      unsigned += Byte.toUnsignedInt(b);
      signed += b;
    }
    if (stored != unsigned && stored != signed) {
      throw TarFailure.damaged(
          offset == 0
              ? "it does not begin with a tar header"
              : "there is no tar header at byte " + offset);
    }
  }

  char type() {
    return (char) Byte.toUnsignedInt(block[156]);
  }

  byte[] name() {
    byte[] name = text(0, 100);
    byte[] prefix = posix() ? text(345, 155) : new byte[0];
    if (prefix.length == 0) {
      return name;
    }
    byte[] whole = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
    whole[prefix.length] = '/';
    System.arraycopy(name, 0, whole, prefix.length + 1, name.length);
    return whole;
  }

  byte[] linkName() {
    return text(157, 100);
  }

  int mode() throws UpdateException {
    return (int) (number(100, 8, "mode") & 07777);
  }

  long user() throws UpdateException {
    return number(108, 8, "user");
  }

  long group() throws UpdateException {
    return number(116, 8, "group");
  }

  long sizeBytes() throws UpdateException {
    return number(124, 12, "size");
  }

  long mtimeSeconds() throws UpdateException {
    return number(136, 12, "time");
  }

  long deviceMajor() throws UpdateException {
    return number(329, 8, "device number");
  }

  long deviceMinor() throws UpdateException {
    return number(337, 8, "device number");
  }

  /** Old GNU sparse format: the extents of the header block itself. */
  void sparseInto(SparseMap map) throws UpdateException {
    extents(SPARSE_AT, SPARSE_COUNT, map);
  }

  boolean sparseContinues() {
    return block[482] != 0;
  }

  long sparseSizeBytes() throws UpdateException {
    return number(483, SPARSE_NUMBER_BYTES, "size");
  }

  /** The block after a header, or after another such block. True if one more follows. */
  boolean sparseContinuationInto(SparseMap map) throws UpdateException {
    extents(0, SPARSE_CONTINUED_COUNT, map);
    return block[SPARSE_CONTINUED_COUNT * SPARSE_EXTENT_BYTES] != 0;
  }

  private void extents(int at, int count, SparseMap map) throws UpdateException {
    for (int i = 0; i < count; i++) {
      int from = at + i * SPARSE_EXTENT_BYTES;
      if (block[from] == 0) {
        return;
      }
      map.add(number(from, SPARSE_NUMBER_BYTES, "sparse map"));
      map.add(number(from + SPARSE_NUMBER_BYTES, SPARSE_NUMBER_BYTES, "sparse map"));
    }
  }

  /** {@code ustar} and a NUL; GNU has a blank there and uses the prefix for something else. */
  private boolean posix() {
    return Arrays.equals(block, 257, 263, new byte[] {'u', 's', 't', 'a', 'r', 0}, 0, 6);
  }

  private byte[] text(int from, int length) {
    int end = from;
    while (end < from + length && block[end] != 0) {
      end++;
    }
    return Arrays.copyOfRange(block, from, end);
  }

  /** Octal digits between blanks and NULs, or, with the first bit set, a binary number. */
  private long number(int from, int length, String what) throws UpdateException {
    if ((block[from] & 0x80) != 0) {
      return binary(from, length, what);
    }
    int at = from;
    int end = from + length;
    while (at < end && block[at] == ' ') {
      at++;
    }
    long value = 0;
    while (at < end && block[at] >= '0' && block[at] <= '7') {
      // At most 12 digits: 36 bits.
      value = value << 3 | (block[at] - '0');
      at++;
    }
    while (at < end) {
      if (block[at] != ' ' && block[at] != 0) {
        throw TarFailure.damaged(
            "the header at byte " + offset + " has no valid number as its " + what);
      }
      at++;
    }
    return value;
  }

  private long binary(int from, int length, String what) throws UpdateException {
    boolean negative = (block[from] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = 0; i < length; i++) {
      int digit = Byte.toUnsignedInt(block[from + i]);
      if (i == 0) {
        digit = negative ? digit : digit & 0x7f;
      }
      long next = value << 8 | digit;
      if (next >> 8 != value) {
        throw TarFailure.damaged("the header at byte " + offset + " has too large a " + what);
      }
      value = next;
    }
    return value;
  }
}
