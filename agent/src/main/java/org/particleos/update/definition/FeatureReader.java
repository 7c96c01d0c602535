package org.particleos.update.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.definition.DefinitionFiles.DefinitionFile;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Turns the assignments of one feature into a {@link Feature} (transfer-files.md 16.1). */
final class FeatureReader {
  static final String SUFFIX = ".feature";
  static final Set<String> SECTIONS = Set.of("Feature");

  private final Values values;
  private final Warnings warnings;

  private Optional<String> description = Optional.empty();
  private final List<String> documentation = new ArrayList<>();
  private Optional<String> appStream = Optional.empty();
  private boolean enabled;
  private final SuggestionReader suggestion;

  FeatureReader(Values values) {
    this.values = values;
    this.warnings = values.warnings();
    this.suggestion = new SuggestionReader(values);
  }

  Feature read(DefinitionFile file, List<Assignment> assignments) throws UpdateException {
    String id = file.name().substring(0, file.name().length() - SUFFIX.length());
    var violation = SafeName.featureViolation(id);
    if (violation.isPresent()) {
      throw UpdateException.because(
              Reason.DEFINITION_INVALID,
              "refused "
                  + Quote.quote(file.shown().toString())
                  + ": the name of the feature "
                  + violation.get())
          .found(Quote.quote(id))
          .remedy(
              "name features without control characters, backslashes, quotes and * ? [, in at most"
                  + " 245 bytes")
          .configuration();
    }
    for (Assignment assignment : assignments) {
      accept(assignment);
    }
    return new Feature(
        id, file.shown(), description, documentation, appStream, enabled, suggestion.suggestion());
  }

  private void accept(Assignment assignment) {
    switch (assignment.key()) {
      case "Description" -> description = values.string(assignment);
      case "Documentation" -> values.urls(assignment, documentation);
      case "AppStream" -> appStream = values.url(assignment, appStream);
      case "Enabled" -> enabled = values.bool(assignment, enabled);
      default -> {
        if (!suggestion.accept(assignment)) {
          warnings.ignored(assignment, "[Feature] has no such key");
        }
      }
    }
  }
}
