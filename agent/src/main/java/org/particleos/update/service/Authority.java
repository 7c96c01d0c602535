package org.particleos.update.service;

import java.util.Map;

/** Decides who may do what: polkit (dbus-varlink.md 8). */
public interface Authority {
  /** What was decided. */
  enum Verdict {
    ALLOWED,
    DENIED,
    /** Allowed after a password, which the caller did not want to be asked for. */
    NEEDS_INTERACTION,
    /** Nobody could decide; then only root may. */
    UNAVAILABLE
  }

  /**
   * Root may do everything, whether polkit runs or not.
   *
   * @param action as {@code org.freedesktop.sysupdate1.check}
   * @param details for the rules of the administrator
   * @param interactive whether a password may be asked for, which takes as long as the user takes
   */
  Verdict decide(Caller caller, String action, Map<String, String> details, boolean interactive)
      throws InterruptedException;
}
