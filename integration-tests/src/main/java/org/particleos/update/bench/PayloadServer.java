package org.particleos.update.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Serves a folder over HTTP on the loopback interface. The kernel copies from the page cache to the
 * socket ({@code sendfile}), so that the server takes next to nothing of the processor from the
 * program that is measured. Runs in a process of its own, until its standard input ends; prints its
 * port. Knows just enough HTTP for one well-behaved client, and is no server for anybody else.
 */
final class PayloadServer {
  private static final int REQUEST_BYTES_MAX = 16 << 10;
  private static final Pattern RANGE =
      Pattern.compile("(?im)^range:[ \\t]*bytes=([0-9]{1,18})-([0-9]{0,18})[ \\t]*\\r?$");

  private final Path folder;

  private PayloadServer(Path folder) {
    this.folder = folder;
  }

  /** Argument: the folder. */
  public static void main(String[] args) throws IOException {
    var server = new PayloadServer(Path.of(args[0]).toRealPath());
    try (var listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
      Thread.ofPlatform().daemon().start(() -> server.acceptFrom(listener));
      System.out.println(port);
      while (System.in.read() >= 0) {
        // Only the end of it counts.
      }
    }
  }

  private void acceptFrom(ServerSocketChannel listener) {
    while (listener.isOpen()) {
      try {
        SocketChannel client = listener.accept();
        Thread.ofPlatform().daemon().start(() -> serve(client));
      } catch (IOException e) {
        System.err.println("the payload server accepts no more: " + e.getMessage());
        return;
      }
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      client.setOption(StandardSocketOptions.TCP_NODELAY, true);
      var buffer = ByteBuffer.allocate(REQUEST_BYTES_MAX);
      while (true) {
        answer(client, request(client, buffer));
      }
    } catch (IOException _) {
      // The client has gone, as it does when it has what it wanted.
    }
  }

  /** Reads up to the empty line. What follows it stays in the buffer. */
  private static String request(SocketChannel client, ByteBuffer buffer) throws IOException {
    while (true) {
      String text = StandardCharsets.ISO_8859_1.decode(buffer.duplicate().flip()).toString();
      int end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        buffer.flip().position(end + 4);
        buffer.compact();
        return text.substring(0, end);
      }
      if (!buffer.hasRemaining() || client.read(buffer) < 0) {
        throw new EOFException("no complete request");
      }
    }
  }

  private void answer(SocketChannel client, String request) throws IOException {
    String[] words = request.lines().findFirst().orElse("").split(" ", -1);
    Optional<Path> file = words.length == 3 ? find(words[1]) : Optional.empty();
    if (file.isEmpty()) {
      send(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    try (var content = FileChannel.open(file.get(), StandardOpenOption.READ)) {
      long size = content.size();
      Matcher range = RANGE.matcher(request);
      boolean part = range.find() && Long.parseLong(range.group(1)) < size;
      long from = part ? Long.parseLong(range.group(1)) : 0;
      long to =
          part && !range.group(2).isEmpty()
              ? Math.min(size, Long.parseLong(range.group(2)) + 1)
              : size;
      send(
          client,
          (part
                  ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n"
                      .formatted(from, to - 1, size)
                  : "HTTP/1.1 200 OK\r\n")
              + "Accept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n".formatted(to - from));
      if (words[0].equals("GET")) {
        for (long at = from; at < to; ) {
          at += content.transferTo(at, to - at, client);
        }
      }
    }
  }

  private Optional<Path> find(String target) {
    Path file = folder.resolve(target.replaceFirst("^/+", "")).normalize();
    return file.startsWith(folder) && Files.isRegularFile(file)
        ? Optional.of(file)
        : Optional.empty();
  }

  private static void send(SocketChannel client, String text) throws IOException {
    var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }
}
