package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** How sizes, tables, terminals and failures look. */
class TextTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "10240, 10 KiB",
    "1572864, 1.5 MiB",
    "5368709120, 5.0 GiB",
    "9223372036854775807, 8388608 TiB"
  })
  void bytesAreShownInTheUnitThatReadsBest(long bytes, String text) {
    assertEquals(text, SizeText.bytes(bytes));
  }

  @ParameterizedTest
  @CsvSource({"0, 0 s", "59, 59 s", "60, 1:00 min", "3599, 59:59 min", "3660, 1:01 h"})
  void timesAreShownInTheUnitThatReadsBest(long seconds, String text) {
    assertEquals(text, SizeText.time(Duration.ofSeconds(seconds)));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.0 s", "345, 0.3 s", "9999, 10.0 s", "10000, 10 s", "61000, 1:01 min"})
  void shortElapsedTimesHaveADecimal(long millis, String text) {
    assertEquals(text, SizeText.elapsed(Duration.ofMillis(millis)));
  }

  @Test
  void columnsAreAsWideAsTheirWidestCellAndColoursTakeNoRoom() {
    var table = new Table("", "VERSION", "STATE");
    table.add(List.of("\u001b[32m*\u001b[0m", "1", "ok"));
    table.add(List.of(" ", "10.0.0-long", "no"));

    assertEquals(
        """
          VERSION     STATE
        \u001b[32m*\u001b[0m 1           ok
          10.0.0-long no
        """,
        table.text(true));
    assertFalse(table.text(false).contains("VERSION"));
  }

  @ParameterizedTest
  @CsvSource({"LC_ALL, C.UTF-8, true", "LANG, de_DE.utf8, true", "LANG, C, false", "X, y, false"})
  void glyphsBeyondAsciiNeedAUtf8Locale(String name, String value, boolean unicode) {
    assertEquals(unicode, Terminal.ofProcess(Map.of(name, value), true, true).unicode());
  }

  @Test
  void nothingIsColouredInAPipeOnADumbTerminalOrAgainstTheUsersWish() {
    var good = Map.of("TERM", "xterm");

    assertTrue(Terminal.ofProcess(good, true, true).colour());
    assertFalse(Terminal.ofProcess(good, false, true).colour());
    assertFalse(Terminal.ofProcess(Map.of("TERM", "dumb"), true, true).colour());
    assertFalse(Terminal.ofProcess(Map.of("TERM", "xterm", "NO_COLOR", "1"), true, true).colour());
    assertFalse(
        Terminal.ofProcess(Map.of("TERM", "xterm", "SYSTEMD_COLORS", "0"), true, true).colour());
    assertTrue(
        Terminal.ofProcess(Map.of("TERM", "dumb", "SYSTEMD_COLORS", "16"), false, false).colour());
  }

  @Test
  void aFailureIsFourLinesAndLeavesOutWhatNobodyKnows() {
    UpdateException whole =
        UpdateException.because(Reason.SIGNATURE_INVALID, "refused version 42")
            .found("nothing good")
            .state("nothing was changed")
            .remedy("Ask.")
            .notTrusted();
    UpdateException bare =
        UpdateException.because(Reason.SIGNATURE_INVALID, "refused version 42").notTrusted();

    assertEquals(
        """
        particle-update: refused version 42
          found:  nothing good
          state:  nothing was changed
          remedy: Ask.\
        """,
        FailureReport.text("particle-update", whole));
    assertEquals(
        "particle-update: refused version 42", FailureReport.text("particle-update", bare));
  }

  @Test
  void theInnermostLayerSaysTheState() {
    UpdateException failure =
        UpdateException.because(Reason.WRITE_FAILED, "writing failed")
            .state("slot 4 is partial")
            .writeFailed();

    assertEquals("slot 4 is partial", failure.inState("nothing was changed").state().orElseThrow());
  }

  static Stream<Arguments> kinds() {
    UpdateException.Details details = UpdateException.because(Reason.INTERRUPTED, "x");
    return Stream.of(
        Arguments.of(details.unreachable(), 4),
        Arguments.of(details.notTrusted(), 5),
        Arguments.of(details.configuration(), 6),
        Arguments.of(details.noSpace(), 7),
        Arguments.of(details.busy(), 8),
        Arguments.of(details.writeFailed(), 9),
        Arguments.of(details.notPermitted(), 10),
        Arguments.of(details.diskDamaged(), 11),
        Arguments.of(details.notAvailable(), 12),
        Arguments.of(details.interrupted(), 130));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everyKindOfFailureHasItsOwnExitStatus(UpdateException failure, int status) {
    assertEquals(status, ExitStatus.of(failure).code());
  }
}
