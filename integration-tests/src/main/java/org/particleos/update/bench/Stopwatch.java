package org.particleos.update.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs a process to its end and measures it. Only one at a time: the processor time is what Linux
 * adds to this process for children that have ended (proc(5), {@code cutime} and {@code cstime}).
 */
final class Stopwatch {
  /** Short enough not to miss the peak of a process that lives for a quarter of a second. */
  private static final long POLL_MILLIS = 20;

  /** Longer than compressing the image takes on a slow machine. */
  private static final Duration RUN_MAX = Duration.ofHours(1);

  /** {@code USER_HZ}, which is 100 for every architecture that the program is built for. */
  private static final long TICKS_PER_SECOND = 100;

  private static final int CUTIME = 16;
  private static final int CSTIME = 17;

  /** What is left of the line behind the name of the command begins with this field. */
  private static final int FIRST_FIELD = 3;

  /** How a process ends that was killed: 128 and SIGKILL. */
  private static final int KILLED_STATUS = 137;

  private static final int LOG_CHARACTERS_MAX = 4000;

  /** Looked at again and again while a process runs. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws IOException;
  }

  private final Path log;

  /**
   * @param log where the output of a process is kept until the next one
   */
  Stopwatch(Path log) {
    this.log = log;
  }

  /** The same with all that is printed thrown away. */
  Sample measureSilently(List<String> command) throws IOException {
    return measure(command, Map.of(), 0, new File("/dev/null"), () -> false);
  }

  /**
   * @throws IOException if the process ends with another status; says what it printed
   */
  Sample measure(List<String> command, Map<String, String> environment, int status)
      throws IOException {
    return measure(command, environment, status, log.toFile(), () -> false);
  }

  /** Kills the process as soon as something is so. */
  Sample measureUntil(List<String> command, Map<String, String> environment, Condition end)
      throws IOException {
    return measure(command, environment, KILLED_STATUS, log.toFile(), end);
  }

  private Sample measure(
      List<String> command, Map<String, String> environment, int status, File output, Condition end)
      throws IOException {
    var builder = new ProcessBuilder(command);
    builder.redirectOutput(output).redirectInput(new File("/dev/null"));
    builder.redirectError(log.toFile());
    if (output.equals(log.toFile())) {
      builder.redirectErrorStream(true);
    }
    // A proxy must not come between the program and the server on this machine.
    builder.environment().keySet().removeIf(name -> name.matches("(?i)(https?|all)_proxy"));
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().putAll(environment);

    long ticks = ticksOfChildren();
    long start = System.nanoTime();
    Process process = builder.start();
    long peakBytes = 0;
    try {
      while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        peakBytes = Math.max(peakBytes, peakBytes(process.pid()));
        if (end.holds()) {
          process.destroyForcibly();
        }
        if (System.nanoTime() - start > RUN_MAX.toNanos()) {
          throw new IOException(String.join(" ", command) + " did not end");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while measuring " + command.getFirst(), e);
    } finally {
      process.destroyForcibly();
    }
    long nanos = System.nanoTime() - start;
    if (process.exitValue() != status) {
      throw new IOException(
          String.join(" ", command)
              + " ended with "
              + process.exitValue()
              + ", expected "
              + status
              + ":\n"
              + endOfLog());
    }
    var cpu = Duration.ofMillis((ticksOfChildren() - ticks) * 1000 / TICKS_PER_SECOND);
    return new Sample(Duration.ofNanos(nanos), cpu, peakBytes);
  }

  private static long ticksOfChildren() throws IOException {
    String line = Files.readString(Path.of("/proc/self/stat"));
    String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[CUTIME - FIRST_FIELD])
        + Long.parseLong(fields[CSTIME - FIRST_FIELD]);
  }

  /** Zero for a process that is just ending. */
  private static long peakBytes(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/status"))
          .lines()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException _) {
      return 0; // it has ended since
    }
  }

  private String endOfLog() throws IOException {
    String text = Files.readString(log);
    return text.substring(Math.max(0, text.length() - LOG_CHARACTERS_MAX));
  }
}
