package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.acquire.Acquisition;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.acquire.MemorySink;
import org.particleos.update.acquire.Progress;
import org.particleos.update.acquire.Transfer;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class HttpFetcherTest {
  private static final long LIMIT = 1 << 20;
  private static final String OK = "HTTP/1.1 200 OK\n";

  /** Short where the test waits for it to pass, long enough where it must not. */
  private static final HttpLimits HASTY =
      new HttpLimits(
          Duration.ofSeconds(1), Duration.ofMillis(200), 1000, Duration.ofMillis(200), 5 * LIMIT);

  private final HttpFetcher http =
      new HttpFetcher("7.0", HttpLimits.defaults(), RetryLimits.once(), Map.of());
  private final HttpFetcher capped =
      new HttpFetcher(
          "7.0",
          new HttpLimits(
              Duration.ofSeconds(30), Duration.ofSeconds(60), 1, Duration.ofSeconds(60), 5 * LIMIT),
          RetryLimits.once(),
          Map.of());
  private final HttpFetcher hasty = new HttpFetcher("7.0", HASTY, RetryLimits.once(), Map.of());

  @AfterEach
  void nothingIsLeftBehind() {
    http.close();
    capped.close();
    hasty.close();
    assertEquals(List.of(), OwnThreads.alive());
  }

  // --- a server that behaves

  @Test
  void aFileOfAServerArrivesWithWhatTheServerSaysAboutIt() throws Exception {
    byte[] payload = Bytes.noise(1, 3 << 20);
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("ETag", "\"abc\"");
          exchange.getResponseHeaders().set("Last-Modified", "Sun, 01 Jun 2025 12:00:00 GMT");
          if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", "" + payload.length);
            exchange.sendResponseHeaders(200, -1);
          } else {
            exchange.sendResponseHeaders(200, payload.length);
            exchange.getResponseBody().write(payload);
          }
          exchange.close();
        });
    server.start();
    try {
      var uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/image.raw");
      var sink = new MemorySink();

      var acquired =
          new Acquisition(http, true)
              .run(
                  new Payload.Url(uri),
                  Optional.of(Bytes.sha256(payload)),
                  sink,
                  Progress.unwatched(),
                  new Cancellation());

      assertArrayEquals(payload, sink.written());
      assertEquals(Optional.of("\"abc\""), acquired.etag());
      assertEquals(Optional.of(Instant.parse("2025-06-01T12:00:00Z")), acquired.lastModified());
      assertEquals(OptionalLong.of(payload.length), http.sizeOf(uri, new Cancellation()));
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aRequestSaysWhoAsksAndWantsTheBytesAsTheyAre() throws Exception {
    try (var server = RawServer.saying(OK + "Content-Length: 2\n\nok")) {
      assertEquals("ok", text(http, server.uri("/SHA256SUMS?x=1")));

      String request = server.requests().getFirst();
      assertTrue(request.startsWith("GET /SHA256SUMS?x=1 HTTP/1.1\n"), request);
      assertTrue(request.contains("User-Agent: particle-update/7.0\n"), request);
      assertTrue(request.contains("Accept-Encoding: identity\n"), request);
    }
  }

  @Test
  void aContentEncodingIsNotUndone() throws Exception {
    try (var server =
        RawServer.saying(OK + "Content-Encoding: gzip\nContent-Length: 7\n\nnot zip")) {
      assertEquals("not zip", text(http, server.uri("/")));
    }
  }

  @Test
  void aBodyInHttpChunksOrUpToTheEndOfTheConnectionIsComplete() throws Exception {
    try (var chunked =
            RawServer.saying(OK + "Transfer-Encoding: chunked\n\n3\nabc\n2;x=y\nde\n0\n\n");
        var closed = RawServer.saying(OK + "\nabcde");
        var old = RawServer.saying("HTTP/1.0 200 OK\n\nabcde")) {
      assertEquals("abcde", text(http, chunked.uri("/")));
      assertEquals("abcde", text(http, closed.uri("/")));
      assertEquals("abcde", text(http, old.uri("/")));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aManifestMayBePacked(Compression compression) throws Exception {
    byte[] manifest = "0123 *file\n".repeat(10_000).getBytes(StandardCharsets.UTF_8);
    byte[] packed = Bytes.pack(compression, manifest);
    try (var server = serving(packed)) {
      var fetched = http.fetch(server.uri("/SHA256SUMS"), manifest.length).orElseThrow();

      assertArrayEquals(manifest, fetched);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aManifestLongerThanTheLimitIsRefusedPackedOrNot(Compression compression) throws Exception {
    byte[] manifest = new byte[200_000];
    try (var server = serving(Bytes.pack(compression, manifest))) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.BODY_TOO_LONG,
          () -> http.fetch(server.uri("/SHA256SUMS"), manifest.length - 1));
    }
  }

  @Test
  void aManifestThatCannotBeUnpackedIsRefused() throws Exception {
    byte[] packed = Bytes.pack(Compression.XZ, new byte[1000]);
    packed[packed.length / 2] ^= 1;
    try (var server = serving(packed)) {
      assertFailure(
          UpdateException.NotTrusted.class,
          Reason.PAYLOAD_CORRUPT,
          () -> http.fetch(server.uri("/"), LIMIT));
    }
  }

  @Test
  void aLocalAddressIsReadWithoutAServer(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("SHA256SUMS"), "local");
    URI short_ = URI.create("file:" + file);

    assertEquals("local", text(http, short_));
    assertEquals("local", text(http, file.toUri()));
    assertEquals(OptionalLong.of(5), http.sizeOf(short_, new Cancellation()));
    assertEquals(Optional.empty(), http.fetch(URI.create("file:/no/such/file"), LIMIT));
  }

  // --- answers that are no success

  @Test
  void aMissingFileIsEmptyForAManifestAndAFailureForAPayload() throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 404 Not Found\nContent-Length: 4\n\ngone")) {
      assertEquals(Optional.empty(), http.fetch(server.uri("/x"), LIMIT));
      var failure =
          assertFailure(
              UpdateException.Unreachable.class,
              Reason.HTTP_NOT_FOUND,
              () -> http.open(server.uri("/x"), new Cancellation()));

      assertTrue(failure.remedy().contains("wrong URL?"));
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.HTTP_NOT_FOUND,
          () -> http.sizeOf(server.uri("/x"), new Cancellation()));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "401, HTTP_UNAUTHORISED",
    "403, HTTP_STATUS",
    "500, HTTP_STATUS",
    "503, HTTP_STATUS",
    "300, HTTP_STATUS",
    "304, HTTP_STATUS",
    "407, HTTP_STATUS"
  })
  void anyOtherAnswerIsAFailureThatNamesIt(int status, Reason reason) throws Exception {
    String body = status == 304 ? "\n" : "Content-Length: 2\n\nno";
    try (var server = RawServer.saying("HTTP/1.1 " + status + " No\n" + body)) {
      var failure =
          assertFailure(
              UpdateException.Unreachable.class, reason, () -> http.fetch(server.uri("/x"), LIMIT));

      assertEquals(Optional.of("HTTP status " + status), failure.found());
    }
  }

  @Test
  void aServerThatDoesNotSayTheSizeMakesItUnknown() throws Exception {
    try (var silent = RawServer.saying(OK + "\n");
        var refusing = RawServer.saying("HTTP/1.1 405 No\nContent-Length: 99\n\n")) {
      assertEquals(OptionalLong.empty(), http.sizeOf(silent.uri("/"), new Cancellation()));
      assertEquals(OptionalLong.empty(), http.sizeOf(refusing.uri("/"), new Cancellation()));
    }
  }

  // --- redirects

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void aRedirectIsFollowed(int status) throws Exception {
    try (var target = RawServer.saying(OK + "Content-Length: 2\n\nok");
        var server =
            RawServer.saying(
                "HTTP/1.1 " + status + " Elsewhere\nLocation: " + target.uri("/there") + "\n\n")) {
      assertEquals("ok", text(http, server.uri("/here")));
      assertTrue(target.requests().getFirst().startsWith("GET /there "));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/here", "ftp://127.0.0.1/x", "file:///etc/passwd", "", "http://[", "x:y"})
  void aRedirectInACircleOrToNoServerIsRefused(String location) throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 302 Go\nLocation: " + location + "\n\n")) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.REDIRECT_REFUSED,
          () -> http.fetch(server.uri("/here"), LIMIT));
    }
  }

  // --- servers that are down or lie

  @Test
  void aServerThatIsDownCannotBeReached() throws Exception {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }

    var failure =
        assertFailure(
            UpdateException.Unreachable.class,
            Reason.CONNECTION_FAILED,
            () -> http.fetch(URI.create("http://127.0.0.1:" + port + "/"), LIMIT));

    assertEquals(Optional.of("the server does not accept connections"), failure.found());
  }

  @Test
  void aHostThatDoesNotExistCannotBeFound() {
    var failure =
        assertFailure(
            UpdateException.Unreachable.class,
            Reason.CONNECTION_FAILED,
            () -> http.fetch(URI.create("http://no-such-host.invalid/"), LIMIT));

    assertEquals(Optional.of("the host name cannot be found"), failure.found());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp://host/x", "http:/x", "x", "http://user:secret@host/x"})
  void anAddressThatIsNoServersIsRefused(String address) {
    assertFailure(
        UpdateException.Configuration.class,
        Reason.DEFINITION_INVALID,
        () -> http.fetch(URI.create(address), LIMIT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SSH-2.0-OpenSSH_9.9\n",
        "",
        "HTTP/1.1 two hundred\n\n",
        "HTTP/1.1 200 OK\nContent-Length",
        "\u0000\u0001\u0002\n\n"
      })
  void whatIsNotHttpIsAFailedConnection(String garbage) throws Exception {
    try (var server = RawServer.saying(garbage)) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.CONNECTION_FAILED,
          () -> http.fetch(server.uri("/"), LIMIT));
    }
  }

  @Test
  void headersWithoutEndAreRefused() throws Exception {
    try (var many =
            new RawServer((out, _) -> {
              RawServer.send(out, OK);
              while (true) {
                RawServer.send(out, "X: y\n");
              }
            });
        var wide =
            new RawServer((out, _) -> {
              RawServer.send(out, OK + "X: ");
              while (true) {
                RawServer.send(out, "y".repeat(1000));
              }
            })) {
      for (var server : List.of(many, wide)) {
        assertFailure(
            UpdateException.Unreachable.class,
            Reason.CONNECTION_FAILED,
            () -> http.fetch(server.uri("/"), LIMIT));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 10\n\nabc",
        "Content-Length: 10\n\n",
        "Transfer-Encoding: chunked\n\n5\nabc",
        "Transfer-Encoding: chunked\n\n3\nabc\n",
        "Transfer-Encoding: chunked\n\nzz\nabc\n0\n\n"
      })
  void aBodyCutShortIsTruncated(String answer) throws Exception {
    try (var server = RawServer.saying(OK + answer)) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.BODY_TRUNCATED,
          () -> http.fetch(server.uri("/"), LIMIT));
    }
  }

  @Test
  void aConnectionThatIsResetInTheBodyIsTruncated() throws Exception {
    try (var server = RawServer.saying(OK + "Content-Length: 10\n\nabc").resetting()) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.BODY_TRUNCATED,
          () -> http.fetch(server.uri("/"), LIMIT));
    }
  }

  @Test
  void ofABodyLongerThanDeclaredOnlyTheDeclaredPartCounts() throws Exception {
    String smuggled = OK + "Content-Length: 4\n\nevil";
    try (var server = RawServer.saying(OK + "Content-Length: 3\n\nabc" + smuggled)) {
      assertEquals("abc", text(http, server.uri("/one")));
      assertEquals("abc", text(http, server.uri("/two")));
    }
  }

  @Test
  void aBodyWithoutEndIsRefusedAtTheLimit() throws Exception {
    try (var server =
        new RawServer((out, _) -> {
          RawServer.send(out, OK + "\n");
          var zeros = new byte[10_000];
          while (true) {
            out.write(zeros);
          }
        })) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.BODY_TOO_LONG,
          () -> capped.fetch(server.uri("/"), 50_000));
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.BODY_TOO_LONG,
          () ->
              new Acquisition(capped, true)
                  .run(
                      new Payload.Url(server.uri("/")),
                      Optional.empty(),
                      new MemorySink(),
                      Progress.unwatched(),
                      new Cancellation()));
    }
  }

  @Test
  void aDeclaredLengthBeyondTheLimitIsRefusedBeforeAnythingIsRead() throws Exception {
    try (var server = RawServer.stallingAfter(OK + "Content-Length: " + (5 * LIMIT + 1) + "\n\n")) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.BODY_TOO_LONG,
          () -> capped.open(server.uri("/"), new Cancellation()));
    }
  }

  // --- servers that are slow

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        OK,
        OK + "Content-Length: 10\n\n",
        OK + "Content-Length: 10\n\nabc",
        OK + "Transfer-Encoding: chunked\n\n5"
      })
  void aServerThatStallsIsGivenUp(String beginning) throws Exception {
    try (var server = RawServer.stallingAfter(beginning)) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.TOO_SLOW,
          () -> hasty.fetch(server.uri("/"), LIMIT));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        OK + "X: ",
        OK + "Content-Length: 1000000\n\n",
        OK + "Transfer-Encoding: chunked\n\n5;"
      })
  void aServerThatTricklesIsGivenUp(String beginning) throws Exception {
    try (var server =
        new RawServer((out, itself) -> {
          RawServer.send(out, beginning);
          while (!itself.closed.await(10, TimeUnit.MILLISECONDS)) {
            RawServer.send(out, "x");
          }
        })) {
      assertFailure(
          UpdateException.Unreachable.class,
          Reason.TOO_SLOW,
          () -> hasty.fetch(server.uri("/"), LIMIT));
    }
  }

  @Test
  void timeThatTheDiskTakesIsNotTheServersFault() throws Exception {
    // More than fits between the server and the disk, so that the fetching has to wait.
    byte[] payload = Bytes.noise(3, 4 * Transfer.CHUNKS * Transfer.CHUNK_BYTES);
    var window = Duration.ofSeconds(1);
    var limits = new HttpLimits(window, window, 1, window, payload.length);
    var pause = new CountDownLatch(1);
    var sink = new MemorySink();
    sink.beforeEachWrite(() -> {
      try {
        if (sink.operations == 0) {
          assertFalse(pause.await(window.toMillis() + 200, TimeUnit.MILLISECONDS));
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
    try (var server = serving(payload);
        var impatient = new HttpFetcher("7.0", limits, RetryLimits.once(), Map.of())) {
      new Acquisition(impatient, true)
          .run(
              new Payload.Url(server.uri("/")),
              Optional.of(Bytes.sha256(payload)),
              sink,
              Progress.unwatched(),
              new Cancellation());

      assertArrayEquals(payload, sink.written());
    }
  }

  // --- cancellation

  @ParameterizedTest
  @ValueSource(strings = {"", OK, OK + "Content-Length: 10\n\n", OK + "Content-Length: 10\n\nabc"})
  void aStalledRequestCanBeCancelled(String beginning) throws Exception {
    try (var server = RawServer.stallingAfter(beginning)) {
      var cancellation = new Cancellation();
      var fetch =
          new FutureTask<>(() -> http.stoppedBy(cancellation).fetch(server.uri("/"), LIMIT));
      Thread.ofPlatform().start(fetch);
      server.answering.await();

      cancellation.cancel();

      var failure = assertThrows(ExecutionException.class, fetch::get);
      assertInstanceOf(UpdateException.Interrupted.class, failure.getCause());
    }
  }

  @Test
  void aTransferFromAServerThatStallsCanBeCancelled() throws Exception {
    try (var server = RawServer.stallingAfter(OK + "Content-Length: 10\n\nabc")) {
      var cancellation = new Cancellation();
      var transfer =
          new FutureTask<>(() ->
              new Acquisition(http, true)
                  .run(
                      new Payload.Url(server.uri("/")),
                      Optional.empty(),
                      new MemorySink(),
                      Progress.unwatched(),
                      cancellation));
      Thread.ofPlatform().start(transfer);
      server.answering.await();

      cancellation.cancel();

      var failure = assertThrows(ExecutionException.class, transfer::get);
      assertInstanceOf(UpdateException.Interrupted.class, failure.getCause());
    }
  }

  // --- proxies

  @Test
  void aProxyIsAskedInsteadOfTheServer() throws Exception {
    try (var proxy = RawServer.saying(OK + "Content-Length: 2\n\nok");
        var proxied =
            new HttpFetcher(
                "7.0",
                HttpLimits.defaults(),
                RetryLimits.once(),
                Map.of("http_proxy", "http://127.0.0.1:" + proxy.port()))) {
      assertEquals("ok", text(proxied, URI.create("http://cdn.invalid/SHA256SUMS")));

      assertTrue(
          proxy.requests().getFirst().startsWith("GET http://cdn.invalid/SHA256SUMS HTTP/1.1\n"),
          proxy.requests().getFirst());
    }
  }

  private static RawServer serving(byte[] payload) throws IOException {
    return new RawServer((out, _) -> {
      RawServer.send(out, OK + "Content-Length: " + payload.length + "\n\n");
      out.write(payload);
    });
  }

  private static String text(HttpFetcher fetcher, URI uri) throws UpdateException {
    return new String(fetcher.fetch(uri, LIMIT).orElseThrow(), StandardCharsets.UTF_8);
  }

  private static UpdateException assertFailure(
      Class<? extends UpdateException> kind, Reason reason, Executable call) {
    var failure = assertThrows(kind, call);
    assertEquals(reason, failure.reason(), failure.found().orElse(""));
    return failure;
  }

  @Test
  void aSourceIsReadPieceByPiece() throws Exception {
    try (var server = serving("abcdef".getBytes(StandardCharsets.UTF_8));
        var source = http.open(server.uri("/"), new Cancellation())) {
      var room = ByteBuffer.allocateDirect(4);

      assertEquals(OptionalLong.of(6), source.lengthBytes());
      while (room.hasRemaining()) {
        assertTrue(source.read(room) > 0);
      }
      room.clear();
      assertEquals(2, source.read(room));
      assertEquals(-1, source.read(room));
    }
  }
}
