package org.particleos.update.policy;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Moments as people of this machine read them. */
public final class LocalText {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("EEE yyyy-MM-dd HH:mm zzz", Locale.ROOT);

  private LocalText() {}

  public static String of(Instant instant, ZoneId zone) {
    return FORMAT.format(instant.atZone(zone));
  }
}
