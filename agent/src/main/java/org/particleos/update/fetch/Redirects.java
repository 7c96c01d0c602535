package org.particleos.update.fetch;

import java.net.URI;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Decides which redirects of one request are followed: at most {@value #REDIRECTS_MAX}, never in a
 * circle, only to http and https, and never from https to http, which would let anybody on the way
 * see and stop what the user asked to keep private.
 */
final class Redirects {
  /** Mirror networks need two or three; more than this is a mistake. */
  static final int REDIRECTS_MAX = 10;

  private final Set<URI> visited = new HashSet<>();

  Redirects(URI first) {
    visited.add(first);
  }

  static boolean isRedirect(int status) {
    return switch (status) {
      case 301, 302, 303, 307, 308 -> true;
      default -> false;
    };
  }

  /** The address to ask next. */
  URI follow(URI from, Optional<String> location) throws UpdateException {
    if (location.isEmpty()) {
      throw refused(from, "the server does not say where to");
    }
    String where = Quote.quote(location.get());
    URI to;
    try {
      to = from.resolve(location.get());
    } catch (IllegalArgumentException e) {
      throw refused(from, where + " is not an address");
    }
    var scheme = Optional.ofNullable(to.getScheme()).orElse("").toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw refused(from, where + " is neither http nor https");
    }
    if (to.getHost() == null || to.getRawUserInfo() != null) {
      throw refused(from, where + " has no plain host name");
    }
    if (scheme.equals("http") && "https".equalsIgnoreCase(from.getScheme())) {
      throw refused(from, where + " would give up the encryption");
    }
    if (visited.size() > REDIRECTS_MAX) {
      throw refused(from, "it is number " + (REDIRECTS_MAX + 1) + " in a row");
    }
    if (!visited.add(to)) {
      throw refused(from, where + " was asked before");
    }
    return to;
  }

  private static UpdateException refused(URI from, String found) {
    return UpdateException.because(
            Reason.REDIRECT_REFUSED, "refused a redirect of " + Quote.quote(from.toString()))
        .found(found)
        .remedy("correct the address of the source, or ask who runs the server")
        .unreachable();
  }
}
