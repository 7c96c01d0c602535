package org.particleos.update.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.definition.ByteSize;
import org.particleos.update.definition.Checks;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.FieldText;
import org.particleos.update.update.Settings;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

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

  @Option(
      names = {"-C", "--component"},
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "Work on this component instead of the operating system.")
  private @Nullable String component;

  @Option(
      names = {"-A", "--component-all", "--all"},
      scope = ScopeType.INHERIT,
      description = "Work on the operating system and on all components.")
  private boolean componentAll;

  @Option(
      names = {"-S", "--component-suggested"},
      scope = ScopeType.INHERIT,
      description = "Select the components that are suggested for this machine.")
  private boolean componentSuggested;

  @Option(
      names = {"-a", "--feature-all"},
      scope = ScopeType.INHERIT,
      description = "Select all features.")
  private boolean featureAll;

  @Option(
      names = {"-s", "--feature-suggested"},
      scope = ScopeType.INHERIT,
      description = "Select the features that are suggested for this machine.")
  private boolean featureSuggested;

  @Option(
      names = "--definitions",
      paramLabel = "PATH",
      scope = ScopeType.INHERIT,
      description = "Read transfer definitions from this directory, or this one file, only.")
  private @Nullable String definitions;

  @Option(
      names = "--root",
      paramLabel = "PATH",
      scope = ScopeType.INHERIT,
      description = "Work on the operating system below this directory.")
  private @Nullable String root;

  @Option(
      names = "--image",
      paramLabel = "PATH",
      scope = ScopeType.INHERIT,
      description = "Work on the operating system in this disk image.")
  private @Nullable String image;

  @Option(
      names = "--image-policy",
      paramLabel = "POLICY",
      scope = ScopeType.INHERIT,
      description = "Which partitions of the image may be used, and how.")
  private @Nullable String imagePolicy;

  @Option(
      names = "--transfer-source",
      paramLabel = "PATH",
      scope = ScopeType.INHERIT,
      description = "The directory that PathRelativeTo=explicit means.")
  private @Nullable String transferSource;

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
      names = "--rate-limit",
      paramLabel = "BYTES",
      scope = ScopeType.INHERIT,
      description = "Download no faster than so many bytes per second, as 500K or 2M.")
  private @Nullable String rateLimit;

  @Option(
      names = "--sync",
      paramLabel = "BOOL",
      scope = ScopeType.INHERIT,
      description = "Wait until data is on the disk (default: yes).")
  private @Nullable String sync;

  @Option(
      names = "--cleanup",
      paramLabel = "BOOL",
      scope = ScopeType.INHERIT,
      description = "After an update, remove what no definition owns any more (default: no).")
  private @Nullable String cleanup;

  @Option(
      names = "--reboot",
      scope = ScopeType.INHERIT,
      description = "Restart the machine when an update was installed.")
  private boolean reboot;

  @Option(
      names = "--force",
      scope = ScopeType.INHERIT,
      description =
          "Replace the fallback even though the running version is not confirmed yet; pack: replace"
              + " the output.")
  private boolean force;

  @Option(
      names = "--sizes",
      scope = ScopeType.INHERIT,
      description = "list: say how much each version downloads and needs; asks for every file.")
  private boolean sizes;

  @Option(
      names = {"-n", "--lines"},
      paramLabel = "N",
      scope = ScopeType.INHERIT,
      description = "history: show so many runs at most (default: " + LINES_DEFAULT + ").")
  private @Nullable String lines;

  @Option(
      names = "--json",
      paramLabel = "pretty|short|off",
      scope = ScopeType.INHERIT,
      description = "Print the result as JSON.")
  private @Nullable String json;

  @Option(
      names = "--progress",
      paramLabel = "auto|json",
      scope = ScopeType.INHERIT,
      description = "Show progress to people, or as JSON in lines on the standard output.")
  private @Nullable String progress;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Say more about why something is done.")
  private boolean verbose;

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

  @Option(
      names = "--daemon",
      paramLabel = "BOOL",
      scope = ScopeType.INHERIT,
      description =
          "Let the daemon do it, which asks polkit, or not (default: yes unless you are root).")
  private @Nullable String daemon;

  @Option(
      names = "--no-ask-password",
      scope = ScopeType.INHERIT,
      description = "Do not ask for a password that the daemon wants.")
  private boolean noAskPassword;

  @Option(
      names = "--on-behalf-of",
      hidden = true,
      paramLabel = "UID",
      scope = ScopeType.INHERIT,
      description = "The user for whom the daemon does it, for the history.")
  private @Nullable String onBehalfOf;

  @Option(
      names = "--introspect-cli",
      hidden = true,
      description = "Print verbs and options as JSON.")
  private boolean introspect;

  // ---- What was chosen ----

  boolean introspect() {
    return introspect;
  }

  /** Whether the daemon is to do it; empty if that was left to who asks. */
  Optional<Boolean> daemon() throws UpdateException {
    return bool("--daemon=", daemon);
  }

  boolean askPassword() {
    return !noAskPassword;
  }

  /** Whether another system was chosen, or definitions by their path. */
  boolean choosesPlace() {
    return root().isPresent() || image().isPresent() || given(definitions).isPresent();
  }

  /** What was given of what the daemon does for nobody, as it is spelled. */
  List<String> forRootOnly() throws UpdateException {
    List<String> found = new ArrayList<>();
    given(verify).ifPresent(_ -> found.add("--verify="));
    given(instancesMax).ifPresent(_ -> found.add("--instances-max="));
    given(sync).ifPresent(_ -> found.add("--sync="));
    given(rateLimit).ifPresent(_ -> found.add("--rate-limit="));
    given(transferSource).ifPresent(_ -> found.add("--transfer-source="));
    given(imagePolicy).ifPresent(_ -> found.add("--image-policy="));
    if (cleanup().orElse(false)) {
      found.add("--cleanup=");
    }
    if (force) {
      found.add("--force");
    }
    return found;
  }

  /** How many runs of the history are shown. */
  int lines() throws UpdateException {
    if (lines == null || lines.isEmpty()) {
      return LINES_DEFAULT;
    }
    OptionalLong number = FieldText.unsigned(lines, FieldText.LeadingZero.DECIMAL);
    if (number.isEmpty() || number.getAsLong() < 1 || number.getAsLong() > LINES_MAX) {
      throw invalid("--lines=", lines, "a number from 1 to " + LINES_MAX);
    }
    return (int) number.getAsLong();
  }

  /** The user for whom the daemon does it. */
  OptionalLong onBehalfOf() throws UpdateException {
    if (onBehalfOf == null || onBehalfOf.isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong uid = FieldText.unsigned(onBehalfOf, FieldText.LeadingZero.DECIMAL);
    if (uid.isEmpty() || uid.getAsLong() < 0) {
      throw invalid("--on-behalf-of=", onBehalfOf, "the number of a user");
    }
    return uid;
  }

  boolean offline() {
    return offline;
  }

  boolean legend() {
    return !noLegend;
  }

  boolean pager() {
    return !noPager;
  }

  boolean verbose() {
    return verbose;
  }

  boolean reboot() {
    return reboot;
  }

  boolean force() {
    return force;
  }

  boolean sizes() {
    return sizes;
  }

  boolean componentAll() {
    return componentAll;
  }

  boolean componentSuggested() {
    return componentSuggested;
  }

  boolean featureAll() {
    return featureAll;
  }

  boolean featureSuggested() {
    return featureSuggested;
  }

  /** {@code --component=}, unless {@code --component-all} is given, which overrides it. */
  Optional<String> component() {
    return componentAll ? Optional.empty() : given(component);
  }

  /** Whether definitions were chosen, instead of those of the system itself. */
  boolean choosesDefinitions() {
    return component().isPresent() || given(definitions).isPresent();
  }

  Optional<Path> root() {
    return path(root);
  }

  Optional<Path> image() {
    return path(image);
  }

  Optional<String> imagePolicy() {
    return given(imagePolicy);
  }

  Optional<Boolean> cleanup() throws UpdateException {
    return bool("--cleanup=", cleanup);
  }

  /** {@code --rate-limit=}, bytes per second; empty if it was not given, 0 for none. */
  OptionalLong rateLimit() throws UpdateException {
    if (given(rateLimit).isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong bytes = ByteSize.parse(given(rateLimit).get());
    if (bytes.isEmpty()) {
      throw invalid("--rate-limit=", given(rateLimit).get(), "bytes per second, as 500K or 2M");
    }
    return bytes;
  }

  /** Whether the list of JSON modes was asked for instead of a run. */
  boolean jsonHelp() {
    return "help".equals(json);
  }

  JsonMode json() throws UpdateException {
    return switch (json == null ? (progressAsJson() ? "short" : "off") : json) {
      case "pretty" -> JsonMode.PRETTY;
      case "short" -> JsonMode.SHORT;
      case "off", "" -> JsonMode.OFF;
      default -> throw invalid("--json=", String.valueOf(json), "pretty, short, off or help");
    };
  }

  /** Whether programs watch the run. Valid only after {@link #check}. */
  boolean progressAsJson() {
    return "json".equals(progress);
  }

  private static Optional<String> given(@Nullable String text) {
    return Optional.ofNullable(text).filter(value -> !value.isEmpty());
  }

  private static Optional<Path> path(@Nullable String text) {
    return given(text).map(value -> Path.of(value).toAbsolutePath().normalize());
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
    if (instancesMax != null && !instancesMax.isEmpty()) {
      max = FieldText.unsigned(instancesMax, FieldText.LeadingZero.DECIMAL);
      if (max.isEmpty() || Long.compareUnsigned(max.getAsLong(), instancesLeast) < 0) {
        throw invalid("--instances-max=", instancesMax, "a number of at least " + instancesLeast);
      }
    }
    return new Settings(
        place,
        bool("--verify=", verify),
        max,
        bool("--sync=", sync).orElse(true),
        path(transferSource),
        force,
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
    if (progress != null && !Set.of("", "auto", "json").contains(progress)) {
      throw invalid("--progress=", progress, "auto or json");
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
      requireNot(reboot, "--reboot may not be combined with " + other);
      requireNot(
          given(definitions).isPresent(), "--definitions= may not be combined with " + other);
    }
    if (!components.isEmpty()) {
      String selector = components.getFirst();
      requireNot(reboot, selector + " may not be combined with --reboot");
      requireNot(
          given(definitions).isPresent(), selector + " may not be combined with --definitions=");
    }
    if (!supported.contains(Choice.OTHER_SYSTEM) && !otherSystem.isEmpty()) {
      throw notCombined(otherSystem.getFirst() + " may not be combined with '" + verb + "'");
    }
    if (!supported.contains(Choice.COMPONENT) && !components.isEmpty()) {
      throw notCombined(components.getFirst() + " may not be combined with '" + verb + "'");
    }
    if (!supported.contains(Choice.DEFINITIONS)) {
      requireNot(
          given(definitions).isPresent(), "--definitions= may not be combined with '" + verb + "'");
    }
    boolean features = featureAll || featureSuggested;
    // Verbs about the running system say it like this for all selectors.
    if (!supported.contains(Choice.COMPONENT) && features) {
      throw notCombined(
          (featureAll ? "--feature-all" : "--feature-suggested")
              + " may not be combined with '"
              + verb
              + "'");
    }
    if (!supported.contains(Choice.FEATURES) && features) {
      throw UpdateException.because(
              Reason.OPTION_INVALID,
              (featureAll ? "--feature-all" : "--feature-suggested")
                  + " is not supported for '"
                  + verb
                  + "'")
          .state("nothing was changed")
          .remedy("it belongs to enable-feature and disable-feature")
          .configuration();
    }
    requireSupported(verb, componentAll, "--component-all", supported, Choice.COMPONENT_ALL);
    requireSupported(
        verb, componentSuggested, "--component-suggested", supported, Choice.COMPONENT_SUGGESTED);
  }

  /** Those that were given, as they are spelled. */
  List<String> componentSelectors() {
    List<String> selectors = new ArrayList<>();
    component().ifPresent(_ -> selectors.add("--component="));
    if (componentAll) {
      selectors.add("--component-all");
    }
    if (componentSuggested) {
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
