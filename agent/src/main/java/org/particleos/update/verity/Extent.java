package org.particleos.update.verity;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.particleos.update.linux.OpenFile;

/**
 * A range of an open disk or file, such as a partition. Reads are widened to whole pages of the
 * disk, so that the file may have been opened to bypass the page cache.
 *
 * @param startBytes offset of its first byte
 */
public record Extent(OpenFile file, long startBytes, long sizeBytes) {
  /** The largest sector in use; what bypasses the page cache is aligned to sectors. */
  private static final int ALIGNMENT_BYTES = 4096;

  public Extent {
    if (startBytes < 0 || sizeBytes < 0 || startBytes > Long.MAX_VALUE - sizeBytes) {
      throw new IllegalArgumentException("an extent cannot reach beyond 64 bits");
    }
  }

  /** A part of this one. */
  public Extent part(long fromBytes, long lengthBytes) {
    Objects.checkFromIndexSize(fromBytes, lengthBytes, sizeBytes);
    return new Extent(file, startBytes + fromBytes, lengthBytes);
  }

  /** A buffer for reads of so many bytes. The arena owns it. */
  public static ByteBuffer buffer(Arena arena, int lengthMax) {
    return arena.allocate(lengthMax + 2L * ALIGNMENT_BYTES, ALIGNMENT_BYTES).asByteBuffer();
  }

  /**
   * Reads a part.
   *
   * @param buffer as {@link #buffer} makes it, overwritten
   * @return the bytes, between position and limit of the same memory
   */
  public ByteBuffer read(ByteBuffer buffer, long at, int length) throws IOException {
    Objects.checkFromIndexSize(at, (long) length, sizeBytes);
    long from = startBytes + at;
    int before = (int) (from % ALIGNMENT_BYTES);
    int behind = -(before + length) & (ALIGNMENT_BYTES - 1);
    var wide = buffer.duplicate().clear().limit(before + length + behind);
    int count = file.read(wide, from - before);
    if (count < before + length) {
      throw new EOFException(file.path() + " ends at byte " + (from - before + count));
    }
    return wide.limit(before + length).position(before);
  }

  /** The same as an array, for what is small and read once. */
  byte[] bytes(long at, int length) throws IOException {
    try (var arena = Arena.ofConfined()) {
      byte[] bytes = new byte[length];
      read(buffer(arena, length), at, length).get(bytes);
      return bytes;
    }
  }
}
