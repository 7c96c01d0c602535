package org.particleos.update.fetch;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.particleos.update.codec.Compression;
import org.particleos.update.codec.Decoder;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.codec.Inflow;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Requests.Question;
import org.particleos.update.trust.Fetcher;

/**
 * Reads files from servers by {@code http} and {@code https}, and from this machine by {@code file}
 * addresses, which test set-ups use (transfer-files.md 8.1, update-algorithm.md 12.2).
 *
 * <p>Nothing is set up before the first request: a command that needs no server does not pay for
 * one. Several threads may use it at once.
 *
 * <p>Deviation: the reference tries everything once. Here what fails in passing is tried again
 * within {@link RetryLimits}, and payloads, never manifests, are continued from mirrors that the
 * server of the source names. What is tried again is told to the listener of {@link #telling}.
 */
public final class HttpFetcher implements Fetcher, AutoCloseable {
  private static final int STATUS_NOT_MODIFIED = 304;

  private final HttpLimits limits;
  private final RetryLimits retries;
  private final Requests requests;
  private final Mirrors mirrors;
  private final Timing timing;
  private final Throttle throttle;
  private final Consumer<String> listener;

  /** The same, trying again within the usual limits. */
  public HttpFetcher(String programVersion, HttpLimits limits, Map<String, String> environment) {
    this(programVersion, limits, RetryLimits.defaults(), environment);
  }

  /**
   * Sets nothing up yet.
   *
   * @param programVersion what the server is told
   * @param environment names the proxies and the certificate authorities: {@code http_proxy},
   *     {@code https_proxy}, {@code all_proxy}, {@code no_proxy}, {@code SSL_CERT_FILE}
   */
  public HttpFetcher(
      String programVersion,
      HttpLimits limits,
      RetryLimits retries,
      Map<String, String> environment) {
    this(
        limits,
        retries,
        new Requests(
            new Connections("particle-update/" + programVersion, limits, environment), limits),
        new Mirrors(true),
        Timing.real(InstantSource.system()),
        Throttle.NONE,
        _ -> {});
  }

  private HttpFetcher(
      HttpLimits limits,
      RetryLimits retries,
      Requests requests,
      Mirrors mirrors,
      Timing timing,
      Throttle throttle,
      Consumer<String> listener) {
    this.limits = limits;
    this.retries = retries;
    this.requests = requests;
    this.mirrors = mirrors;
    this.timing = timing;
    this.throttle = throttle;
    this.listener = listener;
  }

  /**
   * The same fetcher, with the same connections and mirrors, that tells what broke off and is tried
   * again. Closing either closes both.
   *
   * @param to may be called by any thread that fetches
   */
  public HttpFetcher telling(Consumer<String> to) {
    return new HttpFetcher(limits, retries, requests, mirrors, timing, throttle, to);
  }

  /** The same with the same connections, but it fetches from the addresses themselves only. */
  public HttpFetcher withoutMirrors() {
    return new HttpFetcher(
        limits, retries, requests, new Mirrors(false), timing, throttle, listener);
  }

  /**
   * The same with the same connections, but all bodies together come no faster.
   *
   * @param bytesPerSecond at least 1, or empty for no limit
   */
  public HttpFetcher limitedTo(OptionalLong bytesPerSecond) {
    return new HttpFetcher(
        limits, retries, requests, mirrors, timing, new Throttle(bytesPerSecond), listener);
  }

  /** The same with another time. */
  HttpFetcher timedBy(Timing other) {
    return new HttpFetcher(limits, retries, requests, mirrors, other, throttle, listener);
  }

  /** Gets ready for the first request, if one is to come, without keeping the caller waiting. */
  public void prepare() {
    requests.prepare();
  }

  @Override
  public Optional<byte[]> fetch(URI uri, long limitBytes) throws UpdateException {
    return fetch(uri, limitBytes, new Cancellation());
  }

  /** The same, for code that fetches without knowing what may stop it. */
  public Fetcher stoppedBy(Cancellation cancellation) {
    return (uri, limitBytes) -> fetch(uri, limitBytes, cancellation);
  }

  private Optional<byte[]> fetch(URI uri, long limitBytes, Cancellation cancellation)
      throws UpdateException {
    return switch (fetchUnless(Optional.empty(), uri, limitBytes, cancellation)) {
      case SmallFile.Fresh fresh -> Optional.of(fresh.bytes());
      case SmallFile.Missing() -> Optional.empty();
      case SmallFile.Unchanged() -> throw new IllegalStateException("nobody named a state");
    };
  }

  /**
   * Fetches a small file from the address itself, never from a mirror that is named beside it,
   * unless it is still in a state that is known.
   *
   * @param limitBytes refuse a file that is longer, decompressed or not
   */
  SmallFile fetchUnless(
      Optional<SmallFile.State> known, URI uri, long limitBytes, Cancellation cancellation)
      throws UpdateException {
    try {
      if (isLocal(uri)) {
        try (var source = new LocalSource(local(uri), cancellation)) {
          var state = new SmallFile.State(uri, Optional.empty(), Optional.empty());
          return new SmallFile.Fresh(
              unpack(uri, readAll(uri, source, limitBytes), limitBytes), state);
        }
      }
      return tour(uri, uri, Optional.empty(), retries.small(), cancellation)
          .take(
              failed(uri),
              (address, trail) -> ask(known, address, trail, limitBytes, cancellation));
    } catch (UpdateException.Unreachable e) {
      if (e.reason() == Reason.HTTP_NOT_FOUND || e.reason() == Reason.SOURCE_MISSING) {
        return new SmallFile.Missing();
      }
      throw e;
    }
  }

  private SmallFile ask(
      Optional<SmallFile.State> known,
      URI uri,
      Trail trail,
      long limitBytes,
      Cancellation cancellation)
      throws UpdateException {
    var headers = known.map(SmallFile.State::headers).orElse(Map.of());
    try (var exchange = requests.ask(Question.get(uri, headers), trail, cancellation)) {
      // A redirect may have led elsewhere this time, to a server with names of its own.
      boolean comparable =
          known.filter(state -> state.address().equals(exchange.uri())).isPresent();
      if (known.isPresent() && exchange.status() == STATUS_NOT_MODIFIED) {
        if (comparable) {
          return new SmallFile.Unchanged();
        }
        try (var whole =
            requests.ask(Question.get(exchange.uri(), Map.of()), trail, cancellation)) {
          return fresh(uri, whole, limitBytes);
        }
      }
      return fresh(uri, exchange, limitBytes);
    }
  }

  private SmallFile fresh(URI uri, Exchange exchange, long limitBytes) throws UpdateException {
    Answers.requireWhole(uri, exchange);
    requireLengthWithinLimit(exchange);
    var state = new SmallFile.State(exchange.uri(), exchange.etag(), exchange.lastModified());
    var stored = readAll(uri, exchange, limitBytes);
    // Nobody waits for a manifest because of its few bytes, but what follows has that much less.
    throttle.taken(stored.length, timing.nanos());
    return new SmallFile.Fresh(unpack(uri, stored, limitBytes), state);
  }

  private Tour tour(
      URI uri,
      URI start,
      Optional<Mirrors> places,
      RetryLimits.Budget budget,
      Cancellation cancellation) {
    return new Tour(
        uri,
        start,
        places,
        requests,
        new BackOff(retries, budget, timing),
        timing,
        listener,
        cancellation);
  }

  private static String failed(URI uri) {
    return "asking for " + Quote.quote(uri.toString()) + " failed";
  }

  private static byte[] readAll(URI uri, ByteSource source, long limitBytes)
      throws UpdateException {
    if (source.lengthBytes().orElse(0) > limitBytes) {
      throw tooLong(uri, limitBytes);
    }
    var all = new ByteArrayOutputStream();
    var piece = ByteBuffer.allocate(Decoder.SCRATCH_BYTES);
    while (source.read(piece.clear()) >= 0) {
      all.write(piece.array(), 0, piece.position());
      if (all.size() > limitBytes) {
        throw tooLong(uri, limitBytes);
      }
    }
    return all.toByteArray();
  }

  private static byte[] unpack(URI uri, byte[] stored, long limitBytes) throws UpdateException {
    var compression = Compression.of(ByteBuffer.wrap(stored));
    if (compression == Compression.NONE) {
      return stored;
    }
    var all = new ByteArrayOutputStream();
    var piece = ByteBuffer.allocateDirect(Decoder.SCRATCH_BYTES);
    var scratch = new byte[piece.capacity()];
    try (var decoder = Decoder.of(compression, new StoredInflow(stored))) {
      boolean more = true;
      while (more) {
        decoder.fill(piece.clear());
        more = !piece.hasRemaining();
        int length = piece.flip().remaining();
        piece.get(scratch, 0, length);
        all.write(scratch, 0, length);
        if (all.size() > limitBytes) {
          throw tooLong(uri, limitBytes);
        }
      }
    } catch (CorruptPayload e) {
      throw UpdateException.because(
              Reason.PAYLOAD_CORRUPT,
              "refused " + Quote.quote(uri.toString()) + ": it cannot be unpacked")
          .found(compression + ": " + e.getMessage())
          .remedy("try again later; if it stays, tell the publisher")
          .cause(e)
          .notTrusted();
    }
    return all.toByteArray();
  }

  /**
   * Opens a file for reading. What was asked for is there: any answer but success is a failure.
   *
   * @param cancellation also ends later reads of what is returned
   */
  public ByteSource open(URI uri, Cancellation cancellation) throws UpdateException {
    return open(uri, Resumption.FROM_START, cancellation);
  }

  /**
   * Opens the rest of a file that was begun to be read, or all of it where the rest cannot be had:
   * the server does not know ranges, or the file is in another state by now. {@link
   * ByteSource#firstByte()} says which of the two it is: the offset that was asked for, or 0.
   *
   * @param cancellation also ends later reads of what is returned
   * @throws UpdateException.Unreachable with {@link Reason#RANGE_BEYOND_END} if the file is shorter
   *     than what was read of it, or with {@link Reason#RANGE_WRONG} if the server sends another
   *     part than was asked for; from the start it may still be had
   */
  public ByteSource open(URI uri, Resumption from, Cancellation cancellation)
      throws UpdateException {
    if (isLocal(uri)) {
      return new LocalSource(local(uri), from, cancellation);
    }
    Requests.requireServer(uri);
    return download(uri, mirrors.start(uri), from, OptionalLong.empty(), cancellation);
  }

  private Download download(
      URI uri, URI start, Resumption from, OptionalLong end, Cancellation cancellation)
      throws UpdateException {
    var tour = tour(uri, start, Optional.of(mirrors), retries.payload(), cancellation);
    return new Download(
        uri, from, end, requests, limits, mirrors, tour, timing, throttle, cancellation);
  }

  /**
   * Opens one part of a file, and only that. Made for many of them one after the other: connections
   * are used again.
   *
   * @throws UpdateException.Unreachable with {@link Reason#RANGES_UNSUPPORTED} if the server
   *     answers with anything but that part of the file
   */
  public ByteSource openRange(URI uri, long from, long toExclusive, Cancellation cancellation)
      throws UpdateException {
    if (from < 0 || toExclusive <= from) {
      throw new IllegalArgumentException("no range: " + from + " to " + toExclusive);
    }
    if (isLocal(uri)) {
      return new LocalSource(local(uri), from, toExclusive, cancellation);
    }
    Requests.requireServer(uri);
    var part = new Resumption(from, Optional.empty(), Optional.empty());
    return download(
        uri, mirrors.lastAnswered(uri), part, OptionalLong.of(toExclusive), cancellation);
  }

  /**
   * Says that a payload was not what was signed. Whatever server sent it is passed over for that
   * payload from now on.
   *
   * @return whether another server is known that may have the right one, so that the next {@link
   *     #open} makes sense
   */
  public boolean distrust(URI payload) {
    return !isLocal(payload) && mirrors.distrust(payload);
  }

  private void requireLengthWithinLimit(Exchange exchange) throws UpdateException {
    long length = exchange.totalBytes().orElse(exchange.lengthBytes().orElse(0));
    if (length > limits.bodyBytesMax()) {
      throw exchange.tooLong(Long.toString(length));
    }
  }

  /**
   * Size of a file as it is stored, which is the size it takes only if it is not compressed; by
   * HEAD. Empty if the server does not say or does not like the question: it may still answer the
   * real one.
   */
  public OptionalLong sizeOf(URI uri, Cancellation cancellation) throws UpdateException {
    if (isLocal(uri)) {
      try (var source = new LocalSource(local(uri), cancellation)) {
        return source.lengthBytes();
      }
    }
    Requests.requireServer(uri);
    return tour(uri, mirrors.start(uri), Optional.of(mirrors), retries.small(), cancellation)
        .take(failed(uri), (address, trail) -> sizeOf(address, trail, cancellation));
  }

  private OptionalLong sizeOf(URI uri, Trail trail, Cancellation cancellation)
      throws UpdateException {
    try (var exchange = requests.ask(Question.head(uri), trail, cancellation)) {
      int status = exchange.status();
      if (status == Requests.STATUS_NOT_FOUND || status == Requests.STATUS_UNAUTHORISED) {
        Answers.requireSuccess(uri, exchange);
      }
      return status < Requests.STATUS_SUCCESS_END ? exchange.lengthBytes() : OptionalLong.empty();
    }
  }

  /**
   * How long a file is and how it begins, with as little transferred as the server allows.
   *
   * @param bytes how much of the beginning is wanted
   */
  Beginning beginning(URI uri, int bytes, Cancellation cancellation) throws UpdateException {
    if (isLocal(uri)) {
      try (var source = new LocalSource(local(uri), cancellation)) {
        return new Beginning(source.lengthBytes(), first(source, bytes));
      }
    }
    Requests.requireServer(uri);
    return tour(uri, mirrors.start(uri), Optional.of(mirrors), retries.small(), cancellation)
        .take(failed(uri), (address, trail) -> beginning(address, bytes, trail, cancellation));
  }

  private Beginning beginning(URI uri, int bytes, Trail trail, Cancellation cancellation)
      throws UpdateException {
    var range = Map.of("Range", "bytes=0-" + (bytes - 1));
    try (var exchange = requests.ask(Question.get(uri, range), trail, cancellation)) {
      if (exchange.status() == Requests.STATUS_RANGE_REFUSED) {
        // There is nothing in it.
        return new Beginning(sizeOf(uri, trail, cancellation), ByteBuffer.allocate(0));
      }
      Answers.requireSuccess(uri, exchange);
      var length =
          exchange.status() == Requests.STATUS_PARTIAL
              ? ContentRange.parse(exchange.header("Content-Range").orElse(""))
                  .map(ContentRange::total)
                  .orElse(OptionalLong.empty())
              : exchange.lengthBytes();
      return new Beginning(length, first(exchange, bytes));
    }
  }

  /**
   * The first bytes of a file.
   *
   * @param totalBytes of the whole file, if the server says so
   */
  record Beginning(OptionalLong totalBytes, ByteBuffer bytes) {}

  private static ByteBuffer first(ByteSource source, int bytes) throws UpdateException {
    var first = ByteBuffer.allocateDirect(bytes);
    int read = 0;
    while (read >= 0 && first.hasRemaining()) {
      read = source.read(first);
    }
    return first.flip();
  }

  private static boolean isLocal(URI uri) {
    return "file".equals(String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT));
  }

  private static Path local(URI uri) throws UpdateException {
    try {
      return Path.of(uri);
    } catch (IllegalArgumentException e) {
      throw UpdateException.because(
              Reason.DEFINITION_INVALID, "refused the address " + Quote.quote(uri.toString()))
          .found(String.valueOf(e.getMessage()))
          .remedy("correct the source of the transfer")
          .cause(e)
          .configuration();
    }
  }

  private static UpdateException tooLong(URI uri, long limitBytes) {
    return UpdateException.because(
            Reason.BODY_TOO_LONG,
            "refused "
                + Quote.quote(uri.toString())
                + ": it has more than "
                + limitBytes
                + " bytes")
        .found("the file goes on after as many bytes as such a file may have")
        .remedy("check the address of the source, or tell who runs the server")
        .unreachable();
  }

  /** Ends everything that is still open. */
  @Override
  public void close() {
    requests.close();
  }

  /** A small file that is in memory already, through a direct buffer as decoders want it. */
  private static final class StoredInflow implements Inflow {
    private final byte[] stored;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(Decoder.SCRATCH_BYTES);
    private int position;

    StoredInflow(byte[] stored) {
      this.stored = stored;
    }

    @Override
    public Optional<ByteBuffer> next() {
      int length = Math.min(piece.capacity(), stored.length - position);
      if (length == 0) {
        return Optional.empty();
      }
      piece.clear().put(stored, position, length).flip();
      position += length;
      return Optional.of(piece);
    }
  }
}
