package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Measures only how long answers take, of a program that lies somewhere: the packaged one. */
public final class PackagedAnswers {
  /** As the whole benchmark does. */
  private static final int ROUNDS = 15;

  private PackagedAnswers() {}

  /**
   * Prints Markdown.
   *
   * @param args the program, the shipped definitions
   */
  public static void main(String[] args) throws IOException {
    Path work = Files.createTempDirectory("particle-update-answers");
    try {
      Path web = Files.createDirectories(work.resolve("web"));
      var stopwatch = new Stopwatch(work.resolve("output.log"));
      var answers =
          AnswerBenchmark.prepare(
              Path.of(args[0]).toRealPath(), stopwatch, work, web.resolve("release"));
      try (var server = new ServerProcess(web)) {
        System.out.print(
            new Report()
                .machine(MachineFacts.read(work))
                .answers(answers.run(Path.of(args[1]), server.uri("release/"), ROUNDS), ROUNDS));
      }
    } finally {
      try (Stream<Path> files = Files.walk(work)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
