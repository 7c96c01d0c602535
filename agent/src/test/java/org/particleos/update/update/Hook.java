package org.particleos.update.update;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A program that wants to know of updates. The engine waits for its answer. */
final class Hook implements AutoCloseable {
  /** What happens after a request was read. */
  interface Answer {
    void to(SocketChannel connection) throws IOException;
  }

  private final ServerSocketChannel server;
  private final List<String> requests = new CopyOnWriteArrayList<>();

  private Hook(ServerSocketChannel server) {
    this.server = server;
  }

  static Answer saying(String text) {
    return connection -> {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        connection.write(bytes);
      }
    };
  }

  static Hook on(SmallSystem system, Answer answer) throws IOException {
    Path directory =
        Files.createDirectories(system.runDirectory().resolve("systemd/sysupdate/notify"));
    var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(directory.resolve("hook")));
    var hook = new Hook(server);
    Thread.ofPlatform().daemon().start(() -> hook.serve(answer));
    return hook;
  }

  private void serve(Answer answer) {
    while (true) {
      try (SocketChannel connection = server.accept()) {
        var request = new ByteArrayOutputStream();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (connection.read(one.clear()) == 1 && one.get(0) != 0) {
          request.write(one.get(0));
        }
        requests.add(request.toString(StandardCharsets.UTF_8));
        answer.to(connection);
      } catch (IOException _) {
        if (!server.isOpen()) {
          return; // closed by the test; everything else only ends one connection
        }
      }
    }
  }

  /** Everything that was asked so far. */
  List<String> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
