package org.particleos.update.definition;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * For which machines a feature or component is meant (transfer-files.md 18). It enables nothing by
 * itself; it only says what to select where the administrator asks for what is suggested.
 *
 * @param suggest decides alone, if it is there
 * @param conditions decide otherwise; none of them means not suggested
 */
public record Suggestion(Optional<Boolean> suggest, List<Condition> conditions) {
  public Suggestion {
    Objects.requireNonNull(suggest);
    conditions = List.copyOf(conditions);
  }

  /** Whether something is suggested here. */
  public sealed interface Verdict {
    record Known(boolean suggested) implements Verdict {}

    /**
     * A condition that would have decided cannot be evaluated.
     *
     * @param reason in the words of the C library, for listings
     * @param detail which condition and why, with outside text quoted
     */
    record Undetermined(String reason, String detail) implements Verdict {}
  }

  /**
   * All conditions that are no triggers must hold, and one of the triggers if there are any
   * (transfer-files.md 18.1).
   */
  public Verdict evaluate(ConditionFacts facts) {
    if (suggest.isPresent() || conditions.isEmpty()) {
      return new Verdict.Known(suggest.orElse(false));
    }
    Optional<Verdict> undetermined = Optional.empty();
    Optional<Verdict> undeterminedTrigger = Optional.empty();
    boolean triggers = false;
    boolean triggered = false;
    for (Condition condition : conditions) {
      triggers |= condition.trigger();
      switch (condition.evaluate(facts)) {
        case Verdict.Known(var holds) -> {
          if (condition.trigger()) {
            triggered |= holds;
          } else if (!holds) {
            return new Verdict.Known(false);
          }
        }
        case Verdict.Undetermined why -> {
          if (condition.trigger()) {
            undeterminedTrigger = undeterminedTrigger.or(() -> Optional.of(why));
          } else {
            undetermined = undetermined.or(() -> Optional.of(why));
          }
        }
      }
    }
    if (triggers && !triggered) {
      return undeterminedTrigger.orElseGet(() -> new Verdict.Known(false));
    }
    return undetermined.orElseGet(() -> new Verdict.Known(true));
  }
}
