package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the machine can do at each step of an installation, by the usual native tools, on the same
 * image: no updater can be faster than the slowest of them.
 */
final class LimitBenchmark {
  private interface Task {
    Sample run() throws IOException;
  }

  private final Path work;
  private final Stopwatch stopwatch;
  private final ServerProcess server;

  LimitBenchmark(Path work, Stopwatch stopwatch, ServerProcess server) {
    this.work = work;
    this.stopwatch = stopwatch;
    this.server = server;
  }

  Map<String, Sample.Series> run(List<Payload> payloads, int rounds) throws IOException {
    Map<String, Task> tasks = tasks(payloads);
    var samples = new LinkedHashMap<String, List<Sample>>();
    for (int round = 0; round <= rounds; round++) {
      for (var task : tasks.entrySet()) {
        System.err.printf(
            "Limits of the machine, round %d of %d: %s …%n", round, rounds, task.getKey());
        Sample sample = task.getValue().run();
        if (round > 0) {
          samples.computeIfAbsent(task.getKey(), _ -> new ArrayList<>()).add(sample);
        }
      }
    }
    var series = new LinkedHashMap<String, Sample.Series>();
    samples.forEach((row, several) -> series.put(row, new Sample.Series(several)));
    return series;
  }

  private Map<String, Task> tasks(List<Payload> payloads) {
    var tasks = new LinkedHashMap<String, Task>();
    String image = payloads.getFirst().file().toString();
    tasks.put("fetch the image from the server, throw it away", this::fetch);
    tasks.put(
        "`dd conv=fsync` to a new file", () -> write(image, work.resolve("written").toString()));
    tasks.put(
        "`openssl dgst -sha256` of the image",
        () -> stopwatch.measureSilently(List.of("openssl", "dgst", "-sha256", image)));
    for (Payload payload : payloads) {
      String packed = payload.file().toString();
      switch (payload.format()) {
        case RAW -> {}
        case ZSTD -> unpack(tasks, "zstd", "-q", "-d", "-c", packed);
        case XZ -> {
          unpack(tasks, "xz", "-d", "-T1", "-c", packed);
          unpack(tasks, "xz", "-d", "-T0", "-c", packed);
        }
        case GZIP -> unpack(tasks, "gzip", "-d", "-c", packed);
      }
    }
    return tasks;
  }

  private void unpack(Map<String, Task> tasks, String... command) {
    var words = List.of(command);
    String shown = String.join(" ", words.subList(0, words.size() - 1));
    tasks.put("`" + shown + "` to nowhere", () -> stopwatch.measureSilently(words));
  }

  private Sample write(String image, String target) throws IOException {
    try {
      stopwatch.measureSilently(List.of("sync", "-f", work.toString()));
      return stopwatch.measureSilently(
          List.of("dd", "if=" + image, "of=" + target, "bs=1M", "conv=fsync", "status=none"));
    } finally {
      Files.deleteIfExists(Path.of(target));
    }
  }

  /** In this process: processor time and memory are not told. */
  private Sample fetch() throws IOException {
    long start = System.nanoTime();
    server.drain("payloads/bench_2" + Payload.Format.RAW.suffix());
    return new Sample(Duration.ofNanos(System.nanoTime() - start), Duration.ZERO, 0);
  }
}
