package org.particleos.update.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A running {@link PayloadServer}. It ends when this is closed, or when this process ends. */
final class ServerProcess implements AutoCloseable {
  private static final int READ_BYTES = 1 << 20;

  private final Process process;
  private final int port;

  ServerProcess(Path folder) throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                PayloadServer.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    String line = output.readLine();
    if (line == null) {
      process.destroy();
      throw new IOException("the payload server did not start");
    }
    port = Integer.parseInt(line);
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + "/" + path);
  }

  /** Fetches a file and throws it away; returns how many bytes came, header included. */
  long drain(String path) throws IOException {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    try (var socket = SocketChannel.open(address)) {
      var request = "GET /" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
      socket.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      socket.shutdownOutput(); // so that the server closes after this answer
      var buffer = ByteBuffer.allocateDirect(READ_BYTES);
      long total = 0;
      int length = 0;
      while (length >= 0) {
        total += length;
        length = socket.read(buffer.clear());
      }
      return total;
    }
  }

  @Override
  public void close() {
    process.destroy();
  }
}
