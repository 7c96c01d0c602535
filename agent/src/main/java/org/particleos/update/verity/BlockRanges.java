package org.particleos.update.verity;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Some blocks out of many.
 *
 * @param count how many
 * @param first the first of them as ranges, in order, at most {@value #RANGES_MAX}
 */
public record BlockRanges(long count, List<Range> first) {
  /** More would fill the memory where every other block of a disk is bad. */
  static final int RANGES_MAX = 1024;

  public static final BlockRanges NONE = new BlockRanges(0, List.of());

  public BlockRanges {
    first = List.copyOf(first);
  }

  /** Neighbouring blocks, both ends included. */
  public record Range(long from, long to) {
    long count() {
      return to - from + 1;
    }

    @Override
    public String toString() {
      return from == to ? Long.toString(from) : from + "-" + to;
    }
  }

  /** Whether the ranges name all of them. */
  public boolean complete() {
    return first.stream().mapToLong(Range::count).sum() == count;
  }

  /** Collects single blocks, from several threads, each block once, in any order. */
  static final class Collector {
    private final TreeMap<Long, Long> ends = new TreeMap<>();
    private long count;

    synchronized void add(long block) {
      count++;
      long from = block;
      long to = block;
      Map.Entry<Long, Long> below = ends.lowerEntry(block);
      if (below != null && below.getValue() == block - 1) {
        from = below.getKey();
      }
      Long above = ends.remove(block + 1);
      if (above != null) {
        to = above;
      }
      ends.put(from, to);
      if (ends.size() > RANGES_MAX) {
        ends.pollLastEntry();
      }
    }

    synchronized BlockRanges ranges() {
      List<Range> ranges = new ArrayList<>();
      ends.forEach((from, to) -> ranges.add(new Range(from, to)));
      return new BlockRanges(count, ranges);
    }
  }
}
