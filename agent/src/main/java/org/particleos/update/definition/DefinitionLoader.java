package org.particleos.update.definition;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.definition.DefinitionFiles.DefinitionFile;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Loads all that one installation defines (transfer-files.md 1 to 9, 16, 17). Reads files, changes
 * nothing; the result is valid as a whole or there is none: one invalid transfer, enabled or not,
 * fails the load.
 *
 * <p>Not done here: anchors and devices are resolved by the caller (transfer-files.md 14), and
 * whether having no transfer is an error depends on the operation (1.6).
 */
public final class DefinitionLoader {
  private final Specifiers specifiers;
  private final boolean explicitSourceGiven;

  /** A loader that refuses {@code PathRelativeTo=explicit}. */
  public DefinitionLoader(SpecifierSource specifiers) {
    this(new Specifiers(specifiers), false);
  }

  private DefinitionLoader(Specifiers specifiers, boolean explicitSourceGiven) {
    this.specifiers = specifiers;
    this.explicitSourceGiven = explicitSourceGiven;
  }

  /** The same for a caller that was told a source directory: {@code explicit} means that one. */
  public DefinitionLoader withExplicitSource() {
    return new DefinitionLoader(specifiers, true);
  }

  /**
   * Loads what is said about the component, if it is one; then features, then transfers. Having
   * none of them is no error.
   *
   * @throws UpdateException of kind configuration: with reason {@code DEFINITION_INVALID}, naming
   *     file, line and key, {@code DEFINITION_UNREADABLE}, or, for a single file, {@code
   *     NO_DEFINITIONS} if it does not exist
   */
  public Definitions load(DefinitionPlace place) throws UpdateException {
    var warnings = new Warnings();
    var values = new Values(specifiers, warnings);
    var files = DefinitionFiles.of(place, warnings);

    Optional<Component> component =
        switch (place) {
          case DefinitionPlace.Component(var name, var root) ->
              Optional.of(new ComponentReader(values).read(name, root));
          case DefinitionPlace.Host _, DefinitionPlace.Directory _, DefinitionPlace.File _ ->
              Optional.empty();
        };

    var features = new ArrayList<Feature>();
    for (var file : files.mainFiles(FeatureReader.SUFFIX)) {
      var assignments = files.assignments(file, FeatureReader.SECTIONS);
      features.add(new FeatureReader(values).read(file, assignments));
    }

    var transfers =
        switch (place) {
          case DefinitionPlace.File single -> transfer(single, files, values);
          case DefinitionPlace.Host _, DefinitionPlace.Component _, DefinitionPlace.Directory _ ->
              transfers(files, values);
        };

    var on = new HashSet<String>();
    features.stream().filter(Feature::enabled).map(Feature::id).forEach(on::add);
    return new Definitions(
        component,
        transfers.stream().filter(transfer -> isEnabled(transfer, on)).toList(),
        transfers.stream().filter(transfer -> !isEnabled(transfer, on)).toList(),
        features,
        warnings.all());
  }

  /**
   * Loads only what is said about a component, for tables of all of them (transfer-files.md 17.2).
   *
   * @throws UpdateException of kind configuration, as {@link #load}
   */
  public Component component(DefinitionPlace.Component place) throws UpdateException {
    return new ComponentReader(new Values(specifiers, new Warnings()))
        .read(place.name(), place.root());
  }

  private List<Transfer> transfers(DefinitionFiles files, Values values) throws UpdateException {
    var current = transfers(files, TransferSuffix.CURRENT, values);
    return current.isEmpty() ? transfers(files, TransferSuffix.LEGACY, values) : current;
  }

  private List<Transfer> transfers(DefinitionFiles files, TransferSuffix suffix, Values values)
      throws UpdateException {
    return transfers(files.mainFiles(suffix.text()), suffix, files, values);
  }

  private List<Transfer> transfer(DefinitionPlace.File single, DefinitionFiles files, Values values)
      throws UpdateException {
    var suffix = TransferSuffix.of(single.file());
    String shown = Quote.quote(single.file().toString());
    if (suffix.isEmpty()) {
      throw UpdateException.because(
              Reason.OPTION_INVALID,
              "refused " + shown + ": a transfer file is called something.transfer")
          .remedy("name a .transfer file, or the directory that holds the definitions")
          .configuration();
    }
    if (!Files.isRegularFile(single.file())) {
      throw UpdateException.because(
              Reason.NO_DEFINITIONS, "failed to read " + shown + ": there is no such file")
          .remedy("name a .transfer file, or the directory that holds the definitions")
          .configuration();
    }
    return transfers(files.mainFile(single.name()).stream().toList(), suffix.get(), files, values);
  }

  private List<Transfer> transfers(
      List<DefinitionFile> mainFiles, TransferSuffix suffix, DefinitionFiles files, Values values)
      throws UpdateException {
    var transfers = new ArrayList<Transfer>();
    for (var file : mainFiles) {
      String id = file.name().substring(0, file.name().length() - suffix.text().length());
      var assignments = files.assignments(file, TransferReader.SECTIONS);
      transfers.add(
          new TransferReader(id, file.shown(), values, explicitSourceGiven).read(assignments));
    }
    if (suffix == TransferSuffix.LEGACY && !transfers.isEmpty()) {
      values
          .warnings()
          .add(
              transfers.getFirst().file(),
              0,
              "transfers should be renamed from .conf to .transfer, as of systemd 257");
    }
    return transfers;
  }

  /** transfer-files.md 16.3; undefined and masked features count as disabled. */
  private static boolean isEnabled(Transfer transfer, Set<String> on) {
    return on.containsAll(transfer.requisiteFeatures())
        && (transfer.features().isEmpty() || transfer.features().stream().anyMatch(on::contains));
  }
}
