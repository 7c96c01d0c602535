package org.particleos.update.definition;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as systemd.time(7) spells them: {@code 90}, {@code 2h}, {@code 1h 30min}. */
public final class TimeSpan {
  /** A span of years is a mistake. */
  public static final Duration MAX = Duration.ofDays(366);

  private static final Map<String, Duration> UNITS =
      Map.ofEntries(
          Map.entry("", Duration.ofSeconds(1)),
          Map.entry("s", Duration.ofSeconds(1)),
          Map.entry("sec", Duration.ofSeconds(1)),
          Map.entry("m", Duration.ofMinutes(1)),
          Map.entry("min", Duration.ofMinutes(1)),
          Map.entry("h", Duration.ofHours(1)),
          Map.entry("hr", Duration.ofHours(1)),
          Map.entry("d", Duration.ofDays(1)),
          Map.entry("day", Duration.ofDays(1)),
          Map.entry("days", Duration.ofDays(1)),
          Map.entry("w", Duration.ofDays(7)),
          Map.entry("week", Duration.ofDays(7)),
          Map.entry("weeks", Duration.ofDays(7)));

  private static final Pattern PART = Pattern.compile("\\G\\s*([0-9]{1,9})\\s*([a-z]*)");

  private TimeSpan() {}

  /** Empty if it is none, or a longer one than {@link #MAX}. */
  public static Optional<Duration> parse(String text) {
    Matcher part = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (part.find()) {
      Duration unit = UNITS.get(part.group(2));
      if (unit == null) {
        return Optional.empty();
      }
      sum = sum.plus(unit.multipliedBy(Long.parseLong(part.group(1))));
      if (sum.compareTo(MAX) > 0) {
        return Optional.empty();
      }
      end = part.end();
    }
    return end > 0 && text.substring(end).isBlank() ? Optional.of(sum) : Optional.empty();
  }

  /** As people say it, in at most two units; less than a minute is seconds. */
  public static String text(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    if (seconds < 60) {
      return seconds + " s";
    }
    long minutes = (seconds + 59) / 60;
    if (minutes < 60) {
      return minutes + " min";
    }
    long hours = minutes / 60;
    if (hours < 48) {
      return hours + " h" + (minutes % 60 == 0 ? "" : " " + minutes % 60 + " min");
    }
    return hours / 24 + " days" + (hours % 24 == 0 ? "" : " " + hours % 24 + " h");
  }
}
