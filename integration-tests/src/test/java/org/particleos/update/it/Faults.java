package org.particleos.update.it;

import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What a server may do instead of sending a file. */
final class Faults {
  /** How long a test waits for the program to come to the point it asks for. */
  private static final long REACHED_SECONDS_MAX = 120;

  private Faults() {}

  /**
   * One question of the program.
   *
   * @param firstByte of what it wants
   * @param lastByte of the beginning that it wants; empty if it wants all
   */
  record Request(
      String method,
      String name,
      int firstByte,
      OptionalInt lastByte,
      Path file,
      OutputStream out,
      InputEnd input) {
    boolean wantsBody() {
      return method.equals("GET");
    }

    void head(int status, String... lines) throws IOException {
      String text =
          "HTTP/1.1 "
              + status
              + " said so\r\nConnection: close\r\n"
              + String.join("", java.util.Arrays.stream(lines).map(l -> l + "\r\n").toList())
              + "\r\n";
      out.write(text.getBytes(StandardCharsets.US_ASCII));
      out.flush();
    }
  }

  /** Waits until the program closes its end. */
  interface InputEnd {
    void await() throws IOException;
  }

  /** How a server answers one question; then the connection is closed. */
  interface Answer {
    void give(Request request) throws IOException;
  }

  /** The honest answer. */
  static void file(Request request) throws IOException {
    if (!Files.isRegularFile(request.file())) {
      request.head(404, "Content-Length: 0");
      return;
    }
    if (request.lastByte().isPresent()) {
      part(request);
      return;
    }
    if (request.firstByte() > 0) {
      rest(request);
      return;
    }
    request.head(200, "Content-Length: " + Files.size(request.file()));
    if (request.wantsBody()) {
      Files.copy(request.file(), request.out());
    }
  }

  private static void part(Request request) throws IOException {
    byte[] content = Files.readAllBytes(request.file());
    int end = Math.min(content.length, request.lastByte().orElseThrow() + 1);
    int first = request.firstByte();
    request.head(
        206,
        "Content-Range: bytes " + first + "-" + (end - 1) + "/" + content.length,
        "Content-Length: " + (end - first));
    request.out().write(content, first, end - first);
  }

  private static void rest(Request request) throws IOException {
    byte[] content = Files.readAllBytes(request.file());
    int first = request.firstByte();
    if (first >= content.length) {
      request.head(416, "Content-Range: bytes */" + content.length, "Content-Length: 0");
      return;
    }
    request.head(
        206,
        "Content-Range: bytes " + first + "-" + (content.length - 1) + "/" + content.length,
        "Content-Length: " + (content.length - first));
    request.out().write(content, first, content.length - first);
  }

  static Answer status(int status) {
    return request -> request.head(status, "Content-Length: 0");
  }

  static Answer redirect(String location) {
    return request -> request.head(302, "Location: " + location, "Content-Length: 0");
  }

  /** Says a length and ends before. */
  static Answer cutAfter(long bytes) {
    return request -> {
      request.head(200, "Content-Length: " + Files.size(request.file()));
      if (request.wantsBody()) {
        request.out().write(Files.readAllBytes(request.file()), 0, (int) bytes);
      }
    };
  }

  /** Names no length and never ends. No zeroes: those may take no room where they are written. */
  static Answer endless() {
    return request -> {
      request.head(200);
      byte[] piece = new byte[1 << 16];
      java.util.Arrays.fill(piece, (byte) 'x');
      while (request.wantsBody()) {
        request.out().write(piece); // until the program has had enough
      }
    };
  }

  /** Sends so many bytes of the body and then nothing, until the program goes away. */
  static final class Stall implements Answer {
    private final long bytes;
    private final CountDownLatch reached = new CountDownLatch(1);

    Stall(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public void give(Request request) throws IOException {
      if (!request.wantsBody() || request.lastByte().isPresent()) {
        file(request);
        return;
      }
      byte[] content = Files.readAllBytes(request.file());
      request.head(200, "Content-Length: " + content.length);
      request.out().write(content, 0, (int) Math.min(bytes, content.length - 1));
      request.out().flush();
      reached.countDown();
      try {
        request.input().await();
      } catch (SocketException _) {
        // The program was killed: its end is gone, which is what was waited for.
      }
    }

    /** Returns when the bytes were sent and the program waits for more. */
    void awaitReached() throws InterruptedException {
      if (!reached.await(REACHED_SECONDS_MAX, TimeUnit.SECONDS)) {
        throw new AssertionError("the program did not ask for the file that stalls");
      }
    }
  }
}
