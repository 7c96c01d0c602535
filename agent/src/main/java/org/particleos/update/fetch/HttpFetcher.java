package org.particleos.update.fetch;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.io.CloseMode;
import org.jspecify.annotations.Nullable;
import org.particleos.update.codec.Compression;
import org.particleos.update.codec.Decoder;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.codec.Inflow;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.trust.Fetcher;

/**
 * Reads files from servers by {@code http} and {@code https}, and from this machine by {@code file}
 * addresses, which test set-ups use (transfer-files.md 8.1, update-algorithm.md 12.2).
 *
 * <p>Nothing is set up before the first request: a command that needs no server does not pay for
 * one. Several threads may use it at once. Nothing is retried here.
 */
public final class HttpFetcher implements Fetcher, AutoCloseable {
  private static final int STATUS_PARTIAL = 206;
  private static final int STATUS_RANGE_REFUSED = 416;
  private static final int STATUS_NOT_FOUND = 404;
  private static final int STATUS_UNAUTHORISED = 401;

  /** From here on the answer is not what was asked for. */
  private static final int STATUS_SUCCESS_END = 300;

  private final String userAgent;
  private final HttpLimits limits;
  private final Map<String, String> environment;
  private @Nullable CloseableHttpClient client;

  /**
   * Sets nothing up yet.
   *
   * @param programVersion what the server is told
   * @param environment names the proxies and the certificate authorities: {@code http_proxy},
   *     {@code https_proxy}, {@code all_proxy}, {@code no_proxy}, {@code SSL_CERT_FILE}
   */
  public HttpFetcher(String programVersion, HttpLimits limits, Map<String, String> environment) {
    this.userAgent = "particle-update/" + programVersion;
    this.limits = limits;
    this.environment = Map.copyOf(environment);
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
    byte[] stored;
    try (var source = open(uri, cancellation)) {
      stored = readAll(uri, source, limitBytes);
    } catch (UpdateException.Unreachable e) {
      if (e.reason() == Reason.HTTP_NOT_FOUND || e.reason() == Reason.SOURCE_MISSING) {
        return Optional.empty();
      }
      throw e;
    }
    return Optional.of(unpack(uri, stored, limitBytes));
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
    if (isLocal(uri)) {
      return new LocalSource(local(uri), cancellation);
    }
    var exchange = ask("GET", uri, Optional.empty(), cancellation);
    try {
      succeed(uri, exchange.status());
      long length = exchange.lengthBytes().orElse(0);
      if (length > limits.bodyBytesMax()) {
        throw exchange.tooLong(Long.toString(length));
      }
      return exchange;
    } catch (UpdateException | RuntimeException e) {
      exchange.close();
      throw e;
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
    try (var exchange = ask("HEAD", uri, Optional.empty(), cancellation)) {
      int status = exchange.status();
      if (status == STATUS_NOT_FOUND || status == STATUS_UNAUTHORISED) {
        succeed(uri, status);
      }
      return status < STATUS_SUCCESS_END ? exchange.lengthBytes() : OptionalLong.empty();
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
    var range = Optional.of("bytes=0-" + (bytes - 1));
    try (var exchange = ask("GET", uri, range, cancellation)) {
      if (exchange.status() == STATUS_RANGE_REFUSED) {
        return new Beginning(sizeOf(uri, cancellation), ByteBuffer.allocate(0)); // nothing in it
      }
      succeed(uri, exchange.status());
      var length =
          exchange.status() == STATUS_PARTIAL
              ? total(exchange.header("Content-Range"))
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

  /** The number behind the slash of {@code bytes 0-17/4711} (RFC 9110 14.4). */
  private static OptionalLong total(Optional<String> contentRange) {
    String text = contentRange.orElse("");
    String number = text.substring(text.lastIndexOf('/') + 1).strip();
    return number.matches("[0-9]{1,18}")
        ? OptionalLong.of(Long.parseLong(number))
        : OptionalLong.empty();
  }

  private Exchange ask(String method, URI uri, Optional<String> range, Cancellation cancellation)
      throws UpdateException {
    requireServer(uri);
    var redirects = new Redirects(uri);
    var address = uri;
    while (true) {
      if (cancellation.cancelled()) {
        throw Failures.interrupted("asking for " + Quote.quote(address.toString()));
      }
      var exchange = new Exchange(client(), method, address, range, limits, cancellation);
      if (!Redirects.isRedirect(exchange.status())) {
        return exchange;
      }
      try (exchange) {
        address = redirects.follow(address, exchange.header("Location"));
      }
    }
  }

  private static void succeed(URI uri, int status) throws UpdateException {
    String name = Quote.quote(uri.toString());
    if (status == STATUS_NOT_FOUND) {
      throw UpdateException.because(Reason.HTTP_NOT_FOUND, "the server has no " + name)
          .found("HTTP status 404")
          .remedy("wrong URL? Check the source of the transfer")
          .unreachable();
    }
    if (status == STATUS_UNAUTHORISED) {
      throw UpdateException.because(
              Reason.HTTP_UNAUTHORISED, "the server wants to know who asks for " + name)
          .found("HTTP status 401")
          .remedy("use a source that needs no log-in")
          .unreachable();
    }
    if (status >= STATUS_SUCCESS_END) {
      throw UpdateException.because(Reason.HTTP_STATUS, "the server did not give " + name)
          .found("HTTP status " + status)
          .remedy("try again later, or ask who runs the server")
          .unreachable();
    }
  }

  private static void requireServer(URI uri) throws UpdateException {
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

  private synchronized CloseableHttpClient client() {
    var known = client;
    if (known == null) {
      known = Connections.open(userAgent, limits, environment);
      client = known;
    }
    return known;
  }

  /** Ends everything that is still open. */
  @Override
  public synchronized void close() {
    if (client != null) {
      client.close(CloseMode.IMMEDIATE);
      client = null;
    }
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
