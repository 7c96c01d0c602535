package org.particleos.update.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.particleos.update.acquire.HttpFetcher;
import org.particleos.update.acquire.HttpLimits;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.update.Settings;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.update.Updater;
import picocli.CommandLine.ParentCommand;

/** What all verbs have in common: options, an engine, and how failures end the process. */
abstract class Verb implements Callable<Integer> {
  /** Whose exit statuses a verb keeps. */
  enum Spelling {
    /** Ours: causes have different statuses. */
    OWN,
    /** The reference's: 0 and 1 (update-algorithm.md 18.4). */
    REFERENCE
  }

  /** Set by picocli before {@link #call}. */
  @ParentCommand private @Nullable ParticleUpdate program;

  private final Spelling spelling;
  private final int instancesLeast;

  Verb(Spelling spelling, int instancesLeast) {
    this.spelling = spelling;
    this.instancesLeast = instancesLeast;
  }

  /** For a verb that is not run by picocli. */
  final void belongTo(ParticleUpdate parent) {
    program = parent;
  }

  private ParticleUpdate program() {
    return Objects.requireNonNull(program, "a verb runs as part of the program");
  }

  /** Does the work and says how it ended. */
  abstract ExitStatus run() throws UpdateException;

  @Override
  public final Integer call() {
    if (options().jsonHelp()) {
      terminal().out().println("pretty\nshort\noff");
      return ExitStatus.OK.code();
    }
    ExitStatus status;
    try {
      status = run();
    } catch (UpdateException e) {
      FailureReport.print(terminal().err(), e);
      status = ExitStatus.of(e);
    }
    return switch (spelling) {
      case OWN -> status.code();
      case REFERENCE -> status == ExitStatus.OK ? 0 : ExitStatus.FAILED.code();
    };
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

  final VersionSets.View view() {
    return options().offline() ? VersionSets.View.OFFLINE : VersionSets.View.ONLINE;
  }

  final Updater updater(UpdateEvent.Observer observer) throws UpdateException {
    Context context = context();
    Settings settings = options().settings(context.machine().root(), instancesLeast);
    var http =
        new HttpFetcher(
            context.programVersion(), HttpLimits.defaults(), context.machine().environment());
    return new Updater(context.machine(), settings, http, observer, context.cancellation());
  }

  /** Shows warnings and progress on the error stream. */
  final ProgressView progress() {
    return new ProgressView(terminal(), context().machine().clock());
  }
}
