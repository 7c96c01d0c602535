package org.particleos.update.demo;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** Serves a folder over HTTP on the loopback interface, on a free port. */
public final class WebServer implements AutoCloseable {
  private final HttpServer server;

  /**
   * Starts to serve.
   *
   * @param bytesPerSecond how fast a file is sent, so that a transfer can be watched
   */
  public WebServer(Path folder, long bytesPerSecond) throws IOException {
    server =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            0,
            "/",
            SimpleFileServer.createFileHandler(folder.toAbsolutePath()),
            Filter.beforeHandler(
                "sends slowly",
                exchange ->
                    exchange.setStreams(
                        null, new SlowStream(exchange.getResponseBody(), bytesPerSecond))));
    server.start();
  }

  /** Sends in pieces, with pauses that keep the rate. */
  private static final class SlowStream extends FilterOutputStream {
    private static final int PIECE_BYTES = 1 << 16;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final long pauseNanos;

    SlowStream(OutputStream out, long bytesPerSecond) {
      super(out);
      this.pauseNanos = PIECE_BYTES * NANOS_PER_SECOND / bytesPerSecond;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      for (int done = 0; done < length; done += PIECE_BYTES) {
        int piece = Math.min(PIECE_BYTES, length - done);
        out.write(bytes, offset + done, piece);
        LockSupport.parkNanos(pauseNanos * piece / PIECE_BYTES);
      }
    }
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
