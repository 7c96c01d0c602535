package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class RangesTest {
  private static final byte[] FILE = Bytes.noise(5, 300_000);
  private static final String ETAG = "\"one\"";
  private static final Instant MODIFIED = Instant.parse("2025-06-01T12:00:00Z");

  private final HttpFetcher http =
      new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of("no_proxy", "*"));

  @AfterEach
  void nothingIsLeftBehind() {
    http.close();
    assertEquals(List.of(), OwnThreads.alive());
  }

  // --- the rest of a file

  @Test
  void theRestOfAFileBeginsWhereItWasAskedFor() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG));
        var source = http.open(server.uri("/x"), at(1000), new Cancellation())) {
      assertEquals(1000, source.firstByte());
      assertEquals(OptionalLong.of(FILE.length - 1000), source.lengthBytes());
      assertEquals(OptionalLong.of(FILE.length), source.totalBytes());
      assertArrayEquals(Arrays.copyOfRange(FILE, 1000, FILE.length), all(source));
    }
  }

  @Test
  void theStateOfTheFileIsNamedAsStronglyAsItIsKnown() throws Exception {
    var weak = new Resumption(7, Optional.of("W/\"one\""), Optional.of(MODIFIED));
    var unknown = new Resumption(7, Optional.empty(), Optional.empty());
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG))) {
      for (var from : List.of(at(7), weak, unknown, Resumption.FROM_START)) {
        http.open(server.uri("/x"), from, new Cancellation()).close();
      }

      assertEquals(
          List.of(
              Optional.of(ETAG),
              Optional.of("Sun, 01 Jun 2025 12:00:00 GMT"),
              Optional.empty(),
              Optional.empty()),
          server.requests().stream().map(request -> request.header("If-Range")).toList());
      assertEquals(
          List.of(
              Optional.of("bytes=7-"),
              Optional.of("bytes=7-"),
              Optional.of("bytes=7-"),
              Optional.empty()),
          server.requests().stream().map(request -> request.header("Range")).toList());
    }
  }

  @Test
  void aFileInAnotherStateComesFromItsBeginning() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, "\"two\""));
        var source = http.open(server.uri("/x"), at(1000), new Cancellation())) {
      assertEquals(0, source.firstByte());
      assertArrayEquals(FILE, all(source));
    }
  }

  @Test
  void aServerThatIgnoresRangesSendsTheFileFromItsBeginning() throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc");
        var source = http.open(server.uri("/x"), at(2), new Cancellation())) {
      assertEquals(0, source.firstByte());
      assertEquals("abc", new String(all(source), StandardCharsets.US_ASCII));
    }
  }

  @Test
  void aPartOfAFileOfUnknownLengthIsTaken() throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 206 Part\nContent-Range: bytes 2-4/*\n\ncde");
        var source = http.open(server.uri("/x"), at(2), new Cancellation())) {
      assertEquals(2, source.firstByte());
      assertEquals(OptionalLong.empty(), source.totalBytes());
      assertEquals("cde", new String(all(source), StandardCharsets.US_ASCII));
    }
  }

  @Test
  void nothingIsLeftOfAFileThatWasReadToItsEnd() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG));
        var source = http.open(server.uri("/x"), at(FILE.length), new Cancellation())) {
      assertEquals(FILE.length, source.firstByte());
      assertEquals(OptionalLong.of(FILE.length), source.totalBytes());
      assertEquals(0, all(source).length);
    }
  }

  @Test
  void aFileThatIsShorterThanWhatWasReadOfItIsAnotherOne() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG))) {
      assertFailure(
          Reason.RANGE_BEYOND_END,
          () -> http.open(server.uri("/x"), at(FILE.length + 1), new Cancellation()));
    }
    try (var server = RawServer.saying("HTTP/1.1 416 No\nContent-Length: 0\n\n")) {
      assertFailure(
          Reason.RANGE_BEYOND_END, () -> http.open(server.uri("/x"), at(2), new Cancellation()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes 1-4/5",
        "bytes 3-4/5",
        "bytes 0-4/5",
        "bytes 2-3/5",
        "bytes 2-5/5",
        "bytes 2-4/4",
        "bytes 4-2/5",
        "bytes 2-4",
        "bytes */5",
        "items 2-4/5",
        "bytes 2-99999999999999999999/5",
        "bytes=2-4/5",
        ""
      })
  void aPartThatIsNotTheRestIsRefused(String range) throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 206 Part\nContent-Range: " + range + "\n\ncde")) {
      assertFailure(
          Reason.RANGE_WRONG, () -> http.open(server.uri("/x"), at(2), new Cancellation()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Type: multipart/byteranges; boundary=x\nContent-Length: 9\n\n--x\n\ncde\n",
        "Content-Range: bytes 2-4/5\nContent-Length: 4\n\ncdef",
        "Content-Range: bytes 2-4/5\nContent-Length: 2\n\ncd",
        "Content-Range: bytes 2-4/5\nETag: \"two\"\nContent-Length: 3\n\ncde"
      })
  void aPartThatContradictsItselfIsRefused(String answer) throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 206 Part\n" + answer)) {
      assertFailure(
          Reason.RANGE_WRONG, () -> http.open(server.uri("/x"), at(2), new Cancellation()));
    }
  }

  @ParameterizedTest
  @CsvSource({"cd, BODY_TRUNCATED", "cdef, RANGE_WRONG"})
  void aPartOfAnotherLengthThanItSaysIsRefusedWhileItIsRead(String body, Reason reason)
      throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 206 Part\nContent-Range: bytes 2-4/5\n\n" + body);
        var source = http.open(server.uri("/x"), at(2), new Cancellation())) {
      assertFailure(reason, () -> all(source));
    }
  }

  @Test
  void aPartInsteadOfTheWholeIsRefused() throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 206 Part\nContent-Range: bytes 0-2/5\n\nabc")) {
      assertFailure(Reason.RANGE_WRONG, () -> http.open(server.uri("/x"), new Cancellation()));
    }
  }

  // --- one part

  @Test
  void manyPartsComeOverOneConnection() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG))) {
      for (int from = 0; from < 200_000; from += 10_000) {
        assertArrayEquals(Arrays.copyOfRange(FILE, from, from + 5000), part(server, from));
      }

      assertEquals(20, server.requests().size());
      assertEquals(0, server.requests().getLast().connection());
    }
  }

  @Test
  void aPartThatIsNotReadToItsEndCostsTheConnection() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG))) {
      try (var source = http.openRange(server.uri("/x"), 0, 100_000, new Cancellation())) {
        source.read(ByteBuffer.allocateDirect(10));
      }
      assertArrayEquals(Arrays.copyOfRange(FILE, 5, 5005), part(server, 5));

      assertEquals(1, server.requests().getLast().connection());
    }
  }

  @Test
  void whatFollowsAPartIsNotTheNextAnswer() throws Exception {
    String evil = ScriptedServer.partHead(10, 5010, FILE.length, "");
    try (var server =
        new ScriptedServer((request, out) -> {
          ScriptedServer.serve(request, out, FILE, ETAG);
          RawServer.send(out, evil + "x".repeat(5000));
        })) {
      assertArrayEquals(Arrays.copyOfRange(FILE, 0, 5000), part(server, 0));
      assertArrayEquals(Arrays.copyOfRange(FILE, 10, 5010), part(server, 10));

      assertEquals(1, server.requests().getLast().connection());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "SSH-2.0-OpenSSH_9.9\n", "HTTP/1.1 two hundred\n\n"})
  void aConnectionThatGoesWrongWhenItIsUsedAgainIsReplacedOnce(String garbage) throws Exception {
    try (var server =
        new ScriptedServer((request, out) -> {
          if (request.number() == 1) {
            RawServer.send(out, garbage);
            ScriptedServer.hangUp();
          }
          ScriptedServer.serve(request, out, FILE, ETAG);
        })) {
      assertArrayEquals(Arrays.copyOfRange(FILE, 0, 5000), part(server, 0));
      assertArrayEquals(Arrays.copyOfRange(FILE, 10, 5010), part(server, 10));

      assertEquals(
          List.of(0, 0, 1),
          server.requests().stream().map(ScriptedServer.Request::connection).toList());
    }
  }

  @Test
  void aServerThatIgnoresRangesCannotSendParts() throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc")) {
      assertFailure(
          Reason.RANGES_UNSUPPORTED,
          () -> http.openRange(server.uri("/x"), 0, 3, new Cancellation()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Range: bytes 0-2/5\n\nabc",
        "Content-Range: bytes 1-3/5\n\nbcd",
        "Content-Range: bytes 1-1/5\n\nb",
        "Content-Range: bytes 1-2/2\n\nbc",
        "Content-Type: multipart/byteranges; boundary=x\n\n--x\n"
      })
  void aPartThatIsNotTheOneAskedForIsRefused(String answer) throws Exception {
    try (var good = RawServer.saying("HTTP/1.1 206 Part\nContent-Range: bytes 1-2/5\n\nbc");
        var server = RawServer.saying("HTTP/1.1 206 Part\n" + answer)) {
      try (var source = http.openRange(good.uri("/x"), 1, 3, new Cancellation())) {
        assertEquals("bc", new String(all(source), StandardCharsets.US_ASCII));
      }
      assertFailure(
          Reason.RANGES_UNSUPPORTED,
          () -> http.openRange(server.uri("/x"), 1, 3, new Cancellation()));
    }
  }

  @Test
  void aPartBehindTheEndOrOfAMissingFileIsSaidToBeSo() throws Exception {
    try (var server = new ScriptedServer(ScriptedServer.serving(FILE, ETAG));
        var empty = RawServer.saying("HTTP/1.1 404 No\nContent-Length: 0\n\n")) {
      int end = FILE.length;
      assertFailure(
          Reason.RANGE_BEYOND_END,
          () -> http.openRange(server.uri("/x"), end, end + 1, new Cancellation()));
      assertFailure(
          Reason.HTTP_NOT_FOUND, () -> http.openRange(empty.uri("/x"), 0, 1, new Cancellation()));
    }
  }

  // --- files of this machine

  @Test
  void aFileOfThisMachineIsEnteredInTheMiddleToo(@TempDir Path folder) throws Exception {
    Path file = Files.write(folder.resolve("x"), FILE);
    Files.setLastModifiedTime(file, FileTime.from(MODIFIED.plusMillis(500)));
    URI uri = file.toUri();

    try (var rest = http.open(uri, at(1000), new Cancellation());
        var part = http.openRange(uri, 10, 20, new Cancellation())) {
      assertEquals(1000, rest.firstByte());
      assertEquals(OptionalLong.of(FILE.length - 1000), rest.lengthBytes());
      assertArrayEquals(Arrays.copyOfRange(FILE, 1000, FILE.length), all(rest));
      assertEquals(OptionalLong.of(FILE.length), part.totalBytes());
      assertArrayEquals(Arrays.copyOfRange(FILE, 10, 20), all(part));
    }
    assertFailure(
        Reason.RANGE_BEYOND_END,
        () -> http.openRange(uri, 10, FILE.length + 1, new Cancellation()));
    assertFailure(
        Reason.RANGE_BEYOND_END, () -> http.open(uri, at(FILE.length + 1), new Cancellation()));

    Files.setLastModifiedTime(file, FileTime.from(MODIFIED.plusSeconds(1)));
    try (var changed = http.open(uri, at(1000), new Cancellation())) {
      assertEquals(0, changed.firstByte());
      assertArrayEquals(FILE, all(changed));
    }
  }

  private static Resumption at(long offset) {
    return new Resumption(offset, Optional.of(ETAG), Optional.of(MODIFIED));
  }

  private byte[] part(ScriptedServer server, long from) throws UpdateException {
    try (var source = http.openRange(server.uri("/x"), from, from + 5000, new Cancellation())) {
      // To the last byte, but not asking for more, as those do who know how much they want.
      var part = ByteBuffer.allocate(5000);
      while (part.hasRemaining()) {
        source.read(part);
      }
      return part.array();
    }
  }

  static byte[] all(ByteSource source) throws UpdateException {
    var all = new ByteArrayOutputStream();
    var piece = ByteBuffer.allocate(8192);
    while (source.read(piece.clear()) >= 0) {
      all.write(piece.array(), 0, piece.position());
    }
    return all.toByteArray();
  }

  private static void assertFailure(Reason reason, Executable call) {
    var failure = assertThrows(UpdateException.Unreachable.class, call);
    assertEquals(reason, failure.reason(), failure.getMessage() + " " + failure.found());
  }
}
