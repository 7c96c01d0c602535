package org.particleos.update.update;

import java.util.Optional;
import org.particleos.update.failure.UpdateException;

/**
 * One thing that was found when everything an update needs was looked at.
 *
 * @param about which part
 * @param remedy what to do; empty where nothing is to be done
 * @param failure what an update would fail with
 */
public record Finding(
    Level level, String about, String text, String remedy, Optional<UpdateException> failure) {
  public enum Level {
    GOOD,
    /** An update works, but something may not be as meant. */
    WARNING,
    /** An update would fail. */
    FAILURE
  }

  static Finding failure(String about, UpdateException e) {
    String text =
        e.getMessage() + e.found().filter(t -> !t.isEmpty()).map(t -> " (" + t + ")").orElse("");
    return new Finding(Level.FAILURE, about, text, e.remedy(), Optional.of(e));
  }
}
