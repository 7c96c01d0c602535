package org.particleos.update.linux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Writes a payload that nobody reads soon, piece by piece and in ascending order: around the page
 * cache where the file system or device allows it and the piece is aligned, through it otherwise.
 * Nothing is durable before the file is synced.
 *
 * <p>Why around: copying into fresh pages costs more processor time than everything else that is
 * done with a byte but unpacking it. Measured with 1 GiB in pieces of 1 MiB, flush included: 1.0 to
 * 1.8 s and 0.3 to 0.5 s of processor instead of 3.5 to 4.0 s and 1.6 to 2.4 s for a file on ext4;
 * 1.0 to 1.4 s instead of 6.3 to 6.8 s for a loop device. Besides, no other program loses its
 * cached pages.
 */
public final class LargeWrites {
  /** What is smaller is not worth waiting for the disk. */
  public static final int DIRECT_BYTES_MIN = 64 << 10;

  private final OpenFile file;
  private final WriteBehind behind;
  private boolean possible = true;

  /**
   * @param beginning offset of the first byte
   */
  public LargeWrites(OpenFile file, long beginning) {
    this.file = file;
    this.behind = new WriteBehind(file, beginning);
  }

  /** Writes all that remains in the buffer, which is direct, advancing its position. */
  public void write(ByteBuffer direct, long offset) throws IOException {
    long at = offset + writeAround(direct, offset);
    int rest = direct.remaining();
    if (rest > 0) {
      file.write(direct, at);
      behind.wroteUpTo(at + rest);
    }
  }

  /** Writes what can go around the page cache, and tells how much that was. */
  private int writeAround(ByteBuffer direct, long offset) throws IOException {
    int length = direct.remaining() - direct.remaining() % OpenFile.DIRECT_ALIGNMENT_BYTES;
    // Of the first byte that remains.
    long address = MemorySegment.ofBuffer(direct).address();
    if (!possible
        || length < DIRECT_BYTES_MIN
        || (address | offset) % OpenFile.DIRECT_ALIGNMENT_BYTES != 0) {
      return 0;
    }
    int end = direct.limit();
    direct.limit(direct.position() + length);
    possible = file.writeDirect(direct, offset);
    direct.limit(end);
    return possible ? length : 0;
  }
}
