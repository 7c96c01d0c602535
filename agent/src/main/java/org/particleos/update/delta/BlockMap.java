package org.particleos.update.delta;

import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.IntBuffer;

/**
 * Where each block of the wanted image comes from: four bytes a block, outside the heap. Different
 * blocks may be set by different threads; who looks at a block while another thread sets it sees
 * either.
 */
final class BlockMap {
  /** To be fetched. */
  static final int MISSING = -1;

  /** The target holds it already. */
  static final int IN_PLACE = -2;

  /** Nothing but zeroes. */
  static final int ZERO = -3;

  private final IntBuffer origins;
  private final int blocks;

  /** Everything is missing. The arena owns the memory. */
  BlockMap(Arena arena, int blocks) {
    this.blocks = blocks;
    this.origins =
        arena
            .allocate((long) blocks * Integer.BYTES, Integer.BYTES)
            .asByteBuffer()
            .order(ByteOrder.nativeOrder())
            .asIntBuffer();
    fill(MISSING);
  }

  void fill(int origin) {
    for (int block = 0; block < blocks; block++) {
      origins.put(block, origin);
    }
  }

  int blocks() {
    return blocks;
  }

  /** One of the constants, else the number of a seed's block (see {@link Seeds}). */
  int origin(int block) {
    return origins.get(block);
  }

  void set(int block, int origin) {
    origins.put(block, origin);
  }

  boolean missing(int block) {
    return origins.get(block) == MISSING;
  }

  int countMissing() {
    return count(MISSING);
  }

  int count(int origin) {
    int count = 0;
    for (int block = 0; block < blocks; block++) {
      if (origins.get(block) == origin) {
        count++;
      }
    }
    return count;
  }
}
