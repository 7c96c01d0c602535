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

  FeatureReader(Values values) {
    this.values = values;
    this.warnings = values.warnings();
  }

  Feature read(DefinitionFile file, List<Assignment> assignments) throws UpdateException {
    String id = file.name().substring(0, file.name().length() - SUFFIX.length());
    if (!SafeName.isFeature(id)) {
      throw UpdateException.because(
              Reason.DEFINITION_INVALID,
              "refused "
                  + Quote.quote(file.shown().toString())
                  + ": the name of the feature is invalid")
          .found(Quote.quote(id))
          .remedy(
              "name features without control characters, backslashes, quotes and * ? [, in at most"
                  + " 245 bytes")
          .configuration();
    }
    for (Assignment assignment : assignments) {
      accept(assignment);
    }
    return new Feature(id, file.shown(), description, documentation, appStream, enabled);
  }

  private void accept(Assignment assignment) {
    switch (assignment.key()) {
      case "Description" -> description = values.string(assignment);
      case "Documentation" -> values.urls(assignment, documentation);
      case "AppStream" -> appStream = values.url(assignment, appStream);
      case "Enabled" -> enabled = values.bool(assignment, enabled);
      // Suggestions never enable anything (transfer-files.md 18.1).
      case "Suggest",
          "SuggestOnArchitecture",
          "SuggestOnFirmware",
          "SuggestOnVirtualization",
          "SuggestOnHost",
          "SuggestOnFraction",
          "SuggestOnKernelCommandLine",
          "SuggestOnVersion",
          "SuggestOnCredential",
          "SuggestOnSecurity",
          "SuggestOnOSRelease",
          "SuggestOnMachineTag" -> {}
      default -> warnings.ignored(assignment, "[Feature] has no such key");
    }
  }
}
