package org.particleos.update.update;

import java.util.List;
import java.util.Optional;
import org.particleos.update.notify.Completion;
import org.particleos.update.notify.CompletionHooks;
import org.particleos.update.pattern.FieldText;

/**
 * Tells other programs of the machine that something was installed (update-algorithm.md 16). What
 * they answer changes nothing.
 */
final class Announcement {
  private final Run run;

  Announcement(Run run) {
    this.run = run;
  }

  /** Nothing is told of a system that is not the running one. */
  void make(Outcome outcome, List<Completion.Resource> installed) {
    if (!run.machine().isRunning()) {
      return;
    }
    Optional<String> component = Installation.component(run.settings().place());
    Optional<Completion> completion =
        switch (outcome) {
          case Outcome.Installed(var version, _, _) ->
              Optional.of(new Completion(component, Optional.of(version), installed));
          case Outcome.NoUpdate _, Outcome.AlreadyInstalled _, Outcome.Acquired _ ->
              forced() ? Optional.of(Completion.empty(component)) : Optional.empty();
        };
    if (completion.isPresent()) {
      CompletionHooks.below(run.machine().runDirectory()).call(completion.get()).forEach(run::warn);
    }
  }

  private boolean forced() {
    return Optional.ofNullable(run.machine().environment().get("SYSTEMD_SYSUPDATE_FORCE_NOTIFY"))
        .flatMap(FieldText::bool)
        .orElse(false);
  }
}
