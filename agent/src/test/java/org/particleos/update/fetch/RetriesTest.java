package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ScriptedServer.Request;

/** Downloads from one server that does not work all of the time. */
class RetriesTest {
  private static final byte[] FILE = Bytes.noise(6, 2_000_000);
  private static final String ETAG = "\"one\"";
  private static final String REFUSED = "HTTP/1.1 503 No\nContent-Length: 0\n\n";

  /** Short, since tests wait for it to pass. */
  private static final HttpLimits HASTY =
      new HttpLimits(
          Duration.ofSeconds(5), Duration.ofSeconds(5), 1000, Duration.ofMillis(200), 1L << 40);

  private final FakeTiming timing = new FakeTiming();
  private final List<String> told = new ArrayList<>();
  private final HttpFetcher http =
      new HttpFetcher("test", HASTY, Map.of("no_proxy", "*")).timedBy(timing).telling(told::add);

  @AfterEach
  void nothingIsLeftBehind() {
    http.close();
    assertEquals(List.of(), OwnThreads.alive());
  }

  // --- payloads

  /** Serves honestly, except that so many answers go wrong first. */
  private static ScriptedServer failing(int times, ScriptedServer.Script script)
      throws IOException {
    return new ScriptedServer((request, out) -> {
      if (request.number() < times) {
        script.answer(request, out);
      } else {
        ScriptedServer.serve(request, out, FILE, ETAG);
      }
    });
  }

  private static void sendCut(Request request, OutputStream out, int bytes) throws IOException {
    var cut = new CutStream(out, bytes);
    ScriptedServer.serve(request, cut, FILE, ETAG);
  }

  /** Sends the head and so many bytes of the body, then hangs up. */
  private static final class CutStream extends OutputStream {
    private final OutputStream out;
    private final int bytesMax;

    CutStream(OutputStream out, int bytesMax) {
      this.out = out;
      this.bytesMax = bytesMax;
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      if (bytes.length <= bytesMax
          || new String(bytes, 0, 5, StandardCharsets.US_ASCII).equals("HTTP/")) {
        out.write(bytes);
        return;
      }
      out.write(bytes, 0, bytesMax);
      out.flush();
      ScriptedServer.hangUp();
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }
  }

  @Test
  void whatBrokeOffGoesOnAtTheByteWhereItStood() throws Exception {
    try (var server = failing(3, (request, out) -> sendCut(request, out, 500_000))) {
      assertArrayEquals(FILE, download(server));

      assertEquals(
          List.of("", "bytes=500000-", "bytes=1000000-", "bytes=1500000-"),
          server.requests().stream().map(r -> r.header("Range").orElse("")).toList());
      assertEquals(Optional.of(ETAG), server.requests().getLast().header("If-Range"));
      // Each time something had come, so that each wait was the first one.
      assertEquals(
          List.of(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(1)),
          timing.pauses());
      assertTrue(told.getFirst().contains("broke off at 500000 of 2000000 bytes"), told::toString);
      assertTrue(
          told.getFirst().endsWith("trying again in 1.0 s (attempt 2 of 6)"), told::toString);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504, 599})
  void aServerThatIsBusyIsAskedAgain(int status) throws Exception {
    try (var server =
        failing(
            2,
            (_, out) -> RawServer.send(out, "HTTP/1.1 " + status + " No\nContent-Length: 0\n\n"))) {
      assertArrayEquals(FILE, download(server));

      assertEquals(List.of(Duration.ofSeconds(1), Duration.ofSeconds(2)), timing.pauses());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 404, 407, 410, 501, 505})
  void anAnswerThatStaysIsNotAskedForAgain(int status) throws Exception {
    try (var server =
        failing(
            1,
            (_, out) -> RawServer.send(out, "HTTP/1.1 " + status + " No\nContent-Length: 0\n\n"))) {
      assertThrows(UpdateException.Unreachable.class, () -> download(server));

      assertEquals(1, server.requests().size());
      assertEquals(List.of(), timing.pauses());
    }
  }

  @Test
  void aServerThatSaysWhenIsAskedThen() throws Exception {
    try (var server =
        failing(
            1,
            (_, out) ->
                RawServer.send(out, "HTTP/1.1 503 No\nRetry-After: 7\nContent-Length: 0\n\n"))) {
      assertArrayEquals(FILE, download(server));

      assertEquals(List.of(Duration.ofSeconds(8)), timing.pauses());
    }
  }

  @Test
  void aBodyThatStallsGoesOnOverAnotherConnection() throws Exception {
    var released = new CountDownLatch(1);
    try (var server =
        failing(
            1,
            (_, out) -> {
              RawServer.send(
                  out, "HTTP/1.1 200 OK\nETag: " + ETAG + "\nContent-Length: 2000000\n\n");
              out.write(FILE, 0, 700_000);
              out.flush();
              released.await();
            })) {
      assertArrayEquals(FILE, download(server));

      released.countDown();
      assertEquals(Optional.of("bytes=700000-"), server.requests().getLast().header("Range"));
    }
  }

  @Test
  void aServerThatStaysAwayIsGivenUpAfterTheLastAttempt() throws Exception {
    try (var server = failing(99, (_, out) -> RawServer.send(out, REFUSED))) {
      var failure = assertThrows(UpdateException.Unreachable.class, () -> download(server));

      assertEquals(Reason.HTTP_STATUS, failure.reason());
      assertEquals(6, server.requests().size());
      assertEquals(5, timing.pauses().size());
    }
  }

  @Test
  void aFewBytesAreNoProgress() throws Exception {
    try (var server = failing(99, (request, out) -> sendCut(request, out, 10))) {
      assertThrows(UpdateException.Unreachable.class, () -> download(server));

      assertEquals(6, server.requests().size());
    }
  }

  @Test
  void aServerThatIgnoresRangesSendsEverythingAgain() throws Exception {
    try (var server =
        new ScriptedServer((request, out) -> {
          var whole = new Request(request.path() + " " + request.path() + " x", 0, 0);
          if (request.number() == 0) {
            sendCut(whole, out, 600_000);
          }
          ScriptedServer.serve(whole, out, FILE, ETAG);
        })) {
      assertArrayEquals(FILE, download(server));
      assertEquals(2, server.requests().size());
    }
  }

  @Test
  void aServerThatSendsTheWrongPartIsAskedForEverything() throws Exception {
    try (var server =
        new ScriptedServer((request, out) -> {
          switch (request.number()) {
            case 0 -> sendCut(request, out, 600_000);
            case 1 -> RawServer.send(out, ScriptedServer.partHead(5, 2_000_000, 2_000_000, ""));
            default -> ScriptedServer.serve(request, out, FILE, ETAG);
          }
        })) {
      assertArrayEquals(FILE, download(server));
      assertEquals(Optional.empty(), server.requests().getLast().header("Range"));
    }
  }

  @Test
  void aFileThatChangesInTheMiddleIsNotMixed() throws Exception {
    byte[] other = Bytes.noise(7, FILE.length);
    for (byte[] changed : List.of(other, new byte[1_000_000], new byte[100])) {
      try (var server =
          new ScriptedServer((request, out) -> {
            if (request.number() == 0) {
              sendCut(request, out, 500_000);
            }
            ScriptedServer.serve(request, out, changed, "\"two\"");
          })) {
        var failure = assertThrows(UpdateException.Unreachable.class, () -> download(server));

        assertEquals(Reason.FILE_CHANGED, failure.reason(), failure.toString());
      }
    }
  }

  @Test
  void aFileThatIsShorterNowIsAnotherOneEvenIfItHasNoName() throws Exception {
    try (var server =
        new ScriptedServer((request, out) -> {
          if (request.number() == 0) {
            RawServer.send(out, "HTTP/1.1 200 OK\nContent-Length: 10\n\nabcdefgh");
            ScriptedServer.hangUp();
          }
          RawServer.send(out, "HTTP/1.1 416 No\nContent-Range: bytes */5\nContent-Length: 0\n\n");
        })) {
      var failure = assertThrows(UpdateException.Unreachable.class, () -> download(server));

      assertEquals(Reason.FILE_CHANGED, failure.reason());
    }
  }

  @Test
  void aPartGoesOnWhereItBrokeOffToo() throws Exception {
    try (var server = failing(1, (request, out) -> sendCut(request, out, 300_000));
        var part = http.openRange(server.uri("/x"), 100, 1_000_100, new Cancellation())) {
      assertArrayEquals(Arrays.copyOfRange(FILE, 100, 1_000_100), RangesTest.all(part));

      assertEquals(
          Optional.of("bytes=300100-1000099"), server.requests().getLast().header("Range"));
    }
  }

  @Test
  void cancellingEndsTheWait() throws Exception {
    var cancellation = new Cancellation();
    timing.inPause(cancellation::cancel);
    try (var server = failing(99, (_, out) -> RawServer.send(out, REFUSED))) {
      assertThrows(
          UpdateException.Interrupted.class, () -> http.open(server.uri("/x"), cancellation));

      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void cancellingEndsARealWait() throws Exception {
    var cancellation = new Cancellation();
    var wait =
        new FutureTask<Void>(() -> {
          Timing.real(InstantSource.system()).pause(Duration.ofHours(1), cancellation);
          return null;
        });
    Thread.ofPlatform().start(wait);

    cancellation.cancel();

    var failure = assertThrows(ExecutionException.class, wait::get);
    assertTrue(failure.getCause() instanceof UpdateException.Interrupted);
  }

  // --- small files and questions

  @Test
  void aManifestIsAskedForAgainFewerTimes() throws Exception {
    try (var server = failing(2, (_, out) -> RawServer.send(out, REFUSED))) {
      assertArrayEquals(FILE, http.fetch(server.uri("/x"), FILE.length).orElseThrow());
      assertEquals(List.of(Duration.ofSeconds(1), Duration.ofSeconds(2)), timing.pauses());
    }
    try (var server = failing(3, (_, out) -> RawServer.send(out, REFUSED))) {
      assertThrows(
          UpdateException.Unreachable.class, () -> http.fetch(server.uri("/x"), FILE.length));
      assertEquals(3, server.requests().size());
    }
  }

  @Test
  void aManifestThatBreaksOffIsReadFromItsBeginning() throws Exception {
    try (var server = failing(1, (request, out) -> sendCut(request, out, 500_000))) {
      assertArrayEquals(FILE, http.fetch(server.uri("/x"), FILE.length).orElseThrow());

      assertEquals(Optional.empty(), server.requests().getLast().header("Range"));
    }
  }

  @Test
  void aMissingManifestIsNotAskedForAgain() throws Exception {
    try (var server =
        failing(9, (_, out) -> RawServer.send(out, "HTTP/1.1 404 No\nContent-Length: 0\n\n"))) {
      assertEquals(Optional.empty(), http.fetch(server.uri("/x"), FILE.length));
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void aServerThatIsDownIsAskedThreeTimesForAManifest() throws Exception {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }

    assertThrows(
        UpdateException.Unreachable.class,
        () -> http.fetch(URI.create("http://127.0.0.1:" + port + "/"), 10));

    assertEquals(List.of(Duration.ofSeconds(1), Duration.ofSeconds(2)), timing.pauses());
  }

  @Test
  void aRefusedRedirectIsNotTriedAgain() throws Exception {
    try (var server =
        RawServer.saying("HTTP/1.1 302 Go\nLocation: ftp://x/\nContent-Length: 0\n\n")) {
      assertThrows(
          UpdateException.Unreachable.class, () -> http.open(server.uri("/x"), new Cancellation()));

      assertEquals(List.of(), timing.pauses());
    }
  }

  @Test
  void theSizeIsAskedForAgain() throws Exception {
    try (var server = failing(1, (_, out) -> ScriptedServer.hangUp())) {
      assertEquals(
          new PayloadSize(OptionalLong.of(FILE.length), OptionalLong.of(FILE.length)),
          PayloadSize.ask(http, new Payload.Url(server.uri("/x")), new Cancellation()));
    }
  }

  private byte[] download(ScriptedServer server) throws UpdateException {
    try (var source = http.open(server.uri("/x"), new Cancellation())) {
      return RangesTest.all(source);
    }
  }
}
