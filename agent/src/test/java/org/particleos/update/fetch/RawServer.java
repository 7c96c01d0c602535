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
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A server on the loopback that says exactly what the test wants, true or not. One connection after
 * the other, all answered alike.
 */
final class RawServer implements AutoCloseable {
  /** What is sent after the head of a request was read. */
  interface Answer {
    void send(OutputStream out, RawServer server) throws IOException, InterruptedException;
  }

  /** Open when the server is closed: what a stalling answer waits for. */
  final CountDownLatch closed = new CountDownLatch(1);

  /** Open when the answer was begun. */
  final CountDownLatch answering = new CountDownLatch(1);

  private final ServerSocket socket;
  private final Answer answer;
  private final Thread thread;
  private final List<String> requests = new ArrayList<>();
  private boolean reset;

  RawServer(Answer answer) throws IOException {
    this.answer = answer;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.thread = Thread.ofPlatform().daemon().start(this::serve);
  }

  /** Sends the text, with line ends as HTTP wants them, and closes the connection. */
  static RawServer saying(String text) throws IOException {
    return new RawServer((out, _) -> send(out, text));
  }

  /** Sends the text and then nothing more. */
  static RawServer stallingAfter(String text) throws IOException {
    return new RawServer((out, server) -> {
      send(out, text);
      server.answering.countDown();
      server.closed.await();
    });
  }

  static void send(OutputStream out, String text) throws IOException {
    out.write(text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  /** Ends connections by a reset instead of an orderly close. */
  RawServer resetting() {
    reset = true;
    return this;
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort() + path);
  }

  int port() {
    return socket.getLocalPort();
  }

  synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  private void serve() {
    while (!socket.isClosed()) {
      try (var connection = socket.accept()) {
        readHead(connection);
        connection.setSoLinger(reset, 0);
        answer.send(connection.getOutputStream(), this);
      } catch (IOException _) {
        // The client went away, or the test is over.
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private void readHead(Socket connection) throws IOException {
    var head = new StringBuilder();
    var reader =
        new BufferedReader(
            new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
    for (var line = reader.readLine(); line != null && !line.isEmpty(); line = reader.readLine()) {
      head.append(line).append('\n');
    }
    synchronized (this) {
      requests.add(head.toString());
    }
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    socket.close();
    Failures.join(thread);
  }
}
