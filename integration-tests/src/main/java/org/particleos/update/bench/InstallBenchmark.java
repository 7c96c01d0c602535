package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How fast {@code apply} installs one image: fetched from loopback, its digest checked against a
 * signed manifest, unpacked, written into an empty slot, flushed, published.
 */
final class InstallBenchmark {
  /** One row of the result. */
  record Case(Payload payload, TargetDisk.Kind target) {}

  private final Path program;
  private final Path work;
  private final Map<String, String> environment;
  private final Stopwatch stopwatch;
  private final ServerProcess server;
  private final int imageMebibytes;

  /**
   * @param work holds {@code import-pubring.pgp}, the key of the server's manifest
   */
  InstallBenchmark(
      Path program, Path work, Stopwatch stopwatch, ServerProcess server, int imageMebibytes)
      throws IOException {
    this.program = program;
    this.work = work;
    this.stopwatch = stopwatch;
    this.server = server;
    this.imageMebibytes = imageMebibytes;
    Path osRelease = work.resolve("os-release");
    Files.writeString(osRelease, "ID=bench\nIMAGE_ID=bench\nIMAGE_VERSION=1\n");
    this.environment =
        Map.of(
            "SYSTEMD_OS_RELEASE",
            osRelease.toString(),
            "SYSTEMD_OPENPGP_KEYRING",
            work.resolve("import-pubring.pgp").toString());
  }

  /** Variants take turns, so that what else the machine does hits all alike. */
  Map<Case, Sample.Series> run(List<Payload> payloads, int rounds) throws IOException {
    Path image = payloads.getFirst().file();
    var samples = new LinkedHashMap<Case, List<Sample>>();
    for (int round = 0; round <= rounds; round++) {
      for (Payload payload : payloads) {
        for (TargetDisk.Kind kind : TargetDisk.Kind.values()) {
          if (!kind.obstacle().isEmpty()) {
            continue;
          }
          System.err.printf(
              "Installing, round %d of %d: %s to %s …%n",
              round, rounds, payload.format().suffix(), kind.description());
          boolean warmUp = round == 0;
          Sample sample = install(payload, kind, image, warmUp);
          System.err.println("  " + sample);
          if (!warmUp) {
            samples.computeIfAbsent(new Case(payload, kind), _ -> new ArrayList<>()).add(sample);
          }
        }
      }
    }
    var series = new LinkedHashMap<Case, Sample.Series>();
    samples.forEach((row, several) -> series.put(row, new Sample.Series(several)));
    return series;
  }

  private Sample install(Payload payload, TargetDisk.Kind kind, Path image, boolean compare)
      throws IOException {
    Path definitions = Files.createDirectories(work.resolve("sysupdate.d"));
    try (var disk = TargetDisk.create(work, kind, imageMebibytes)) {
      Files.writeString(
          definitions.resolve("50-bench.transfer"),
          """
          [Source]
          Type=url-file
          Path=%s
          MatchPattern=bench_@v%s

          [Target]
          Type=partition
          Path=%s
          MatchPattern=bench_@v
          MatchPartitionType=usr
          """
              .formatted(server.uri("payloads/"), payload.format().suffix(), disk.path()));
      // What an earlier run left to write must not be written on this one's time.
      stopwatch.measureSilently(List.of("sync", "-f", work.toString()));
      Sample sample =
          stopwatch.measure(
              List.of(program.toString(), "apply", "--definitions=" + definitions), environment, 0);
      if (compare) {
        disk.requireContent(image);
      }
      return sample;
    }
  }
}
