package org.particleos.update.definition;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Collects {@link HostFacts}. A file that cannot be read is a fact that is not known. */
final class HostFactsReader {
  /** Far above any sensible os-release; these files are read before anything is checked. */
  private static final int FILE_BYTES_MAX = 1 << 20;

  private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");

  private HostFactsReader() {}

  static HostFacts read(Path root, Map<String, String> environment, Path running) {
    var inside = new Chase(root);
    var kernel = running.resolve("proc/sys/kernel");
    boolean rooted = !root.equals(running);
    return new HostFacts(
        firstLine(kernel.resolve("arch"))
            .or(() -> Optional.ofNullable(System.getProperty("os.arch")))
            .flatMap(machine -> Architecture.ofMachine(machine, ByteOrder.nativeOrder())),
        osRelease(inside, environment),
        firstLine(kernel.resolve("random/boot_id"))
            .map(text -> text.replace("-", ""))
            .filter(text -> ID.matcher(text).matches()),
        firstLine(kernel.resolve("hostname")).filter(text -> !text.isEmpty()),
        text(running.resolve("etc/machine-info"))
            .map(EnvironmentFile::parse)
            .map(fields -> fields.getOrDefault("PRETTY_HOSTNAME", ""))
            .filter(text -> !text.isEmpty()),
        inside
            .file(Path.of("/etc/machine-id"))
            .flatMap(HostFactsReader::firstLine)
            .filter(text -> ID.matcher(text).matches()),
        firstLine(kernel.resolve("osrelease")),
        rooted ? Path.of("/tmp") : temporary(environment, Path.of("/tmp")),
        rooted ? Path.of("/var/tmp") : temporary(environment, Path.of("/var/tmp")));
  }

  private static Optional<Map<String, String>> osRelease(
      Chase inside, Map<String, String> environment) {
    String override = environment.getOrDefault("SYSTEMD_OS_RELEASE", "");
    if (!override.isEmpty()) {
      return text(Path.of(override)).map(EnvironmentFile::parse);
    }
    return Stream.of("/etc/os-release", "/usr/lib/os-release")
        .flatMap(path -> inside.file(Path.of(path)).stream())
        .flatMap(path -> text(path).stream())
        .findFirst()
        .map(EnvironmentFile::parse);
  }

  private static Path temporary(Map<String, String> environment, Path fallback) {
    return Stream.of("TMPDIR", "TEMP", "TMP")
        .map(name -> environment.getOrDefault(name, ""))
        .filter(HostFactsReader::isUsableDirectory)
        .map(Path::of)
        .findFirst()
        .orElse(fallback);
  }

  private static boolean isUsableDirectory(String text) {
    return PathRule.violation(text).isEmpty() && Files.isDirectory(Path.of(text));
  }

  private static Optional<String> firstLine(Path file) {
    return text(file).map(text -> text.lines().findFirst().orElse("").strip());
  }

  private static Optional<String> text(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return Optional.of(new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8));
    } catch (IOException _) {
      // Most machines lack some of these files. A definition that needs the fact says so.
      return Optional.empty();
    }
  }
}
