package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LinuxKernel;

class RememberingFetcherTest {
  private static final byte[] SIGNATURE = {1, 2, 3};

  @TempDir Path folder;

  private final HttpFetcher http =
      new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of("no_proxy", "*"));
  private String text = "one";
  private ScriptedServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        new ScriptedServer((request, out) -> {
          String etag = "\"" + text + "\"";
          if (request.header("If-None-Match").equals(Optional.of(etag))) {
            RawServer.send(out, "HTTP/1.1 304 Same\nETag: " + etag + "\n\n");
          } else {
            RawServer.send(
                out,
                "HTTP/1.1 200 OK\nETag: "
                    + etag
                    + "\nLast-Modified: Sun, 01 Jun 2025 12:00:00 GMT\nContent-Length: "
                    + text.length()
                    + "\n\n"
                    + text);
          }
        });
  }

  @AfterEach
  void nothingIsLeftBehind() throws IOException {
    http.close();
    server.close();
    assertEquals(List.of(), OwnThreads.alive());
  }

  private Path store() {
    return folder.resolve("own/manifests");
  }

  /** A new run. */
  private RememberingFetcher run() {
    return new RememberingFetcher(http, new Cancellation(), new LinuxKernel(), store());
  }

  private URI uri() {
    return server.uri("/SHA256SUMS");
  }

  private String fetch(RememberingFetcher run) throws Exception {
    return new String(run.fetch(uri(), 100).orElseThrow(), StandardCharsets.UTF_8);
  }

  private void keepOne() throws Exception {
    var first = run();
    fetch(first);
    first.keep(uri(), Optional.of(SIGNATURE));
  }

  private boolean askedWithCondition() {
    return server.requests().getLast().header("If-None-Match").isPresent();
  }

  @Test
  void whatDidNotChangeComesFromTheStoreWithItsSignature() throws Exception {
    keepOne();

    var second = run();
    assertEquals("one", fetch(second));

    assertEquals(
        Optional.of("Sun, 01 Jun 2025 12:00:00 GMT"),
        server.requests().getLast().header("If-Modified-Since"));
    assertTrue(askedWithCondition());
    assertArrayEquals(SIGNATURE, second.signatureKept(uri()).orElseThrow());
  }

  @Test
  void whatChangedIsNewAndHasNoSignatureYet() throws Exception {
    keepOne();
    text = "two";

    var second = run();
    assertEquals("two", fetch(second));

    assertEquals(Optional.empty(), second.signatureKept(uri()));
  }

  @Test
  void whatNobodyFoundGoodIsNotKept() throws Exception {
    fetch(run());
    fetch(run());

    assertFalse(askedWithCondition());
    assertFalse(Files.exists(store()));
  }

  @Test
  void whatWasFoundBadIsFetchedInFull() throws Exception {
    keepOne();
    var second = run();
    fetch(second);

    assertTrue(second.forget(uri()));
    assertEquals("one", fetch(second));

    assertFalse(askedWithCondition());
    assertEquals(Optional.empty(), second.signatureKept(uri()));
    assertFalse(second.forget(uri()), "this came from the server");
  }

  @Test
  void aDamagedFileIsAsGoodAsNone() throws Exception {
    keepOne();
    byte[] good = Files.readAllBytes(file());
    for (int position = 0; position < good.length; position += 7) {
      byte[] bad = good.clone();
      bad[position] ^= 1;
      Files.write(file(), bad);
      assertEquals("one", fetch(run()));
      assertFalse(askedWithCondition(), "flipped a bit of byte " + position);
    }
    Files.write(file(), new byte[0]);
    assertEquals("one", fetch(run()));
    assertFalse(askedWithCondition());
  }

  @Test
  void aFileOfAnotherAddressIsNotUsed() throws Exception {
    keepOne();
    var other = server.uri("/other/SHA256SUMS");
    var kept = run();
    kept.fetch(other, 100);
    kept.keep(other, Optional.empty());
    Path own = file();
    try (var files = Files.list(store())) {
      Path foreign = files.filter(path -> !path.equals(own)).findFirst().orElseThrow();
      Files.copy(foreign, own, StandardCopyOption.REPLACE_EXISTING);
    }

    fetch(run());

    assertFalse(askedWithCondition());
  }

  @Test
  void whereNothingCanBeKeptEverythingIsFetched() throws Exception {
    Files.writeString(folder.resolve("own"), "no directory");

    keepOne();
    assertEquals("one", fetch(run()));

    assertFalse(askedWithCondition());
  }

  @Test
  void onlyItsOwnerLooksIntoTheStoreAndNothingPartialStays() throws Exception {
    keepOne();

    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(store())));
    try (var files = Files.list(store())) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void theStoreDoesNotGrowWithoutEnd() throws Exception {
    var fetcher = run();
    for (int i = 0; i < ManifestStore.FILES_MAX + 5; i++) {
      var address = server.uri("/" + i);
      fetcher.fetch(address, 100);
      fetcher.keep(address, Optional.empty());
    }

    try (var files = Files.list(store())) {
      assertEquals(ManifestStore.FILES_MAX, files.count());
    }
  }

  @Test
  void aManifestLongerThanTheLimitIsNotTakenFromTheStoreEither() throws Exception {
    keepOne();

    var fetcher = run();
    assertThrows(UpdateException.Unreachable.class, () -> fetcher.fetch(uri(), 2));
  }

  private Path file() throws IOException {
    byte[] name;
    try {
      name =
          MessageDigest.getInstance("SHA-256")
              .digest(uri().toString().getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
    return store().resolve(HexFormat.of().formatHex(name));
  }
}
