package org.particleos.update.policy;

import java.util.OptionalInt;

/**
 * What the machine lives on.
 *
 * @param onBattery whether nothing else feeds it
 * @param percent charge of all batteries together, 0 to 100, if it has any that say so
 */
public record Energy(Answer onBattery, OptionalInt percent) {
  /** No battery at all, or nobody who knows of one. */
  public static final Energy UNKNOWN = new Energy(Answer.UNKNOWN, OptionalInt.empty());

  public Energy {
    if (percent.isPresent() && (percent.getAsInt() < 0 || percent.getAsInt() > 100)) {
      throw new IllegalArgumentException("a charge is 0 to 100 percent: " + percent);
    }
  }
}
