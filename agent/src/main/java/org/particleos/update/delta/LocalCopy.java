package org.particleos.update.delta;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.verity.Extent;

/**
 * Brings the blocks that seeds hold to their place, in the order of the image. Done by several
 * threads at once, a batch each. A block that turns out not to be the right one, or cannot be read,
 * is missing from then on.
 */
final class LocalCopy implements Crew.Task {
  /** Large enough that the cost of a system call does not show. */
  static final int BATCH_BYTES = 1 << 20;

  private static final byte[] ZEROES = new byte[64 << 10];

  private final BlockMap map;
  private final Seeds seeds;
  private final int blockBytes;
  private final Supplier<CheckedTarget> target;
  private final Tally tally;
  private final AtomicInteger nextBatch = new AtomicInteger();

  LocalCopy(
      BlockMap map, Seeds seeds, int blockBytes, Supplier<CheckedTarget> target, Tally tally) {
    this.map = map;
    this.seeds = seeds;
    this.blockBytes = blockBytes;
    this.target = target;
    this.tally = tally;
  }

  @Override
  public void run(Cancellation stop) throws IOException, UpdateException {
    var to = target.get();
    int batchBlocks = BATCH_BYTES / blockBytes;
    try (var arena = Arena.ofConfined()) {
      var image = arena.allocate(BATCH_BYTES, blockBytes).asByteBuffer();
      var scratch = Extent.buffer(arena, BATCH_BYTES);
      while (!stop.cancelled()) {
        long first = (long) nextBatch.getAndIncrement() * batchBlocks;
        if (first >= map.blocks()) {
          return;
        }
        copy((int) first, (int) Math.min(batchBlocks, map.blocks() - first), image, scratch, to);
      }
    }
  }

  private void copy(int first, int count, ByteBuffer image, ByteBuffer scratch, CheckedTarget to)
      throws IOException, UpdateException {
    int local = 0;
    for (int i = 0; i < count; ) {
      int length = gather(first + i, count - i, image.clear().position(i * blockBytes), scratch);
      local += local(first + i) ? length : 0;
      i += length;
    }
    if (local == 0) {
      return;
    }
    int[] bad = new int[1];
    to.take(
        first,
        image.clear().limit(count * blockBytes),
        this::local,
        block -> {
          map.set(block, BlockMap.MISSING);
          bad[0]++;
        });
    tally.reused((long) (local - bad[0]) * blockBytes);
  }

  private boolean local(int block) {
    int origin = map.origin(block);
    return origin >= 0 || origin == BlockMap.ZERO;
  }

  /** Puts together what lies behind each other in one place. Returns how many blocks that is. */
  private int gather(int block, int countMax, ByteBuffer into, ByteBuffer scratch) {
    int origin = map.origin(block);
    int count = 1;
    if (origin < 0) {
      while (count < countMax && map.origin(block + count) == origin) {
        count++;
      }
      if (origin == BlockMap.ZERO) {
        zeroes(into, count * blockBytes);
      }
      return count;
    }
    int run = seeds.run(origin, countMax);
    while (count < run && map.origin(block + count) == origin + count) {
      count++;
    }
    try {
      into.put(seeds.read(scratch, origin, count));
    } catch (IOException _) {
      // The seed is damaged there, which is no obstacle: its blocks can be fetched.
      for (int i = 0; i < count; i++) {
        map.set(block + i, BlockMap.MISSING);
      }
    }
    return count;
  }

  private static void zeroes(ByteBuffer into, int length) {
    for (int left = length; left > 0; left -= ZEROES.length) {
      into.put(ZEROES, 0, Math.min(left, ZEROES.length));
    }
  }
}
