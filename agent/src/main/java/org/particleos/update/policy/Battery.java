package org.particleos.update.policy;

import java.util.Optional;
import java.util.OptionalInt;

/** Whether something may be done while nothing but a battery feeds the machine. */
public sealed interface Battery {
  /** Whatever the charge is. */
  record Any() implements Battery {}

  /** From this charge on. */
  record AtLeast(int percent) implements Battery {
    public AtLeast {
      if (percent < 0 || percent > 100) {
        throw new IllegalArgumentException("a charge is 0 to 100 percent: " + percent);
      }
    }
  }

  /** Not at all. */
  record Never() implements Battery {}

  /** {@code yes}, {@code no} or {@code 30%}; empty if it is none of them. */
  static Optional<Battery> parse(String text) {
    if (text.matches("[0-9]{1,3}\\s*%")) {
      int percent = Integer.parseInt(text.replaceAll("[^0-9]", ""));
      return percent > 100 ? Optional.empty() : Optional.of(new AtLeast(percent));
    }
    return org.particleos.update.pattern.FieldText.bool(text)
        .map(yes -> yes ? new Any() : new Never());
  }

  /** Why it may not be done now, as a clause; empty if it may. */
  default Optional<String> objection(Energy energy) {
    if (energy.onBattery() != Answer.YES) {
      return Optional.empty();
    }
    OptionalInt charge = energy.percent();
    return switch (this) {
      case Any() -> Optional.empty();
      case Never() -> Optional.of("the machine runs on battery (OnBattery=no)");
      case AtLeast(var percent) ->
          charge.isPresent() && charge.getAsInt() >= percent
              ? Optional.empty()
              : Optional.of(
                  "the machine runs on battery"
                      + (charge.isPresent() ? " with " + charge.getAsInt() + " %" : "")
                      + " (OnBattery="
                      + percent
                      + "%)");
    };
  }
}
