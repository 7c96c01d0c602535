package org.particleos.update.definition;

import java.util.Optional;
import org.particleos.update.version.VersionOrder;

/**
 * {@code SUBJECT OPERATOR VALUE} of a condition (transfer-files.md 18.2).
 *
 * @param subject what stands before the operator, trimmed; may be empty
 * @param value what it is compared with, trimmed
 */
record Comparison(String subject, Operator operator, String value) {
  /** Longer operators first, so that the first that fits is the one meant. */
  enum Operator {
    GLOB_DIFFERS("!$="),
    GLOB("$="),
    DIFFERS("!="),
    OLDER_OR_SAME("<="),
    NOT_SAME_VERSION("<>"),
    SAME_VERSION("=="),
    NEWER_OR_SAME(">="),
    OLDER("<"),
    NEWER(">"),
    EQUAL("=");

    private final String text;

    Operator(String text) {
      this.text = text;
    }

    private static Optional<Operator> at(String text, int index) {
      for (Operator operator : values()) {
        if (text.startsWith(operator.text, index)) {
          return Optional.of(operator);
        }
      }
      return Optional.empty();
    }
  }

  /** Splits at the first operator; empty if there is none. */
  static Optional<Comparison> parse(String text) {
    for (int i = 0; i < text.length(); i++) {
      var operator = Operator.at(text, i);
      if (operator.isPresent()) {
        return Optional.of(
            new Comparison(
                IniReader.trim(text.substring(0, i)),
                operator.get(),
                IniReader.trim(text.substring(i + operator.get().text.length()))));
      }
    }
    return Optional.empty();
  }

  boolean holdsFor(String actual) {
    return switch (operator) {
      case GLOB -> Glob.matches(value, actual);
      case GLOB_DIFFERS -> !Glob.matches(value, actual);
      case EQUAL -> actual.equals(value);
      case DIFFERS -> !actual.equals(value);
      case OLDER -> VersionOrder.compare(actual, value) < 0;
      case OLDER_OR_SAME -> VersionOrder.compare(actual, value) <= 0;
      case SAME_VERSION -> VersionOrder.compare(actual, value) == 0;
      case NOT_SAME_VERSION -> VersionOrder.compare(actual, value) != 0;
      case NEWER_OR_SAME -> VersionOrder.compare(actual, value) >= 0;
      case NEWER -> VersionOrder.compare(actual, value) > 0;
    };
  }
}
