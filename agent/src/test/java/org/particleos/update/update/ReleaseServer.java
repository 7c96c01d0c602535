package org.particleos.update.update;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A web directory on the loopback interface, with a manifest of what was published. */
final class ReleaseServer implements AutoCloseable {
  private static final String MANIFEST = "SHA256SUMS";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final Map<String, String> digests = new LinkedHashMap<>();
  private final Map<String, Integer> statuses = new ConcurrentHashMap<>();
  private final Map<String, Integer> cuts = new ConcurrentHashMap<>();
  private final List<String> fetched = new ArrayList<>();
  private final Map<String, Long> partBytes = new ConcurrentHashMap<>();
  private volatile boolean parts;
  private volatile boolean lyingParts;

  ReleaseServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
    list();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  ReleaseServer publish(Release release) {
    release.files().forEach(this::publish);
    return this;
  }

  void publish(String name, byte[] bytes) {
    files.put(name, bytes);
    digests.put(name, digest(bytes));
    list();
  }

  /** Serves other bytes than the manifest promises. */
  void swap(String name, byte[] bytes) {
    files.put(name, bytes);
  }

  void withdraw(Release release) {
    release.files().keySet().forEach(this::withdraw);
  }

  void withdraw(String name) {
    files.remove(name);
    digests.remove(name);
    list();
  }

  /** Answers requests for the file with a status. */
  void answering(String name, int status) {
    statuses.put(name, status);
  }

  void manifestAnswering(int status) {
    statuses.put(MANIFEST, status);
  }

  /** Breaks the connection after so many bytes of the file. */
  void cutting(String name, int bytes) {
    cuts.put(name, bytes);
  }

  /** Sends parts of files from the middle, too. */
  ReleaseServer sendingParts() {
    parts = true;
    return this;
  }

  /** Sends parts that are not what the file holds. */
  ReleaseServer lyingInParts() {
    parts = true;
    lyingParts = true;
    return this;
  }

  /** How much of a file was sent in parts. */
  long partBytes(String name) {
    return partBytes.getOrDefault(name, 0L);
  }

  void healed() {
    statuses.clear();
    cuts.clear();
  }

  byte[] manifest() {
    return files.getOrDefault(MANIFEST, new byte[0]);
  }

  /** A file that is served, but is not in the manifest. */
  void beside(String name, byte[] bytes) {
    files.put(name, bytes);
  }

  /** Names of the files that were fetched, without those of the manifest. */
  synchronized List<String> fetched() {
    return List.copyOf(fetched);
  }

  private void list() {
    var text = new StringBuilder();
    digests.forEach((name, digest) -> text.append(digest).append(" *").append(name).append('\n'));
    files.put(MANIFEST, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String name = exchange.getRequestURI().getPath().substring(1);
      byte[] body = files.get(name);
      int status = statuses.getOrDefault(name, body == null ? 404 : 200);
      if (status != 200 || body == null) {
        exchange.sendResponseHeaders(status, -1);
        return;
      }
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
        exchange.sendResponseHeaders(200, -1);
        return;
      }
      String range = exchange.getRequestHeaders().getFirst("Range");
      if (range != null && parts && !range.startsWith("bytes=0-")) {
        part(exchange, name, body, range.substring("bytes=".length()).split("-", -1));
        return;
      }
      if (range != null && range.startsWith("bytes=0-") && body.length > 0) {
        beginning(exchange, body, Integer.parseInt(range.substring("bytes=0-".length())));
        return;
      }
      if (range != null && range.matches("bytes=[0-9]+-")) {
        rest(exchange, body, Integer.parseInt(range.replaceAll("[^0-9]", "")));
        return;
      }
      if (!name.startsWith(MANIFEST)) {
        synchronized (this) {
          fetched.add(name);
        }
      }
      exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
      int length = Math.min(body.length, cuts.getOrDefault(name, Integer.MAX_VALUE));
      exchange.getResponseBody().write(body, 0, length);
      exchange.getResponseBody().flush();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void part(HttpExchange exchange, String name, byte[] body, String[] range)
      throws IOException {
    int first = Integer.parseInt(range[0]);
    int length = Integer.parseInt(range[1]) + 1 - first;
    byte[] part = Arrays.copyOfRange(body, first, first + length);
    if (lyingParts && length > 100) {
      part[length / 2] ^= 1;
    }
    partBytes.merge(name, (long) length, Long::sum);
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes " + range[0] + "-" + range[1] + "/" + body.length);
    exchange.sendResponseHeaders(206, length);
    exchange.getResponseBody().write(part);
  }

  /** A question about size and kind rather than a download. */
  private static void beginning(HttpExchange exchange, byte[] body, int last) throws IOException {
    int length = Math.min(body.length, last + 1);
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes 0-" + (length - 1) + "/" + body.length);
    exchange.sendResponseHeaders(206, length);
    exchange.getResponseBody().write(body, 0, length);
  }

  private static void rest(HttpExchange exchange, byte[] body, int first) throws IOException {
    if (first >= body.length) {
      exchange.getResponseHeaders().set("Content-Range", "bytes */" + body.length);
      exchange.sendResponseHeaders(416, -1);
      return;
    }
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes " + first + "-" + (body.length - 1) + "/" + body.length);
    exchange.sendResponseHeaders(206, body.length - first);
    exchange.getResponseBody().write(body, first, body.length - first);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
