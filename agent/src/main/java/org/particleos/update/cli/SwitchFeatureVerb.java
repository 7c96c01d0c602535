package org.particleos.update.cli;

import java.util.Optional;
import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.Feature;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Features;

/** Switches features on or off (update-algorithm.md 6.9). */
abstract sealed class SwitchFeatureVerb extends Verb {
  static final class Enable extends SwitchFeatureVerb {
    Enable() {
      super(
          "enable-feature",
          "Switch features on; the next update installs what belongs to them.",
          true);
    }
  }

  static final class Disable extends SwitchFeatureVerb {
    Disable() {
      super(
          "disable-feature",
          "Switch features off; the next update or vacuum removes what belongs to them.",
          false);
    }
  }

  private final Given names = arguments().words("0..*", "FEATURE", "Names of features.");

  private final boolean enable;

  private SwitchFeatureVerb(String name, String description, boolean enable) {
    super(
        name,
        description,
        Spelling.REFERENCE,
        Access.CHANGES,
        1,
        Set.of(Choice.FEATURES, Choice.COMPONENT, Choice.COMPONENT_ALL, Choice.OTHER_SYSTEM));
    this.enable = enable;
  }

  @Override
  ExitStatus run() throws UpdateException {
    boolean selected = options().featureAll() || options().featureSuggested();
    if (selected && !names.words().isEmpty()) {
      throw usage("features are either named or selected by an option, not both");
    }
    if (options().featureAll() && options().featureSuggested()) {
      throw usage("features are selected by --feature-all or --feature-suggested, not both");
    }
    if (!selected && names.words().isEmpty()) {
      throw usage("No feature specified.");
    }
    return forEachInstallation(this::switchThoseOf);
  }

  private static UpdateException usage(String what) {
    return UpdateException.because(Reason.OPTION_INVALID, what)
        .state("nothing was changed")
        .remedy("name features, or use --feature-all or --feature-suggested")
        .configuration();
  }

  private void switchThoseOf(DefinitionPlace place) throws UpdateException {
    Features features = Features.of(machine(), settings(place), progress());
    if (options().componentAll()
        && place instanceof DefinitionPlace.Host
        && !features.hasTransfers()) {
      return; // the operating system itself is no installation here
    }
    if (names.words().isEmpty()) {
      for (Features.Listed listed : features.all()) {
        if (selected(listed)) {
          switchOne(features, listed.feature());
        }
      }
      return;
    }
    Optional<UpdateException> first = Optional.empty();
    for (String name : names.words()) {
      try {
        switchOne(features, features.named(name).feature());
      } catch (UpdateException e) {
        if (first.isEmpty()) {
          first = Optional.of(e);
        } else {
          FailureReport.print(terminal().err(), context().programName(), e);
        }
      }
    }
    if (first.isPresent()) {
      throw first.get();
    }
  }

  private boolean selected(Features.Listed listed) {
    if (options().featureAll()) {
      return true;
    }
    return Views.selected(terminal(), "feature", listed.feature().id(), listed.suggested());
  }

  private void switchOne(Features features, Feature feature) throws UpdateException {
    features
        .switchTo(enable, feature, caller())
        .ifPresent(text -> terminal().err().println("Warning: " + text));
    terminal()
        .err()
        .println("Feature " + Quote.quote(feature.id()) + (enable ? " enabled." : " disabled."));
  }
}
