package org.particleos.update.definition;

import java.util.List;

/**
 * All that one installation defines. Transfers are sorted by file name in byte order, which is the
 * order of download and installation; features likewise.
 *
 * @param enabled transfers that take part in updates
 * @param disabled transfers whose features are off; as valid as the others
 */
public record Definitions(
    List<Transfer> enabled,
    List<Transfer> disabled,
    List<Feature> features,
    List<DefinitionWarning> warnings) {
  public Definitions {
    enabled = List.copyOf(enabled);
    disabled = List.copyOf(disabled);
    features = List.copyOf(features);
    warnings = List.copyOf(warnings);
  }
}
