package org.particleos.update.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the keys that features and components share (transfer-files.md 18). */
final class SuggestionReader {
  private final Values values;

  private Optional<Boolean> suggest = Optional.empty();
  private final List<Condition> conditions = new ArrayList<>();

  SuggestionReader(Values values) {
    this.values = values;
  }

  /** Whether the key is one of these. */
  boolean accept(Assignment assignment) {
    if (assignment.key().equals("Suggest")) {
      suggest = values.tristate(assignment, suggest);
      return true;
    }
    var kind = ConditionKind.ofKey(assignment.key());
    if (kind.isEmpty()) {
      return false;
    }
    if (assignment.value().isEmpty()) {
      conditions.removeIf(condition -> condition.kind() == kind.get());
      return true;
    }
    // The marks are written, not expanded: a specifier cannot turn a condition round.
    String rest = assignment.value();
    boolean trigger = rest.startsWith("|");
    rest = trigger ? IniReader.trim(rest.substring(1)) : rest;
    boolean negated = rest.startsWith("!");
    rest = negated ? IniReader.trim(rest.substring(1)) : rest;
    try {
      String parameter = values.specifiers().expand(rest, Specifiers.UNLIMITED);
      conditions.add(new Condition(kind.get(), trigger, negated, parameter));
    } catch (SpecifierException e) {
      values.warnings().ignored(assignment, e.why());
    }
    return true;
  }

  Suggestion suggestion() {
    return new Suggestion(suggest, conditions);
  }
}
