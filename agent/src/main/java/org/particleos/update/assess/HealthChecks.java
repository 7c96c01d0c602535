package org.particleos.update.assess;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.particleos.update.assess.CheckResult.Verdict;
import org.particleos.update.failure.Quote;

/**
 * The health checks of a machine: executables, and lists of units ({@code *.units}) that must run,
 * one after the other in the order of their names. Of files with the same name in several folders
 * the first folder's counts; a link to {@code /dev/null} hides the others. All together have one
 * time limit.
 */
public final class HealthChecks {
  /** Names a folder with checks that is used instead of all others, for tests. */
  public static final String VARIABLE = "PARTICLE_UPDATE_HEALTH_DIRECTORY";

  private static final String UNITS = ".units";

  /** More is a mistake. */
  static final int CHECKS_MAX = 64;

  private static final int LIST_BYTES_MAX = 1 << 16;

  /** How often a unit that is on its way is asked for. */
  private static final Duration UNIT_PAUSE = Duration.ofMillis(500);

  private final List<Path> folders;
  private final Map<String, String> variables;
  private final Units units;
  private final Duration limit;
  private final Consumer<String> warning;
  private final List<CheckResult> results = new ArrayList<>();
  private long deadlineNanos;

  /**
   * Checks of one start.
   *
   * @param folders the first has priority
   * @param variables what every check finds in its environment
   * @param limit for all together
   */
  public HealthChecks(
      List<Path> folders,
      Map<String, String> variables,
      Units units,
      Duration limit,
      Consumer<String> warning) {
    this.folders = List.copyOf(folders);
    this.variables = Map.copyOf(variables);
    this.units = units;
    this.limit = limit;
    this.warning = warning;
  }

  /** Where checks of a system are. */
  public static List<Path> folders(Path root, Map<String, String> environment) {
    String folder = environment.getOrDefault(VARIABLE, "");
    if (folder.startsWith("/")) {
      return List.of(Path.of(folder));
    }
    return Stream.of("etc", "run", "usr/local/lib", "usr/lib")
        .map(parent -> root.resolve(parent).resolve("particle-update/health.d"))
        .toList();
  }

  /** Runs all of them. Used once. */
  public List<CheckResult> run() throws InterruptedException {
    deadlineNanos = System.nanoTime() + limit.toNanos();
    for (Map.Entry<String, Path> file : files().entrySet()) {
      if (isFull()) {
        break;
      }
      if (file.getKey().endsWith(UNITS)) {
        units(file.getValue());
      } else {
        execute(file.getKey(), file.getValue());
      }
    }
    return List.copyOf(results);
  }

  /** Whether no check more is run; then that is a failure of its own, told once. */
  private boolean isFull() {
    if (results.size() < CHECKS_MAX) {
      return false;
    }
    if (results.size() == CHECKS_MAX) {
      result("limit", Verdict.FAILED, "there are more than " + CHECKS_MAX + " checks", 0);
    }
    return true;
  }

  private Duration left() {
    return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
  }

  private void result(String name, Verdict verdict, String text, long beganNanos) {
    long nanos = beganNanos == 0 ? 0 : System.nanoTime() - beganNanos;
    results.add(new CheckResult(name, verdict, text, TimeUnit.NANOSECONDS.toMillis(nanos)));
  }

  /** By name, hidden ones and backups left out. */
  private Map<String, Path> files() {
    var files = new TreeMap<String, Path>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (Stream<Path> all = Files.list(folder)) {
        for (Path file : all.toList()) {
          String name = String.valueOf(file.getFileName());
          if (!name.startsWith(".") && !name.endsWith("~")) {
            files.putIfAbsent(name, file);
          }
        }
      } catch (IOException e) {
        // Not to be able to look for checks is no good sign.
        result(folder.toString(), Verdict.FAILED, "it cannot be read: " + e.getMessage(), 0);
      }
    }
    files.values().removeIf(HealthChecks::masked);
    return files;
  }

  private static boolean masked(Path file) {
    try {
      return file.toRealPath().equals(Path.of("/dev/null"));
    } catch (IOException _) {
      return false; // what is there and leads nowhere fails as a check
    }
  }

  // ---- Executables ----

  private void execute(String name, Path file) throws InterruptedException {
    if (Files.isRegularFile(file) && !Files.isExecutable(file)) {
      warning.accept(
          Quote.quote(file.toString())
              + " is not executable and no list of units (*.units): it is passed over");
      return;
    }
    long began = System.nanoTime();
    Duration left = left();
    if (left.isZero()) {
      result(name, Verdict.TIMED_OUT, "not begun: the others took all of the time", 0);
      return;
    }
    try {
      BoundedProcess.End end =
          BoundedProcess.run(List.of(file.toString()), variables, Path.of("/"), left);
      String said = lastLine(end.output());
      switch (end) {
        case BoundedProcess.End.Exited(var status, _) when status == 0 ->
            result(name, Verdict.PASSED, said, began);
        case BoundedProcess.End.Exited(var status, _) ->
            result(
                name,
                Verdict.FAILED,
                (status > 128 ? "ended by signal " + (status - 128) : "exit status " + status)
                    + (said.isEmpty() ? "" : ": " + said),
                began);
        case BoundedProcess.End.TimedOut _ ->
            result(
                name,
                Verdict.TIMED_OUT,
                "not done in time" + (said.isEmpty() ? "" : ": " + said),
                began);
      }
    } catch (IOException e) {
      result(name, Verdict.FAILED, "it cannot be run: " + e.getMessage(), began);
    }
  }

  /** The last thing that it said, safe to print. */
  private static String lastLine(String output) {
    Optional<String> last =
        output.lines().filter(line -> !line.isBlank()).reduce((_, later) -> later);
    return last.map(
            line -> {
              String quoted = Quote.quote(line.strip());
              return quoted.substring(
                  1, quoted.endsWith("\"") ? quoted.length() - 1 : quoted.length());
            })
        .orElse("");
  }

  // ---- Units ----

  private void units(Path file) throws InterruptedException {
    String list = String.valueOf(file.getFileName());
    String text;
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LIST_BYTES_MAX + 1);
      if (bytes.length > LIST_BYTES_MAX) {
        result(list, Verdict.FAILED, "it has more than " + LIST_BYTES_MAX + " bytes", 0);
        return;
      }
      text = new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      result(list, Verdict.FAILED, "it cannot be read: " + e.getMessage(), 0);
      return;
    }
    List<String> names =
        text.lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
            .toList();
    for (String name : names) {
      if (isFull()) {
        return;
      }
      unit(name);
    }
  }

  private void unit(String name) throws InterruptedException {
    if (!Systemctl.isUnit(name)) {
      result(Quote.quote(name), Verdict.FAILED, "that is no name of a unit", 0);
      return;
    }
    long began = System.nanoTime();
    while (true) { // ends with the time limit
      Duration left = left();
      if (left.isZero()) {
        result(name, Verdict.TIMED_OUT, "it was not there in time", began);
        return;
      }
      try {
        switch (units.ask(name, left)) {
          case Units.State.Good() -> {
            result(name, Verdict.PASSED, "", began);
            return;
          }
          case Units.State.Bad(var why) -> {
            result(name, Verdict.FAILED, why, began);
            return;
          }
          case Units.State.Changing() -> {
            Duration pause = left.compareTo(UNIT_PAUSE) < 0 ? left : UNIT_PAUSE;
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
          }
        }
      } catch (IOException e) {
        result(name, Verdict.FAILED, String.valueOf(e.getMessage()), began);
        return;
      }
    }
  }
}
