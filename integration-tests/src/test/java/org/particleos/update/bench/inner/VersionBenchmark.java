package org.particleos.update.bench.inner;

import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.particleos.update.version.VersionOrder;

/** Comparing two versions as they are published, such as {@code 47.20261122.3~rc1}. */
@State(Scope.Thread)
public class VersionBenchmark {
  private static final int PAIRS = 1024;

  private final String[] versions = new String[PAIRS + 1];

  public VersionBenchmark() {
    var random = new SplittableRandom(1);
    for (int i = 0; i <= PAIRS; i++) {
      versions[i] =
          "47.%d.%d%s"
              .formatted(
                  20261101 + random.nextInt(20),
                  random.nextInt(4),
                  random.nextBoolean() ? "" : "~rc" + random.nextInt(3));
    }
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public int compareTwoVersions() {
    int sum = 0;
    for (int i = 0; i < PAIRS; i++) {
      sum += VersionOrder.compare(versions[i], versions[i + 1]);
    }
    return sum;
  }
}
