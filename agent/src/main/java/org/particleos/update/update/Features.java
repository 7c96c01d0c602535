package org.particleos.update.update;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.definition.ConditionFacts;
import org.particleos.update.definition.Definitions;
import org.particleos.update.definition.Enablement;
import org.particleos.update.definition.Feature;
import org.particleos.update.definition.SafeName;
import org.particleos.update.definition.Suggestion;
import org.particleos.update.definition.Transfer;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * The optional features of one installation: what there is, and switching (transfer-files.md 16).
 */
public final class Features {
  /**
   * A feature with what is known of it beyond its own file.
   *
   * @param transfers names of the transfers that name the feature, enabled ones first
   */
  public record Listed(Feature feature, Suggestion.Verdict suggested, List<String> transfers) {
    public Listed {
      transfers = List.copyOf(transfers);
    }
  }

  private final Machine machine;
  private final Optional<String> component;
  private final Definitions definitions;
  private final ConditionFacts facts;

  private Features(Machine machine, Optional<String> component, Definitions definitions) {
    this.machine = machine;
    this.component = component;
    this.definitions = definitions;
    this.facts = ConditionFacts.ofHost(machine.environment());
  }

  /** Those of an installation that has transfers, for listing. */
  public static Features ofTransfers(
      Machine machine, Settings settings, UpdateEvent.Observer observer) throws UpdateException {
    return load(machine, settings, observer, Installation.Need.TRANSFERS);
  }

  /** Those of an installation that may have none, for switching. */
  public static Features of(Machine machine, Settings settings, UpdateEvent.Observer observer)
      throws UpdateException {
    return load(machine, settings, observer, Installation.Need.NOTHING);
  }

  private static Features load(
      Machine machine, Settings settings, UpdateEvent.Observer observer, Installation.Need need)
      throws UpdateException {
    try {
      Definitions definitions = Installation.definitions(machine, settings, need);
      definitions
          .warnings()
          .forEach(warning -> observer.on(new UpdateEvent.Warning(warning.toString())));
      return new Features(machine, Installation.component(settings.place()), definitions);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
  }

  /** Whether there is any transfer, enabled or not, so that the installation exists at all. */
  public boolean hasTransfers() {
    return !definitions.enabled().isEmpty() || !definitions.disabled().isEmpty();
  }

  /** All, by name in byte order. */
  public List<Listed> all() {
    return definitions.features().stream().map(this::listed).toList();
  }

  /**
   * One of them.
   *
   * @throws UpdateException if there is none of the name, or none can have it
   */
  public Listed named(String name) throws UpdateException {
    if (!SafeName.isFeature(name)) {
      throw UpdateException.because(
              Reason.OPTION_INVALID, "Feature name invalid: " + Quote.quote(name))
          .state("nothing was changed")
          .remedy("see which features there are: particle-update features")
          .configuration();
    }
    Optional<Feature> feature = definitions.feature(name);
    if (feature.isEmpty()) {
      throw UpdateException.because(
              Reason.FEATURE_NOT_FOUND, "Feature not found: " + Quote.quote(name))
          .state("nothing was changed")
          .remedy("see which features there are: particle-update features")
          .configuration();
    }
    return listed(feature.get());
  }

  private Listed listed(Feature feature) {
    List<String> transfers = new ArrayList<>();
    for (Transfer transfer : definitions.transfersNaming(feature.id())) {
      transfers.add(transfer.id());
    }
    return new Listed(feature, feature.suggestion().evaluate(facts), transfers);
  }

  /**
   * Switches one on or off, for the next update or vacuum to act on.
   *
   * @param author who is told to have done it, in the file that is written
   * @return where the administrator has said the opposite with the last word
   */
  public Optional<String> switchTo(boolean enabled, Feature feature, String author)
      throws UpdateException {
    return new Enablement(machine.kernel(), machine.root())
        .set(new Enablement.Subject.OfFeature(component, feature.id()), enabled, author)
        .overriddenBy()
        .map(Object::toString);
  }
}
