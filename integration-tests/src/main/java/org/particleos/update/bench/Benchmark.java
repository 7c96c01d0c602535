package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;

/** Measures everything and prints Markdown; progress goes to standard error. */
public final class Benchmark {
  private static final int USAGE_STATUS = 2;

  private final Path program;
  private final Path shipped;
  private final BenchmarkOptions options;
  private final Path data;
  private final Path work;

  private Benchmark(Path program, Path shipped, BenchmarkOptions options) throws IOException {
    this.program = program.toRealPath();
    this.shipped = shipped;
    this.options = options;
    this.data = Files.createDirectories(options.data()).toRealPath();
    this.work = data.resolve("work");
  }

  /** Arguments: the program, the shipped definitions, and the options of the user. */
  public static void main(String[] args) throws Exception {
    BenchmarkOptions options;
    try {
      options = BenchmarkOptions.parse(Arrays.copyOfRange(args, 2, args.length));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(BenchmarkOptions.USAGE);
      System.exit(USAGE_STATUS);
      return;
    }
    var benchmark = new Benchmark(Path.of(args[0]), Path.of(args[1]), options);
    System.out.print(
        options.images().isPresent()
            ? benchmark.runDeltas(options.images().get())
            : benchmark.run());
  }

  private Report run() throws IOException {
    MachineFacts facts = MachineFacts.read(data);
    List<Payload> payloads =
        options.needsImages()
            ? Payload.prepare(data, options.imageMebibytes(), options.formats())
            : List.of();
    delete(work);
    Path web = Files.createDirectories(work.resolve("web"));
    var stopwatch = new Stopwatch(work.resolve("output.log"));
    var report = new Report().machine(facts);
    if (options.needsImages()) {
      System.err.println("Publishing …");
      publish(payloads, web.resolve("payloads"));
      report.images(options);
    }
    var answers = AnswerBenchmark.prepare(program, stopwatch, work, web.resolve("release"));
    List<Payload> chosen =
        payloads.stream().filter(each -> options.formats().contains(each.format())).toList();
    try (var server = new ServerProcess(web)) {
      for (var part : options.parts()) {
        switch (part) {
          case INSTALL ->
              report.installations(
                  installations(stopwatch, server, payloads)
                      .run(chosen, options.rounds(), others()),
                  options.imageMebibytes());
          case SPOOL ->
              report.withoutSpool(
                  installations(stopwatch, server, payloads).withoutSpool(chosen, options.rounds()),
                  options.imageMebibytes());
          case RESUME ->
              report.resumed(
                  installations(stopwatch, server, payloads).resume(chosen, options.rounds()));
          case LIMITS ->
              report.limits(
                  new LimitBenchmark(work, stopwatch, server).run(payloads, options.rounds()),
                  options.imageMebibytes());
          case ANSWERS ->
              report.answers(
                  answers.run(shipped, server.uri("release/"), options.answers()),
                  options.answers());
        }
      }
      delete(work);
      return report;
    }
  }

  private InstallBenchmark installations(
      Stopwatch stopwatch, ServerProcess server, List<Payload> payloads) throws IOException {
    return new InstallBenchmark(
        Contender.ours(program), work, stopwatch, server, payloads.getFirst());
  }

  private List<Contender> others() throws IOException {
    return options.reference().isPresent()
        ? List.of(Contender.reference(options.reference().get().toRealPath(), work))
        : List.of();
  }

  private Report runDeltas(Path images) throws IOException {
    MachineFacts facts = MachineFacts.read(data);
    delete(work);
    Files.createDirectories(work);
    var deltas = new DeltaBenchmark(program, shipped, work);
    var report =
        new Report()
            .machine(facts)
            .deltas(deltas.run(images.toRealPath(), options.rounds()), options.rounds());
    delete(work);
    return report;
  }

  /** All formats as version 2 under one signed manifest; each definition matches one of them. */
  private void publish(List<Payload> payloads, Path folder) throws IOException {
    try (var publisher = new Publisher(folder, DemoMachine.architecture())) {
      for (Payload payload : payloads) {
        Files.createLink(folder.resolve("bench_2" + payload.format().suffix()), payload.file());
      }
      publisher.exportKeyring(work.resolve("import-pubring.pgp"));
      publisher.sign();
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
