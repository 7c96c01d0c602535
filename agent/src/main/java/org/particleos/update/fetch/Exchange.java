package org.particleos.update.fetch;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * One request to one address and its answer, under the limits of {@link HttpLimits}. Closing it in
 * the middle of a body closes the connection; nothing is read only to be thrown away.
 */
final class Exchange implements ByteSource {
  private static final int SCRATCH_BYTES = 128 << 10;

  /** A page that nobody reads is read up to here so that its connection can be used again. */
  private static final int SHORT_BODY_BYTES_MAX = 16 << 10;

  private final URI uri;
  private final HttpLimits limits;
  private final Cancellation cancellation;
  private final HttpUriRequestBase request;
  private final Patience patience;
  private final Cancellation.Link link;
  private final ClassicHttpResponse response;
  private final byte[] scratch = new byte[SCRATCH_BYTES];

  private @Nullable InputStream body;
  private long received;
  private long firstByte;
  private OptionalLong totalBytes = OptionalLong.empty();

  /** How many bytes the body has to have; empty as long as nobody has said. */
  private OptionalLong bodyBytes = OptionalLong.empty();

  /** Sends the request and waits for the head of the answer. */
  Exchange(
      Connections connections,
      Requests.Question question,
      HttpLimits limits,
      Cancellation cancellation)
      throws UpdateException {
    this.uri = question.uri();
    this.limits = limits;
    this.cancellation = cancellation;
    this.request = new HttpUriRequestBase(question.method(), uri);
    request.setHeader("Accept-Encoding", "identity");
    question.headers().forEach(request::setHeader);
    // Stops this one exchange, for whatever reason.
    var stop = new Cancellation();
    stop.onCancel(request::cancel);
    this.patience = new Patience(limits, stop::cancel);
    this.link = cancellation.onCancel(stop::cancel);
    try {
      this.response =
          ScopedValue.where(NameLookup.STOP, stop).call(() -> connections.send(request));
    } catch (IOException e) {
      close();
      throw beforeAnswer(e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    patience.answered();
    this.bodyBytes = declaredBytes();
    this.totalBytes = bodyBytes;
  }

  /** The address that answered, which is the last one after redirects. */
  URI uri() {
    return uri;
  }

  int status() {
    return response.getCode();
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(response.getFirstHeader(name)).map(Header::getValue);
  }

  List<String> headers(String name) {
    return Stream.of(response.getHeaders(name)).map(Header::getValue).toList();
  }

  /**
   * Takes the body as a part of the file.
   *
   * @param length that it has to have, to the byte
   */
  void bringsPart(long first, long length, OptionalLong total) throws UpdateException {
    if (bodyBytes.isPresent() && bodyBytes.getAsLong() != length) {
      throw Failures.wrongRange(
          name(), "a part of " + length + " bytes in a body of " + bodyBytes.getAsLong());
    }
    this.firstByte = first;
    this.bodyBytes = OptionalLong.of(length);
    this.totalBytes = total;
  }

  /** Takes the answer as the end of a file of that length; what the body says is for people. */
  void bringsNothing(long total) {
    this.body = InputStream.nullInputStream();
    this.firstByte = total;
    this.bodyBytes = OptionalLong.of(0);
    this.totalBytes = OptionalLong.of(total);
  }

  /** What the header says, also for a HEAD request, which has no body. */
  @Override
  public OptionalLong lengthBytes() {
    return bodyBytes;
  }

  @Override
  public long firstByte() {
    return firstByte;
  }

  @Override
  public OptionalLong totalBytes() {
    return totalBytes;
  }

  private OptionalLong declaredBytes() {
    var declared = header("Content-Length").map(String::strip).orElse("");
    try {
      long length = Long.parseLong(declared);
      return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
    } catch (NumberFormatException _) {
      return OptionalLong.empty();
    }
  }

  @Override
  public Optional<Instant> lastModified() {
    try {
      return header("Last-Modified")
          .map(text -> ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeException _) {
      // Only a courtesy: without it the file has the time of its download.
      return Optional.empty();
    }
  }

  @Override
  public Optional<String> etag() {
    return header("ETag");
  }

  @Override
  public int read(ByteBuffer direct) throws UpdateException {
    int length = 0;
    patience.reading();
    try {
      var stream = body();
      length = stream.read(scratch, 0, Math.min(scratch.length, direct.remaining()));
      if (length > 0 && atDeclaredEnd(length)) {
        // Not for more bytes, but for the library to see the end and to keep the connection.
        stream.read();
      }
    } catch (IOException e) {
      throw insideBody(e);
    } finally {
      patience.read(Math.max(length, 0));
    }
    if (length > 0 && patience.exhausted()) {
      throw tooSlow(speedFound(), Optional.empty());
    }
    if (length < 0 && received < bodyBytes.orElse(0)) {
      throw Failures.truncated(name(), received, bodyBytes.getAsLong());
    }
    return length < 0 ? -1 : taken(length, direct);
  }

  /**
   * Only for a length that the connection itself knows: then looking for the end waits for nothing.
   */
  private boolean atDeclaredEnd(int length) {
    var declared = declaredBytes();
    return declared.isPresent()
        && header("Transfer-Encoding").isEmpty()
        && received + length == declared.getAsLong();
  }

  /** Reads a body that nobody wants, if it is short, so that its connection can be used again. */
  void skipShortBody() throws UpdateException {
    if (declaredBytes().orElse(Long.MAX_VALUE) <= SHORT_BODY_BYTES_MAX) {
      var unwanted = ByteBuffer.allocate(SHORT_BODY_BYTES_MAX);
      while (unwanted.hasRemaining() && read(unwanted) >= 0) {
        // Goes on to the end.
      }
    }
  }

  private int taken(int length, ByteBuffer direct) throws UpdateException {
    received += length;
    if (received > bodyBytes.orElse(Long.MAX_VALUE)) {
      throw Failures.wrongRange(
          name(), "the body goes on after the " + bodyBytes.getAsLong() + " bytes of the part");
    }
    if (received > limits.bodyBytesMax()) {
      throw tooLong("more than " + limits.bodyBytesMax());
    }
    direct.put(scratch, 0, length);
    return length;
  }

  private InputStream body() throws IOException {
    if (body == null) {
      var entity = response.getEntity();
      body = entity == null ? InputStream.nullInputStream() : entity.getContent();
    }
    return body;
  }

  UpdateException tooLong(String length) {
    return UpdateException.because(
            Reason.BODY_TOO_LONG, "refused " + name() + ": it has " + length + " bytes")
        .found("at most " + limits.bodyBytesMax() + " bytes are taken")
        .remedy("check the address of the source, or tell who runs the server")
        .unreachable();
  }

  private UpdateException beforeAnswer(IOException e) {
    if (cancellation.cancelled()) {
      return Failures.interrupted("asking for " + name());
    }
    if (patience.exhausted() || (e instanceof SocketTimeoutException && !connecting(e))) {
      return tooSlow("the server did not answer in time", Optional.of(e));
    }
    String found =
        switch (e) {
          case UnknownHostException _ -> "the host name cannot be found";
          case ConnectTimeoutException _ -> "the server cannot be reached in time";
          case NoRouteToHostException _ -> "there is no route to the server";
          case ConnectException _ -> "the server does not accept connections";
          case SSLException _ -> "no encrypted connection: " + e.getMessage();
          case NoHttpResponseException _ -> "the server closed the connection without an answer";
          default -> String.valueOf(e.getMessage());
        };
    return UpdateException.because(Reason.CONNECTION_FAILED, "asking for " + name() + " failed")
        .found(found)
        .remedy("check the network and the address of the source, then try again")
        .cause(e)
        .unreachable();
  }

  private static boolean connecting(IOException e) {
    return e instanceof ConnectTimeoutException;
  }

  private UpdateException insideBody(IOException e) {
    if (cancellation.cancelled()) {
      return Failures.interrupted("reading " + name());
    }
    if (patience.exhausted() || e instanceof SocketTimeoutException) {
      return tooSlow(speedFound(), Optional.of(e));
    }
    var length = lengthBytes();
    String expected =
        length.isPresent() && e instanceof ConnectionClosedException
            ? Failures.onlyCame(received, length.getAsLong())
            : "the connection broke after " + received + " bytes: " + e.getMessage();
    return Failures.truncated(name(), expected, Optional.of(e));
  }

  private String speedFound() {
    return "fewer than "
        + limits.speedBytesMin()
        + " bytes came in "
        + limits.speedWindow().toMillis()
        + " ms, after "
        + received
        + " bytes";
  }

  private UpdateException tooSlow(String found, Optional<IOException> cause) {
    var details =
        UpdateException.because(Reason.TOO_SLOW, "gave up on " + name())
            .found(found)
            .remedy("try again later");
    cause.ifPresent(details::cause);
    return details.unreachable();
  }

  private String name() {
    return Quote.quote(uri.toString());
  }

  @Override
  public void close() {
    link.close();
    request.cancel();
    patience.close();
  }
}
