package org.particleos.update.policy;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Optional;

/** Until when nothing is done but checks. */
public sealed interface Hold {
  /** Until the beginning of a day, or a time of it, where the machine is. */
  record Local(LocalDateTime until) implements Hold {}

  record Moment(Instant until) implements Hold {}

  /** Without end. */
  record Forever() implements Hold {}

  /** {@link Instant#MAX} for without end. */
  default Instant until(ZoneId zone) {
    return switch (this) {
      case Local(var time) -> time.atZone(zone).toInstant();
      case Moment(var moment) -> moment;
      case Forever() -> Instant.MAX;
    };
  }

  /**
   * {@code 2026-12-24}, {@code 2026-12-24 08:00}, {@code 2026-12-24T08:00:00Z} or {@code forever};
   * empty if it is none of them.
   */
  static Optional<Hold> parse(String text) {
    if (text.equals("forever")) {
      return Optional.of(new Forever());
    }
    try {
      if (text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
        return Optional.of(new Local(LocalDate.parse(text).atStartOfDay()));
      }
      String iso = text.replaceFirst(" +", "T");
      return Optional.of(
          iso.matches(".*(?:Z|[+-][0-9]{2}:[0-9]{2})")
              ? new Moment(OffsetDateTime.parse(iso).toInstant())
              : new Local(LocalDateTime.parse(iso)));
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }
}
