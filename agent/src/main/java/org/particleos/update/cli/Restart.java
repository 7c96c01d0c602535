package org.particleos.update.cli;

import java.util.Optional;
import org.particleos.update.dbus.LoginManager;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.Updater;
import org.particleos.update.version.Version;

/**
 * {@code --reboot}: restarts the machine when that brings something (update-algorithm.md 8.4.2).
 */
final class Restart {
  private final Verb verb;
  private final Optional<Version> booted;
  private boolean worthwhile;

  private Restart(Verb verb, Optional<Version> booted) {
    this.verb = verb;
    this.booted = booted;
  }

  /**
   * Asks for the running version before anything is done, if it will be needed.
   *
   * @throws UpdateException if it is needed and not known
   */
  static Restart wanted(Verb verb) throws UpdateException {
    if (!verb.options().reboot()) {
      return new Restart(verb, Optional.empty());
    }
    try (Updater updater = verb.updater(_ -> {})) {
      return new Restart(verb, Optional.of(updater.bootedVersion()));
    }
  }

  void note(Outcome outcome) {
    if (booted.isPresent() && outcome instanceof Outcome.Installed(var version, var repaired, _)) {
      int order = version.compareTo(booted.get());
      worthwhile = order > 0 || (order == 0 && repaired);
    }
  }

  void perform() throws UpdateException {
    if (booted.isEmpty()) {
      return;
    }
    verb.terminal().err().println(announcement(worthwhile));
    if (worthwhile) {
      now(verb);
    }
  }

  static String announcement(boolean worthwhile) {
    return worthwhile
        ? "Restarting the machine."
        : "Nothing that a restart would bring into use was installed.";
  }

  /** Asks the login manager, which honours inhibitors. */
  static void now(Verb verb) throws UpdateException {
    try {
      LoginManager.ofSystem(verb.context().machine().environment()).reboot();
    } catch (UpdateException e) {
      throw e.inState("what was installed stays installed; the machine keeps running as it is");
    }
  }
}
