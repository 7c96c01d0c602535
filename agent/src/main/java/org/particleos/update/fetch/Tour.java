package org.particleos.update.fetch;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Requests.Question;

/**
 * Where one file is asked for, one place after the other. In rounds: first the address itself,
 * which may redirect to a mirror; then every mirror that is known and did not fail in this run;
 * then, if something failed that may pass, a wait and the next round, in which the address may
 * redirect to whatever it wants. Used by one thread.
 */
final class Tour {
  private final URI origin;
  private final Optional<Mirrors> mirrors;
  private final Requests requests;
  private final BackOff backOff;
  private final Timing timing;
  private final Consumer<String> notices;
  private final Cancellation cancellation;

  private final Set<URI> tried = new HashSet<>();
  private URI address;
  private Trail trail = Trail.anywhere();
  private boolean originAsked;
  private boolean mayPass;
  private boolean laterRound;

  /** The first failure of a round says most: the others are of mirrors that nobody named. */
  private UpdateException.@Nullable Unreachable first;

  /**
   * @param start where to ask first: the origin or a mirror that answered before
   * @param mirrors empty if only the address itself may be asked
   */
  Tour(
      URI origin,
      URI start,
      Optional<Mirrors> mirrors,
      Requests requests,
      BackOff backOff,
      Timing timing,
      Consumer<String> notices,
      Cancellation cancellation) {
    this.origin = origin;
    this.address = start;
    this.mirrors = mirrors;
    this.requests = requests;
    this.backOff = backOff;
    this.timing = timing;
    this.notices = notices;
    this.cancellation = cancellation;
  }

  /** One attempt, at an address that the tour chooses. */
  interface Attempt<T> {
    T at(URI address, Trail trail) throws UpdateException;
  }

  /** Attempts until one succeeds, or the first failure that nothing helps against. */
  <T> T take(String what, Attempt<T> attempt) throws UpdateException {
    while (true) {
      trail = new Trail(this::avoided);
      originAsked |= address.equals(origin);
      tried.add(address);
      try {
        T result = attempt.at(address, trail);
        remember();
        return result;
      } catch (UpdateException.Unreachable e) {
        failed(e, what);
      }
    }
  }

  private boolean avoided(URI place) {
    return mirrors.isPresent()
        && (laterRound
            ? mirrors.get().distrusted(origin, place)
            : mirrors.get().avoided(origin, place));
  }

  /** The file gets on: earlier failures do not count any more. */
  void progressed() {
    backOff.progressed();
    newRound();
    laterRound = false;
  }

  private void newRound() {
    tried.clear();
    tried.add(address);
    originAsked = address.equals(origin);
    mayPass = false;
    first = null;
  }

  /** Learns the mirrors that the answers named. */
  private void remember() {
    if (mirrors.isEmpty() || trail.links().isEmpty()) {
      return;
    }
    var links = MirrorLinks.of(trail.links());
    links.problems().forEach(problem -> notices.accept("ignored a mirror: " + problem));
    learn(links.mirrors());
    links.list().ifPresent(list -> mirrors.get().listedAt(origin, list));
  }

  private void learn(List<Mirrors.Mirror> places) {
    for (var problem : mirrors.orElseThrow().learn(origin, places)) {
      notices.accept("ignored a mirror: " + problem);
    }
  }

  /**
   * Decides where the next attempt is made, and waits if it has to.
   *
   * @param what happened, for people: "asking for X failed"
   */
  void failed(UpdateException.Unreachable failure, String what) throws UpdateException {
    if (cancellation.cancelled()) {
      throw Failures.interrupted("asking for " + Quote.quote(origin.toString()));
    }
    if (first == null) {
      first = failure;
    }
    mayPass |= Fault.of(failure, trail) == Fault.TRANSIENT;
    remember();
    blame();
    var next = nextMirror();
    if (next.isPresent()) {
      address = next.get();
      notices.accept(
          what
              + reason(failure)
              + "; going on with the mirror "
              + Quote.quote(Mirrors.server(address)));
    } else if (!originAsked && !avoidedForGood(origin)) {
      address = origin;
      notices.accept(what + reason(failure) + "; asking the server of the source again");
    } else {
      nextRound(failure, what);
    }
  }

  private boolean avoidedForGood(URI place) {
    return mirrors.isPresent() && mirrors.get().distrusted(origin, place);
  }

  private void nextRound(UpdateException.Unreachable failure, String what) throws UpdateException {
    var decisive = first == null ? failure : first;
    var wait = mayPass ? backOff.afterFailure(trail.retryAfter()) : Optional.<Duration>empty();
    if (wait.isEmpty()) {
      if (decisive != failure) {
        decisive.addSuppressed(failure);
      }
      throw decisive;
    }
    notices.accept(
        what
            + reason(failure)
            + ", trying again in "
            + seconds(wait.get())
            + " s (attempt "
            + backOff.attempt()
            + " of "
            + backOff.attemptsMax()
            + ")");
    timing.pause(wait.get(), cancellation);
    if (!avoidedForGood(origin)) {
      address = origin;
    }
    laterRound = true;
    newRound();
  }

  private static String reason(UpdateException.Unreachable failure) {
    return failure.found().map(found -> " (" + found + ")").orElse("");
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1f", duration.toMillis() / 1000.0);
  }

  /** Every server on the way but the origin's own may be the one that does not work. */
  private void blame() {
    if (mirrors.isPresent()) {
      String own = Mirrors.server(origin);
      trail.asked().stream()
          .filter(place -> !Mirrors.server(place).equals(own))
          .forEach(mirrors.get()::failed);
    }
  }

  private Optional<URI> nextMirror() throws UpdateException {
    if (mirrors.isEmpty()) {
      return Optional.empty();
    }
    var next = mirrors.get().next(origin, tried);
    if (next.isPresent()) {
      return next;
    }
    readList();
    return mirrors.get().next(origin, tried);
  }

  /**
   * Reads the list of mirrors, if one was named. A server that redirects and names none has one
   * beside the file, as mirror networks do.
   */
  private void readList() throws UpdateException {
    var known = mirrors.orElseThrow();
    boolean redirected = trail.asked().size() > 1 && trail.asked().getFirst().equals(origin);
    if (redirected && origin.getRawQuery() == null) {
      known.offerList(origin, URI.create(origin + ".meta4"));
    }
    var list = known.unreadList(origin);
    if (list.isEmpty()) {
      return;
    }
    try {
      var metalink = Metalink.parse(small(list.get()));
      metalink.sizeBytes().ifPresent(bytes -> known.sized(origin, bytes));
      learn(metalink.mirrors());
    } catch (Metalink.Malformed e) {
      notices.accept(
          "ignored the list of mirrors "
              + Quote.quote(list.get().toString())
              + ": "
              + e.getMessage());
    } catch (UpdateException.Unreachable e) {
      // It was worth the question; the failure that matters is the one of the file.
      notices.accept("there is no list of mirrors: " + e.getMessage());
    }
  }

  private byte[] small(URI uri) throws UpdateException, Metalink.Malformed {
    var question = Question.get(uri, Map.of());
    try (var exchange = requests.ask(question, Trail.anywhere(), cancellation)) {
      Answers.requireWhole(uri, exchange);
      var all = new ByteArrayOutputStream();
      var piece = ByteBuffer.allocate(8 << 10);
      while (exchange.read(piece.clear()) >= 0) {
        all.write(piece.array(), 0, piece.position());
        if (all.size() > Metalink.SIZE_BYTES_MAX) {
          throw new Metalink.Malformed("it has more than " + Metalink.SIZE_BYTES_MAX + " bytes");
        }
      }
      return all.toByteArray();
    }
  }
}
