package org.particleos.update.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The packaged program, and how to call it: with a clean environment, so that proxies, locales and
 * Java options of whoever runs the tests play no part.
 *
 * @param executable the launcher
 * @param prefix what runs the launcher, such as {@code setpriv}; mostly empty
 */
record Program(Path executable, List<String> prefix, Map<String, String> environment) {
  /** A run that takes longer hangs. */
  private static final long MINUTES_MAX = 3;

  Program {
    prefix = List.copyOf(prefix);
    environment = Map.copyOf(environment);
  }

  /** Where the build left the distribution. */
  static Path distribution() {
    return Path.of(System.getProperty("particle-update.dist")).toAbsolutePath().normalize();
  }

  static Program packaged() {
    return new Program(distribution().resolve("bin/particle-update"), List.of(), Map.of());
  }

  /**
   * The same under the name of the program that it can stand in for. Starts quickly at the cost of
   * throughput: what is tested under this name is many small runs.
   */
  static Program reference() {
    return packaged()
        .at(distribution().resolve("bin/systemd-sysupdate"))
        .with("PARTICLE_UPDATE_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1");
  }

  Program with(String variable, String value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(variable, value);
    return new Program(executable, prefix, more);
  }

  Program with(Map<String, String> variables) {
    Map<String, String> more = new HashMap<>(environment);
    more.putAll(variables);
    return new Program(executable, prefix, more);
  }

  Program at(Path otherExecutable) {
    return new Program(otherExecutable, prefix, environment);
  }

  Program through(String... words) {
    return new Program(executable, List.of(words), environment);
  }

  /** A run that has begun. */
  record Running(Process process, CompletableFuture<String> out, CompletableFuture<String> err) {
    /** Asks it to stop. Not by the process object, which would close its streams, too. */
    void terminate() {
      process.toHandle().destroy();
    }

    /** Ends it as a power cut does, as far as a process can tell. */
    void kill() {
      process.toHandle().destroyForcibly();
    }

    /** Waits for the end. */
    Run end() throws InterruptedException {
      if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError("the program did not end:\n" + err.join());
      }
      return new Run(process.exitValue(), out.join(), err.join());
    }
  }

  Running start(String... arguments) throws IOException {
    List<String> words = new ArrayList<>(OwnPlaces.prefix());
    words.addAll(prefix);
    words.add(executable.toString());
    words.addAll(List.of(arguments));
    var builder = new ProcessBuilder(words);
    builder.environment().clear();
    builder
        .environment()
        .put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().put("HOME", "/nonexistent");
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    return new Running(process, text(process.getInputStream()), text(process.getErrorStream()));
  }

  Run run(String... arguments) throws IOException, InterruptedException {
    return start(arguments).end();
  }

  private static CompletableFuture<String> text(InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        task -> Thread.ofPlatform().daemon().start(task));
  }
}
