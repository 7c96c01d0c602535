package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.DatagramReceiver;
import org.particleos.update.service.Log;

/** To the journal with fields, or to the error stream. */
class DaemonLogTest {
  private static final Map<String, String> LISTENING = Map.of("JOURNAL_STREAM", "8:1234");

  @TempDir private Path folder;
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private DaemonLog log(Map<String, String> environment) {
    return DaemonLog.of(
        environment, new PrintStream(err, true, StandardCharsets.UTF_8), folder.resolve("journal"));
  }

  private DatagramReceiver journal() throws Exception {
    return DatagramReceiver.at(folder.resolve("journal").toString());
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static void write(DaemonLog log) {
    log.write(Log.Level.WARNING, "version 42 waits", Map.of("PARTICLE_UPDATE_VERSION", "42"));
  }

  @Test
  void theJournalGetsFields() throws Exception {
    try (var journal = journal();
        var log = log(LISTENING)) {
      write(log);

      assertEquals(
          """
          MESSAGE=version 42 waits
          PRIORITY=4
          SYSLOG_IDENTIFIER=particle-update
          PARTICLE_UPDATE_VERSION=42
          """,
          journal.next());
      assertEquals("", said());
    }
  }

  @Test
  void withoutAJournalTheErrorStreamGetsPriorities() {
    try (var log = log(LISTENING)) {
      write(log);
    }
    assertEquals("<4>version 42 waits\n", said());
  }

  @Test
  void oneThatWentAwayLosesNoMessage() throws Exception {
    DaemonLog log;
    try (var _ = journal()) {
      log = log(LISTENING);
    }
    write(log);
    log.close();
    assertEquals("<4>version 42 waits\n", said());
  }

  @Test
  void aJournalThatDoesNotListenToThisProcessIsLeftAlone() throws Exception {
    try (var _ = journal();
        var log = log(Map.of())) {
      write(log);
    }
    assertEquals("particle-update: version 42 waits\n", said());
  }

  @Test
  void whatIsWrittenAfterTheEndIsNotLost() throws Exception {
    try (var _ = journal()) {
      DaemonLog log = log(LISTENING);
      log.close();
      write(log);
    }
    assertEquals("<4>version 42 waits\n", said());
  }

  @Test
  void aValueOfSeveralLinesHasItsLengthInFront() {
    var fields = new LinkedHashMap<String, String>();
    fields.put("MESSAGE", "a\nü");
    fields.put("PRIORITY", "6");

    assertArrayEquals(
        "MESSAGE\n\4\0\0\0\0\0\0\0a\nü\nPRIORITY=6\n".getBytes(StandardCharsets.UTF_8),
        DaemonLog.datagram(fields));
  }
}
