package org.particleos.update.notify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Errno;
import org.particleos.update.version.Version;

class ServiceMessageTest {
  private static final Version V42 = new Version("42");

  @ParameterizedTest
  @CsvSource({
    "0, 1, 0, 0",
    "0, 1, 100, 100",
    "0, 4, 50, 12",
    "0, 3, 100, 33",
    "1, 3, 0, 33",
    "2, 3, 100, 99",
    "1, 2, 50, 75",
    "6, 7, 99, 99",
  })
  void theOverallPercentageIsRoundedAsInTheTable(
      int transfer, int transfers, int percent, int overall) {
    assertEquals(overall, ServiceMessage.overallPercent(transfer, transfers, percent));
  }

  @Test
  void theOverallPercentageNeverFallsAndStaysBelowOrAtHundred() {
    for (int transfers = 1; transfers <= 20; transfers++) {
      int before = 0;
      for (int transfer = 0; transfer < transfers; transfer++) {
        for (int percent = 0; percent <= 100; percent++) {
          int overall = ServiceMessage.overallPercent(transfer, transfers, percent);
          assertTrue(before <= overall && overall <= 100, transfers + ": " + overall);
          before = overall;
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"-1, 3, 0", "3, 3, 0", "0, 0, 0", "0, 3, -1", "0, 3, 101"})
  void progressThatCannotBeIsABrokenInvariant(int transfer, int transfers, int percent) {
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> ServiceMessage.overallPercent(transfer, transfers, percent));
  }

  @Test
  void everyMomentHasItsFieldsInOrder() {
    assertEquals(
        List.of("READY=1", "X_SYSUPDATE_VERSION=42", "STATUS=Making room for '42'."),
        ServiceMessage.ready(V42, "Making room for '42'.").assignments());
    assertEquals(
        List.of(
            "X_SYSUPDATE_PROGRESS=50",
            "X_SYSUPDATE_TRANSFERS_LEFT=1",
            "X_SYSUPDATE_TRANSFERS_DONE=1",
            "STATUS=Updating to '42' (50% complete)."),
        ServiceMessage.progress(V42, 1, 2, 0).assignments());
    assertEquals(List.of("STATUS=Installed '42'."), ServiceMessage.installed(V42).assignments());
    assertEquals(
        List.of("ERRNO=28", "EXIT_STATUS=1"),
        ServiceMessage.ended(Optional.of(Errno.ENOSPC), 1).assignments());
    assertEquals(List.of("EXIT_STATUS=0"), ServiceMessage.ended(Optional.empty(), 0).assignments());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "READY", "=1", "STATUS=a\nREADY=1", "STATUS=\0"})
  void anAssignmentThatWouldBeReadAsAnotherIsRefused(String assignment) {
    assertThrows(IllegalArgumentException.class, () -> new ServiceMessage(List.of(assignment)));
  }

  @Test
  void messagesAreBounded() {
    var longest = new ServiceMessage(List.of("STATUS=" + "x".repeat(4096 - 7)));
    assertEquals(4096, longest.bytes().length);

    assertThrows(
        IllegalArgumentException.class,
        () -> new ServiceMessage(List.of("STATUS=" + "x".repeat(4096 - 6))));
  }

  @Test
  void assignmentsAreLines() {
    var message = new ServiceMessage(List.of("READY=1", "STATUS=é"));

    assertEquals("READY=1\nSTATUS=é", new String(message.bytes(), StandardCharsets.UTF_8));
  }
}
