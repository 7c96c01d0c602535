package org.particleos.update.delta;

import org.particleos.update.codec.SeekTable;

/**
 * How an image lies in a payload: in pieces, one behind the other, each of which can be had without
 * the others. Every piece begins at the beginning of a block of the image.
 */
sealed interface Layout {
  int pieces();

  /** Where a piece begins in the payload; of the number behind the last one, where that ends. */
  long packedStart(int piece);

  /** The same for the image. */
  long start(int piece);

  /** The image itself; each block is a piece. */
  record Plain(int pieces, int blockBytes) implements Layout {
    @Override
    public long packedStart(int piece) {
      return start(piece);
    }

    @Override
    public long start(int piece) {
      return (long) piece * blockBytes;
    }
  }

  /** Zstandard in frames that stand for themselves. */
  record Frames(SeekTable table) implements Layout {
    @Override
    public int pieces() {
      return table.frames();
    }

    @Override
    public long packedStart(int piece) {
      return table.packedStart(piece);
    }

    @Override
    public long start(int piece) {
      return table.start(piece);
    }
  }
}
