package org.particleos.update.definition;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * All that one installation defines. Transfers are sorted by file name in byte order, which is the
 * order of download and installation; features likewise.
 *
 * @param component what is said about the component as a whole, where these are a component's
 * @param enabled transfers that take part in updates
 * @param disabled transfers whose features are off; as valid as the others
 */
public record Definitions(
    Optional<Component> component,
    List<Transfer> enabled,
    List<Transfer> disabled,
    List<Feature> features,
    List<DefinitionWarning> warnings) {
  public Definitions {
    Objects.requireNonNull(component);
    enabled = List.copyOf(enabled);
    disabled = List.copyOf(disabled);
    features = List.copyOf(features);
    warnings = List.copyOf(warnings);
  }

  /** Whether the definitions may be updated: only a component can be disabled as a whole. */
  public boolean updatable() {
    return component.map(Component::enabled).orElse(true);
  }

  /** The feature of this name, if it is defined. */
  public Optional<Feature> feature(String id) {
    return features.stream().filter(feature -> feature.id().equals(id)).findFirst();
  }

  /**
   * The transfers that name a feature in {@code Features=} or {@code RequisiteFeatures=}, enabled
   * ones first.
   */
  public List<Transfer> transfersNaming(String feature) {
    return Stream.concat(enabled.stream(), disabled.stream())
        .filter(transfer ->
            transfer.features().contains(feature) || transfer.requisiteFeatures().contains(feature))
        .toList();
  }
}
