package org.particleos.update.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.definition.ByteSize;
import org.particleos.update.definition.Checks;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.FieldText;
import org.particleos.update.update.Settings;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Options that every verb takes, before or after its name (update-algorithm.md 18.1), and which of
 * them contradict each other (18.2, 18.3). An empty value means that the option was not given.
 */
final class GlobalOptions {
  /** Options that some verbs refuse. */
  enum Choice {
    FEATURES,
    COMPONENT,
    COMPONENT_ALL,
    COMPONENT_SUGGESTED,
    DEFINITIONS,
    /** {@code --root=} and {@code --image=}. */
    OTHER_SYSTEM
  }

  private static final int LINES_DEFAULT = 20;

  /** As many runs as the history keeps. */
  private static final int LINES_MAX = 1000;

  private final Arguments everywhere = Arguments.everywhere();
  private final Arguments own = Arguments.ofOneCommand();

  private final Given component =
      everywhere.option(
          "NAME", "Work on this component instead of the operating system.", "-C", "--component");

  private final Given componentAll =
      everywhere.flag(
          "Work on the operating system and on all components.", "-A", "--component-all", "--all");

  private final Given componentSuggested =
      everywhere.flag(
          "Select the components that are suggested for this machine.",
          "-S",
          "--component-suggested");

  private final Given featureAll = everywhere.flag("Select all features.", "-a", "--feature-all");

  private final Given featureSuggested =
      everywhere.flag(
          "Select the features that are suggested for this machine.", "-s", "--feature-suggested");

  private final Given definitions =
      everywhere.option(
          "PATH",
          "Read transfer definitions from this directory, or this one file, only.",
          "--definitions");

  private final Given root =
      everywhere.option("PATH", "Work on the operating system below this directory.", "--root");

  private final Given image =
      everywhere.option("PATH", "Work on the operating system in this disk image.", "--image");

  private final Given imagePolicy =
      everywhere.option(
          "POLICY", "Which partitions of the image may be used, and how.", "--image-policy");

  private final Given transferSource =
      everywhere.option(
          "PATH", "The directory that PathRelativeTo=explicit means.", "--transfer-source");

  private final Given verify =
      everywhere.option(
          "BOOL",
          "Override Verify= of every transfer: whether manifests must be signed.",
          "--verify");

  private final Given offline =
      everywhere.flag("Ask no server; work with what is on this machine.", "--offline");

  private final Given instancesMax =
      everywhere.option("N", "Override InstancesMax= of every transfer.", "-m", "--instances-max");

  private final Given rateLimit =
      everywhere.option(
          "BYTES",
          "Download no faster than so many bytes per second, as 500K or 2M.",
          "--rate-limit");

  private final Given sync =
      everywhere.option("BOOL", "Wait until data is on the disk (default: yes).", "--sync");

  private final Given cleanup =
      everywhere.option(
          "BOOL",
          "After an update, remove what no definition owns any more (default: no).",
          "--cleanup");

  private final Given reboot =
      everywhere.flag("Restart the machine when an update was installed.", "--reboot");

  private final Given force =
      everywhere.flag(
          "Replace the fallback even though the running version is not confirmed yet; pack: replace"
              + " the output.",
          "--force");

  private final Given sizes =
      everywhere.flag(
          "list: say how much each version downloads and needs; asks for every file.", "--sizes");

  private final Given lines =
      everywhere.option(
          "N",
          "history: show so many runs at most (default: " + LINES_DEFAULT + ").",
          "-n",
          "--lines");

  private final Given json =
      everywhere.option("pretty|short|off", "Print the result as JSON.", "--json");

  private final Given progress =
      everywhere.option(
          "auto|json",
          "Show progress to people, or as JSON in lines on the standard output.",
          "--progress");

  private final Given verbose =
      everywhere.flag("Say more about why something is done.", "--verbose");

  private final Given noPager =
      everywhere.flag("Do not pipe long output into a pager.", "--no-pager");

  private final Given noLegend =
      everywhere.flag("Print neither table header nor closing hint.", "--no-legend");

  private final Given daemon =
      everywhere.option(
          "BOOL",
          "Let the daemon do it, which asks polkit, or not (default: yes unless you are root).",
          "--daemon");

  private final Given noAskPassword =
      everywhere.flag("Do not ask for a password that the daemon wants.", "--no-ask-password");

  private final Given onBehalfOf =
      everywhere.hiddenOption(
          "UID", "The user for whom the daemon does it, for the history.", "--on-behalf-of");

  private final Given introspect =
      own.hiddenFlag("Print verbs and options as JSON.", "--introspect-cli");

  /** Makes the program take them, and those that verbs take their verbs, too. */
  void addTo(CommandSpec program) {
    everywhere.addTo(program);
    own.addTo(program);
  }

  // ---- What was chosen ----

  boolean introspect() {
    return introspect.isSet();
  }

  /** Whether the daemon is to do it; empty if that was left to who asks. */
  Optional<Boolean> daemon() throws UpdateException {
    return bool("--daemon=", daemon);
  }

  boolean askPassword() {
    return !noAskPassword.isSet();
  }

  /** Whether another system was chosen, or definitions by their path. */
  boolean choosesPlace() {
    return root().isPresent() || image().isPresent() || definitions.value().isPresent();
  }

  /** What was given of what the daemon does for nobody, as it is spelled. */
  List<String> forRootOnly() throws UpdateException {
    List<String> found = new ArrayList<>();
    verify.value().ifPresent(_ -> found.add("--verify="));
    instancesMax.value().ifPresent(_ -> found.add("--instances-max="));
    sync.value().ifPresent(_ -> found.add("--sync="));
    rateLimit.value().ifPresent(_ -> found.add("--rate-limit="));
    transferSource.value().ifPresent(_ -> found.add("--transfer-source="));
    imagePolicy.value().ifPresent(_ -> found.add("--image-policy="));
    if (cleanup().orElse(false)) {
      found.add("--cleanup=");
    }
    if (force.isSet()) {
      found.add("--force");
    }
    return found;
  }

  /** How many runs of the history are shown. */
  int lines() throws UpdateException {
    if (lines.value().isEmpty()) {
      return LINES_DEFAULT;
    }
    String text = lines.value().get();
    OptionalLong number = FieldText.unsigned(text, FieldText.LeadingZero.DECIMAL);
    if (number.isEmpty() || number.getAsLong() < 1 || number.getAsLong() > LINES_MAX) {
      throw invalid("--lines=", text, "a number from 1 to " + LINES_MAX);
    }
    return (int) number.getAsLong();
  }

  /** The user for whom the daemon does it. */
  OptionalLong onBehalfOf() throws UpdateException {
    if (onBehalfOf.value().isEmpty()) {
      return OptionalLong.empty();
    }
    String text = onBehalfOf.value().get();
    OptionalLong uid = FieldText.unsigned(text, FieldText.LeadingZero.DECIMAL);
    if (uid.isEmpty() || uid.getAsLong() < 0) {
      throw invalid("--on-behalf-of=", text, "the number of a user");
    }
    return uid;
  }

  boolean offline() {
    return offline.isSet();
  }

  boolean legend() {
    return !noLegend.isSet();
  }

  boolean pager() {
    return !noPager.isSet();
  }

  boolean verbose() {
    return verbose.isSet();
  }

  boolean reboot() {
    return reboot.isSet();
  }

  boolean force() {
    return force.isSet();
  }

  boolean sizes() {
    return sizes.isSet();
  }

  boolean componentAll() {
    return componentAll.isSet();
  }

  boolean componentSuggested() {
    return componentSuggested.isSet();
  }

  boolean featureAll() {
    return featureAll.isSet();
  }

  boolean featureSuggested() {
    return featureSuggested.isSet();
  }

  /** {@code --component=}, unless {@code --component-all} is given, which overrides it. */
  Optional<String> component() {
    return componentAll.isSet() ? Optional.empty() : component.value();
  }

  /** Whether definitions were chosen, instead of those of the system itself. */
  boolean choosesDefinitions() {
    return component().isPresent() || definitions.value().isPresent();
  }

  Optional<Path> root() {
    return path(root);
  }

  Optional<Path> image() {
    return path(image);
  }

  Optional<String> imagePolicy() {
    return imagePolicy.value();
  }

  Optional<Boolean> cleanup() throws UpdateException {
    return bool("--cleanup=", cleanup);
  }

  /** {@code --rate-limit=}, bytes per second; empty if it was not given, 0 for none. */
  OptionalLong rateLimit() throws UpdateException {
    if (rateLimit.value().isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong bytes = ByteSize.parse(rateLimit.value().get());
    if (bytes.isEmpty()) {
      throw invalid("--rate-limit=", rateLimit.value().get(), "bytes per second, as 500K or 2M");
    }
    return bytes;
  }

  /** Whether the list of JSON modes was asked for instead of a run. */
  boolean jsonHelp() {
    return json.text().equals(Optional.of("help"));
  }

  JsonMode json() throws UpdateException {
    String mode = json.text().orElse(progressAsJson() ? "short" : "off");
    return switch (mode) {
      case "pretty" -> JsonMode.PRETTY;
      case "short" -> JsonMode.SHORT;
      case "off", "" -> JsonMode.OFF;
      default -> throw invalid("--json=", mode, "pretty, short, off or help");
    };
  }

  /** Whether programs watch the run. Valid only after {@link #check}. */
  boolean progressAsJson() {
    return progress.text().equals(Optional.of("json"));
  }

  private static Optional<Path> path(Given given) {
    return given.value().map(value -> Path.of(value).toAbsolutePath().normalize());
  }

  /**
   * Which definitions were chosen.
   *
   * @param systemRoot root of the system that is worked on
   */
  DefinitionPlace place(Path systemRoot) {
    Optional<Path> directory = path(definitions);
    if (directory.isPresent()) {
      return DefinitionPlace.given(directory.get());
    }
    Optional<String> name = component();
    return name.isPresent()
        ? new DefinitionPlace.Component(name.get(), systemRoot)
        : new DefinitionPlace.Host(systemRoot);
  }

  /**
   * @param instancesLeast the smallest {@code --instances-max=} that the verb can work with
   */
  Settings settings(DefinitionPlace place, int instancesLeast) throws UpdateException {
    OptionalLong max = OptionalLong.empty();
    if (instancesMax.value().isPresent()) {
      String text = instancesMax.value().get();
      max = FieldText.unsigned(text, FieldText.LeadingZero.DECIMAL);
      if (max.isEmpty() || Long.compareUnsigned(max.getAsLong(), instancesLeast) < 0) {
        throw invalid("--instances-max=", text, "a number of at least " + instancesLeast);
      }
    }
    return new Settings(
        place,
        bool("--verify=", verify),
        max,
        bool("--sync=", sync).orElse(true),
        path(transferSource),
        force.isSet(),
        true,
        Checks.defaults());
  }

  // ---- What contradicts itself ----

  /**
   * Refuses options that exclude each other or that the verb does not know (update-algorithm.md
   * 18.2, 18.3).
   *
   * @param supported what the verb takes of the options that not all verbs take
   */
  void check(String verb, Set<Choice> supported) throws UpdateException {
    if (component().isPresent() && !SafeName.isComponent(component().get())) {
      throw UpdateException.because(
              Reason.OPTION_INVALID, "Component name invalid: " + Quote.quote(component().get()))
          .state("nothing was changed")
          .remedy("see which components there are: particle-update components")
          .configuration();
    }
    String shown = progress.text().orElse("");
    if (!Set.of("", "auto", "json").contains(shown)) {
      throw invalid("--progress=", shown, "auto or json");
    }
    requireNot(
        progressAsJson() && json() == JsonMode.PRETTY,
        "--progress=json may not be combined with --json=pretty");
    List<String> otherSystem = new ArrayList<>();
    path(root).ifPresent(_ -> otherSystem.add("--root="));
    path(image).ifPresent(_ -> otherSystem.add("--image="));
    List<String> components = componentSelectors();
    requireNot(otherSystem.size() > 1, "--image= may not be combined with --root=");
    if (!otherSystem.isEmpty()) {
      String other = otherSystem.getFirst();
      requireNot(reboot.isSet(), "--reboot may not be combined with " + other);
      requireNot(
          definitions.value().isPresent(), "--definitions= may not be combined with " + other);
    }
    if (!components.isEmpty()) {
      String selector = components.getFirst();
      requireNot(reboot.isSet(), selector + " may not be combined with --reboot");
      requireNot(
          definitions.value().isPresent(), selector + " may not be combined with --definitions=");
    }
    if (!supported.contains(Choice.OTHER_SYSTEM) && !otherSystem.isEmpty()) {
      throw notCombined(otherSystem.getFirst() + " may not be combined with '" + verb + "'");
    }
    if (!supported.contains(Choice.COMPONENT) && !components.isEmpty()) {
      throw notCombined(components.getFirst() + " may not be combined with '" + verb + "'");
    }
    if (!supported.contains(Choice.DEFINITIONS)) {
      requireNot(
          definitions.value().isPresent(),
          "--definitions= may not be combined with '" + verb + "'");
    }
    boolean features = featureAll.isSet() || featureSuggested.isSet();
    // Verbs about the running system say it like this for all selectors.
    if (!supported.contains(Choice.COMPONENT) && features) {
      throw notCombined(
          (featureAll.isSet() ? "--feature-all" : "--feature-suggested")
              + " may not be combined with '"
              + verb
              + "'");
    }
    if (!supported.contains(Choice.FEATURES) && features) {
      throw UpdateException.because(
              Reason.OPTION_INVALID,
              (featureAll.isSet() ? "--feature-all" : "--feature-suggested")
                  + " is not supported for '"
                  + verb
                  + "'")
          .state("nothing was changed")
          .remedy("it belongs to enable-feature and disable-feature")
          .configuration();
    }
    requireSupported(
        verb, componentAll.isSet(), "--component-all", supported, Choice.COMPONENT_ALL);
    requireSupported(
        verb,
        componentSuggested.isSet(),
        "--component-suggested",
        supported,
        Choice.COMPONENT_SUGGESTED);
  }

  /** Those that were given, as they are spelled. */
  List<String> componentSelectors() {
    List<String> selectors = new ArrayList<>();
    component().ifPresent(_ -> selectors.add("--component="));
    if (componentAll.isSet()) {
      selectors.add("--component-all");
    }
    if (componentSuggested.isSet()) {
      selectors.add("--component-suggested");
    }
    return selectors;
  }

  private static void requireSupported(
      String verb, boolean given, String option, Set<Choice> supported, Choice choice)
      throws UpdateException {
    if (given && !supported.contains(choice)) {
      throw UpdateException.because(
              Reason.NOT_SUPPORTED, option + " is not supported for '" + verb + "'")
          .state("nothing was changed")
          .remedy("name one component with --component=")
          .configuration();
    }
  }

  private static void requireNot(boolean contradictory, String what) throws UpdateException {
    if (contradictory) {
      throw notCombined(what);
    }
  }

  private static UpdateException notCombined(String what) {
    return UpdateException.because(Reason.OPTION_INVALID, what)
        .state("nothing was changed")
        .remedy("leave one of them out; see particle-update --help")
        .configuration();
  }

  private static Optional<Boolean> bool(String option, Given given) throws UpdateException {
    if (given.value().isEmpty()) {
      return Optional.empty();
    }
    String text = given.value().get();
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
