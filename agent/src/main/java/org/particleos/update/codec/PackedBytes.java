package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** Reads what an {@link Inflow} brings, across the borders of its pieces. */
final class PackedBytes {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final Inflow inflow;
  private final CRC32 crc = new CRC32();
  private ByteBuffer piece = NOTHING;
  private long count;

  PackedBytes(Inflow inflow) {
    this.inflow = inflow;
  }

  /** Whether anything is left; waits for it. */
  boolean more() {
    while (!piece.hasRemaining()) {
      var next = inflow.next();
      if (next.isEmpty()) {
        piece = NOTHING;
        return false;
      }
      piece = next.get();
    }
    return true;
  }

  /** What is at hand, for the caller to take from its position on. Empty until {@link #more}. */
  ByteBuffer piece() {
    return piece;
  }

  /** The next byte, 0 to 255. Counts for {@link #crc} and {@link #count}. */
  int next() throws Decoder.CorruptPayload {
    if (!more()) {
      throw new Decoder.CorruptPayload("it ends inside an xz stream");
    }
    byte value = piece.get();
    crc.update(value);
    count++;
    return Byte.toUnsignedInt(value);
  }

  /** The next bytes, in an array of the caller. */
  void next(byte[] target, int from, int length) throws Decoder.CorruptPayload {
    for (int i = from; i < from + length; i++) {
      target[i] = (byte) next();
    }
  }

  /** From here on {@link #crc} and {@link #count} count anew. */
  void mark() {
    crc.reset();
    count = 0;
  }

  int crc() {
    return (int) crc.getValue();
  }

  long count() {
    return count;
  }
}
