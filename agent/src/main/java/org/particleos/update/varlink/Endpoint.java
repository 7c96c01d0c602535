package org.particleos.update.varlink;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.UnixListener;

/**
 * The socket that clients connect to: passed by the service manager (sd_listen_fds(3)), or made
 * here, so that the daemon is reached also where nobody set up a socket unit.
 */
final class Endpoint {
  /** What the socket unit calls it ({@code FileDescriptorName=}). */
  static final String DESCRIPTOR_NAME = "varlink";

  /** Passed descriptors come after input, output and error stream. */
  private static final int FIRST_PASSED = 3;

  /** Everybody may connect; what each may do is decided call by call. */
  private static final int MODE = 0666;

  private final UnixListener listener;
  private final Optional<Bound> bound;

  /** A socket that was made here, and how to know it again. */
  private record Bound(Path path, Object key) {}

  private Endpoint(UnixListener listener, Optional<Bound> bound) {
    this.listener = listener;
    this.bound = bound;
  }

  /**
   * @param environment of this process
   * @param process its number: variables may have been meant for another one
   * @param path where it is made if none was passed
   * @throws IOException also if somebody else listens there
   */
  static Endpoint open(Map<String, String> environment, long process, Path path)
      throws IOException {
    OptionalInt passed = passed(environment, process);
    if (passed.isPresent()) {
      return new Endpoint(UnixListener.passed(passed.getAsInt()), Optional.empty());
    }
    clear(path);
    Files.createDirectories(path.toAbsolutePath().getParent());
    UnixListener listener = UnixListener.bind(path, MODE);
    try {
      return new Endpoint(listener, Optional.of(new Bound(path, key(path))));
    } catch (IOException | RuntimeException | Error failed) {
      listener.close();
      throw failed;
    }
  }

  static OptionalInt passed(Map<String, String> environment, long process) {
    if (!environment.getOrDefault("LISTEN_PID", "").equals(Long.toString(process))) {
      return OptionalInt.empty();
    }
    List<String> names = Arrays.asList(environment.getOrDefault("LISTEN_FDNAMES", "").split(":"));
    int index = names.indexOf(DESCRIPTOR_NAME);
    int count;
    try {
      count = Integer.parseInt(environment.getOrDefault("LISTEN_FDS", ""));
    } catch (NumberFormatException _) {
      return OptionalInt.empty();
    }
    return index >= 0 && index < count ? OptionalInt.of(FIRST_PASSED + index) : OptionalInt.empty();
  }

  /** Removes a socket that was left behind by somebody who is gone, and nothing else. */
  private static void clear(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.configureBlocking(false); // who listens but does not accept is somebody as well
      channel.connect(UnixDomainSocketAddress.of(path));
    } catch (ConnectException refused) {
      var attributes =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!attributes.isOther()) { // no socket
        throw refused;
      }
      Files.delete(path);
      return;
    }
    throw new IOException(
        "another program listens at " + Quote.quote(path.toString()) + " already");
  }

  private static Object key(Path path) throws IOException {
    return Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
  }

  UnixListener listener() {
    return listener;
  }

  /** Removes what was made here, unless somebody has put another one in its place. */
  void remove() throws IOException {
    if (bound.isPresent()) {
      Path path = bound.get().path();
      try {
        if (key(path).equals(bound.get().key())) {
          Files.delete(path);
        }
      } catch (NoSuchFileException _) {
        // Just as well.
      }
    }
  }
}
