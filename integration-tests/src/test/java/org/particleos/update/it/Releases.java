package org.particleos.update.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;
import org.particleos.update.demo.Release;

/**
 * What all tests share because it takes time to build: three releases, a publisher who has
 * published each of them in a folder of its own, and a machine with the first one installed.
 */
final class Releases implements AutoCloseable {
  /** Enough for payloads of several network buffers. */
  private static final long CONTENT_BYTES = 4L << 20;

  static final long USR_SLOT_BYTES = 8L << 20;

  private final Path folder;
  private final Publisher publisher;
  private final Map<String, Release> releases = new TreeMap<>();

  Releases() throws IOException {
    folder = Files.createTempDirectory("particle-update-it");
    publisher = new Publisher(folder.resolve("publisher"), DemoMachine.architecture());
    for (String version : new String[] {"1", "2", "3"}) {
      Path work = Files.createDirectories(folder.resolve("build-" + version));
      releases.put(version, Release.build(work, version, CONTENT_BYTES));
    }
    Path template = Files.createDirectories(folder.resolve("machine"));
    var machine = new DemoMachine(template);
    machine.install(release("1"), USR_SLOT_BYTES);
    publisher.exportKeyring(machine.keyring());
    publish(folder.resolve("web"), release("2"));
  }

  Release release(String version) {
    return releases.get(version);
  }

  /** A scratch folder that goes when the tests are done. */
  Path scratch() throws IOException {
    return Files.createTempDirectory(folder, "test");
  }

  Path machineTemplate() {
    return folder.resolve("machine");
  }

  Path webTemplate() {
    return folder.resolve("web");
  }

  Publisher publisher() {
    return publisher;
  }

  /** Puts the payloads of a release into a folder and signs all that is there. */
  void publish(Path web, Release release) throws IOException {
    Files.createDirectories(web);
    publisher.addTo(web, release);
    publisher.sign(web);
  }

  @Override
  public void close() throws IOException {
    publisher.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
