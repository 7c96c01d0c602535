package org.particleos.update.cli;

import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.Updater;

/** {@code --cleanup=}: what no definition owns goes with the update (update-algorithm.md 8.4.1). */
final class Cleaning {
  /** One update. */
  interface Update {
    Outcome run() throws UpdateException;
  }

  private final Verb verb;

  Cleaning(Verb verb) {
    this.verb = verb;
  }

  /**
   * Updates, then cleans up if that was asked for; also when all definitions are gone, which is a
   * failure of the update still.
   */
  Outcome after(Updater updater, Update update) throws UpdateException {
    boolean wanted = verb.options().cleanup().orElse(false);
    Outcome outcome;
    try {
      outcome = update.run();
    } catch (UpdateException e) {
      if (wanted && e.reason() == Reason.NO_DEFINITIONS) {
        updater.cleanup(verb.caller());
      }
      throw e;
    }
    if (wanted) {
      updater.cleanup(verb.caller());
    }
    return outcome;
  }
}
