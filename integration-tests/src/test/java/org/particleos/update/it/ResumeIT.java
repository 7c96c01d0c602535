package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.demo.Tool;
import org.particleos.update.it.Faults.Stall;

/** Killed in the middle, the program asks the server for the rest, and for little more. */
class ResumeIT {
  private static final int MEBI = 1 << 20;
  private static final int SIGNAL_ABORT = 134;
  private static final int SIGNAL_KILL = 137;
  private static final int STALL_AT = 9 * MEBI + 4711;

  /** What may be asked for again. */
  private static final int LOST_BYTES_MAX = 4 * MEBI;

  /** Until what was sent is kept; far more than it takes. */
  private static final long WAIT_NANOS_MAX = 60_000_000_000L;

  private SmallSystem system;
  private FaultServer server;
  private Path spool;
  private byte[] content;

  @BeforeEach
  void aSystem(@TempDir Path folder) throws Exception {
    content = new byte[16 * MEBI + 99];
    new Random(4).nextBytes(content);
    Path state = folder.resolve("state");
    spool = state.resolve("spool");
    system = SmallSystem.in(folder).with("PARTICLE_UPDATE_STATE_DIRECTORY", state.toString());
    server = new FaultServer(system.offer().folder());
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private void offer(String name) throws IOException {
    if (name.endsWith(".raw")) {
      system.offer().put(name, content).publish();
    } else {
      system.offer().putPacked(name, content).publish();
    }
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        SmallSystem.urlFile(server.uri(), name.replace("1", "@v")));
  }

  /** Stops the program with so much of the payload there. */
  private void kill(String name) throws Exception {
    Program.Running running = downloading(name);
    running.kill();
    running.end().expect(SIGNAL_KILL);
    server.behave();
  }

  /** The program when so much of the payload is there. */
  private Program.Running downloading(String name) throws Exception {
    var stall = new Stall(STALL_AT);
    server.fault(name, stall);
    Program.Running running = system.program().start(system.arguments("update"));
    stall.awaitReached();
    awaitKept();
    return running;
  }

  /** What was sent has to arrive first, of which only the journal tells: a line for each MiB. */
  private void awaitKept() throws IOException {
    long end = System.nanoTime() + WAIT_NANOS_MAX;
    while (linesOfJournal() < STALL_AT / MEBI) {
      assertTrue(System.nanoTime() < end, () -> "not enough is kept in " + spool);
      Thread.onSpinWait();
    }
  }

  private long linesOfJournal() throws IOException {
    List<Path> journals = kept(".journal");
    return journals.isEmpty()
        ? 0
        : Files.readAllLines(journals.getFirst()).stream()
            .filter(line -> line.matches("[0-9a-f]{8}"))
            .count();
  }

  private List<Path> kept(String end) throws IOException {
    if (!Files.exists(spool)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(spool)) {
      return files.filter(file -> file.toString().endsWith(end)).toList();
    }
  }

  /** First byte of the last question for the payload. */
  private int offset(String name) {
    String last =
        server.questions().stream()
            .filter(question -> question.startsWith("GET " + name))
            .toList()
            .getLast();
    return last.contains(" from ") ? Integer.parseInt(last.replaceAll(".* from ", "")) : 0;
  }

  private void assertComplete(String name) throws IOException {
    Path file = system.path("target").resolve(name);
    assertArrayEquals(content, Files.readAllBytes(file));
    assertEquals(List.of(), kept(".journal"));
    assertEquals(List.of(), kept(".packed"));
  }

  @Test
  void aCrashOfJavaIsReportedBesideTheStateAndTheNextRunGoesOn() throws Exception {
    offer("a-1.raw.zst");
    Program.Running running = downloading("a-1.raw.zst");

    Tool.run(spool, "kill", "-SEGV", Long.toString(running.process().pid()));
    running.end().expect(SIGNAL_ABORT);
    server.behave();

    Path report = spool.resolveSibling("crash.log");
    assertTrue(Files.readString(report).contains("SIGSEGV"), () -> report + " is no report");
    assertFalse(Files.exists(Path.of("hs_err_pid" + running.process().pid() + ".log")));
    system.run("update").expect(0).says(" reused");
    assertComplete("a-1.raw.zst");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a-1.raw", "a-1.raw.zst"})
  void afterAKillOnlyTheRestIsFetched(String name) throws Exception {
    offer(name);
    kill(name);

    system.run("update").expect(0).says(" reused");

    int offset = offset(name);
    assertTrue(offset >= STALL_AT - LOST_BYTES_MAX, offset + " of " + STALL_AT);
    assertTrue(offset <= STALL_AT, offset + " of " + STALL_AT);
    assertComplete(name);
  }

  @Test
  void aSpoolThatWasDamagedMeanwhileIsUsedUpToTheDamage() throws Exception {
    offer("a-1.raw.zst");
    kill("a-1.raw.zst");
    try (var packed = new RandomAccessFile(kept(".packed").getFirst().toFile(), "rw")) {
      packed.seek(2 * MEBI + 5);
      int old = packed.read();
      packed.seek(2 * MEBI + 5);
      packed.write(old ^ 1);
    }

    system.run("update").expect(0);

    assertEquals(2 * MEBI, offset("a-1.raw.zst"));
    assertComplete("a-1.raw.zst");
  }

  @Test
  void withoutAPlaceForTheSpoolItIsSaidAndTheUpdateGoesOn() throws Exception {
    offer("a-1.raw");
    Files.createDirectories(spool.getParent());
    Files.writeString(spool, "not a directory");

    system.run("update").expect(0).says("an interruption from here on costs what was downloaded");

    assertArrayEquals(content, Files.readAllBytes(system.path("target/a-1.raw")));
  }
}
