package org.particleos.update.delta;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import org.particleos.update.verity.BlockDigests;
import org.particleos.update.verity.TrustedTree;
import org.particleos.update.verity.Watch;

/**
 * Finds the blocks of the wanted image that have a given digest: a hash table, 16 to 20 bytes a
 * block outside the heap.
 *
 * <p>Only the first 64 bits of digests are compared. What was found is digested again before it is
 * used, so that a false find costs one block to be fetched.
 */
final class WantedBlocks implements BlockDigests.Visitor {
  /** How many digests are read from the tree at once. */
  private static final int BATCH = 2048;

  private final BlockMap map;
  private final int digestBytes;

  /** The beginning of each block's digest. */
  private final LongBuffer prefixes;

  /** The first block of each bucket, and behind each block the next; plus one, 0 for none. */
  private final IntBuffer heads;

  private final IntBuffer nexts;
  private final int mask;
  private int seedFirst;

  /**
   * Reads all digests of a tree. Blocks of zeroes are known at once; the others are looked for.
   *
   * @param zeroDigest what a block of zeroes has
   * @param arena owns the memory, and is shared
   */
  WantedBlocks(TrustedTree tree, byte[] zeroDigest, BlockMap map, Arena arena, Watch watch)
      throws IOException {
    this.map = map;
    this.digestBytes = tree.superblock().algorithm().digestBytes();
    int buckets = Integer.highestOneBit(Math.max(1, map.blocks() - 1)) << 1;
    this.mask = buckets - 1;
    this.prefixes = bytes(arena, map.blocks(), Long.BYTES).asLongBuffer();
    this.nexts = bytes(arena, map.blocks(), Integer.BYTES).asIntBuffer();
    this.heads = bytes(arena, buckets, Integer.BYTES).asIntBuffer();
    var zero = ByteBuffer.wrap(zeroDigest);
    for (int first = 0; first < map.blocks(); first += BATCH) {
      if (watch.stopped()) {
        throw new InterruptedIOException("stopped");
      }
      int count = Math.min(BATCH, map.blocks() - first);
      ByteBuffer digests = tree.digests(first, count);
      for (int i = 0; i < count; i++) {
        if (digests.slice(digests.position() + i * digestBytes, digestBytes).equals(zero)) {
          map.set(first + i, BlockMap.ZERO);
        } else {
          add(first + i, digests.getLong(digests.position() + i * digestBytes));
        }
      }
    }
  }

  private static ByteBuffer bytes(Arena arena, int count, int size) {
    return arena.allocate((long) count * size, size).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  private void add(int block, long prefix) {
    int bucket = bucket(prefix);
    prefixes.put(block, prefix);
    nexts.put(block, heads.get(bucket));
    heads.put(bucket, block + 1);
  }

  private int bucket(long prefix) {
    return (int) prefix & mask;
  }

  /** What is visited from now on are blocks of a seed, of which the first has this number. */
  void visiting(int firstBlock) {
    seedFirst = firstBlock;
  }

  @Override
  public synchronized void visit(BlockDigests.Batch batch) {
    for (int i = 0; i < batch.count(); i++) {
      if (!batch.unreadable().get(i)) {
        found(batch.digests().getLong(i * digestBytes), seedFirst + (int) batch.first() + i);
      }
    }
  }

  private void found(long prefix, int origin) {
    int block = heads.get(bucket(prefix)) - 1;
    while (block >= 0) {
      if (prefixes.get(block) == prefix) {
        if (!map.missing(block)) {
          return; // and so are all others that are equal
        }
        map.set(block, origin);
      }
      block = nexts.get(block) - 1;
    }
  }
}
