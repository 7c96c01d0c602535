package org.particleos.update.service;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;

/** Time as the kernel and the administrator see it. */
public interface Moments {
  /** By the wall clock, which anybody may set. */
  Instant now();

  /** Since the kernel started, sleep included; nobody can set it. */
  Duration uptime();

  /** The same without sleep; only differences mean something. */
  Duration awake();

  /** Another one for each start of the kernel. */
  String bootId();

  /** Of the machine. */
  ZoneId zone();

  /**
   * The real ones.
   *
   * @param root of the system whose time zone counts
   */
  static Moments ofSystem(Path root, InstantSource clock) {
    return new Moments() {
      private static final Path UPTIME = Path.of("/proc/uptime");
      private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
      private static final String ZONES = "zoneinfo/";

      @Override
      public Instant now() {
        return clock.instant();
      }

      @Override
      public Duration uptime() {
        try {
          String first = Files.readString(UPTIME, StandardCharsets.US_ASCII).split(" ", 2)[0];
          return Duration.ofMillis((long) (Double.parseDouble(first) * 1000));
        } catch (IOException | NumberFormatException _) {
          return awake(); // the best there is where /proc is not
        }
      }

      @Override
      public Duration awake() {
        return Duration.ofNanos(System.nanoTime());
      }

      @Override
      public String bootId() {
        try {
          return Files.readString(BOOT_ID, StandardCharsets.US_ASCII).strip();
        } catch (IOException _) {
          return "unknown";
        }
      }

      @Override
      public ZoneId zone() {
        // Read anew each time: Java keeps the zone that it has found once.
        try {
          String target = Files.readSymbolicLink(root.resolve("etc/localtime")).toString();
          int zones = target.indexOf(ZONES);
          if (zones >= 0) {
            return ZoneId.of(target.substring(zones + ZONES.length()));
          }
        } catch (IOException | DateTimeException _) {
          // No such link, or to no zone that Java knows.
        }
        return ZoneId.systemDefault();
      }
    };
  }
}
