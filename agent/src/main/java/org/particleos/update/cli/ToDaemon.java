package org.particleos.update.cli;

import java.util.List;

/**
 * The way to the daemon.
 *
 * @param usual whether verbs that it runs for others go there unless something else is chosen: the
 *     user is not root
 * @param addresses of the message bus, to be tried in turn
 */
record ToDaemon(boolean usual, List<String> addresses) {
  ToDaemon {
    addresses = List.copyOf(addresses);
  }
}
