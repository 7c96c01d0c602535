package org.particleos.update.fetch;

import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Requests.Question;

/**
 * A file, or a part of it, that survives failures on its way: what broke off goes on at the byte
 * where it stood, at the same server or at a mirror. Who reads it sees one file without a gap.
 *
 * <p>A server that cannot begin in the middle sends everything again, and what was delivered
 * already is skipped. What continues must have the same total length, and at the same server the
 * same state; nothing more is known of a mirror's copy until the digest over the whole was
 * compared.
 */
final class Download implements ByteSource {
  /** That much has to come for earlier failures to be forgotten. */
  private static final long PROGRESS_BYTES = 256 << 10;

  /** A speed is worth remembering when it was measured over that much. */
  private static final long MEASURED_BYTES_MIN = 1 << 20;

  /** Over all of a download. A line that breaks oftener is no line. */
  private static final int FAILURES_MAX = 1000;

  private static final int SKIP_BYTES = 64 << 10;

  private final URI origin;
  private final Resumption start;
  private final OptionalLong end;
  private final Requests requests;
  private final HttpLimits limits;
  private final Mirrors mirrors;
  private final Tour tour;
  private final Timing timing;
  private final Throttle throttle;
  private final Cancellation cancellation;

  /** What each server called the file, and when it was changed last, to ask for the same again. */
  private final Map<String, Resumption> states = new HashMap<>();

  /** Servers that answered a question for the rest with another part. */
  private final Set<String> withoutRanges = new HashSet<>();

  private @Nullable Exchange current;
  private boolean anchored;
  private long firstByte;
  private long position;
  private OptionalLong total = OptionalLong.empty();
  private OptionalLong length = OptionalLong.empty();
  private Optional<String> etag = Optional.empty();
  private Optional<Instant> lastModified = Optional.empty();

  private long sinceFailure;
  private int failures;
  private long measuredBytes;
  private long measuredNanos;

  /**
   * Opens it.
   *
   * @param end of a part that is wanted to the byte; empty for the rest or all of the file
   */
  Download(
      URI origin,
      Resumption start,
      OptionalLong end,
      Requests requests,
      HttpLimits limits,
      Mirrors mirrors,
      Tour tour,
      Timing timing,
      Throttle throttle,
      Cancellation cancellation)
      throws UpdateException {
    this.origin = origin;
    this.start = start;
    this.end = end;
    this.requests = requests;
    this.limits = limits;
    this.mirrors = mirrors;
    this.tour = tour;
    this.timing = timing;
    this.throttle = throttle;
    this.cancellation = cancellation;
    this.position = start.offsetBytes();
    reconnect("asking for " + name() + " failed");
  }

  private void reconnect(String what) throws UpdateException {
    current = tour.take(what, this::connect);
  }

  private Exchange connect(URI address, Trail trail) throws UpdateException {
    try {
      return end.isPresent()
          ? connectPart(address, trail, end.getAsLong())
          : connectRest(address, trail);
    } catch (UpdateException.Unreachable e) {
      countFailure(e);
      throw e;
    }
  }

  private Exchange connectPart(URI address, Trail trail, long toExclusive) throws UpdateException {
    var range = Map.of("Range", "bytes=" + position + "-" + (toExclusive - 1));
    var exchange = requests.ask(Question.get(address, range), trail, cancellation);
    try {
      Answers.requirePart(address, exchange, position, toExclusive);
      requireSameTotal(exchange);
      anchor(exchange);
      return exchange;
    } catch (UpdateException | RuntimeException e) {
      exchange.close();
      throw e;
    }
  }

  private Exchange connectRest(URI address, Trail trail) throws UpdateException {
    var from = resumption(address);
    var exchange = requests.ask(Question.get(address, from.headers()), trail, cancellation);
    try {
      requireRest(address, exchange, from);
      if (!anchored && otherName(exchange, from)) {
        exchange.close();
        var unnamed = new Resumption(from.offsetBytes(), Optional.empty(), from.lastModified());
        exchange = requests.ask(Question.get(address, unnamed.headers()), trail, cancellation);
        requireRest(address, exchange, unnamed);
      }
      long length = exchange.totalBytes().orElse(exchange.lengthBytes().orElse(0));
      if (length > limits.bodyBytesMax()) {
        throw exchange.tooLong(Long.toString(length));
      }
      if (anchored) {
        requireSameState(exchange);
      }
      requireSameTotal(exchange);
      anchor(exchange);
      skip(exchange);
      return exchange;
    } catch (UpdateException | RuntimeException e) {
      exchange.close();
      throw e;
    }
  }

  /** From where on an address is asked, and for what state. */
  private Resumption resumption(URI address) {
    if (!anchored) {
      return start;
    }
    var state = states.get(Mirrors.server(address));
    if (withoutRanges.contains(Mirrors.server(address))) {
      return Resumption.FROM_START;
    }
    return state == null
        ? new Resumption(position, Optional.empty(), Optional.empty())
        : new Resumption(position, state.etag(), state.lastModified());
  }

  private void requireRest(URI address, Exchange exchange, Resumption from) throws UpdateException {
    try {
      Answers.requireRest(address, exchange, from);
    } catch (UpdateException.Unreachable e) {
      if (e.reason() == Reason.RANGE_WRONG && anchored) {
        withoutRanges.add(Mirrors.server(address));
        withoutRanges.add(Mirrors.server(exchange.uri()));
      }
      if (e.reason() == Reason.RANGE_BEYOND_END && anchored) {
        throw changed(exchange, "it is shorter than the " + position + " bytes that came", e);
      }
      throw e;
    }
  }

  /** Mirrors have names of their own for the same file, but keep the time of its last change. */
  private static boolean otherName(Exchange exchange, Resumption from) {
    return from.offsetBytes() > 0
        && exchange.firstByte() == 0
        && from.etag().isPresent()
        && !exchange.etag().equals(from.etag())
        && from.lastModified().isPresent()
        && exchange
            .lastModified()
            .map(Instant::getEpochSecond)
            .equals(from.lastModified().map(Instant::getEpochSecond));
  }

  /** A server that knew the file before must still have the same. */
  private void requireSameState(Exchange exchange) throws UpdateException {
    var before = states.get(Mirrors.server(exchange.uri()));
    if (before == null) {
      return;
    }
    var name = Resumption.strong(before.etag());
    var newName = Resumption.strong(exchange.etag());
    boolean same =
        (name.isPresent() && newName.isPresent())
            ? name.equals(newName)
            : before.lastModified().equals(exchange.lastModified());
    if (!same) {
      throw changed(exchange, "the server says that it was changed", null);
    }
  }

  private void requireSameTotal(Exchange exchange) throws UpdateException {
    var now = exchange.totalBytes();
    for (var known : new OptionalLong[] {total, mirrors.sizeBytes(origin)}) {
      if (known.isPresent() && now.isPresent() && known.getAsLong() != now.getAsLong()) {
        throw changed(
            exchange, "it has " + now.getAsLong() + " bytes, not " + known.getAsLong(), null);
      }
    }
  }

  private static UpdateException changed(
      Exchange exchange, String found, UpdateException.@Nullable Unreachable cause) {
    var details =
        UpdateException.because(
                Reason.FILE_CHANGED,
                Quote.quote(exchange.uri().toString()) + " is not the file any more that was begun")
            .found(found)
            .remedy("start again; the new file is fetched from its beginning");
    if (cause != null) {
      details.cause(cause);
    }
    return details.unreachable();
  }

  /** What the first answer says holds for the whole download. */
  private void anchor(Exchange exchange) {
    var state = new Resumption(0, exchange.etag(), exchange.lastModified());
    states.putIfAbsent(Mirrors.server(exchange.uri()), state);
    if (total.isEmpty()) {
      total = exchange.totalBytes();
    }
    if (!anchored) {
      anchored = true;
      firstByte = exchange.firstByte();
      position = firstByte;
      length = exchange.lengthBytes();
      etag = exchange.etag();
      lastModified = exchange.lastModified();
    }
  }

  /** Passes over what was delivered before. */
  private void skip(Exchange exchange) throws UpdateException {
    var unwanted = ByteBuffer.allocate(SKIP_BYTES);
    long left = position - exchange.firstByte();
    while (left > 0) {
      unwanted.clear().limit((int) Math.min(left, SKIP_BYTES));
      int read = exchange.read(unwanted);
      if (read < 0) {
        throw changed(exchange, "it ends before the " + position + " bytes that came", null);
      }
      left -= read;
    }
  }

  @Override
  public int read(ByteBuffer direct) throws UpdateException {
    while (true) {
      var exchange = current;
      if (exchange == null) {
        throw new IllegalStateException("it is closed");
      }
      long before = timing.nanos();
      try {
        int read = exchange.read(direct);
        measuredNanos += timing.nanos() - before;
        advance(exchange, Math.max(0, read));
        throttle.pass(read, timing, cancellation);
        return read;
      } catch (UpdateException.Unreachable e) {
        countFailure(e);
        release(exchange);
        if (position == end.orElse(total.orElse(Long.MAX_VALUE))) {
          return -1;
        }
        String what =
            name() + " broke off at " + position + (total.isPresent() ? ofTotal() : "") + " bytes";
        tour.failed(e, what);
        reconnect(what);
      }
    }
  }

  private String ofTotal() {
    return " of " + total.getAsLong();
  }

  private void advance(Exchange exchange, int bytes) {
    if (bytes > 0 && sinceFailure == 0) {
      mirrors.served(origin, exchange.uri());
    }
    position += bytes;
    measuredBytes += bytes;
    sinceFailure += bytes;
    if (failures > 0 && sinceFailure >= PROGRESS_BYTES && sinceFailure - bytes < PROGRESS_BYTES) {
      tour.progressed();
    }
  }

  private void countFailure(UpdateException.Unreachable failure) throws UpdateException {
    sinceFailure = 0;
    failures++;
    if (failures > FAILURES_MAX) {
      throw UpdateException.because(failure.reason(), "gave up on " + name())
          .found("it broke off " + failures + " times")
          .remedy("try again later")
          .cause(failure)
          .unreachable();
    }
  }

  private void release(Exchange exchange) {
    if (measuredBytes >= MEASURED_BYTES_MIN) {
      mirrors.measured(exchange.uri(), measuredBytes, measuredNanos);
    }
    measuredBytes = 0;
    measuredNanos = 0;
    exchange.close();
    current = null;
  }

  private String name() {
    return Quote.quote(origin.toString());
  }

  @Override
  public long firstByte() {
    return firstByte;
  }

  @Override
  public OptionalLong totalBytes() {
    return total;
  }

  @Override
  public OptionalLong lengthBytes() {
    return length;
  }

  @Override
  public Optional<Instant> lastModified() {
    return lastModified;
  }

  @Override
  public Optional<String> etag() {
    return etag;
  }

  @Override
  public void close() {
    var exchange = current;
    if (exchange != null) {
      release(exchange);
    }
  }
}
