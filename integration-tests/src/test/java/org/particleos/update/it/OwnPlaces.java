package org.particleos.update.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.particleos.update.demo.Tool;

/**
 * What the program keeps on the machine that runs it: locks and hooks in {@code /run}, the install
 * database in {@code /var/lib}. Root could write there, so a program that root tests gets folders
 * of the tests in their place, the same for all its runs, by a mount namespace of its own.
 */
final class OwnPlaces {
  private static final String ENTER =
      "mount --bind \"$1\" /run && mount --bind \"$2\" /var/lib && shift 2 && exec \"$@\"";

  /** How to run something there; found out once. */
  private static final List<String> COMMAND = command();

  private OwnPlaces() {}

  /** What to put before a command; empty where nothing has to be, or can be, replaced. */
  static List<String> prefix() {
    return COMMAND;
  }

  private static List<String> command() {
    if (!Root.isRoot()) {
      return List.of();
    }
    try {
      Path folder = Files.createTempDirectory("particle-update-places");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      List<String> command =
          List.of(
              "unshare",
              "--mount",
              "--propagation=private",
              "sh",
              "-c",
              ENTER,
              "sh",
              Files.createDirectory(folder.resolve("run")).toString(),
              Files.createDirectory(folder.resolve("lib")).toString());
      String[] probe = Stream.concat(command.stream(), Stream.of("true")).toArray(String[]::new);
      // A root without the right to mount has a throw-away machine around it already.
      return Tool.call(folder, Map.of(), "", probe).status() == 0 ? command : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make places for the program", e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
