package org.particleos.update.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;
import org.particleos.update.demo.Release;

/**
 * How long a user waits for an answer: on a machine in the ParticleOS manner with the four shipped
 * definitions, and a server with a newer version under a signed manifest.
 */
final class AnswerBenchmark {
  /** Small, since nothing is installed. */
  private static final long CONTENT_BYTES = 4L << 20;

  private static final long SLOT_BYTES = 16L << 20;

  private final Path program;
  private final Stopwatch stopwatch;
  private final DemoMachine machine;

  private AnswerBenchmark(Path program, Stopwatch stopwatch, DemoMachine machine) {
    this.program = program;
    this.stopwatch = stopwatch;
    this.machine = machine;
  }

  /**
   * Builds the machine and publishes what it is offered.
   *
   * @param work an empty folder
   * @param web what will be served
   */
  static AnswerBenchmark prepare(Path program, Stopwatch stopwatch, Path work, Path web)
      throws IOException {
    var machine = new DemoMachine(Files.createDirectories(work.resolve("machine")));
    machine.install(release(work, "1"), SLOT_BYTES);
    try (var publisher = new Publisher(web, DemoMachine.architecture())) {
      publisher.exportKeyring(machine.keyring());
      publisher.add(release(work, "2"));
      publisher.sign();
    }
    return new AnswerBenchmark(program, stopwatch, machine);
  }

  private static Release release(Path work, String version) throws IOException {
    Path folder = Files.createDirectories(work.resolve("release-" + version));
    return Release.build(folder, version, CONTENT_BYTES);
  }

  Map<String, Sample.Series> run(Path shipped, URI server, int rounds) throws IOException {
    machine.configure(shipped, server);
    System.err.println("Measuring answers …");
    var samples = new LinkedHashMap<String, List<Sample>>();
    for (int round = 0; round <= rounds; round++) {
      for (String verb : List.of("--version", "status", "check")) {
        var command = new ArrayList<>(List.of(program.toString(), verb));
        if (!verb.startsWith("-")) {
          command.add("--definitions=" + machine.definitions());
        }
        Sample sample = stopwatch.measure(command, machine.environment(), 0);
        if (round > 0) {
          samples.computeIfAbsent(verb, _ -> new ArrayList<>()).add(sample);
        }
      }
    }
    var series = new LinkedHashMap<String, Sample.Series>();
    samples.forEach((row, several) -> series.put(row, new Sample.Series(several)));
    return series;
  }
}
