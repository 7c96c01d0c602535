package org.particleos.update.verity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.particleos.update.verity.BlockRanges.Range;

class BlockRangesTest {
  private static final long SEED = 4711;

  @Test
  void neighboursBecomeOneRangeInWhateverOrderTheyCome() {
    List<Long> blocks = new ArrayList<>(List.of(1L, 2L, 3L, 7L, 9L, 10L));
    var random = new Random(SEED);
    for (int round = 0; round < 100; round++) {
      Collections.shuffle(blocks, random);
      var collector = new BlockRanges.Collector();
      blocks.forEach(collector::add);

      assertEquals(
          new BlockRanges(6, List.of(new Range(1, 3), new Range(7, 7), new Range(9, 10))),
          collector.ranges(),
          () -> "seed " + SEED + ", order " + blocks);
    }
  }

  @Test
  void onlyTheFirstRangesAreKeptButAllBlocksAreCounted() {
    var collector = new BlockRanges.Collector();
    for (long block = 0; block < 3000; block++) {
      collector.add(2 * block);
    }

    BlockRanges ranges = collector.ranges();

    assertEquals(3000, ranges.count());
    assertEquals(BlockRanges.RANGES_MAX, ranges.first().size());
    assertEquals(new Range(0, 0), ranges.first().getFirst());
    assertFalse(ranges.complete());
    assertTrue(BlockRanges.NONE.complete());
  }
}
