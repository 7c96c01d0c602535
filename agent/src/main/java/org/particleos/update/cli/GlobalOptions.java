package org.particleos.update.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.FieldText;
import org.particleos.update.update.Settings;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Options that every verb takes, before or after its name (update-algorithm.md 18.1). */
final class GlobalOptions {
  @Option(
      names = "--definitions",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description = "Read transfer definitions from this directory only.")
  private @Nullable String definitions;

  @Option(
      names = "--verify",
      paramLabel = "BOOL",
      scope = ScopeType.INHERIT,
      description = "Override Verify= of every transfer: whether manifests must be signed.")
  private @Nullable String verify;

  @Option(
      names = "--offline",
      scope = ScopeType.INHERIT,
      description = "Ask no server; work with what is on this machine.")
  private boolean offline;

  @Option(
      names = {"-m", "--instances-max"},
      paramLabel = "N",
      scope = ScopeType.INHERIT,
      description = "Override InstancesMax= of every transfer.")
  private @Nullable String instancesMax;

  @Option(
      names = "--sync",
      paramLabel = "BOOL",
      scope = ScopeType.INHERIT,
      description = "Wait until data is on the disk (default: yes).")
  private @Nullable String sync;

  @Option(
      names = "--json",
      paramLabel = "pretty|short|off",
      scope = ScopeType.INHERIT,
      description = "Print the result as JSON.")
  private @Nullable String json;

  @Option(
      names = "--no-pager",
      scope = ScopeType.INHERIT,
      description = "Do not pipe long output into a pager.")
  private boolean noPager;

  @Option(
      names = "--no-legend",
      scope = ScopeType.INHERIT,
      description = "Print neither table header nor closing hint.")
  private boolean noLegend;

  boolean offline() {
    return offline;
  }

  boolean legend() {
    return !noLegend;
  }

  boolean pager() {
    return !noPager;
  }

  /** Whether the list of JSON modes was asked for instead of a run. */
  boolean jsonHelp() {
    return "help".equals(json);
  }

  JsonMode json() throws UpdateException {
    return switch (json == null ? "off" : json) {
      case "pretty" -> JsonMode.PRETTY;
      case "short" -> JsonMode.SHORT;
      case "off", "" -> JsonMode.OFF;
      default -> throw invalid("--json=", String.valueOf(json), "pretty, short, off or help");
    };
  }

  /**
   * @param instancesLeast the smallest {@code --instances-max=} that the verb can work with
   */
  Settings settings(Path root, int instancesLeast) throws UpdateException {
    OptionalLong max = OptionalLong.empty();
    if (instancesMax != null && !instancesMax.isEmpty()) {
      max = FieldText.unsigned(instancesMax, FieldText.LeadingZero.DECIMAL);
      if (max.isEmpty() || Long.compareUnsigned(max.getAsLong(), instancesLeast) < 0) {
        throw invalid("--instances-max=", instancesMax, "a number of at least " + instancesLeast);
      }
    }
    DefinitionPlace place =
        definitions == null || definitions.isEmpty()
            ? new DefinitionPlace.Host(root)
            : new DefinitionPlace.Directory(Path.of(definitions).toAbsolutePath().normalize());
    return new Settings(place, bool("--verify=", verify), max, bool("--sync=", sync).orElse(true));
  }

  private static Optional<Boolean> bool(String option, @Nullable String text)
      throws UpdateException {
    if (text == null || text.isEmpty()) {
      return Optional.empty();
    }
    Optional<Boolean> value = FieldText.bool(text);
    if (value.isEmpty()) {
      throw invalid(option, text, "yes or no");
    }
    return value;
  }

  private static UpdateException invalid(String option, String found, String allowed) {
    return UpdateException.because(
            Reason.OPTION_INVALID, "refused the option " + option + ": it takes " + allowed)
        .found(Quote.quote(found))
        .state("nothing was changed")
        .remedy("see particle-update --help")
        .configuration();
  }
}
