package org.particleos.update.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs another program and waits for it. */
public final class Tool {
  /** Longer than any tool here needs on a slow machine. */
  private static final long MINUTES_MAX = 10;

  private Tool() {}

  /** What a program printed on both streams, and how it ended. */
  public record Result(int status, String output) {}

  /** Where a program of that name is, system directories included; empty if nowhere. */
  public static Optional<Path> find(String name) {
    List<String> directories =
        new ArrayList<>(List.of(System.getenv().getOrDefault("PATH", "").split(":", -1)));
    directories.addAll(List.of("/usr/sbin", "/sbin"));
    return directories.stream()
        .filter(directory -> directory.startsWith("/"))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Runs to a good end, or throws with what it printed. */
  public static String run(Path directory, String... command) throws IOException {
    Result result = call(directory, Map.of(), "", command);
    if (result.status() != 0) {
      throw new IOException(
          String.join(" ", command) + " ended with " + result.status() + ":\n" + result.output());
    }
    return result.output();
  }

  /** Runs with additional environment and something on standard input. */
  public static Result call(
      Path directory, Map<String, String> environment, String input, String... command)
      throws IOException {
    List<String> words = new ArrayList<>(List.of(command));
    words.set(0, find(command[0]).map(Path::toString).orElse(command[0]));
    var builder = new ProcessBuilder(words).directory(directory.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    try (var stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(waitFor(process, words), output);
  }

  private static int waitFor(Process process, List<String> words) throws IOException {
    try {
      if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IOException(String.join(" ", words) + " did not end");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for " + words.getFirst(), e);
    }
  }
}
