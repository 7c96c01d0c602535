package org.particleos.update.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WindowTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  private static Window window(String text) {
    return Window.parse(text).orElseThrow(() -> new AssertionError(text));
  }

  private static Window.Span span(String text, String moment, ZoneId machine) {
    return window(text).at(Instant.parse(moment), machine).orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "02:00-05:00, 02:00-05:00",
    "2:00 - 5:00, 02:00-05:00",
    "Mon-Fri 22:00-04:00, 'Mon,Tue,Wed,Thu,Fri 22:00-04:00'",
    "Mon..Wed 22:00-04:00 Europe/Berlin, 'Mon,Tue,Wed 22:00-04:00 Europe/Berlin'",
    "'Sat,Sun 00:00-24:00', 'Sat,Sun 00:00-00:00'",
    "Fri-Mon 1:00-1:00, 'Mon,Fri,Sat,Sun 01:00-01:00'",
    "sunday 02:00-05:00 UTC, Sun 02:00-05:00 UTC",
  })
  void windowsAreReadAsPeopleWriteThem(String text, String shown) {
    assertEquals(shown, window(text).toString());
    assertEquals(window(text), window(shown));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "02:00",
        "02:00-",
        "24:00-01:00",
        "02:60-03:00",
        "25:00-26:00",
        "Mon 02:00",
        "Monn 02:00-03:00",
        "Mon-Tue-Wed 02:00-03:00",
        "02:00-03:00 Europe/Nowhere",
        "02:00-03:00 Europe/Berlin more",
        "-02:00-03:00"
      })
  void whatIsNoWindowIsNone(String text) {
    assertEquals(Optional.empty(), Window.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    // Wednesday; before, at the beginning, within, and at the end, which is not part of it
    "02:00-05:00, 2026-01-07T01:59:59Z, 2026-01-07T02:00:00Z",
    "02:00-05:00, 2026-01-07T02:00:00Z, 2026-01-07T02:00:00Z",
    "02:00-05:00, 2026-01-07T04:59:59Z, 2026-01-07T02:00:00Z",
    "02:00-05:00, 2026-01-07T05:00:00Z, 2026-01-08T02:00:00Z",
    // over midnight it belongs to the day on which it begins
    "Tue 22:00-04:00, 2026-01-07T03:00:00Z, 2026-01-06T22:00:00Z",
    "Wed 22:00-04:00, 2026-01-07T03:00:00Z, 2026-01-07T22:00:00Z",
    "Tue 22:00-04:00, 2026-01-07T04:00:00Z, 2026-01-13T22:00:00Z",
    "Tue 10:00-10:00, 2026-01-07T09:59:00Z, 2026-01-06T10:00:00Z",
    // a zone of its own
    "Wed 02:00-05:00 Europe/Berlin, 2026-01-07T00:30:00Z, 2026-01-07T01:00:00Z",
    "Wed 02:00-05:00 America/New_York, 2026-01-07T06:00:00Z, 2026-01-07T07:00:00Z",
  })
  void theWindowAtAMomentIsTheOneItIsInOrTheNext(String text, String moment, String begin) {
    assertEquals(Instant.parse(begin), span(text, moment, ZoneOffset.UTC).from());
  }

  @Test
  void timesThatDoNotExistAreTheMomentOfTheChange() {
    // In Berlin 02:00 was followed by 03:00 on 2026-03-29, at 01:00 UTC.
    var begins = span("02:30-05:00", "2026-03-29T00:00:00Z", BERLIN);
    assertEquals(Instant.parse("2026-03-29T01:00:00Z"), begins.from());
    assertEquals(Instant.parse("2026-03-29T03:00:00Z"), begins.to());

    var ends = span("01:00-02:30", "2026-03-28T23:59:00Z", BERLIN);
    assertEquals(Instant.parse("2026-03-29T00:00:00Z"), ends.from());
    assertEquals(Instant.parse("2026-03-29T01:00:00Z"), ends.to());
  }

  @Test
  void aWindowWithinAnHourThatDoesNotExistIsThatOfTheNextTime() {
    assertEquals(
        Instant.parse("2026-03-30T00:15:00Z"),
        span("02:15-02:45", "2026-03-29T00:00:00Z", BERLIN).from());
    assertEquals(
        Instant.parse("2026-04-05T00:15:00Z"),
        span("Sun 02:15-02:45", "2026-03-29T00:00:00Z", BERLIN).from());
  }

  @Test
  void anHourThatComesTwiceBelongsToTheWindowBothTimes() {
    // In Berlin 03:00 was followed by 02:00 on 2026-10-25, at 01:00 UTC.
    var span = span("02:15-02:45", "2026-10-25T00:00:00Z", BERLIN);

    assertEquals(Instant.parse("2026-10-25T00:15:00Z"), span.from());
    assertEquals(Instant.parse("2026-10-25T01:45:00Z"), span.to());
  }

  @Test
  void everyMomentIsInAWindowOrBeforeOneThatBeginsWithinAFortnight() {
    long seed = 20260107;
    var random = new Random(seed);
    String[] zones = {
      "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"
    };
    for (int i = 0; i < 20_000; i++) {
      var day = DayOfWeek.of(1 + random.nextInt(7));
      var window =
          new Window(
              java.util.Set.of(day),
              LocalTime.ofSecondOfDay(random.nextInt(24 * 60) * 60L),
              java.time.Duration.ofMinutes(1 + random.nextInt(24 * 60)),
              Optional.of(ZoneId.of(zones[random.nextInt(zones.length)])));
      Instant moment = Instant.ofEpochSecond(1_750_000_000L + random.nextInt(100_000_000));
      String where = "seed " + seed + ": " + window + " at " + moment;

      var span = window.at(moment, ZoneOffset.UTC).orElseThrow(() -> new AssertionError(where));

      assertTrue(moment.isBefore(span.to()), where);
      assertTrue(span.from().isBefore(moment.plusSeconds(15 * 24 * 3600)), where);
      // Its beginning is on a day on which it begins, by the clock of its zone.
      ZonedDateTime begin = span.from().atZone(window.zone().orElseThrow());
      assertEquals(day, begin.getDayOfWeek(), where);
    }
  }
}
