package org.particleos.update.notify;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Listens on a Unix socket and gives every call the same answer. */
final class Subscriber implements AutoCloseable {
  /** What happens after a request was read. */
  interface Answer {
    void to(SocketChannel connection) throws IOException;
  }

  /** Closes without a word. */
  static final Answer SILENCE = connection -> {};

  /** Keeps the connection open until the other side gives up. */
  static final Answer NEVER = connection -> connection.read(ByteBuffer.allocate(1));

  private final ServerSocketChannel server;
  private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

  private Subscriber(ServerSocketChannel server) {
    this.server = server;
  }

  static Answer saying(String text) {
    return connection -> {
      var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        connection.write(bytes);
      }
    };
  }

  static Subscriber at(Path socket, Answer answer) throws IOException {
    var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    var subscriber = new Subscriber(server);
    Thread.ofPlatform().daemon().start(() -> subscriber.serve(answer));
    return subscriber;
  }

  private void serve(Answer answer) {
    while (true) {
      try (var connection = server.accept()) {
        requests.add(request(connection));
        answer.to(connection);
      } catch (IOException over) {
        if (!server.isOpen()) {
          return;
        }
      }
    }
  }

  /** What was sent up to the NUL. */
  private static String request(SocketChannel connection) throws IOException {
    var request = new ByteArrayOutputStream();
    var one = ByteBuffer.allocate(1);
    while (connection.read(one.clear()) == 1 && one.get(0) != 0) {
      request.write(one.get(0));
    }
    return request.toString(StandardCharsets.UTF_8);
  }

  String request() throws InterruptedException {
    return requests.take();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
