package org.particleos.update.cli;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
  private final Map<String, Integer> removed = new HashMap<>();
  private final Set<String> disabled = new HashSet<>();
  private boolean madeRoom;

  ReferenceUpdate(Verb verb) {
    this.verb = verb;
  }

  ExitStatus run(Optional<String> version, Updater.Goal goal, String caller)
      throws UpdateException {
    JsonMode json = verb.options().json();
    ProgressView progress = verb.progress();
    try (Updater updater = verb.updater(event -> watch(event, progress))) {
      Outcome outcome = updater.apply(version, goal, caller);
      switch (outcome) {
        case Outcome.NoUpdate() -> say("No update needed.");
        case Outcome.AlreadyInstalled(var installed) ->
            say("Version '" + installed + "' is already installed.");
        case Outcome.Acquired(var acquired, _) ->
            say("Version '" + acquired + "' is acquired; install it with: particle-update update");
        case Outcome.Installed _ -> {}
      }
      return ExitStatus.OK;
    } finally {
      if (json != JsonMode.OFF && madeRoom) {
        Json.print(
            verb.terminal().out(),
            json,
            Json.object()
                .put("removed", removed.values().stream().mapToInt(n -> n).max().orElse(0))
                .put("disabledTransfers", disabled.size()));
      }
    }
  }

  private void watch(UpdateEvent event, ProgressView progress) {
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

  private void say(String text) {
    verb.terminal().err().println(text);
  }
}
