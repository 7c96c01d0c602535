package org.particleos.update.varlink;

import java.util.Map;
import org.particleos.update.linux.UnixConnection;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;

/**
 * Lets those through who may (dbus-varlink.md 8, 9.3). Root, and who the daemon itself runs as, may
 * do everything, whether polkit runs or not.
 */
final class Permission {
  /** The parameter by which a caller lets somebody be asked for a password. */
  static final String INTERACTIVE = "allowInteractiveAuthentication";

  private static final String ACTIONS = "org.freedesktop.sysupdate1.";
  private static final long ROOT = 0;

  private final Authority authority;
  private final long ownUser;

  Permission(Authority authority, long ownUser) {
    this.authority = authority;
    this.ownUser = ownUser;
  }

  /**
   * Waits for the decision, as long as somebody takes to type a password.
   *
   * @param action without what all begin with
   */
  void require(
      UnixConnection.Peer peer, String action, Map<String, String> details, boolean interactive)
      throws CallException, InterruptedException {
    if (peer.user() == ROOT || peer.user() == ownUser) {
      return;
    }
    if (peer.startTime().isEmpty()) {
      // Gone, or not to be seen from here: its number may mean somebody else.
      throw CallException.permissionDenied();
    }
    var caller = new Caller.OnSocket(peer.process(), peer.user(), peer.startTime().getAsLong());
    switch (authority.decide(caller, ACTIONS + action, details, interactive)) {
      case ALLOWED -> {}
      case DENIED, UNAVAILABLE -> throw CallException.permissionDenied();
      case NEEDS_INTERACTION -> throw CallException.interactionRequired();
    }
  }
}
