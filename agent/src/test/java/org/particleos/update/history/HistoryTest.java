package org.particleos.update.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;

class HistoryTest {
  private static final Path STATE = Path.of("/var/lib/particle-update");

  @TempDir private Path root;
  private History history;

  @BeforeEach
  void start() {
    history = new History(new LinuxKernel(), root, STATE);
  }

  private static Entry update(String to) {
    return new Entry(
        Instant.parse("2026-11-22T12:00:00.123456Z"),
        Entry.Action.UPDATE,
        "particle-update apply",
        new Asker(Asker.By.DAEMON, 1000),
        "host",
        Optional.of("1"),
        Optional.of(to),
        300,
        200,
        900,
        Duration.ofMillis(2500),
        new Entry.Result.Done("installed"));
  }

  private Path file() {
    return root.resolve("var/lib/particle-update/history.jsonl");
  }

  private List<String> newest(int most) throws IOException {
    return history.newest(most, Optional.empty()).stream()
        .map(line -> line.path("to").asText())
        .toList();
  }

  @Test
  void aRunIsOneLineWithAllThatCanBeAskedLater() throws IOException {
    history.add(update("2"));

    assertEquals(
        """
        {"time":"2026-11-22T12:00:00.123Z","action":"update","caller":"particle-update apply",\
        "by":"daemon","uid":1000,"target":"host","from":"1","to":"2","fetched":300,"reused":200,\
        "written":900,"seconds":2.5,"outcome":"installed"}
        """,
        Files.readString(file()));
  }

  @Test
  void aFailureHasItsReasonAndNoMoreThanSomeOfItsMessage() throws IOException {
    var entry =
        new Entry(
            Instant.EPOCH,
            Entry.Action.VACUUM,
            "particle-update vacuum",
            new Asker(Asker.By.COMMAND_LINE, 0),
            "component:app",
            Optional.empty(),
            Optional.empty(),
            0,
            0,
            0,
            Duration.ZERO,
            new Entry.Result.Failed("LOCK_HELD", "line\nbreak " + "x".repeat(10_000)));

    history.add(entry);

    JsonNode line = history.newest(1, Optional.empty()).getFirst();
    assertEquals("failed", line.path("outcome").asText());
    assertEquals("LOCK_HELD", line.path("reason").asText());
    assertTrue(line.path("message").asText().startsWith("line\nbreak xxx"));
    assertEquals(2001, line.path("message").asText().length());
    assertTrue(line.path("from").isNull());
  }

  @Test
  void theNewestComesFirst() throws IOException {
    for (String version : List.of("2", "3", "4")) {
      history.add(update(version));
    }

    assertEquals(List.of("4", "3"), newest(2));
    assertEquals(List.of("4", "3", "2"), newest(100));
  }

  @Test
  void runsOfOneTargetCanBePickedOut() throws IOException {
    history.add(update("2"));

    assertEquals(1, history.newest(10, Optional.of("host")).size());
    assertEquals(0, history.newest(10, Optional.of("component:app")).size());
  }

  @Test
  void whereNothingWasWrittenThereIsNoHistory() throws IOException {
    assertEquals(List.of(), history.newest(10, Optional.empty()));
  }

  @Test
  void damagedLinesArePassedOverAndATornOneTakesNoOtherWithIt() throws IOException {
    history.add(update("2"));
    Files.writeString(
        file(),
        "not JSON\n{\"time\":7}\n[]\n{\"time\":\"yesterday\",\"action\":\"x\",\"outcome\":\"y\"}\n"
            + "{\"time\":\"2026-11-22T12:0",
        StandardOpenOption.APPEND);

    history.add(update("3"));

    assertEquals(List.of("3", "2"), newest(100));
  }

  @Test
  void theFileDoesNotGrowForEver() throws IOException {
    history.add(update("first"));
    String line = Files.readString(file());
    Files.writeString(file(), line.repeat(History.LINES_MAX));

    history.add(update("last"));

    assertTrue(Files.readAllLines(file()).size() < History.LINES_MAX);
    assertTrue(Files.readAllLines(file()).size() > History.LINES_MAX / 2);
    assertEquals(List.of("last", "first"), newest(2));
  }

  @Test
  void aFileThatSomebodyMadeHugeIsCutToItsEnd() throws IOException {
    history.add(update("first"));
    String line = Files.readString(file());
    Files.writeString(file(), "x".repeat(2 * History.BYTES_MAX) + "\n" + line);

    history.add(update("last"));

    assertTrue(Files.size(file()) < History.BYTES_MAX);
    assertEquals(List.of("last", "first"), newest(100));
  }

  @Test
  void aPowerCutWhileTheFileIsReplacedLosesNothingButTheNewLine() throws IOException {
    history.add(update("old"));
    String line = Files.readString(file());
    for (int change = 0; ; change++) {
      Files.writeString(file(), line.repeat(History.LINES_MAX));
      var kernel = new FailingKernel(new LinuxKernel(), change, () -> new IOException("power cut"));
      boolean failed = false;
      try {
        new History(kernel, root, STATE).add(update("new"));
      } catch (IOException _) {
        failed = true;
      }
      if (!failed) {
        assertTrue(change > 3, "no more changes than " + change);
        return;
      }
      assertTrue(Files.readAllLines(file()).size() > History.LINES_MAX / 2);
      assertTrue(List.of("old", "new").contains(newest(1).getFirst()));
    }
  }

  @Test
  void processesThatWriteAtTheSameTimeLoseNoLine() throws Exception {
    int each = 20;
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Boolean>> writers = new ArrayList<>();
      for (int writer = 0; writer < 4; writer++) {
        String name = "w" + writer;
        writers.add(() -> {
          var own = new History(new LinuxKernel(), root, STATE);
          for (int i = 0; i < each; i++) {
            own.add(update(name));
          }
          return true;
        });
      }
      for (Future<Boolean> done : threads.invokeAll(writers)) {
        assertTrue(done.get());
      }
    }

    assertEquals(4 * each, history.newest(1000, Optional.empty()).size());
  }

  @Test
  void linksAreNotFollowedOutOfTheSystem(@TempDir Path outside) throws IOException {
    Files.createDirectories(root.resolve("var/lib"));
    Files.createSymbolicLink(root.resolve("var/lib/particle-update"), outside);
    Path victim = Files.writeString(outside.resolve("victim"), "mine");

    history.add(update("2"));

    assertFalse(Files.exists(outside.resolve("history.jsonl")));
    Path inside = root.resolve(Path.of("/").relativize(outside));
    assertTrue(Files.exists(inside.resolve("history.jsonl")));
    Files.delete(inside.resolve("history.jsonl"));
    Files.createSymbolicLink(inside.resolve("history.jsonl"), victim);
    assertThrows(IOException.class, () -> history.add(update("3")));
    assertEquals("mine", Files.readString(victim));
  }

  @Test
  void aFullDiskIsTold() {
    var kernel =
        new FailingKernel(
            new LinuxKernel(),
            0,
            () -> new LinuxException(Errno.ENOSPC.number(), "write", "x", "No space left"));

    assertThrows(IOException.class, () -> new History(kernel, root, STATE).add(update("2")));
  }

  @Test
  void whoAsksIsToldApart() {
    String self = String.valueOf(ProcessHandle.current().pid());

    assertEquals(
        Asker.By.SERVICE,
        Asker.ofProcess(Map.of("SYSTEMD_EXEC_PID", self), false, OptionalLong.empty()).by());
    assertEquals(
        Asker.By.COMMAND_LINE,
        Asker.ofProcess(Map.of("SYSTEMD_EXEC_PID", "1"), false, OptionalLong.empty()).by());
    assertEquals(
        new Asker(Asker.By.DAEMON, 1000),
        Asker.ofProcess(Map.of("SYSTEMD_EXEC_PID", self), true, OptionalLong.of(1000)));
  }
}
