package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.github.luben.zstd.Zstd;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class PayloadSizeTest {
  private final HttpFetcher http =
      new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of("no_proxy", "*"));

  @TempDir Path folder;

  private PayloadSize of(byte[] stored) throws Exception {
    Path file = Files.write(folder.resolve("payload"), stored);
    return PayloadSize.ask(http, new Payload.LocalFile(file), new Cancellation());
  }

  @Test
  void whatIsNotCompressedTakesWhatItHas() throws Exception {
    assertEquals(
        new PayloadSize(OptionalLong.of(9), OptionalLong.of(9)),
        of("unpacked!".getBytes(StandardCharsets.US_ASCII)));
    assertEquals(new PayloadSize(OptionalLong.of(0), OptionalLong.of(0)), of(new byte[0]));
  }

  @Test
  void aZstdFrameNamesItsSize() throws Exception {
    byte[] packed = Zstd.compress(new byte[5_000_000]);

    assertEquals(
        new PayloadSize(OptionalLong.of(packed.length), OptionalLong.of(5_000_000)), of(packed));
  }

  @Test
  void otherCompressionsDoNotTell() throws Exception {
    byte[] gzip = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

    assertEquals(new PayloadSize(OptionalLong.of(10), OptionalLong.empty()), of(gzip));
  }

  @Test
  void aServerThatKnowsRangesTellsTheTotalAndSendsTheBeginningOnly() throws Exception {
    try (var server =
        RawServer.saying(
            "HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-17/4711\n"
                + "Content-Length: 18\n\n012345678901234567")) {
      assertEquals(
          new PayloadSize(OptionalLong.of(4711), OptionalLong.of(4711)),
          PayloadSize.ask(http, new Payload.Url(server.uri("/x")), new Cancellation()));
    }
  }

  @Test
  void aServerThatIgnoresRangesIsAskedNoMoreThanTheBeginning() throws Exception {
    try (var server =
        RawServer.saying("HTTP/1.1 200 OK\nContent-Length: 4711\n\n0123456789012345678901")) {
      assertEquals(
          new PayloadSize(OptionalLong.of(4711), OptionalLong.of(4711)),
          PayloadSize.ask(http, new Payload.Url(server.uri("/x")), new Cancellation()));
    }
  }

  @Test
  void aRangeOfUnknownTotalLeavesTheSizeUnknown() throws Exception {
    try (var server =
        RawServer.saying(
            "HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-17/*\n"
                + "Content-Length: 18\n\n012345678901234567")) {
      assertEquals(
          new PayloadSize(OptionalLong.empty(), OptionalLong.empty()),
          PayloadSize.ask(http, new Payload.Url(server.uri("/x")), new Cancellation()));
    }
  }

  @Test
  void aMissingPayloadIsFoundMissingBeforeItIsFetched() throws Exception {
    try (var server = RawServer.saying("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n")) {
      var failure =
          assertThrows(
              UpdateException.Unreachable.class,
              () -> PayloadSize.ask(http, new Payload.Url(server.uri("/x")), new Cancellation()));

      assertEquals(Reason.HTTP_NOT_FOUND, failure.reason());
    }
  }
}
