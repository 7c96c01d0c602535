package org.particleos.update.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.particleos.update.demo.Tool;

/** What {@code mvn -Pdist package} left behind. */
final class Packages {
  private Packages() {}

  /** The folder of packages. Tests that need it are skipped in a build without them. */
  static Path folder() {
    String folder = System.getProperty("particle-update.packages", "");
    assumeTrue(!folder.isEmpty(), "no packages were built; mvn -Pdist verify does that");
    return Path.of(folder).toAbsolutePath().normalize();
  }

  /** What is installed, as a tree. */
  static Path tree() {
    return folder().resolve("tree");
  }

  /** Where the program lies in it. */
  static Path home() {
    return tree().resolve("usr/lib/particle-update");
  }

  /** The program with the runtime that came along. */
  static Program program(Program like) {
    return like.at(home().resolve("bin/particle-update")).with("JAVA_HOME", "/nonexistent");
  }

  static Path debian() throws IOException {
    return one(".deb");
  }

  static Path archive() throws IOException {
    return one(".tar.zst");
  }

  private static Path one(String ending) throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      List<Path> found = files.filter(file -> file.toString().endsWith(ending)).toList();
      if (found.size() != 1) {
        throw new IOException("expected one package " + ending + " and found " + found);
      }
      return found.getFirst();
    }
  }

  /** The repository that is being built. */
  static Path repository() {
    return Path.of(System.getProperty("particle-update.repository")).toAbsolutePath().normalize();
  }

  static void toolNeeded(String tool) {
    assumeTrue(Tool.find(tool).isPresent(), () -> tool + " is not installed");
  }
}
