package org.particleos.update.fetch;

import java.net.URI;
import java.util.Map;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Asks servers, each question once, and follows redirects. Several threads may use it at once. */
final class Requests implements AutoCloseable {
  static final int STATUS_OK = 200;
  static final int STATUS_PARTIAL = 206;
  static final int STATUS_UNAUTHORISED = 401;
  static final int STATUS_NOT_FOUND = 404;
  static final int STATUS_RANGE_REFUSED = 416;

  /** From here on the answer is not what was asked for. */
  static final int STATUS_SUCCESS_END = 300;

  private final Connections connections;
  private final HttpLimits limits;

  /**
   * What is asked.
   *
   * @param headers besides those that every request has
   */
  record Question(String method, URI uri, Map<String, String> headers) {
    Question {
      headers = Map.copyOf(headers);
    }

    static Question get(URI uri, Map<String, String> headers) {
      return new Question("GET", uri, headers);
    }

    static Question head(URI uri) {
      return new Question("HEAD", uri, Map.of());
    }

    Question to(URI address) {
      return new Question(method, address, headers);
    }
  }

  Requests(Connections connections, HttpLimits limits) {
    this.connections = connections;
    this.limits = limits;
  }

  /**
   * The answer of the last of the servers, whatever it says.
   *
   * @param trail notes what is met on the way, also if that ends in a failure
   */
  Exchange ask(Question question, Trail trail, Cancellation cancellation) throws UpdateException {
    requireServer(question.uri());
    var redirects = new Redirects(question.uri());
    var current = question;
    while (true) {
      if (cancellation.cancelled()) {
        throw Failures.interrupted("asking for " + Quote.quote(current.uri().toString()));
      }
      trail.asks(current.uri());
      var exchange = new Exchange(connections, current, limits, cancellation);
      trail.answered(exchange);
      if (!Redirects.isRedirect(exchange.status())) {
        return exchange;
      }
      try (exchange) {
        exchange.skipShortBody();
        current = current.to(redirects.follow(current.uri(), exchange.header("Location")));
      }
      if (trail.avoids(current.uri())) {
        throw Fault.avoided(Quote.quote(current.uri().toString()));
      }
    }
  }

  /** Only servers are asked, and nobody logs in. */
  static void requireServer(URI uri) throws UpdateException {
    boolean known =
        "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
    if (!known || uri.getHost() == null || uri.getRawUserInfo() != null) {
      throw UpdateException.because(
              Reason.DEFINITION_INVALID, "refused the address " + Quote.quote(uri.toString()))
          .found("expected http://host/…, https://host/… or file:/…, without a user name")
          .remedy("correct the source of the transfer")
          .configuration();
    }
  }

  /** Ends everything that is still open. */
  void prepare() {
    connections.prepare();
  }

  @Override
  public void close() {
    connections.close();
  }
}
