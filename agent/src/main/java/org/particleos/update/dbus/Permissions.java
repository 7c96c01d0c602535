package org.particleos.update.dbus;

import java.util.Map;
import org.particleos.update.service.Authority;

/** What polkit decides about callers, as they are told. */
public final class Permissions {
  private Permissions() {}

  /**
   * Returns if the caller may.
   *
   * @param action as {@code org.freedesktop.sysupdate1.check}
   * @throws BusException if not: {@code InteractiveAuthorizationRequired} where a password would
   *     help, else {@code AccessDenied}
   */
  public static void require(
      Authority authority, Invocation call, String action, Map<String, String> details)
      throws BusException, InterruptedException {
    switch (authority.decide(call.caller(), action, details, call.interactive())) {
      case ALLOWED -> {}
      case DENIED ->
          throw new BusException(
              BusException.ACCESS_DENIED, "polkit does not allow the action " + action);
      case NEEDS_INTERACTION ->
          throw new BusException(
              BusException.INTERACTION_REQUIRED,
              "the action "
                  + action
                  + " takes a password, and the caller does not want anybody to be asked for it");
      case UNAVAILABLE ->
          throw new BusException(
              BusException.ACCESS_DENIED,
              "polkit cannot be asked about the action " + action + ", so only root may do it");
    }
  }
}
