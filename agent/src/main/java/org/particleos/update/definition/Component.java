package org.particleos.update.definition;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What is said about a component as a whole (transfer-files.md 17.2). A component needs no such
 * file: one that has none is enabled and described by nothing.
 *
 * @param name satisfies {@link SafeName#isComponent}
 * @param documentation URLs
 * @param enabled whether it may be updated; what is installed of it stays in any case
 * @param suggestion for which machines it is meant; enables nothing
 * @param warnings what was ignored while this was read
 */
public record Component(
    String name,
    Optional<String> description,
    List<String> documentation,
    boolean enabled,
    Suggestion suggestion,
    List<DefinitionWarning> warnings) {
  public Component {
    Objects.requireNonNull(name);
    Objects.requireNonNull(description);
    documentation = List.copyOf(documentation);
    Objects.requireNonNull(suggestion);
    warnings = List.copyOf(warnings);
  }
}
