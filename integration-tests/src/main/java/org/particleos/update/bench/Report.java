package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results as Markdown for {@code BENCHMARKS.md}. */
final class Report {
  private final Formatter text = new Formatter(Locale.ROOT);

  Report machine(MachineFacts facts) {
    heading("The machine");
    facts.lines().forEach(fact -> text.format("- %s\n", fact));
    text.format("\n");
    return this;
  }

  Report images(BenchmarkOptions options) {
    text.format(
        "Image of %d MiB. Each time is a median (fastest to slowest); installations and limits were"
            + " measured in %d rounds, after one that does not count.\n",
        options.imageMebibytes(), options.rounds());
    return this;
  }

  /** "MB/s" is of the unpacked image everywhere, so that rows can be compared. */
  Report installations(Map<InstallBenchmark.Case, Sample.Series> rows, int imageMebibytes)
      throws IOException {
    heading("Installing one image with `apply`");
    text.format(
        "| payload | packed by | size | to | by | time | installed | CPU time | peak memory"
            + " |\n");
    text.format("|---|---|--:|---|---|--:|--:|--:|--:|\n");
    for (var row : rows.entrySet()) {
      Payload payload = row.getKey().payload();
      Sample.Series series = row.getValue();
      text.format(
          "| `%s` | %s | %d MB | %s | %s | %s | %.0f MB/s | %.1f s | %s |\n",
          payload.format().suffix(),
          payload.format().description(),
          Files.size(payload.file()) / 1_000_000,
          row.getKey().target().description(),
          row.getKey().program().name(),
          time(series),
          megabytes(imageMebibytes) / series.wallSeconds(),
          series.cpuSeconds(),
          row.getKey().program().alone() ? "%.0f MiB".formatted(series.peakMebibytes()) : "–");
    }
    for (TargetDisk.Kind kind : TargetDisk.Kind.values()) {
      if (!kind.obstacle().isEmpty()) {
        text.format("\n");
        text.format("Not measured: %s, since %s.\n", kind.description(), kind.obstacle());
      }
    }
    return this;
  }

  Report withoutSpool(Map<InstallBenchmark.Case, Sample.Series> rows, int imageMebibytes) {
    heading("The same with `Spool=no`");
    text.format("| payload | to | time | installed | CPU time |\n");
    text.format("|---|---|--:|--:|--:|\n");
    rows.forEach((row, series) ->
        text.format(
            "| `%s` | %s | %s | %.0f MB/s | %.1f s |\n",
            row.payload().format().suffix(),
            row.target().description(),
            time(series),
            megabytes(imageMebibytes) / series.wallSeconds(),
            series.cpuSeconds()));
    return this;
  }

  Report resumed(Map<Payload.Format, InstallBenchmark.Interrupted> rows) {
    heading("Killed when half had arrived, and continued");
    text.format(
        "| payload | without interruption | until killed | continued | together | more |\n");
    text.format("|---|--:|--:|--:|--:|--:|\n");
    rows.forEach((format, row) ->
        text.format(
            "| `%s` | %s | %s | %s | %s | %.2f s |\n",
            format.suffix(),
            time(row.whole()),
            time(row.killed()),
            time(row.rest()),
            time(row.both()),
            row.both().wallSeconds() - row.whole().wallSeconds()));
    return this;
  }

  /** All sizes in 10⁶ bytes. */
  Report deltas(List<DeltaBenchmark.Row> rows, int rounds) {
    heading("Updating from the version before with `apply`");
    text.format("Medians of %d, after one that does not count.\n", rounds);
    text.format("\n");
    text.format(
        "| pair | old image | new image | `zstd -3` | `pack` | fetched, `Delta=no` | time | fetched"
            + " | of it | time | CPU time | peak memory |\n");
    text.format("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (DeltaBenchmark.Row row : rows) {
      text.format(
          "| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %s | %.1f | %.0f %% | %s | %.1f s | %.0f MiB"
              + " |\n",
          row.name(),
          row.oldBytes() / 1e6,
          row.newBytes() / 1e6,
          row.packedBytes() / 1e6,
          row.seekableBytes() / 1e6,
          row.full().fetchedBytes() / 1e6,
          time(row.full().series()),
          row.delta().fetchedBytes() / 1e6,
          100.0 * row.delta().fetchedBytes() / row.full().fetchedBytes(),
          time(row.delta().series()),
          row.delta().series().cpuSeconds(),
          row.delta().series().peakMebibytes());
    }
    return this;
  }

  Report limits(Map<String, Sample.Series> rows, int imageMebibytes) {
    heading("What the machine can do");
    text.format("| step, with the native tool | time | image | CPU time |\n");
    text.format("|---|--:|--:|--:|\n");
    rows.forEach((name, series) ->
        text.format(
            "| %s | %s | %.0f MB/s | %s |\n",
            name,
            time(series),
            megabytes(imageMebibytes) / series.wallSeconds(),
            series.cpuSeconds() == 0 ? "–" : "%.1f s".formatted(series.cpuSeconds())));
    return this;
  }

  Report answers(Map<String, Sample.Series> rows, int rounds) {
    heading("Answers");
    text.format("Medians of %d.\n", rounds);
    text.format("\n");
    text.format("| command | time | CPU time | peak memory |\n");
    text.format("|---|--:|--:|--:|\n");
    rows.forEach((verb, series) ->
        text.format(
            "| `%s` | %.0f ms (%.0f–%.0f) | %.0f ms | %.0f MiB |\n",
            verb,
            1000 * series.wallSeconds(),
            1000 * series.wallSecondsMin(),
            1000 * series.wallSecondsMax(),
            1000 * series.cpuSeconds(),
            series.peakMebibytes()));
    return this;
  }

  private static String time(Sample.Series series) {
    return String.format(
        Locale.ROOT,
        "%.2f s (%.2f–%.2f)",
        series.wallSeconds(),
        series.wallSecondsMin(),
        series.wallSecondsMax());
  }

  private static double megabytes(int mebibytes) {
    return mebibytes * (double) (1 << 20) / 1e6;
  }

  private void heading(String title) {
    text.format("\n### %s\n\n", title);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
