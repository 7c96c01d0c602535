package org.particleos.update.fetch;

import java.net.URI;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Decides whether an answer is the one to the question. */
final class Answers {
  private Answers() {}

  /** Any answer but success is a failure (update-algorithm.md 12.2). */
  static void requireSuccess(URI uri, Exchange exchange) throws UpdateException {
    String name = Quote.quote(uri.toString());
    int status = exchange.status();
    if (status == Requests.STATUS_NOT_FOUND) {
      throw UpdateException.because(Reason.HTTP_NOT_FOUND, "the server has no " + name)
          .found("HTTP status 404")
          .remedy("wrong URL? Check the source of the transfer")
          .unreachable();
    }
    if (status == Requests.STATUS_UNAUTHORISED) {
      throw UpdateException.because(
              Reason.HTTP_UNAUTHORISED, "the server wants to know who asks for " + name)
          .found("HTTP status 401")
          .remedy("use a source that needs no log-in")
          .unreachable();
    }
    if (status >= Requests.STATUS_SUCCESS_END) {
      throw UpdateException.because(Reason.HTTP_STATUS, "the server did not give " + name)
          .found("HTTP status " + status)
          .remedy("try again later, or ask who runs the server")
          .unreachable();
    }
  }

  /** A part instead of the whole would pass for the whole. */
  static void requireWhole(URI uri, Exchange exchange) throws UpdateException {
    requireSuccess(uri, exchange);
    if (exchange.status() == Requests.STATUS_PARTIAL) {
      throw wrongRange(exchange, "asked for the whole file");
    }
  }

  /** The rest of the file, or all of it. */
  static void requireRest(URI uri, Exchange exchange, Resumption from) throws UpdateException {
    if (from.offsetBytes() > 0 && exchange.status() == Requests.STATUS_PARTIAL) {
      takeRest(exchange, from);
    } else if (from.offsetBytes() > 0 && exchange.status() == Requests.STATUS_RANGE_REFUSED) {
      takeNothing(exchange, from);
    } else {
      requireWhole(uri, exchange);
    }
  }

  private static void takeRest(Exchange exchange, Resumption from) throws UpdateException {
    var range =
        ContentRange.parse(exchange.header("Content-Range").orElse(""))
            .orElseThrow(() -> wrongRange(exchange, "it is not said which part that is"));
    long last = range.total().orElse(range.last() + 1) - 1;
    if (range.first() != from.offsetBytes() || range.last() != last) {
      throw wrongRange(exchange, "asked for bytes from " + from.offsetBytes() + " to the end");
    }
    requireSameState(exchange, from);
    exchange.bringsPart(range.first(), range.lengthBytes(), range.total());
  }

  /** Nothing is left of a file that was read completely before; everything else is a failure. */
  private static void takeNothing(Exchange exchange, Resumption from) throws UpdateException {
    var total = ContentRange.totalOfNone(exchange.header("Content-Range").orElse(""));
    if (total.isEmpty() || total.getAsLong() != from.offsetBytes()) {
      throw Failures.beyondEnd(exchange.uri().toString(), from.offsetBytes() + 1, total);
    }
    requireSameState(exchange, from);
    exchange.bringsNothing(from.offsetBytes());
  }

  /** {@code If-Range} should have seen to that. */
  private static void requireSameState(Exchange exchange, Resumption from) throws UpdateException {
    var before = Resumption.strong(from.etag());
    var now = Resumption.strong(exchange.etag());
    if (before.isPresent() && now.isPresent() && !before.equals(now)) {
      throw wrongRange(exchange, "asked for a part of the file that was called " + before.get());
    }
  }

  /** Exactly that part. */
  static void requirePart(URI uri, Exchange exchange, long from, long toExclusive)
      throws UpdateException {
    switch (exchange.status()) {
      case Requests.STATUS_PARTIAL -> {
        var range = ContentRange.parse(exchange.header("Content-Range").orElse(""));
        if (range.isEmpty()
            || range.get().first() != from
            || range.get().last() != toExclusive - 1) {
          throw unsupported(exchange, partFound(exchange));
        }
        exchange.bringsPart(from, toExclusive - from, range.get().total());
      }
      case Requests.STATUS_RANGE_REFUSED ->
          throw Failures.beyondEnd(
              uri.toString(),
              toExclusive,
              ContentRange.totalOfNone(exchange.header("Content-Range").orElse("")));
      default -> {
        requireSuccess(uri, exchange);
        throw unsupported(exchange, "HTTP status " + exchange.status());
      }
    }
  }

  private static UpdateException unsupported(Exchange exchange, String found) {
    return UpdateException.because(
            Reason.RANGES_UNSUPPORTED,
            "the server does not send parts of " + Quote.quote(exchange.uri().toString()))
        .found(found)
        .remedy("fetch the whole file")
        .unreachable();
  }

  private static UpdateException wrongRange(Exchange exchange, String expected) {
    return Failures.wrongRange(
        Quote.quote(exchange.uri().toString()), expected + "; " + partFound(exchange));
  }

  private static String partFound(Exchange exchange) {
    return "Content-Range: "
        + exchange.header("Content-Range").map(Quote::quote).orElse("none")
        + exchange.etag().map(tag -> ", ETag: " + Quote.quote(tag)).orElse("");
  }
}
