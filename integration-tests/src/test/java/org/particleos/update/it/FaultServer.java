package org.particleos.update.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.particleos.update.it.Faults.Answer;
import org.particleos.update.it.Faults.Request;

/**
 * Serves a folder over HTTP on the loopback interface, and misbehaves for the names it is told to.
 * One question per connection.
 */
final class FaultServer implements AutoCloseable {
  private static final Pattern RANGE = Pattern.compile("Range: bytes=([0-9]+)-([0-9]*)");

  private final ServerSocket listening;
  private final String scheme;
  private final Path folder;
  private final Map<String, Answer> faults = new ConcurrentHashMap<>();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<String> questions = new CopyOnWriteArrayList<>();

  FaultServer(Path folder) throws IOException {
    this(folder, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), "http");
  }

  FaultServer(Path folder, ServerSocket listening, String scheme) {
    this.folder = folder;
    this.listening = listening;
    this.scheme = scheme;
    Thread.ofPlatform().daemon().name("fault-server").start(this::accept);
  }

  URI uri() {
    return URI.create(scheme + "://127.0.0.1:" + listening.getLocalPort() + "/");
  }

  /** From now on files whose name ends like that are answered differently. */
  void fault(String nameEnd, Answer answer) {
    faults.put(nameEnd, answer);
  }

  /** From now on everything is answered honestly. */
  void behave() {
    faults.clear();
  }

  /**
   * Method and name of each question so far, and its first byte where that is not 0; SIZE where
   * only the beginning was asked for.
   */
  List<String> questions() {
    return List.copyOf(questions);
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        open.add(socket);
        Thread.ofPlatform().daemon().name("fault-server-answer").start(() -> answer(socket));
      } catch (SocketException _) {
        // Closed: the loop ends.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void answer(Socket socket) {
    try (socket) {
      var in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      String question = in.readLine();
      int firstByte = 0;
      var lastByte = OptionalInt.empty();
      for (String line = question; line != null && !line.isEmpty(); ) {
        line = in.readLine();
        var range = RANGE.matcher(line == null ? "" : line);
        if (range.matches()) {
          firstByte = Integer.parseInt(range.group(1));
          lastByte =
              range.group(2).isEmpty()
                  ? OptionalInt.empty()
                  : OptionalInt.of(Integer.parseInt(range.group(2)));
        }
      }
      if (question != null) {
        String[] words = question.split(" ", -1);
        String name = words[1].substring(words[1].lastIndexOf('/') + 1);
        questions.add(
            (lastByte.isPresent() ? "SIZE" : words[0])
                + " "
                + name
                + (firstByte > 0 ? " from " + firstByte : ""));
        var request =
            new Request(
                words[0],
                name,
                firstByte,
                lastByte,
                folder.resolve(name),
                socket.getOutputStream(),
                () -> {
                  if (in.read() >= 0) {
                    throw new IOException("the program said more than its question");
                  }
                });
        chosen(name).give(request);
        socket.getOutputStream().flush();
      }
    } catch (IOException _) {
      // The program went away, which is its right; what it made of it is what tests look at.
    } finally {
      open.remove(socket);
    }
  }

  private Answer chosen(String name) {
    return faults.entrySet().stream()
        .filter(entry -> name.endsWith(entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(Faults::file);
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
