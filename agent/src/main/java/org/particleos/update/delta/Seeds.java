package org.particleos.update.delta;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.particleos.update.verity.Extent;

/**
 * Extents of the disk in which blocks are looked for. Their blocks are numbered through, from the
 * first block of the first one; what is behind 2^31 blocks does not count.
 */
final class Seeds {
  private final List<Extent> extents;
  private final int blockBytes;

  /** The number of each one's first block, and behind the last one the number of all. */
  private final int[] firsts;

  Seeds(List<Extent> extents, int blockBytes) {
    this.extents = List.copyOf(extents);
    this.blockBytes = blockBytes;
    this.firsts = new int[extents.size() + 1];
    for (int i = 0; i < firsts.length - 1; i++) {
      long blocks = this.extents.get(i).sizeBytes() / blockBytes;
      firsts[i + 1] = (int) Math.min(Integer.MAX_VALUE, firsts[i] + blocks);
    }
  }

  int count() {
    return extents.size();
  }

  Extent extent(int seed) {
    return extents.get(seed);
  }

  int first(int seed) {
    return firsts[seed];
  }

  int blocks(int seed) {
    return firsts[seed + 1] - firsts[seed];
  }

  /** How many blocks from this one on lie behind each other, at most so many. */
  int run(int block, int countMax) {
    return Math.min(countMax, firsts[seed(block) + 1] - block);
  }

  /** Reads blocks of one seed, as {@link Extent#read} does. */
  ByteBuffer read(ByteBuffer buffer, int block, int count) throws IOException {
    int seed = seed(block);
    return extents
        .get(seed)
        .read(buffer, (long) (block - firsts[seed]) * blockBytes, count * blockBytes);
  }

  private int seed(int block) {
    int seed = 0;
    while (block >= firsts[seed + 1]) {
      seed++;
    }
    return seed;
  }
}
