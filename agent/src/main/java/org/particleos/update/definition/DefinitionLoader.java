package org.particleos.update.definition;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.particleos.update.failure.UpdateException;

/**
 * Loads all that one installation defines (transfer-files.md 1 to 9, 16). Reads files, changes
 * nothing; the result is valid as a whole or there is none: one invalid transfer, enabled or not,
 * fails the load.
 *
 * <p>Not done here: anchors and devices are resolved by the caller (transfer-files.md 14), and
 * whether having no transfer is an error depends on the operation (1.6).
 */
public final class DefinitionLoader {
  private static final String TRANSFER_SUFFIX = ".transfer";
  private static final String LEGACY_SUFFIX = ".conf";

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
   * Loads features, then transfers.
   *
   * @throws UpdateException of kind configuration: with reason {@code DEFINITION_INVALID}, naming
   *     file, line and key, or {@code DEFINITION_UNREADABLE}
   */
  public Definitions load(DefinitionPlace place) throws UpdateException {
    var warnings = new Warnings();
    var values = new Values(specifiers, warnings);
    var files = new DefinitionFiles(place, warnings);

    var features = new ArrayList<Feature>();
    for (var file : files.mainFiles(FeatureReader.SUFFIX)) {
      var assignments = files.assignments(file, FeatureReader.SECTIONS);
      features.add(new FeatureReader(values).read(file, assignments));
    }

    var transfers = transfers(files, TRANSFER_SUFFIX, values);
    if (transfers.isEmpty()) {
      transfers = transfers(files, LEGACY_SUFFIX, values);
      if (!transfers.isEmpty()) {
        warnings.add(
            transfers.getFirst().file(),
            0,
            "transfers should be renamed from .conf to .transfer, as of systemd 257");
      }
    }

    var on = new HashSet<String>();
    features.stream().filter(Feature::enabled).map(Feature::id).forEach(on::add);
    return new Definitions(
        transfers.stream().filter(transfer -> isEnabled(transfer, on)).toList(),
        transfers.stream().filter(transfer -> !isEnabled(transfer, on)).toList(),
        features,
        warnings.all());
  }

  private List<Transfer> transfers(DefinitionFiles files, String suffix, Values values)
      throws UpdateException {
    var transfers = new ArrayList<Transfer>();
    for (var file : files.mainFiles(suffix)) {
      String id = file.name().substring(0, file.name().length() - suffix.length());
      var assignments = files.assignments(file, TransferReader.SECTIONS);
      transfers.add(
          new TransferReader(id, file.shown(), values, explicitSourceGiven).read(assignments));
    }
    return transfers;
  }

  /** transfer-files.md 16.3; undefined and masked features count as disabled. */
  private static boolean isEnabled(Transfer transfer, Set<String> on) {
    return on.containsAll(transfer.requisiteFeatures())
        && (transfer.features().isEmpty() || transfer.features().stream().anyMatch(on::contains));
  }
}
