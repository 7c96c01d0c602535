package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** A server with a certificate for localhost that no authority has signed. */
class HttpsTest {
  private static final byte[] MANIFEST = "a manifest".getBytes(StandardCharsets.UTF_8);
  private static final char[] PASSWORD = "password".toCharArray();

  private final CountDownLatch stalling = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);
  @TempDir private Path directory;
  private HttpsServer server;
  private Path pem;

  @BeforeEach
  void aServer() throws Exception {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    assumeTrue(Files.isExecutable(keytool), "the Java runtime comes without keytool");
    Path store = directory.resolve("server.p12");
    pem = directory.resolve("server.pem");
    String password = new String(PASSWORD);
    var common = List.of("-alias", "server", "-keystore", store.toString(), "-storepass", password);
    keytool(
        keytool,
        common,
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost");
    keytool(keytool, common, "-exportcert", "-rfc", "-file", pem.toString());

    var keys = KeyStore.getInstance(store.toFile(), PASSWORD);
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD);
    var context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(task -> Thread.ofPlatform().daemon().start(task));
    server.createContext(
        "/manifest",
        exchange -> {
          exchange.sendResponseHeaders(200, MANIFEST.length);
          exchange.getResponseBody().write(MANIFEST);
          exchange.close();
        });
    server.createContext(
        "/stall",
        exchange -> {
          exchange.sendResponseHeaders(200, 100);
          exchange.getResponseBody().write(MANIFEST);
          exchange.getResponseBody().flush();
          stalling.countDown();
          try {
            over.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    server.createContext(
        "/downgrade",
        exchange -> {
          exchange.getResponseHeaders().set("Location", "http://localhost/manifest");
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });
    server.start();
  }

  private static void keytool(Path keytool, List<String> common, String... arguments)
      throws Exception {
    var command =
        Stream.of(Stream.of(keytool.toString()), Stream.of(arguments), common.stream())
            .flatMap(part -> part)
            .toList();
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertEquals(0, process.waitFor(), command.toString());
  }

  @AfterEach
  void theEndOfTheServer() {
    over.countDown();
    if (server != null) {
      server.stop(0);
    }
    assertEquals(List.of(), OwnThreads.alive());
  }

  private URI uri(String host, String path) {
    return URI.create("https://" + host + ":" + server.getAddress().getPort() + path);
  }

  private HttpFetcher trusting() {
    return new HttpFetcher(
        "test", HttpLimits.defaults(), RetryLimits.once(), Map.of("SSL_CERT_FILE", pem.toString()));
  }

  @Test
  void aCertificateOfTheNamedBundleIsTrusted() throws Exception {
    try (var http = trusting()) {
      assertArrayEquals(MANIFEST, http.fetch(uri("localhost", "/manifest"), 100).orElseThrow());
    }
  }

  @Test
  void aCertificateThatNobodySignedIsRefused() {
    try (var http = new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of())) {
      assertNoConnection(http, uri("localhost", "/manifest"));
    }
  }

  @Test
  void aCertificateOfAnotherHostIsRefused() {
    try (var http = trusting()) {
      assertNoConnection(http, uri("127.0.0.1", "/manifest"));
    }
  }

  @Test
  void aCertificateThatIsNotTrustedIsNotTriedAgain() {
    var timing = new FakeTiming();
    try (var http = new HttpFetcher("test", HttpLimits.defaults(), Map.of()).timedBy(timing)) {
      assertNoConnection(http, uri("localhost", "/manifest"));
    }
    var environment = Map.of("SSL_CERT_FILE", pem.toString());
    try (var http = new HttpFetcher("test", HttpLimits.defaults(), environment).timedBy(timing)) {
      assertNoConnection(http, uri("127.0.0.1", "/manifest"));
    }

    assertEquals(List.of(), timing.pauses());
  }

  @Test
  void aBundleThatCannotBeReadIsAFailureAndNotAnEmptyBundle() {
    var environment = Map.of("SSL_CERT_FILE", directory.resolve("missing.pem").toString());
    try (var http =
        new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), environment)) {
      var failure = assertNoConnection(http, uri("localhost", "/manifest"));

      assertTrue(failure.found().orElseThrow().contains("missing.pem"));
    }
  }

  @Test
  void aRedirectThatGivesUpTheEncryptionIsRefused() {
    try (var http = trusting()) {
      var refusal =
          assertThrows(
              UpdateException.Unreachable.class,
              () -> http.fetch(uri("localhost", "/downgrade"), 100));

      assertEquals(Reason.REDIRECT_REFUSED, refusal.reason());
    }
  }

  @Test
  void anEncryptedDownloadThatStallsCanBeCancelled() throws Exception {
    try (var http = trusting()) {
      var cancellation = new Cancellation();
      var fetch =
          new FutureTask<>(
              () -> http.stoppedBy(cancellation).fetch(uri("localhost", "/stall"), 1000));
      Thread.ofPlatform().start(fetch);
      stalling.await();

      cancellation.cancel();

      var failure = assertThrows(ExecutionException.class, fetch::get);
      assertTrue(failure.getCause() instanceof UpdateException.Interrupted);
    }
  }

  private static UpdateException assertNoConnection(HttpFetcher http, URI uri) {
    var failure = assertThrows(UpdateException.Unreachable.class, () -> http.fetch(uri, 100));
    assertEquals(Reason.CONNECTION_FAILED, failure.reason());
    return failure;
  }
}
