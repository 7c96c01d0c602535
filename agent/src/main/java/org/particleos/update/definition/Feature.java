package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One feature file with its drop-ins (transfer-files.md 16).
 *
 * @param id the file name without suffix
 * @param file the main file
 * @param documentation URLs
 * @param appStream a URL
 * @param suggestion for which machines it is meant; enables nothing
 */
public record Feature(
    String id,
    Path file,
    Optional<String> description,
    List<String> documentation,
    Optional<String> appStream,
    boolean enabled,
    Suggestion suggestion) {
  public Feature {
    Objects.requireNonNull(id);
    Objects.requireNonNull(file);
    Objects.requireNonNull(description);
    documentation = List.copyOf(documentation);
    Objects.requireNonNull(appStream);
    Objects.requireNonNull(suggestion);
  }
}
