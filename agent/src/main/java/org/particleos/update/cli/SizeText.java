package org.particleos.update.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;

/** Bytes, rates and times as people read them. */
final class SizeText {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private SizeText() {}

  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
  }

  static String bytes(OptionalLong bytes) {
    return bytes.isPresent() ? bytes(bytes.getAsLong()) : "unknown size";
  }

  /** Bytes per second. */
  static long perSecond(long bytes, Duration elapsed) {
    return (long) (bytes / Math.max(0.001, elapsed.toMillis() / 1000.0));
  }

  /** How long something took; short times with a decimal. */
  static String elapsed(Duration duration) {
    return duration.toSeconds() < 10
        ? String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0)
        : time(duration);
  }

  static String time(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 60) {
      return seconds + " s";
    }
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", seconds / 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d h", seconds / 3600, seconds / 60 % 60);
  }
}
