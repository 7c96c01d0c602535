package org.particleos.update.definition;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.particleos.update.failure.Quote;
import org.particleos.update.pattern.FieldText;
import org.particleos.update.pattern.FieldText.LeadingZero;
import org.particleos.update.version.Version;

/**
 * Reads values by the grammars of transfer-files.md 3. Each method takes the present value and
 * returns the new one: the present one, with a warning, if the assignment is invalid.
 */
record Values(Specifiers specifiers, Warnings warnings) {

  boolean bool(Assignment assignment, boolean present) {
    return FieldText.bool(assignment.value())
        .orElseGet(() -> {
          warnings.ignored(assignment, "a truth value is yes or no");
          return present;
        });
  }

  Optional<Boolean> tristate(Assignment assignment, Optional<Boolean> present) {
    if (assignment.value().isEmpty()) {
      return Optional.empty();
    }
    var value = FieldText.bool(assignment.value());
    return value.isPresent()
        ? value
        : kept(assignment, "a truth value is yes or no, or empty to unset it", present);
  }

  /** The result is to be read as unsigned. */
  OptionalLong unsigned(Assignment assignment, OptionalLong present) {
    var value = FieldText.unsigned(assignment.value(), LeadingZero.OCTAL);
    if (value.isEmpty()) {
      warnings.ignored(assignment, "it is no unsigned 64-bit number");
      return present;
    }
    return value;
  }

  /** Numbers of boot attempts; none from 2^63 on, which no boot loader could count. */
  OptionalLong tries(Assignment assignment, OptionalLong present) {
    var value = unsigned(assignment, present);
    if (value.isPresent() && value.getAsLong() < 0) {
      warnings.ignored(assignment, "it is larger than " + Long.MAX_VALUE);
      return present;
    }
    return value;
  }

  OptionalLong hex(Assignment assignment, OptionalLong present) {
    if (assignment.value().isEmpty()) {
      return OptionalLong.empty();
    }
    var value = FieldText.hex(assignment.value());
    if (value.isEmpty()) {
      warnings.ignored(assignment, "it is no hexadecimal 64-bit number");
      return present;
    }
    return value;
  }

  OptionalInt mode(Assignment assignment, OptionalInt present) {
    var value = FieldText.mode(assignment.value());
    if (value.isEmpty()) {
      warnings.ignored(assignment, "a mode is an octal number up to 7777");
      return present;
    }
    return value;
  }

  Optional<UUID> uuid(Assignment assignment, Optional<UUID> present) {
    if (assignment.value().isEmpty()) {
      return Optional.empty();
    }
    var value = FieldText.uuid(assignment.value());
    return value.isPresent() ? value : kept(assignment, "it is no UUID", present);
  }

  Optional<String> string(Assignment assignment) {
    return Optional.of(assignment.value()).filter(text -> !text.isEmpty());
  }

  /** Appends; an empty value clears. */
  void strings(Assignment assignment, List<String> list) {
    if (assignment.value().isEmpty()) {
      list.clear();
      return;
    }
    Words.quoted(assignment.value())
        .ifPresentOrElse(list::addAll, () -> warnings.ignored(assignment, "a quote is not closed"));
  }

  /** Appends one URL; an empty value clears. */
  void urls(Assignment assignment, List<String> list) {
    if (assignment.value().isEmpty()) {
      list.clear();
    } else {
      url(assignment).ifPresent(list::add);
    }
  }

  Optional<String> url(Assignment assignment, Optional<String> present) {
    return assignment.value().isEmpty() ? Optional.empty() : url(assignment).or(() -> present);
  }

  private Optional<String> url(Assignment assignment) {
    return expanded(assignment, Specifiers.UNLIMITED)
        .filter(url -> {
          if (WebUrl.isValid(url)) {
            return true;
          }
          warnings.ignored(assignment, Quote.quote(url) + " is no http or https URL in ASCII");
          return false;
        });
  }

  Optional<Version> version(Assignment assignment, Optional<Version> present) {
    if (assignment.value().isEmpty()) {
      return Optional.empty();
    }
    var text = expanded(assignment, Specifiers.SHORT_BYTES_MAX);
    if (text.isEmpty()) {
      return present;
    }
    var version = Version.parse(text.get());
    return version.isPresent()
        ? version
        : kept(assignment, Quote.quote(text.get()) + " is no version", present);
  }

  /** The value with its specifiers replaced; empty, with a warning, if that is not possible. */
  Optional<String> expanded(Assignment assignment, int bytesMax) {
    try {
      return Optional.of(specifiers.expand(assignment.value(), bytesMax));
    } catch (SpecifierException e) {
      warnings.ignored(assignment, e.why());
      return Optional.empty();
    }
  }

  private <T> Optional<T> kept(Assignment assignment, String why, Optional<T> present) {
    warnings.ignored(assignment, why);
    return present;
  }
}
