package org.particleos.update.cli;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.ArgSpec;

/** What was given on the command line for one option or argument. */
final class Given {
  private final ArgSpec argument;

  Given(ArgSpec argument) {
    this.argument = argument;
  }

  /** Whether a flag is set. */
  boolean isSet() {
    return Boolean.TRUE.equals(argument.<@Nullable Boolean>getValue());
  }

  /** The text, which may be empty; none if it was not given. */
  Optional<String> text() {
    return Optional.ofNullable(argument.getValue());
  }

  /** The text; none if it was not given, or taken back by giving it again with no text. */
  Optional<String> value() {
    return text().filter(text -> !text.isEmpty());
  }

  /** All words of an argument that takes several. */
  List<String> words() {
    return Optional.ofNullable(argument.<@Nullable List<String>>getValue()).orElse(List.of());
  }
}
