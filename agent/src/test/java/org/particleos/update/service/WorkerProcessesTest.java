package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerProcessesTest {
  @TempDir Path home;

  private Workers.Worker start(String script, String... arguments) throws IOException {
    Path program = home.resolve("program");
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new WorkerProcesses(program, List.of("--root=/x")).start(List.of(arguments));
  }

  private static String output(Workers.Worker worker) throws IOException {
    return new String(worker.output().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void aWorkerGetsTheDaemonsOptionsAndThenItsOwn() throws Exception {
    Workers.Worker worker = start("echo \"$@\"; exit 3", "--json=short", "list", "--", "a b");

    assertEquals("--root=/x --json=short list -- a b\n", output(worker));
    assertEquals(3, worker.exitStatus());
  }

  @Test
  void itKnowsThatItIsOneAndHasNothingThatBelongsToTheDaemon() throws Exception {
    Workers.Worker worker =
        start("echo \"$PARTICLE_UPDATE_WORKER[$NOTIFY_SOCKET$WATCHDOG_USEC$LISTEN_FDS]\"");

    assertEquals("1[]\n", output(worker));
  }

  @Test
  void itsInputStaysOpenUntilTheDaemonEnds() throws Exception {
    // Ends only by the signal: were its input at an end, cat would be done at once.
    Workers.Worker worker = start("echo on; exec cat");
    assertEquals('o', worker.output().read());

    worker.terminate();

    assertEquals(143, worker.exitStatus());
    worker.terminate(); // harmless
  }

  @Test
  void whatItSaysWhileItStopsIsHeard() throws Exception {
    Workers.Worker worker =
        start("trap 'echo stopped; exit 130' TERM; echo on; while :; do read -r _; done");
    assertEquals('o', worker.output().read());

    worker.terminate();

    assertEquals("n\nstopped\n", output(worker));
    assertEquals(130, worker.exitStatus());
  }

  @Test
  void whoDoesNotStopIsKilled() throws Exception {
    Workers.Worker worker = start("trap '' TERM; echo on; while :; do read -r _; done");
    assertEquals('o', worker.output().read());

    worker.terminate();
    worker.kill();

    assertEquals(137, worker.exitStatus());
  }

  @Test
  void aMissingProgramIsAnIoFailure() {
    var workers = new WorkerProcesses(home.resolve("missing"), List.of());

    var failed = assertThrows(IOException.class, () -> workers.start(List.of("list")));

    assertTrue(String.valueOf(failed.getMessage()).contains("missing"), failed.getMessage());
  }
}
