package org.particleos.update.service;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.particleos.update.policy.Answer;
import org.particleos.update.policy.Energy;

/**
 * What feeds the machine as the kernel tells (Documentation/ABI/testing/sysfs-class-power). Cannot
 * tell when that changes. Batteries of mice and keyboards do not count.
 */
public final class SysfsPower implements Power {
  private static final int SUPPLIES_MAX = 64;

  private final Path directory;

  public SysfsPower() {
    this(Path.of("/sys/class/power_supply"));
  }

  SysfsPower(Path directory) {
    this.directory = directory;
  }

  @Override
  public void watch(Runnable changed) {}

  @Override
  public Energy energy() {
    boolean fed = false;
    boolean discharging = false;
    double full = 0;
    double left = 0;
    int seen = 0;
    try (DirectoryStream<Path> supplies = Files.newDirectoryStream(directory)) {
      for (Path supply : supplies) {
        if (++seen > SUPPLIES_MAX) {
          break;
        }
        if (text(supply, "scope").equals("Device") || text(supply, "present").equals("0")) {
          continue;
        }
        if (text(supply, "type").equals("Battery")) {
          discharging |= text(supply, "status").equals("Discharging");
          double weight = capacity(supply);
          OptionalDouble percent = number(supply, "capacity");
          if (percent.isPresent()) {
            full += weight;
            left += weight * Math.clamp(percent.getAsDouble(), 0, 100) / 100;
          }
        } else {
          // Mains, USB and wireless chargers.
          fed |= number(supply, "online").orElse(0) > 0;
        }
      }
    } catch (IOException | DirectoryIteratorException _) {
      return Energy.UNKNOWN;
    }
    OptionalInt percent =
        full > 0 ? OptionalInt.of((int) Math.round(100 * left / full)) : OptionalInt.empty();
    return new Energy(Answer.of(discharging && !fed), percent);
  }

  /** In whatever unit; all batteries of a machine use the same, or else count alike. */
  private static double capacity(Path supply) {
    return number(supply, "energy_full").orElse(number(supply, "charge_full").orElse(1));
  }

  private static OptionalDouble number(Path supply, String file) {
    try {
      return OptionalDouble.of(Double.parseDouble(text(supply, file)));
    } catch (NumberFormatException _) {
      return OptionalDouble.empty();
    }
  }

  private static String text(Path supply, String file) {
    try {
      return Files.readString(supply.resolve(file), StandardCharsets.US_ASCII).strip();
    } catch (IOException _) {
      return ""; // not every supply has every file
    }
  }
}
