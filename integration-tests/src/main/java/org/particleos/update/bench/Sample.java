package org.particleos.update.bench;

import java.time.Duration;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What one run of a process took.
 *
 * @param cpu user and system time of the process and its children, in steps of 10 ms
 * @param peakBytes the most memory that was resident at once, mapped files included
 */
record Sample(Duration wall, Duration cpu, long peakBytes) {
  /** One after the other. */
  Sample and(Sample next) {
    return new Sample(
        wall.plus(next.wall), cpu.plus(next.cpu), Math.max(peakBytes, next.peakBytes));
  }

  /** Several runs of the same process; never empty. */
  record Series(List<Sample> samples) {
    Series {
      samples = List.copyOf(samples);
      if (samples.isEmpty()) {
        throw new IllegalArgumentException("nothing was measured");
      }
    }

    double wallSeconds() {
      return median(sample -> sample.wall().toNanos()) / 1e9;
    }

    double wallSecondsMin() {
      return samples.stream().mapToLong(sample -> sample.wall().toNanos()).min().orElseThrow()
          / 1e9;
    }

    double wallSecondsMax() {
      return samples.stream().mapToLong(sample -> sample.wall().toNanos()).max().orElseThrow()
          / 1e9;
    }

    double cpuSeconds() {
      return median(sample -> sample.cpu().toNanos()) / 1e9;
    }

    double peakMebibytes() {
      return median(Sample::peakBytes) / (1 << 20);
    }

    private double median(ToLongFunction<Sample> value) {
      long[] sorted = samples.stream().mapToLong(value).sorted().toArray();
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
    }
  }
}
