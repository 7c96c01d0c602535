package org.particleos.update.bench.inner;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Runs the benchmarks of this package and prints a Markdown table of nanoseconds. */
public final class InnerBenchmarks {
  private InnerBenchmarks() {}

  /** Argument: {@code --smoke} for a quick try, or nothing. */
  public static void main(String[] args) throws Exception {
    boolean smoke = List.of(args).equals(List.of("--smoke"));
    if (args.length > 0 && !smoke) {
      System.err.println("--inner goes alone or with --smoke");
      System.exit(2);
    }
    var time = smoke ? TimeValue.milliseconds(200) : TimeValue.seconds(1);
    var options =
        new OptionsBuilder()
            .include(InnerBenchmarks.class.getPackageName())
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.NANOSECONDS)
            .forks(smoke ? 1 : 3)
            .warmupIterations(smoke ? 1 : 5)
            .warmupTime(time)
            .measurementIterations(smoke ? 1 : 5)
            .measurementTime(time)
            .shouldFailOnError(true)
            .build();
    var results = new Runner(options).run();
    System.out.println();
    System.out.println("### Inner loops");
    System.out.println();
    System.out.println("| what | time | ± (99.9 %) |");
    System.out.println("|---|--:|--:|");
    for (RunResult result : results) {
      var score = result.getPrimaryResult();
      System.out.printf(
          Locale.ROOT,
          "| `%s` | %.1f ns | %s |%n",
          result.getParams().getBenchmark().replaceAll("^.*\\.", ""),
          score.getScore(),
          Double.isNaN(score.getScoreError())
              ? "–"
              : String.format(Locale.ROOT, "%.1f ns", score.getScoreError()));
    }
  }
}
