package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Collects what a {@link SeekTable} is to say, frame by frame, without checksums. */
public final class SeekTableWriter {
  /** How many frames a table can have. */
  public static final int FRAMES_MAX = SeekTable.FRAMES_MAX;

  private ByteBuffer entries = room(1024);
  private int frames;

  private static ByteBuffer room(int count) {
    return ByteBuffer.allocate(count * SeekTable.ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Adds the next frame. */
  public void add(int packedBytes, int bytes) {
    if (frames == FRAMES_MAX || packedBytes <= 0 || bytes < 0) {
      throw new IllegalArgumentException("no frame of a seek table: " + packedBytes);
    }
    if (!entries.hasRemaining()) {
      entries = room(frames * 2).put(entries.flip());
    }
    entries.putInt(packedBytes).putInt(bytes);
    frames++;
  }

  /** How many were added. */
  public int frames() {
    return frames;
  }

  /** The skippable frame that goes behind the last frame, in a direct buffer. */
  public ByteBuffer table() {
    var footer = new SeekTable.Footer(frames, false);
    return ByteBuffer.allocateDirect(footer.tableBytes())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(SeekTable.SKIPPABLE_MAGIC)
        .putInt(footer.tableBytes() - SeekTable.SKIPPABLE_HEADER_BYTES)
        .put(entries.duplicate().flip())
        .putInt(frames)
        .put((byte) 0)
        .putInt(SeekTable.SEEKABLE_MAGIC)
        .flip();
  }
}
