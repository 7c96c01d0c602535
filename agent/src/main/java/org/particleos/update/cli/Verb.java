package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.definition.Configuration;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.history.Asker;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.service.WorkerProcesses;
import org.particleos.update.update.ComponentList;
import org.particleos.update.update.Machine;
import org.particleos.update.update.ServiceNotices;
import org.particleos.update.update.Settings;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Model.CommandSpec;

/** What all verbs have in common: options, an engine, and how failures end the process. */
abstract class Verb implements Callable<Integer> {
  /** Whose exit statuses a verb keeps. */
  enum Spelling {
    /** Ours: causes have different statuses. */
    OWN,
    /** The reference's: 0 and 1 (update-algorithm.md 18.4). */
    REFERENCE
  }

  /** Whether a verb changes the system that it works on. */
  enum Access {
    READ_ONLY,
    CHANGES
  }

  /** What verbs that work on one installation take. */
  static final Set<Choice> ONE_INSTALLATION =
      Set.of(Choice.COMPONENT, Choice.DEFINITIONS, Choice.OTHER_SYSTEM);

  /** What verbs that can work on all installations take. */
  static final Set<Choice> ANY_INSTALLATION =
      Set.of(Choice.COMPONENT, Choice.COMPONENT_ALL, Choice.DEFINITIONS, Choice.OTHER_SYSTEM);

  private final String name;
  private final String description;
  private final Arguments arguments = Arguments.ofOneCommand();
  private final Spelling spelling;
  private final Access access;
  private final int instancesLeast;
  private final Set<Choice> supported;
  private @Nullable ParticleUpdate program;
  private @Nullable Machine machine;
  private @Nullable RunView shown;
  private @Nullable ProgressView seen;

  /**
   * A verb.
   *
   * @param instancesLeast the smallest {@code --instances-max=} that it can work with
   * @param supported what it takes of the options that not all verbs take
   */
  Verb(
      String name,
      String description,
      Spelling spelling,
      Access access,
      int instancesLeast,
      Set<Choice> supported) {
    this.name = name;
    this.description = description;
    this.spelling = spelling;
    this.access = access;
    this.instancesLeast = instancesLeast;
    this.supported = supported.isEmpty() ? EnumSet.noneOf(Choice.class) : EnumSet.copyOf(supported);
  }

  /** Whether this run changes the system that it works on. */
  Access access() {
    return access;
  }

  /** What it takes of its own, to which each verb adds when it is made. */
  final Arguments arguments() {
    return arguments;
  }

  /** Says whose options it has as well. Needed before {@link #call}. */
  final void belongTo(ParticleUpdate parent) {
    program = parent;
  }

  /** The verb as picocli knows it. */
  final CommandSpec command() {
    CommandSpec command = CommandSpec.wrapWithoutInspection(this).name(name);
    command.usageMessage().description(description);
    if (spelling == Spelling.REFERENCE) {
      command.exitCodeOnInvalidInput(ExitStatus.FAILED.code());
    }
    arguments.addTo(command);
    return command;
  }

  private ParticleUpdate program() {
    return Objects.requireNonNull(program, "a verb runs as part of the program");
  }

  /** Does the work and says how it ended. */
  abstract ExitStatus run() throws UpdateException;

  /**
   * Says to people what a document of {@link #answer} says. Whatever text is made of is in the
   * document, so that it can come from another process.
   */
  void show(JsonNode document) {
    throw new IllegalStateException(name() + " answers nothing");
  }

  /** What of a document is printed as JSON. */
  ObjectNode printed(ObjectNode document) {
    return document;
  }

  /** Gives the answer of the verb, as it was asked for. */
  final void answer(ObjectNode document) throws UpdateException {
    JsonMode json = options().json();
    if (json == JsonMode.OFF) {
      show(document);
    } else {
      Json.print(terminal().out(), json, printed(document));
    }
  }

  final String name() {
    return name;
  }

  /** Who asks, for the message that another process gets meanwhile. */
  final String caller() {
    return context().programName() + " " + name();
  }

  @Override
  public final Integer call() {
    if (options().jsonHelp()) {
      terminal().out().println("pretty\nshort\noff");
      return ExitStatus.OK.code();
    }
    try {
      options().check(name(), supported);
      return Remote.wanted(this, access()) ? remotely() : code(here());
    } catch (UpdateException e) {
      return code(report(Optional.empty(), e));
    }
  }

  private ExitStatus here() throws UpdateException {
    try (var system = ChosenSystem.of(options(), terminal(), context().machine(), access())) {
      machine = system.machine();
      return run();
    }
  }

  private int remotely() throws UpdateException {
    try {
      return Remote.run(this);
    } catch (UpdateException.NotPermitted unreachable) {
      boolean tried =
          unreachable.reason() == Reason.DAEMON_UNREACHABLE
              && access() == Access.READ_ONLY
              && options().daemon().isEmpty();
      if (!tried) {
        throw unreachable;
      }
      return code(withoutDaemon(unreachable));
    }
  }

  /** What only looks may succeed without root; if not, the daemon would have been the way. */
  private ExitStatus withoutDaemon(UpdateException unreachable) throws UpdateException {
    try {
      return here();
    } catch (UpdateException.NotPermitted e) {
      throw UpdateException.because(e.reason(), String.valueOf(e.getMessage()))
          .found(
              e.found().map(found -> found + "; ").orElse("")
                  + unreachable.getMessage()
                  + unreachable.found().map(found -> ": " + found).orElse(""))
          .state("nothing was changed")
          .remedy(unreachable.remedy())
          .cause(e)
          .notPermitted();
    }
  }

  /** With what the process ends. */
  final int code(ExitStatus status) {
    return switch (spelling) {
      case OWN -> status.code();
      case REFERENCE -> status == ExitStatus.OK ? 0 : ExitStatus.FAILED.code();
    };
  }

  /** The version that was named. */
  Optional<String> version() {
    return Optional.empty();
  }

  /** Tells people and the service manager what went wrong. */
  final ExitStatus report(Optional<String> component, UpdateException e) {
    component.ifPresent(
        name -> terminal().err().println("In component " + Quote.quote(name) + ":"));
    FailureReport.print(terminal().err(), context().programName(), e);
    context().ending().failed(e.reason().errno());
    ExitStatus status = ExitStatus.of(e);
    if (shown != null) {
      shown.failed(component, e, status);
    }
    return status;
  }

  final GlobalOptions options() {
    return program().options();
  }

  final Context context() {
    return program().context();
  }

  final Terminal terminal() {
    return context().terminal();
  }

  /** The system that was chosen to work on. */
  final Machine machine() {
    return Objects.requireNonNull(machine, "a verb runs within call()");
  }

  final VersionSets.View view() {
    return options().offline() ? VersionSets.View.OFFLINE : VersionSets.View.ONLINE;
  }

  /** The definitions that were chosen; with {@code --component-all} those of the system itself. */
  final DefinitionPlace place() {
    return options().place(machine().root());
  }

  final Settings settings() throws UpdateException {
    return settings(place());
  }

  final Settings settings(DefinitionPlace place) throws UpdateException {
    return options().settings(place, instancesLeast);
  }

  final Updater updater(UpdateEvent.Observer observer) throws UpdateException {
    return updater(place(), observer);
  }

  final Updater updater(DefinitionPlace place, UpdateEvent.Observer observer)
      throws UpdateException {
    Context context = context();
    Configuration configuration = configuration(observer);
    var http =
        new HttpFetcher(
            context.programVersion(), HttpLimits.defaults(), context.machine().environment());
    return new Updater(
        machine().spooling(machine().spool().configured(configuration)),
        settings(place)
            .withDelta(configuration.delta())
            .withChecks(
                configuration
                    .checks()
                    .withAnyBootFile(context.programName().equals(ParticleUpdate.REFERENCE_NAME))),
        (configuration.mirrors() ? http : http.withoutMirrors())
            .limitedTo(rateLimit(configuration)),
        new ServiceNotices(context.serviceManager(), observer),
        context.cancellation(),
        Asker.ofProcess(
            context.machine().environment(),
            context.machine().environment().containsKey(WorkerProcesses.VARIABLE),
            options().onBehalfOf()));
  }

  /** The option says more than the file; 0 means none. */
  private OptionalLong rateLimit(Configuration configuration) throws UpdateException {
    OptionalLong option = options().rateLimit();
    if (option.isEmpty()) {
      return configuration.rateLimit();
    }
    return option.getAsLong() == 0 ? OptionalLong.empty() : option;
  }

  /** Of this program here, also when another system is worked on. */
  final Configuration configuration(UpdateEvent.Observer observer) throws UpdateException {
    String file = context().machine().environment().get(Configuration.VARIABLE);
    Configuration.Loaded loaded =
        file == null || file.isEmpty()
            ? Configuration.read(context().machine().root())
            : Configuration.readFile(Path.of(file));
    loaded.warnings().forEach(warning -> observer.on(new UpdateEvent.Warning(warning.toString())));
    return loaded.configuration();
  }

  /** The work of a verb for one set of definitions. */
  interface Work {
    void on(DefinitionPlace place) throws UpdateException;
  }

  /**
   * Does the work for the chosen definitions, or with {@code --component-all} for the system and
   * then for each component (update-algorithm.md 8.5). There a failure does not keep the others
   * from being worked on; the first decides how the run ends.
   */
  final ExitStatus forEachInstallation(Work work) throws UpdateException {
    if (!options().componentAll()) {
      work.on(place());
      return ExitStatus.OK;
    }
    List<DefinitionPlace> places = new ArrayList<>();
    places.add(new DefinitionPlace.Host(machine().root()));
    for (String component : ComponentList.of(machine(), progress()).names()) {
      places.add(new DefinitionPlace.Component(component, machine().root()));
    }
    return forEach(places, work);
  }

  /** Goes on after failures; the first decides how the run ends. */
  final ExitStatus forEach(Collection<DefinitionPlace> places, Work work) {
    ExitStatus first = ExitStatus.OK;
    for (DefinitionPlace place : places) {
      try {
        work.on(place);
      } catch (UpdateException e) {
        if (!passedOver(place, e)) {
          ExitStatus status = report(component(place), e);
          first = first == ExitStatus.OK ? status : first;
        }
      }
    }
    return first;
  }

  /**
   * Deviation: H-15, the reference ignores every {@code ENOENT} of the default installation, an
   * unknown version too.
   */
  private static boolean passedOver(DefinitionPlace place, UpdateException e) {
    return switch (place) {
      case DefinitionPlace.Component _ -> e.reason() == Reason.COMPONENT_DISABLED;
      case DefinitionPlace.Host _ -> e.reason() == Reason.NO_DEFINITIONS;
      case DefinitionPlace.Directory _, DefinitionPlace.File _ -> false;
    };
  }

  static Optional<String> component(DefinitionPlace place) {
    return place instanceof DefinitionPlace.Component(var name, _)
        ? Optional.of(name)
        : Optional.empty();
  }

  /** Shows warnings and progress: to people on the error stream, to programs on the output. */
  final RunView progress() {
    var clock = context().machine().clock();
    if (options().progressAsJson()) {
      shown = new ProgressLines(terminal().out(), clock);
      return shown;
    }
    var view = new ProgressView(terminal(), clock, options().verbose());
    shown = view;
    seen = view;
    return view;
  }

  /** What people saw of the run so far. */
  final ProgressView seen() {
    return Objects.requireNonNull(seen, "shown to people");
  }
}
