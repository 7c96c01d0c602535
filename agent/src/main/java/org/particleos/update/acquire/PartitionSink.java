package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LargeWrites;
import org.particleos.update.linux.OpenFile;

/**
 * Writes into one slot of a disk: from a byte offset on, never past the size of the slot. What the
 * slot held beyond a shorter payload stays (update-algorithm.md 10.5). Long runs of zeros are not
 * written but asked of the kernel, which discards what the disk held there where it can. The disk
 * belongs to the caller and is not closed here. To be continued, it has to be open for reading,
 * too.
 */
public final class PartitionSink implements ContinuedSink {
  /**
   * From this length on zeros are left to the kernel. For less the slot would be torn into more
   * requests than that spares.
   */
  static final int ZEROS_BYTES_MIN = 256 << 10;

  private static final int ZEROS_BYTES = 64 << 10;

  private final OpenFile disk;
  private final ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES).asReadOnlyBuffer();
  private final long offsetBytes;
  private final long sizeBytesMax;
  private final LargeWrites content;
  private long written;

  public PartitionSink(OpenFile disk, long offsetBytes, long sizeBytesMax) {
    if (offsetBytes < 0 || sizeBytesMax < 0) {
      throw new IllegalArgumentException("a slot cannot begin or end before the disk does");
    }
    this.disk = disk;
    this.offsetBytes = offsetBytes;
    this.sizeBytesMax = sizeBytesMax;
    this.content = new LargeWrites(disk, offsetBytes);
  }

  @Override
  public void write(ByteBuffer direct) throws UpdateException {
    long room = sizeBytesMax - written;
    boolean fits = direct.remaining() <= room;
    if (!fits) {
      direct.limit(direct.position() + (int) room);
    }
    int length = direct.remaining();
    try {
      if (length > 0) {
        if (length >= ZEROS_BYTES_MIN && onlyZeros(direct) && withinDisk(length)) {
          disk.zeroRange(offsetBytes + written, length);
        } else {
          content.write(direct, offsetBytes + written);
        }
        written += length;
      }
    } catch (IOException e) {
      throw WriteFailure.of(disk.path(), e);
    }
    if (!fits) {
      throw UpdateException.because(
              Reason.PAYLOAD_EXCEEDS_SLOT,
              "refused to write past the end of the slot at byte "
                  + offsetBytes
                  + " of "
                  + disk.path())
          .found("the payload is longer than the " + sizeBytesMax + " bytes of the slot")
          .remedy(
              "make the partitions of that type larger, or ask the publisher for a smaller image")
          .noSpace();
    }
  }

  /** A slot may reach beyond the end of an image file that was cut short. */
  private boolean withinDisk(int length) throws IOException {
    return offsetBytes + written + length <= disk.sizeBytes();
  }

  private boolean onlyZeros(ByteBuffer direct) {
    int at = direct.position();
    while (at < direct.limit()) {
      int length = Math.min(ZEROS_BYTES, direct.limit() - at);
      if (direct.slice(at, length).mismatch(zeros.slice(0, length)) >= 0) {
        return false;
      }
      at += length;
    }
    return true;
  }

  @Override
  public int read(ByteBuffer direct, long offset) throws IOException {
    long room = Math.max(0, sizeBytesMax - offset);
    direct.limit(direct.position() + (int) Math.min(direct.remaining(), room));
    return disk.read(direct, offsetBytes + offset);
  }

  @Override
  public void passOver(long bytes) {
    written += bytes;
  }

  @Override
  public void sync() throws IOException {
    disk.sync();
  }

  @Override
  public void finish(boolean sync) throws UpdateException {
    if (!sync) {
      return;
    }
    try {
      disk.sync();
    } catch (IOException e) {
      throw WriteFailure.of(disk.path(), e);
    }
  }

  @Override
  public void close() {}
}
