package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.UpdateException;

/** Reads what is said about one component into a {@link Component} (transfer-files.md 17.2). */
final class ComponentReader {
  static final Set<String> SECTIONS = Set.of("Component");

  private final Values values;
  private final Warnings warnings;

  private Optional<String> description = Optional.empty();
  private final List<String> documentation = new ArrayList<>();
  private boolean enabled = true;
  private final SuggestionReader suggestion;

  ComponentReader(Values values) {
    this.values = values;
    this.warnings = values.warnings();
    this.suggestion = new SuggestionReader(values);
  }

  /** The file of a component, and what the names of its drop-in directories start with. */
  static String fileName(String component) {
    return "sysupdate." + component + ".component";
  }

  Component read(String name, Path root) throws UpdateException {
    var files = DefinitionFiles.ofMetadata(root, warnings);
    String fileName = fileName(name);
    // Deviation: D-10. A masked main file is an absent one; the reference fails to load then.
    for (Assignment assignment : files.assignments(fileName, files.mainFile(fileName), SECTIONS)) {
      accept(assignment);
    }
    return new Component(
        name, description, documentation, enabled, suggestion.suggestion(), warnings.all());
  }

  private void accept(Assignment assignment) {
    switch (assignment.key()) {
      case "Description" -> description = values.string(assignment);
      case "Documentation" -> values.urls(assignment, documentation);
      case "Enabled" -> enabled = values.bool(assignment, enabled);
      default -> {
        if (!suggestion.accept(assignment)) {
          warnings.ignored(assignment, "[Component] has no such key");
        }
      }
    }
  }
}
