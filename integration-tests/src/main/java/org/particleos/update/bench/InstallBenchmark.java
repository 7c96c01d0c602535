package org.particleos.update.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How fast {@code apply} installs one image: fetched from loopback, its digest checked against a
 * signed manifest, unpacked, written into an empty slot, flushed, published.
 */
final class InstallBenchmark {
  /** One row of the result. */
  record Case(Payload payload, TargetDisk.Kind target, Contender program) {}

  /**
   * An installation that is killed when half of it has arrived, beside one that is not.
   *
   * @param whole without interruption
   * @param killed from the start of the first process until it was killed
   * @param rest of the second process
   * @param both of these together
   */
  record Interrupted(
      Sample.Series whole, Sample.Series killed, Sample.Series rest, Sample.Series both) {}

  private interface Measuring {
    Sample measure(List<String> command, Map<String, String> environment) throws IOException;
  }

  /** What one MiB takes in a journal of the spool. */
  private static final int LINE_BYTES = 9;

  private final Contender ours;
  private final Path work;
  private final Path state;
  private final Map<String, String> environment;
  private final Stopwatch stopwatch;
  private final ServerProcess server;
  private final Path image;
  private final int imageMebibytes;

  /**
   * @param work holds {@code import-pubring.pgp}, the key of the server's manifest
   * @param raw the image as it is
   */
  InstallBenchmark(
      Contender ours, Path work, Stopwatch stopwatch, ServerProcess server, Payload raw)
      throws IOException {
    this.ours = ours;
    this.work = work;
    this.stopwatch = stopwatch;
    this.server = server;
    this.image = raw.file();
    this.imageMebibytes = Math.toIntExact(Files.size(image) >> 20);
    this.state = work.resolve("state");
    Path osRelease = work.resolve("os-release");
    Files.writeString(osRelease, "ID=bench\nIMAGE_ID=bench\nIMAGE_VERSION=1\n");
    this.environment =
        Map.of(
            "SYSTEMD_OS_RELEASE",
            osRelease.toString(),
            "SYSTEMD_OPENPGP_KEYRING",
            work.resolve("import-pubring.pgp").toString(),
            "PARTICLE_UPDATE_CONFIGURATION",
            work.resolve("particle-update.conf").toString(),
            "PARTICLE_UPDATE_STATE_DIRECTORY",
            state.toString());
  }

  /** Also by others, in turns with ours. */
  Map<Case, Sample.Series> run(List<Payload> payloads, int rounds, List<Contender> others)
      throws IOException {
    List<Contender> all = new ArrayList<>(others);
    all.addFirst(ours);
    return run(payloads, rounds, all, "");
  }

  /** The same with nothing kept for the case of an interruption; only what is packed. */
  Map<Case, Sample.Series> withoutSpool(List<Payload> payloads, int rounds) throws IOException {
    return run(
        payloads.stream().filter(each -> each.format() != Payload.Format.RAW).toList(),
        rounds,
        List.of(ours),
        "[Download]\nSpool=no\n");
  }

  /** Variants take turns, so that what else the machine does hits all alike. */
  private Map<Case, Sample.Series> run(
      List<Payload> payloads, int rounds, List<Contender> programs, String configuration)
      throws IOException {
    configure(configuration);
    var samples = new LinkedHashMap<Case, List<Sample>>();
    for (int round = 0; round <= rounds; round++) {
      for (Payload payload : payloads) {
        for (TargetDisk.Kind kind : possible()) {
          for (Contender program : programs) {
            if (!program.targets().contains(kind)) {
              continue;
            }
            System.err.printf(
                "Installing, round %d of %d: %s to %s, by %s …%n",
                round, rounds, payload.format().suffix(), kind.description(), program.name());
            Sample sample = install(program, payload, kind, round == 0);
            System.err.println("  " + sample);
            if (round > 0) {
              samples
                  .computeIfAbsent(new Case(payload, kind, program), _ -> new ArrayList<>())
                  .add(sample);
            }
          }
        }
      }
    }
    var series = new LinkedHashMap<Case, Sample.Series>();
    samples.forEach((row, several) -> series.put(row, new Sample.Series(several)));
    return series;
  }

  private Sample install(Contender program, Payload payload, TargetDisk.Kind kind, boolean compared)
      throws IOException {
    try (var disk = TargetDisk.create(work, kind, imageMebibytes)) {
      Sample sample = install(program, payload, disk, this::toItsEnd);
      if (compared) {
        disk.requireContent(image);
      }
      return sample;
    }
  }

  private static List<TargetDisk.Kind> possible() {
    return Stream.of(TargetDisk.Kind.values()).filter(kind -> kind.obstacle().isEmpty()).toList();
  }

  private void configure(String text) throws IOException {
    Files.writeString(work.resolve("particle-update.conf"), text);
  }

  /** To an image file each: what is killed in the middle and goes on, and what runs through. */
  Map<Payload.Format, Interrupted> resume(List<Payload> payloads, int rounds) throws IOException {
    configure("");
    var all = new LinkedHashMap<Payload.Format, Interrupted>();
    for (Payload payload : payloads) {
      var whole = new ArrayList<Sample>();
      var killed = new ArrayList<Sample>();
      var rest = new ArrayList<Sample>();
      var both = new ArrayList<Sample>();
      for (int round = 0; round <= rounds; round++) {
        System.err.printf(
            "Interrupting, round %d of %d: %s …%n", round, rounds, payload.format().suffix());
        Sample undisturbed;
        try (var disk = TargetDisk.create(work, TargetDisk.Kind.FILE, imageMebibytes)) {
          undisturbed = install(ours, payload, disk, this::toItsEnd);
        }
        long half = Files.size(payload.file()) / 2;
        try (var disk = TargetDisk.create(work, TargetDisk.Kind.FILE, imageMebibytes)) {
          Sample first =
              install(
                  ours,
                  payload,
                  disk,
                  (command, variables) ->
                      stopwatch.measureUntil(command, variables, () -> keptBytes() >= half));
          Sample second = install(ours, payload, disk, this::toItsEnd);
          System.err.println("  " + undisturbed + ", " + first + ", " + second);
          if (round == 0) {
            disk.requireContent(image);
          } else {
            whole.add(undisturbed);
            killed.add(first);
            rest.add(second);
            both.add(first.and(second));
          }
        }
      }
      all.put(
          payload.format(),
          new Interrupted(
              new Sample.Series(whole),
              new Sample.Series(killed),
              new Sample.Series(rest),
              new Sample.Series(both)));
    }
    return all;
  }

  /** What the journals speak of: a line of nine bytes for each MiB, and a short head. */
  private long keptBytes() throws IOException {
    Path spool = state.resolve("spool");
    if (!Files.exists(spool)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(spool, 2)) {
      long bytes = 0;
      for (Path file : files.filter(each -> each.toString().endsWith(".journal")).toList()) {
        bytes += (Files.size(file) / LINE_BYTES) << 20;
      }
      return bytes;
    } catch (UncheckedIOException | NoSuchFileException _) {
      return 0; // gone while we looked
    }
  }

  private Sample toItsEnd(List<String> command, Map<String, String> variables) throws IOException {
    return stopwatch.measure(command, variables, 0);
  }

  private Sample install(Contender program, Payload payload, TargetDisk disk, Measuring measuring)
      throws IOException {
    Path definitions = Files.createDirectories(work.resolve("sysupdate.d"));
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
    return measuring.measure(program.installing(definitions), environment);
  }
}
