package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.OpenFile;

/**
 * Writes into one slot of a disk: from a byte offset on, never past the size of the slot. What the
 * slot held beyond a shorter payload stays (update-algorithm.md 10.5). The disk belongs to the
 * caller and is not closed here.
 */
public final class PartitionSink implements Sink {
  private final OpenFile disk;
  private final long offsetBytes;
  private final long sizeBytesMax;
  private final WriteBehind behind;
  private long written;

  public PartitionSink(OpenFile disk, long offsetBytes, long sizeBytesMax) {
    if (offsetBytes < 0 || sizeBytesMax < 0) {
      throw new IllegalArgumentException("a slot cannot begin or end before the disk does");
    }
    this.disk = disk;
    this.offsetBytes = offsetBytes;
    this.sizeBytesMax = sizeBytesMax;
    this.behind = new WriteBehind(disk, offsetBytes);
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
        disk.write(direct, offsetBytes + written);
        written += length;
        behind.wroteUpTo(offsetBytes + written);
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
