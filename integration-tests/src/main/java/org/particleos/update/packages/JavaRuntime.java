package org.particleos.update.packages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.particleos.update.demo.Tool;

/**
 * The part of the JDK that the program needs, cut out by jlink.
 *
 * <p>It is not compressed: the package is, and most file systems of immutable machines are. A
 * compressed one would take longer to start.
 */
final class JavaRuntime {
  /**
   * Found by {@code jdeps}, and by running every test with nothing else: XML is D-Bus
   * introspection, logging is JNA's, naming is Bouncy Castle's; {@code jdk.net} tells who is at the
   * other end of a Unix socket, {@code jdk.security.auth} who we are, and {@code jdk.unsupported}
   * lets the daemon hear signals (by reflection, which {@code jdeps} does not see). What else the
   * libraries name (desktop, SQL) they do without.
   */
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.logging",
          "java.naming",
          "java.xml",
          "jdk.net",
          "jdk.security.auth",
          "jdk.unsupported");

  /** The only program of it that is started. */
  private static final String LAUNCHER = "java";

  private JavaRuntime() {}

  /**
   * Makes the runtime of the JDK that runs this build, where the launcher looks for it.
   *
   * @param home the folder of the program, without a runtime yet
   * @throws IOException also if that is none that can do so
   */
  static void link(Path home) throws IOException {
    Path folder = home.resolve("runtime");
    Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
    if (!Files.isExecutable(jlink)) {
      throw new IOException("there is no " + jlink + ": a whole JDK is needed to cut one");
    }
    Tool.run(
        home,
        jlink.toString(),
        "--add-modules",
        String.join(",", MODULES),
        "--strip-java-debug-attributes",
        "--no-header-files",
        "--no-man-pages",
        "--output",
        folder.toString());
    try (Stream<Path> programs = Files.list(folder.resolve("bin"))) {
      for (Path program : programs.filter(p -> !p.endsWith(LAUNCHER)).toList()) {
        Files.delete(program);
      }
    }
    // Archives of the JDK's own classes: ours has them all, and is the only one that is used.
    try (Stream<Path> files = Files.list(folder.resolve("lib/server"))) {
      for (Path archive : files.filter(f -> f.toString().endsWith(".jsa")).toList()) {
        Files.delete(archive);
      }
    }
    // For other virtual machines that look into this one.
    Files.deleteIfExists(folder.resolve("lib/jrt-fs.jar"));
  }
}
