package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the service manager is told, and when (update-algorithm.md 17). */
class NotifyIT {
  private static final String PROGRESS =
      """
      X_SYSUPDATE_PROGRESS=(\\d+)
      X_SYSUPDATE_TRANSFERS_LEFT=[12]
      X_SYSUPDATE_TRANSFERS_DONE=[01]
      STATUS=Updating to '7' \\(\\1% complete\\)\\.\
      """;

  private SmallSystem system;

  @BeforeEach
  void aSystemWithTwoTransfers(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder).transfer("10-a", "a-@v.bin").transfer("20-b", "b-@v.bin");
    system.offer().put("a-7.bin", "seven").put("b-7.bin", "seven").publish();
  }

  private List<String> messages(int status, String... words) throws Exception {
    try (var socket = new NotifySocket()) {
      system.with("NOTIFY_SOCKET", socket.path().toString()).run(words).expect(status);
      return socket.messages().stream().map(String::strip).toList();
    }
  }

  private static List<String> without(List<String> messages, String part) {
    return messages.stream().filter(message -> !message.contains(part)).toList();
  }

  @Test
  void anUpdateIsToldStepByStep() throws Exception {
    List<String> messages = messages(0, "update");

    assertEquals(
        List.of(
            "READY=1\nX_SYSUPDATE_VERSION=7\nSTATUS=Making room for '7'.",
            "STATUS=Updating to '7'.",
            "READY=1\nX_SYSUPDATE_VERSION=7\nSTATUS=Installing '7'.",
            "STATUS=Installed '7'.",
            "EXIT_STATUS=0"),
        without(messages, "X_SYSUPDATE_PROGRESS="));
    List<String> progress =
        messages.stream().filter(message -> message.contains("X_SYSUPDATE_PROGRESS=")).toList();
    assertTrue(
        progress.stream().allMatch(message -> message.matches(PROGRESS)), progress::toString);
    assertTrue(
        progress.stream().anyMatch(message -> message.contains("TRANSFERS_DONE=1")),
        progress::toString);
  }

  @Test
  void twoStepsAreToldInTwoRuns() throws Exception {
    assertEquals(
        List.of(
            "READY=1\nX_SYSUPDATE_VERSION=7\nSTATUS=Making room for '7'.",
            "STATUS=Updating to '7'.",
            "EXIT_STATUS=0"),
        without(messages(0, "acquire"), "X_SYSUPDATE_PROGRESS="));
    assertEquals(
        List.of(
            "READY=1\nX_SYSUPDATE_VERSION=7\nSTATUS=Installing '7'.",
            "STATUS=Installed '7'.",
            "EXIT_STATUS=0"),
        messages(0, "update", "--offline"));
  }

  @Test
  void aFailureIsToldByItsNumber() throws Exception {
    system.offer().publish(system.offer().manifest() + "nonsense");

    List<String> messages = messages(1, "update");

    // EINVAL: a malformed manifest (20).
    assertEquals(List.of("ERRNO=22\nEXIT_STATUS=1"), messages);
  }

  @Test
  void aNoIsNoFailure() throws Exception {
    system.run("update").expect(0);

    assertEquals(List.of("EXIT_STATUS=1"), messages(1, "check-new"));
  }
}
