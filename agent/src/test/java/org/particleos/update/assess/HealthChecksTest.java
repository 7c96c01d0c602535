package org.particleos.update.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.assess.CheckResult.Verdict;

class HealthChecksTest {
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir Path home;
  private final List<String> warnings = new ArrayList<>();

  /** Units that are what a test says, one answer after the other; the last one stays. */
  private final Map<String, Queue<Units.State>> states = new HashMap<>();

  private Path check(String folder, String name, String script) throws IOException {
    Path file = Files.createDirectories(home.resolve(folder)).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }

  private void list(String name, String... lines) throws IOException {
    Files.createDirectories(home.resolve("etc"));
    Files.write(home.resolve("etc").resolve(name), List.of(lines));
  }

  private Units.State ask(String unit) {
    Queue<Units.State> answers = states.getOrDefault(unit, new ArrayDeque<>());
    Units.State next = answers.size() > 1 ? answers.remove() : answers.peek();
    return next == null ? new Units.State.Bad("it is not running") : next;
  }

  private List<CheckResult> run(Duration limit) throws InterruptedException {
    return new HealthChecks(
            List.of(home.resolve("etc"), home.resolve("usr")),
            Map.of("PARTICLE_UPDATE_VERSION", "42"),
            (unit, _) -> ask(unit),
            limit,
            warnings::add)
        .run();
  }

  private static List<String> told(List<CheckResult> results) {
    return results.stream()
        .map(each -> (each.name() + " " + each.verdict() + " " + each.text()).strip())
        .toList();
  }

  @Test
  void withoutAnyCheckNothingIsWrong() throws Exception {
    assertEquals(List.of(), run(LONG));
  }

  @Test
  void allAreRunInTheOrderOfTheirNamesAlsoAfterAFailure() throws Exception {
    check("usr", "20-b", "echo first; echo \"no answer from $PARTICLE_UPDATE_VERSION\"; exit 3");
    check("etc", "10-a", "echo fine");
    check("etc", "30-c", "kill -TERM $$");

    assertEquals(
        List.of(
            "10-a PASSED fine",
            "20-b FAILED exit status 3: no answer from 42",
            "30-c FAILED ended by signal 15"),
        told(run(LONG)));
  }

  @Test
  void theAdministratorReplacesAndHidesWhatIsShipped() throws Exception {
    check("usr", "10-a", "exit 1");
    check("etc", "10-a", "echo other");
    check("usr", "20-b", "exit 1");
    Files.createSymbolicLink(home.resolve("etc/20-b"), Path.of("/dev/null"));

    assertEquals(List.of("10-a PASSED other"), told(run(LONG)));
  }

  @Test
  void whatIsNotExecutableIsPassedOverAndTold() throws Exception {
    Files.writeString(check("etc", "README", "exit 1"), "read me");
    assertTrue(home.resolve("etc/README").toFile().setExecutable(false, false));

    assertEquals(List.of(), run(LONG));
    assertTrue(warnings.getFirst().contains("README"), warnings::toString);
  }

  @Test
  void whatCannotBeRunFails() throws Exception {
    Files.createDirectories(home.resolve("etc"));
    Files.createSymbolicLink(home.resolve("etc/10-gone"), Path.of("/nowhere/at/all"));

    assertEquals(Verdict.FAILED, run(LONG).getFirst().verdict());
  }

  @Test
  void theTimeLimitEndsACheckWithWhatItStartedAndLeavesTheOthersUndone() throws Exception {
    check("etc", "10-a", "echo waiting; sleep 600 & echo $! > " + home + "/child; wait");
    check("etc", "20-b", "exit 0");

    List<CheckResult> results = run(Duration.ofSeconds(2));

    assertEquals(
        List.of(
            "10-a TIMED_OUT not done in time: waiting",
            "20-b TIMED_OUT not begun: the others took all of the time"),
        told(results));
    long child = Long.parseLong(Files.readString(home.resolve("child")).strip());
    ProcessHandle.of(child).ifPresent(handle -> handle.onExit().join());
  }

  @Test
  void ofMuchOutputTheEndIsKeptAndSafeToPrint() throws Exception {
    check("etc", "10-a", "head -c 100000 /dev/zero | tr '\\0' 'x'; printf '\\nred \\033[31m\\n'");

    assertEquals(List.of("10-a PASSED red \\u{1b}[31m"), told(run(LONG)));
  }

  @Test
  void unitsOfAListMustRun() throws Exception {
    list("50-web.units", "# what people come for", "", "web.service", " db.service ", "../x");
    states.put(
        "web.service",
        new ArrayDeque<>(List.of(new Units.State.Changing(), new Units.State.Good())));

    assertEquals(
        List.of(
            "web.service PASSED",
            "db.service FAILED it is not running",
            "\"../x\" FAILED that is no name of a unit"),
        told(run(LONG)));
  }

  @Test
  void aUnitThatNeverComesEndsWithTheTime() throws Exception {
    list("50-web.units", "web.service");
    states.put("web.service", new ArrayDeque<>(List.of(new Units.State.Changing())));

    assertEquals(
        List.of("web.service TIMED_OUT it was not there in time"),
        told(run(Duration.ofMillis(50))));
  }

  @Test
  void tooManyChecksAreAFailure() throws Exception {
    var names = new String[HealthChecks.CHECKS_MAX + 1];
    for (int i = 0; i < names.length; i++) {
      names[i] = "u" + i + ".service";
    }
    list("50-many.units", names);

    List<CheckResult> results = run(LONG);

    assertEquals(HealthChecks.CHECKS_MAX + 1, results.size());
    assertEquals("limit", results.getLast().name());
    check("etc", "60-a", "exit 0");
    assertEquals(told(results), told(run(LONG)));
  }

  @Test
  void asManyChecksAsAreAllowedAreRun() throws Exception {
    var names = new String[HealthChecks.CHECKS_MAX];
    for (int i = 0; i < names.length; i++) {
      names[i] = "u" + i + ".service";
    }
    list("50-many.units", names);

    List<CheckResult> results = run(LONG);

    assertEquals(HealthChecks.CHECKS_MAX, results.size());
    assertEquals("u63.service", results.getLast().name());
  }

  @Test
  void aListThatIsTooLongIsAFailureAndNotReadInPart() throws Exception {
    list("50-long.units", "web.service", "# " + "x".repeat(1 << 16));

    assertEquals(List.of("50-long.units FAILED it has more than 65536 bytes"), told(run(LONG)));
  }

  @ParameterizedTest
  @CsvSource({
    "ActiveState=active, Good[]",
    "ActiveState=activating, Changing[]",
    "ActiveState=reloading, Changing[]",
    "'ActiveState=inactive;Type=oneshot;Result=success;ExecMainStartTimestampMonotonic=9', Good[]",
    "'ActiveState=inactive;Type=oneshot;Result=success;ExecMainStartTimestampMonotonic=0', "
        + "Bad[why=it is not running]",
    "'ActiveState=inactive;Type=simple;Result=success;ExecMainStartTimestampMonotonic=9', "
        + "Bad[why=it is not running]",
    "'ActiveState=inactive;LoadState=not-found', Bad[why=there is no such unit]",
    "'ActiveState=failed;Result=exit-code', 'Bad[why=it is \"failed\" (exit-code)]'",
    "'', Bad[why=nothing is known of it]",
  })
  void whatTheServiceManagerSaysIsUnderstood(String output, String expected) {
    assertEquals(expected, Systemctl.of(output.replace(';', '\n')).toString());
  }
}
