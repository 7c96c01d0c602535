package org.particleos.update.policy;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When something may be done: from one time of day to another on some days of the week. One that
 * goes over midnight belongs to the day on which it begins.
 *
 * <p>Where the clock is put forward, times that do not exist are the moment of the change. Where it
 * is put back, a window lasts from the first of the two beginnings to the second of the two ends.
 *
 * @param days on which it begins; not empty
 * @param from first minute
 * @param length up to a day
 * @param zone of those times; empty for that of the machine
 */
public record Window(Set<DayOfWeek> days, LocalTime from, Duration length, Optional<ZoneId> zone) {
  private static final Map<String, DayOfWeek> NAMES =
      Map.of(
          "mon", DayOfWeek.MONDAY,
          "tue", DayOfWeek.TUESDAY,
          "wed", DayOfWeek.WEDNESDAY,
          "thu", DayOfWeek.THURSDAY,
          "fri", DayOfWeek.FRIDAY,
          "sat", DayOfWeek.SATURDAY,
          "sun", DayOfWeek.SUNDAY);

  private static final Pattern TIMES =
      Pattern.compile(
          "(?:([A-Za-z][A-Za-z.,\\-"
              + " ]*)\\s+)?([0-9]{1,2}):([0-9]{2})\\s*-\\s*([0-9]{1,2}):([0-9]{2})"
              + "(?:\\s+([A-Za-z][A-Za-z0-9_+/\\-]*))?");

  private static final int MINUTES_OF_DAY = 24 * 60;

  /** A day of the week comes back after seven, and one of them may fall into a gap. */
  private static final int DAYS_AHEAD = 15;

  public Window {
    days = Set.copyOf(days);
    if (days.isEmpty() || length.isNegative() || length.isZero() || length.toDays() > 1) {
      throw new IllegalArgumentException("no window: " + days + " " + from + " " + length);
    }
  }

  /** A stretch of time. */
  public record Span(Instant from, Instant to) {
    boolean contains(Instant instant) {
      return !instant.isBefore(from) && instant.isBefore(to);
    }
  }

  /**
   * Empty if it is none. {@code Mon-Fri 22:00-04:00 Europe/Berlin}; days and zone may be missing.
   */
  public static Optional<Window> parse(String text) {
    Matcher matcher = TIMES.matcher(text.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Optional<Set<DayOfWeek>> days = days(matcher.group(1) == null ? "" : matcher.group(1));
    int from = minutes(matcher.group(2), matcher.group(3));
    int to = minutes(matcher.group(4), matcher.group(5));
    if (days.isEmpty() || from < 0 || from == MINUTES_OF_DAY || to < 0) {
      return Optional.empty();
    }
    // From a time to the same time is a whole day.
    int length = to > from ? to - from : to + MINUTES_OF_DAY - from;
    Optional<ZoneId> zone = Optional.empty();
    if (matcher.group(6) != null) {
      try {
        zone = Optional.of(ZoneId.of(matcher.group(6)));
      } catch (DateTimeException _) {
        return Optional.empty();
      }
    }
    return Optional.of(
        new Window(
            days.get(), LocalTime.ofSecondOfDay(from * 60L), Duration.ofMinutes(length), zone));
  }

  private static int minutes(String hour, String minute) {
    int minutes = Integer.parseInt(hour) * 60 + Integer.parseInt(minute);
    return Integer.parseInt(minute) > 59 || minutes > MINUTES_OF_DAY ? -1 : minutes;
  }

  /** {@code Mon-Fri}, {@code Mon..Fri}, {@code Sat,Sun}, or nothing for all. */
  private static Optional<Set<DayOfWeek>> days(String text) {
    if (text.isBlank()) {
      return Optional.of(EnumSet.allOf(DayOfWeek.class));
    }
    Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    for (String part : text.strip().split("[,\\s]+", -1)) {
      List<String> ends = List.of(part.split("\\.\\.|-", -1));
      if (ends.size() > 2) {
        return Optional.empty();
      }
      Optional<DayOfWeek> first = day(ends.getFirst());
      Optional<DayOfWeek> last = day(ends.getLast());
      if (first.isEmpty() || last.isEmpty()) {
        return Optional.empty();
      }
      // Fri-Mon goes over the end of the week.
      for (DayOfWeek day = first.get(); ; day = day.plus(1)) {
        days.add(day);
        if (day == last.get()) {
          break;
        }
      }
    }
    return Optional.of(days);
  }

  private static Optional<DayOfWeek> day(String text) {
    String lower = text.toLowerCase(java.util.Locale.ROOT);
    return NAMES.entrySet().stream()
        .filter(entry ->
            lower.equals(entry.getKey())
                || lower.equals(entry.getValue().name().toLowerCase(java.util.Locale.ROOT)))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /**
   * The stretch in which the moment is, or the next one; empty only if the next ones all fall into
   * hours that do not exist.
   *
   * @param machine where times without a zone are
   */
  public Optional<Span> at(Instant moment, ZoneId machine) {
    ZoneId here = zone.orElse(machine);
    // One that began yesterday may go on.
    LocalDate first = LocalDate.ofInstant(moment, here).minusDays(2);
    for (int ahead = 0; ahead < DAYS_AHEAD + 2; ahead++) {
      LocalDate day = first.plusDays(ahead);
      if (days.contains(day.getDayOfWeek())) {
        LocalDateTime begin = day.atTime(from);
        var span = new Span(earliest(begin, here), latest(begin.plus(length), here));
        if (span.from().isBefore(span.to()) && moment.isBefore(span.to())) {
          return Optional.of(span);
        }
      }
    }
    return Optional.empty();
  }

  private static Instant earliest(LocalDateTime time, ZoneId zone) {
    return instant(time, zone, true);
  }

  private static Instant latest(LocalDateTime time, ZoneId zone) {
    return instant(time, zone, false);
  }

  private static Instant instant(LocalDateTime time, ZoneId zone, boolean first) {
    List<ZoneOffset> offsets = zone.getRules().getValidOffsets(time);
    if (offsets.isEmpty()) {
      ZoneOffsetTransition gap = zone.getRules().getTransition(time);
      return gap.getInstant();
    }
    return time.toInstant(first ? offsets.getFirst() : offsets.getLast());
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    if (days.size() < DayOfWeek.values().length) {
      for (DayOfWeek day : DayOfWeek.values()) {
        if (days.contains(day)) {
          text.append(text.isEmpty() ? "" : ",")
              .append(day.name().charAt(0))
              .append(day.name().substring(1, 3).toLowerCase(java.util.Locale.ROOT));
        }
      }
      text.append(' ');
    }
    text.append(from).append('-').append(from.plus(length));
    zone.ifPresent(id -> text.append(' ').append(id));
    return text.toString();
  }
}
