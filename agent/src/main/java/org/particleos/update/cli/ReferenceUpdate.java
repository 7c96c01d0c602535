package org.particleos.update.cli;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.Removal;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.update.Updater;

/**
 * What {@code update} and {@code acquire} share: nothing on standard output but, as JSON, what was
 * removed to make room (H-05, kept for the reference's parsers).
 */
final class ReferenceUpdate {
  private final Verb verb;
  private final Optional<String> version;
  private final Updater.Goal goal;

  ReferenceUpdate(Verb verb, Optional<String> version, Updater.Goal goal) {
    this.verb = verb;
    this.version = version;
    this.goal = goal;
  }

  ExitStatus run() throws UpdateException {
    verb.options().json(); // a wrong mode is refused before anything is done
    var restart = Restart.wanted(verb);
    ExitStatus status =
        verb.forEachInstallation(place -> {
          RunView progress = verb.progress();
          Outcome outcome = update(place, progress);
          restart.note(outcome);
          progress.ended(outcome);
          say(outcome);
        });
    if (status == ExitStatus.OK) {
      restart.perform();
    }
    return status;
  }

  private Outcome update(DefinitionPlace place, RunView progress) throws UpdateException {
    var watched = new Watched(progress);
    try (Updater updater = verb.updater(place, watched)) {
      return new Cleaning(verb).after(updater, () -> updater.apply(version, goal, verb.caller()));
    } finally {
      watched.print();
    }
  }

  private void say(Outcome outcome) {
    switch (outcome) {
      case Outcome.NoUpdate() -> say("No update needed.");
      case Outcome.AlreadyInstalled(var installed) ->
          say("Version '" + installed + "' is already installed.");
      case Outcome.Acquired(var acquired, _) ->
          say("Version '" + acquired + "' is acquired; install it with: particle-update update");
      case Outcome.Installed _ -> {}
    }
  }

  private void say(String text) {
    verb.terminal().err().println(text);
  }

  /** Counts what is removed while it is shown. */
  private final class Watched implements UpdateEvent.Observer {
    private final RunView progress;
    private final Map<String, Integer> removed = new HashMap<>();
    private final Set<String> disabled = new HashSet<>();
    private boolean madeRoom;

    Watched(RunView progress) {
      this.progress = progress;
    }

    @Override
    public void on(UpdateEvent event) {
      if (event instanceof UpdateEvent.MakingRoom) {
        madeRoom = true;
      }
      if (event instanceof UpdateEvent.Removing(var removal)) {
        if (removal.cause() == Removal.Cause.DISABLED) {
          disabled.add(removal.transfer().id());
        } else {
          removed.merge(removal.transfer().id(), 1, Integer::sum);
        }
      }
      progress.on(event);
    }

    void print() throws UpdateException {
      JsonMode json = verb.options().json();
      if (json != JsonMode.OFF && !verb.options().progressAsJson() && madeRoom) {
        Json.print(
            verb.terminal().out(),
            json,
            Json.object()
                .put("removed", removed.values().stream().mapToInt(n -> n).max().orElse(0))
                .put("disabledTransfers", disabled.size()));
      }
    }
  }
}
