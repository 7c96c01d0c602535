package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.github.luben.zstd.Zstd;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.acquire.Acquisition;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.acquire.MemorySink;
import org.particleos.update.acquire.Progress;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Manifests and payloads at {@code file:} addresses (update-algorithm.md 12.2). */
class LocalAddressTest {
  private static final long LIMIT = 1 << 20;

  private final HttpFetcher http =
      new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of("no_proxy", "*"));
  @TempDir private Path folder;
  private byte[] content;
  private byte[] packed;

  @BeforeEach
  void files() throws Exception {
    content = "some words ".repeat(1000).getBytes(StandardCharsets.UTF_8);
    packed = Zstd.compress(content);
    Files.write(folder.resolve("a file+#?%äöü"), content);
    Files.write(folder.resolve("packed"), packed);
  }

  /** With one slash and with three, as both are common. */
  private URI address(String prefix, String name) {
    return URI.create(prefix + folder.resolve("x").toUri().getRawPath().replaceAll("x$", name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:", "file://", "FILE:"})
  void manifestsAndPayloadsAreReadFromAddressesWithEscapes(String prefix) throws Exception {
    var uri = address(prefix, "a%20file+%23%3F%25%C3%A4%C3%B6%C3%BC");
    var sink = new MemorySink();

    var acquired =
        new Acquisition(http, true)
            .run(
                new Payload.Url(uri),
                Optional.of(Bytes.sha256(content)),
                sink,
                Progress.unwatched(),
                new Cancellation());

    assertArrayEquals(content, sink.written());
    assertTrue(acquired.lastModified().isPresent());
    assertArrayEquals(content, http.fetch(uri, LIMIT).orElseThrow());
    assertEquals(OptionalLong.of(content.length), http.sizeOf(uri, new Cancellation()));
    assertEquals(
        new PayloadSize(OptionalLong.of(content.length), OptionalLong.of(content.length)),
        PayloadSize.ask(http, new Payload.Url(uri), new Cancellation()));
  }

  @Test
  void whatIsPackedIsUnpackedThereToo() throws Exception {
    var uri = address("file:", "packed");

    assertArrayEquals(content, http.fetch(uri, LIMIT).orElseThrow());
    assertEquals(
        new PayloadSize(OptionalLong.of(packed.length), OptionalLong.of(content.length)),
        PayloadSize.ask(http, new Payload.Url(uri), new Cancellation()));
  }

  @Test
  void leftPackedAPayloadTakesWhatIsTransferred() throws Exception {
    var payload = new Payload.Url(address("file:", "packed"));
    var sink = new MemorySink();

    var acquired =
        new Acquisition(http, true)
            .run(
                payload,
                Optional.of(Bytes.sha256(packed)),
                Unpacking.AS_IS,
                sink,
                Progress.unwatched(),
                new Cancellation());

    assertArrayEquals(packed, sink.written());
    assertEquals(Compression.NONE, acquired.compression());
    assertEquals(
        new PayloadSize(OptionalLong.of(packed.length), OptionalLong.of(packed.length)),
        PayloadSize.ask(http, payload, Unpacking.AS_IS, new Cancellation()));
  }

  @Test
  void aMissingFileIsLikeOneThatAServerDoesNotHave() throws Exception {
    var uri = address("file://", "missing");

    assertEquals(Optional.empty(), http.fetch(uri, LIMIT));
    var failure =
        assertThrows(UpdateException.Unreachable.class, () -> http.open(uri, new Cancellation()));
    assertEquals(Reason.SOURCE_MISSING, failure.reason());
    assertThrows(
        UpdateException.Unreachable.class,
        () -> PayloadSize.ask(http, new Payload.Url(uri), new Cancellation()));
  }

  @Test
  void aDirectoryIsNoFile() {
    var failure =
        assertThrows(
            UpdateException.WriteFailed.class, () -> http.fetch(address("file:", ""), LIMIT));

    assertEquals(Reason.READ_FAILED, failure.reason());
    assertEquals(Optional.of("it is no regular file"), failure.found());
  }

  @Test
  void aFileThatMayNotBeReadIsSaidToBeForbidden() throws Exception {
    Path locked = Files.writeString(folder.resolve("locked"), "x");
    Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("---------"));
    assumeFalse(Files.isReadable(locked), "root reads everything");

    assertThrows(
        UpdateException.NotPermitted.class, () -> http.fetch(address("file:", "locked"), LIMIT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:relative", "file:/x?query", "file://host/x", "file:/x%00"})
  void anAddressThatIsNoFilesIsRefused(String address) {
    assertThrows(UpdateException.Configuration.class, () -> http.fetch(URI.create(address), LIMIT));
  }
}
