package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.particleos.update.codec.Decoder.CorruptPayload;

/**
 * Where the frames of a payload in the zstd seekable format begin, packed and unpacked. The format
 * is Zstandard with a table in a skippable frame at its end (contrib/seekable_format in the zstd
 * repository): who does not know it reads the file all the same.
 *
 * <p>The table is what somebody wrote there. That it covers the whole file without a gap is
 * checked; that the frames hold what it says shows when they are unpacked.
 */
public final class SeekTable {
  /** What stands at the very end of the file. */
  public static final int FOOTER_BYTES = 9;

  /** 64 GiB in frames of 64 KiB; the table then takes 16 MiB of memory. */
  static final int FRAMES_MAX = 1 << 20;

  static final int SKIPPABLE_MAGIC = 0x184D2A5E;
  static final int SEEKABLE_MAGIC = 0x8F92EAB1;
  static final int SKIPPABLE_HEADER_BYTES = 8;
  static final int ENTRY_BYTES = 8;

  private static final int CHECKSUM_BYTES = 4;
  private static final int CHECKSUM_FLAG = 0x80;
  private static final int RESERVED_FLAGS = 0x7c;

  /** Where each frame begins, and behind the last one where that ends. */
  private final long[] packedStarts;

  private final long[] starts;
  private final int packedBytesMax;
  private final int bytesMax;

  private SeekTable(long[] packedStarts, long[] starts, int packedBytesMax, int bytesMax) {
    this.packedStarts = packedStarts;
    this.starts = starts;
    this.packedBytesMax = packedBytesMax;
    this.bytesMax = bytesMax;
  }

  /**
   * The end of the table, which tells how long it is.
   *
   * @param checksums whether each entry has one; they are not looked at, since who enters a payload
   *     in the middle has better ones
   */
  public record Footer(int frames, boolean checksums) {
    /** Reads the last {@value #FOOTER_BYTES} bytes of a file; empty if no table ends there. */
    public static Optional<Footer> read(ByteBuffer last) throws CorruptPayload {
      var footer = last.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      if (footer.remaining() != FOOTER_BYTES) {
        throw new IllegalArgumentException("a footer has " + FOOTER_BYTES + " bytes");
      }
      int frames = footer.getInt();
      int flags = Byte.toUnsignedInt(footer.get());
      if (footer.getInt() != SEEKABLE_MAGIC) {
        return Optional.empty();
      }
      if ((flags & RESERVED_FLAGS) != 0) {
        throw new CorruptPayload("its seek table has unknown flags");
      }
      if (frames < 1 || frames > FRAMES_MAX) {
        throw new CorruptPayload(
            "its seek table has " + Integer.toUnsignedString(frames) + " frames");
      }
      return Optional.of(new Footer(frames, (flags & CHECKSUM_FLAG) != 0));
    }

    private int entryBytes() {
      return ENTRY_BYTES + (checksums ? CHECKSUM_BYTES : 0);
    }

    /** Length of the skippable frame that holds the table, this footer included. */
    public int tableBytes() {
      return SKIPPABLE_HEADER_BYTES + frames * entryBytes() + FOOTER_BYTES;
    }
  }

  /**
   * Reads the table.
   *
   * @param table the last {@link Footer#tableBytes} bytes of the file
   * @param fileBytes length of the file
   */
  public static SeekTable parse(Footer footer, ByteBuffer table, long fileBytes)
      throws CorruptPayload {
    var bytes = table.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.remaining() != footer.tableBytes()) {
      throw new IllegalArgumentException("a table has the length that its footer tells");
    }
    if (bytes.getInt() != SKIPPABLE_MAGIC
        || bytes.getInt() != footer.tableBytes() - SKIPPABLE_HEADER_BYTES) {
      throw new CorruptPayload("its seek table does not begin where its footer says");
    }
    long[] packedStarts = new long[footer.frames() + 1];
    long[] starts = new long[footer.frames() + 1];
    int packedBytesMax = 0;
    int bytesMax = 0;
    for (int frame = 0; frame < footer.frames(); frame++) {
      int packed = bytes.getInt();
      int unpacked = bytes.getInt();
      if (packed <= 0 || unpacked < 0) { // 2 GiB and more are negative
        throw new CorruptPayload("its seek table has a frame of an impossible size");
      }
      if (footer.checksums()) {
        bytes.getInt();
      }
      packedStarts[frame + 1] = packedStarts[frame] + packed;
      starts[frame + 1] = starts[frame] + unpacked;
      packedBytesMax = Math.max(packedBytesMax, packed);
      bytesMax = Math.max(bytesMax, unpacked);
    }
    if (!Footer.read(bytes).equals(Optional.of(footer))) {
      throw new CorruptPayload("its seek table has changed while it was read");
    }
    long framesBytes = packedStarts[footer.frames()];
    if (framesBytes != fileBytes - footer.tableBytes()) {
      throw new CorruptPayload(
          "its seek table is for frames of "
              + framesBytes
              + " bytes, but there are "
              + (fileBytes - footer.tableBytes()));
    }
    return new SeekTable(packedStarts, starts, packedBytesMax, bytesMax);
  }

  /** How many frames there are, at least one. */
  public int frames() {
    return starts.length - 1;
  }

  /** Where a frame begins in the file; of the number behind the last frame, where that ends. */
  public long packedStart(int frame) {
    return packedStarts[frame];
  }

  /** Where the content of a frame begins in the unpacked file, or ends as above. */
  public long start(int frame) {
    return starts[frame];
  }

  /** Length of the unpacked file. */
  public long totalBytes() {
    return starts[frames()];
  }

  /** Length of the longest frame. */
  public int packedBytesMax() {
    return packedBytesMax;
  }

  /** Length of the content of the frame that has most. */
  public int bytesMax() {
    return bytesMax;
  }
}
