package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.demo.Tool;
import org.particleos.update.it.Faults.Stall;

/** Wherever a run is stopped, nothing half-done can be started, and plain apply completes it. */
@ExtendWith(WithMachine.class)
class InterruptedIT {
  private static final int SIGNAL_TERM = 143;
  private static final int SIGNAL_KILL = 137;

  private static String file(TestMachine machine, String part) throws IOException {
    return switch (part) {
      case "signature" -> machine.payload(".usr-*-verity-sig.*").getFileName().toString();
      case "verity" -> machine.payload(".usr-*-verity.*").getFileName().toString();
      case "usr" -> machine.usrPayload().getFileName().toString();
      case "kernel" -> machine.kernelPayload().getFileName().toString();
      default -> part;
    };
  }

  /** All but the last byte where the number is larger than the file. */
  @ParameterizedTest
  @CsvSource({
    "SHA256SUMS, 0",
    "SHA256SUMS.gpg, 0",
    "signature, 0",
    "signature, 1000000",
    "verity, 0",
    "verity, 1000000",
    "usr, 0",
    "usr, 1",
    "usr, 100000",
    "usr, 1000000",
    "usr, 100000000",
    "kernel, 0",
    "kernel, 1000",
    "kernel, 1000000",
  })
  void afterAKillPlainApplyCompletes(String part, long bytes, TestMachine machine)
      throws Exception {
    var stall = new Stall(bytes);
    machine.server().fault(file(machine, part), stall);
    Program.Running running = machine.start("apply");
    stall.awaitReached();

    running.kill();
    running.end().expect(SIGNAL_KILL);

    machine.server().behave();
    machine.assertNothingNewIsBootable();
    machine.run("status").expect(0);
    machine.run("check").expect(0).says("offered    2");
    machine.assertPlainApplyInstalls();
    machine.run("vacuum").expect(0).says("Found nothing to remove.");
  }

  @Test
  void whatIsThereAlreadyIsNotFetchedAgain(TestMachine machine) throws Exception {
    var stall = new Stall(0);
    machine.server().fault(file(machine, "kernel"), stall);
    Program.Running running = machine.start("apply");
    stall.awaitReached();
    running.kill();
    running.end();
    machine.server().behave();
    int asked = machine.server().questions().size();

    machine.assertPlainApplyInstalls();

    assertFalse(
        machine.server().questions().stream()
            .skip(asked)
            .anyMatch(question -> question.startsWith("GET") && question.contains(".raw")),
        () -> machine.server().questions().toString());
  }

  @Test
  void severalKillsInARowDoNoHarm(TestMachine machine) throws Exception {
    for (long bytes : new long[] {10, 200_000, 1_500_000}) {
      var stall = new Stall(bytes);
      machine.server().fault(file(machine, "usr"), stall);
      Program.Running running = machine.start("apply");
      stall.awaitReached();
      running.kill();
      running.end();
      machine.assertNothingNewIsBootable();
    }
    machine.server().behave();

    machine.assertPlainApplyInstalls();
  }

  @Test
  void aPartialVersionCanAlsoBeVacuumed(TestMachine machine) throws Exception {
    var stall = new Stall(200_000);
    machine.server().fault(file(machine, "usr"), stall);
    Program.Running running = machine.start("apply");
    stall.awaitReached();
    running.kill();
    running.end();
    machine.run("status").expect(0).says("partial");

    machine.run("vacuum").expect(0).says("Removed 1 instances.");

    machine.assertNothingNewIsBootable();
    assertFalse(machine.sfdisk("-d").contains("ParticleOS_2"));
    machine.server().behave();
    machine.assertPlainApplyInstalls();
  }

  @ParameterizedTest
  @CsvSource({"SHA256SUMS, 0", "usr, 100000", "kernel, 1000"})
  void aRequestToStopIsFollowedAndExplained(String part, long bytes, TestMachine machine)
      throws Exception {
    var stall = new Stall(bytes);
    machine.server().fault(file(machine, part), stall);
    Program.Running running = machine.start("apply");
    stall.awaitReached();

    running.terminate();

    Run run = running.end();
    assertTrue(run.status() == SIGNAL_TERM || run.status() == 130, run::toString);
    run.says(" was interrupted\n  state:  ").says("\n  remedy: start it again");
    machine.assertNothingNewIsBootable();
    machine.server().behave();
    machine.assertPlainApplyInstalls();
  }

  // ---- Killed by the kernel at a chosen system call ----

  private static final String CHANGES =
      "fsync,fdatasync,syncfs,rename,renameat2,unlink,ftruncate,fchmod,pwrite64";

  /** Fewer means that the moments were missed, not that all is well. */
  private static final int KILLS_LEAST = 4;

  @Test
  void killedAtTheFirstChangeOfEachKindPlainApplyCompletes(Releases releases) throws Exception {
    assumeTrue(Tool.find("strace").isPresent(), "strace chooses the moment, and is not installed");
    Map<String, Integer> calls;
    try (var rehearsal = TestMachine.copied(releases)) {
      Path log = rehearsal.folder().resolve("strace.log");
      Run run = traced(rehearsal, log, CHANGES);
      assumeTrue(run.status() == 0, () -> "processes cannot be traced here: " + run);
      calls = mostOfOneThread(log);
    }
    int kills = 0;
    for (String call : calls.keySet()) {
      try (var machine = TestMachine.copied(releases)) {
        kills += killedAt(machine, call, 1) ? 1 : 0;
      }
    }
    assertTrue(kills >= KILLS_LEAST, "only " + kills + " kills of " + calls);
  }

  /** False if the call did not happen that often this time: barriers depend on the speed. */
  private static boolean killedAt(TestMachine machine, String call, int number) throws Exception {
    Run run =
        traced(
            machine,
            Path.of("/dev/null"),
            call,
            "-e",
            "inject=" + call + ":signal=KILL:when=" + number);
    String where = "killed at " + call + " number " + number + ": " + run;
    machine.assertOldVersionUntouched();
    if (machine.bootEntries().contains("ParticleOS_2+3-0.efi")) {
      machine.assertVersionInstalled("2"); // published last, so all of it must be there
    }

    Run again = machine.run("apply");

    assertEquals(0, again.status(), () -> where + "\nthen " + again);
    machine.assertVersionInstalled("2");
    machine.assertOldVersionUntouched();
    return run.status() != 0;
  }

  private static Run traced(TestMachine machine, Path log, String calls, String... more)
      throws Exception {
    List<String> words =
        new ArrayList<>(List.of("strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-e"));
    words.add("trace=" + calls);
    words.addAll(List.of(more));
    words.addAll(List.of("-o", log.toString()));
    return machine.program().through(words.toArray(String[]::new)).run(machine.arguments("apply"));
  }

  /** How often each call happens in the thread where it happens most: strace counts like that. */
  private static Map<String, Integer> mostOfOneThread(Path log) throws IOException {
    Map<String, Integer> calls = new HashMap<>();
    for (String line : Files.readAllLines(log)) {
      String[] words = line.strip().split("[ (]+", 3);
      if (words.length == 3 && words[1].matches("[a-z0-9]+")) {
        calls.merge(words[0] + " " + words[1], 1, Integer::sum);
      }
    }
    Map<String, Integer> most = new TreeMap<>();
    calls.forEach((call, count) -> most.merge(call.split(" ", -1)[1], count, Math::max));
    return most;
  }
}
