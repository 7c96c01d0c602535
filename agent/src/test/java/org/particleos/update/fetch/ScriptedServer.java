package org.particleos.update.fetch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;

/**
 * A server on the loopback that keeps connections open and answers each request as the test says.
 * Connections are served side by side.
 */
final class ScriptedServer implements AutoCloseable {
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]+)-([0-9]*)");

  /**
   * One request as it came.
   *
   * @param number how many came before, over all connections
   * @param connection how many connections were opened before this one
   */
  record Request(String head, int number, int connection) {
    String path() {
      return head.split(" ", 3)[1];
    }

    Optional<String> header(String name) {
      String prefix = name.toLowerCase(Locale.ROOT) + ": ";
      return head.lines()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
          .map(line -> line.substring(prefix.length()))
          .findFirst();
    }
  }

  /** Answers a request; a connection on which it throws is closed. */
  interface Script {
    void answer(Request request, OutputStream out) throws IOException, InterruptedException;
  }

  /** Open when the server is closed: what a stalling answer waits for. */
  final CountDownLatch closed = new CountDownLatch(1);

  private final ServerSocket socket;
  private final Script script;
  private final List<Thread> threads = new ArrayList<>();
  private final List<Socket> connections = new ArrayList<>();
  private final List<Request> requests = new ArrayList<>();

  ScriptedServer(Script script) throws IOException {
    this.script = script;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start(this::accept);
  }

  /** A server that knows ranges and {@code If-Range}, for one file at every address. */
  static Script serving(byte[] file, String etag) {
    return (request, out) -> serve(request, out, file, etag);
  }

  static void serve(Request request, OutputStream out, byte[] file, String etag)
      throws IOException {
    String state = "ETag: " + etag + "\nAccept-Ranges: bytes\n";
    var asked = request.header("Range").map(RANGE::matcher);
    boolean same = request.header("If-Range").map(etag::equals).orElse(true);
    if (asked.isEmpty() || !asked.get().matches() || !same) {
      RawServer.send(out, "HTTP/1.1 200 OK\n" + state + "Content-Length: " + file.length + "\n\n");
      out.write(file);
      return;
    }
    int from = Integer.parseInt(asked.get().group(1));
    String end = asked.get().group(2);
    int to = end.isEmpty() ? file.length : Math.min(file.length, Integer.parseInt(end) + 1);
    if (from >= file.length) {
      RawServer.send(
          out,
          "HTTP/1.1 416 No\n"
              + state
              + "Content-Range: bytes */"
              + file.length
              + "\nContent-Length: 0\n\n");
      return;
    }
    RawServer.send(out, partHead(from, to, file.length, state));
    out.write(Arrays.copyOfRange(file, from, to));
  }

  static String partHead(int from, int toExclusive, int total, String headers) {
    return "HTTP/1.1 206 Part\n%sContent-Range: bytes %d-%d/%d\nContent-Length: %d\n\n"
        .formatted(headers, from, toExclusive - 1, total, toExclusive - from);
  }

  /** Ends the connection in the middle of whatever was sent. */
  // A step of a script like any other.
  @SuppressWarnings("DoNotCallSuggester")
  static void hangUp() throws IOException {
    throw new IOException("hangs up");
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort() + path);
  }

  synchronized List<Request> requests() {
    return List.copyOf(requests);
  }

  private synchronized void start(Runnable task) {
    threads.add(Thread.ofPlatform().daemon().start(task));
  }

  private void accept() {
    int number = 0;
    while (!socket.isClosed()) {
      try {
        var connection = socket.accept();
        int own = number++;
        synchronized (this) {
          connections.add(connection);
        }
        start(() -> serve(connection, own));
      } catch (IOException _) {
        // The test is over.
      }
    }
  }

  private void serve(Socket connection, int number) {
    try (connection) {
      var reader =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
      var request = read(reader, number);
      while (request.isPresent()) {
        script.answer(request.get(), connection.getOutputStream());
        connection.getOutputStream().flush();
        request = read(reader, number);
      }
    } catch (IOException _) {
      // The client went away, the script hangs up, or the test is over.
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Optional<Request> read(BufferedReader reader, int connection) throws IOException {
    var head = new StringBuilder();
    var line = reader.readLine();
    if (line == null) {
      return Optional.empty();
    }
    while (line != null && !line.isEmpty()) {
      head.append(line).append('\n');
      line = reader.readLine();
    }
    synchronized (this) {
      var request = new Request(head.toString(), requests.size(), connection);
      requests.add(request);
      return Optional.of(request);
    }
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    socket.close();
    List<Thread> left;
    synchronized (this) {
      left = List.copyOf(threads);
      for (var connection : connections) {
        connection.close();
      }
    }
    left.forEach(Failures::join);
  }
}
