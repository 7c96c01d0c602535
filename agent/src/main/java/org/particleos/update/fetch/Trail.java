package org.particleos.update.fetch;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * What one attempt met on its way: which addresses were asked, through redirects, and what the
 * answers said beside their bodies. Used by one thread.
 */
final class Trail {
  /** {@code Link} lines that are kept of all answers together; each is short by itself. */
  private static final int LINKS_MAX = 64;

  private final Predicate<URI> avoided;
  private final List<URI> asked = new ArrayList<>();
  private final List<Linked> links = new ArrayList<>();
  private OptionalInt status = OptionalInt.empty();
  private Optional<String> retryAfter = Optional.empty();

  /** A {@code Link} header and the address that sent it. */
  record Linked(URI base, String header) {}

  /**
   * @param avoided redirects to such addresses are not followed
   */
  Trail(Predicate<URI> avoided) {
    this.avoided = avoided;
  }

  static Trail anywhere() {
    return new Trail(_ -> false);
  }

  boolean avoids(URI address) {
    return avoided.test(address);
  }

  void asks(URI address) {
    asked.add(address);
    status = OptionalInt.empty();
    retryAfter = Optional.empty();
  }

  void answered(Exchange exchange) {
    status = OptionalInt.of(exchange.status());
    retryAfter = exchange.header("Retry-After");
    for (String header : exchange.headers("Link")) {
      if (links.size() < LINKS_MAX) {
        links.add(new Linked(exchange.uri(), header));
      }
    }
  }

  /** In order; the last one is the one that answered, or did not. */
  List<URI> asked() {
    return List.copyOf(asked);
  }

  List<Linked> links() {
    return List.copyOf(links);
  }

  /** Of the last answer, if there was one. */
  OptionalInt status() {
    return status;
  }

  Optional<String> retryAfter() {
    return retryAfter;
  }
}
