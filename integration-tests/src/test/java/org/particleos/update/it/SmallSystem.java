package org.particleos.update.it;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A system below a folder, for {@code --root=}: definitions, a target folder and an offer that is
 * reached by a {@code file:} URL. No disk, no ESP, no signatures; so tests of the command line can
 * have one each. Nothing of it is the host's: not the definitions, not the install database.
 */
final class SmallSystem {
  private final Path root;
  private final Offer offer;
  private final Program program;

  private SmallSystem(Path root, Offer offer, Program program) {
    this.root = root;
    this.offer = offer;
    this.program = program;
  }

  static SmallSystem in(Path folder) throws IOException {
    var system =
        new SmallSystem(
            Files.createDirectories(folder.resolve("root")),
            new Offer(folder.resolve("offer")),
            Program.reference());
    system.running("0");
    return system;
  }

  /** The same system, worked on by another program or with other variables. */
  SmallSystem by(Program other) {
    return new SmallSystem(root, offer, other);
  }

  SmallSystem with(String variable, String value) {
    return by(program.with(variable, value));
  }

  Path root() {
    return root;
  }

  Path path(String name) {
    return root.resolve(name);
  }

  Offer offer() {
    return offer;
  }

  Program program() {
    return program;
  }

  // ---- Setting up ----

  /** Pretends that a version was started. */
  SmallSystem running(String version) throws IOException {
    return write("etc/os-release", "ID=small\nIMAGE_ID=small\nIMAGE_VERSION=" + version + "\n");
  }

  /** Writes a file of the system; the name is relative to its root. */
  SmallSystem write(String name, String content) throws IOException {
    Files.createDirectories(path(name).getParent());
    Files.writeString(path(name), content);
    return this;
  }

  SmallSystem delete(String name) throws IOException {
    Files.delete(path(name));
    return this;
  }

  /** A transfer of the operating system: unsigned files from the offer to {@code /target}. */
  SmallSystem transfer(String id, String pattern, String... targetLines) throws IOException {
    return write(
        "usr/lib/sysupdate.d/" + id + ".transfer", urlFile(offer.uri(), pattern, targetLines));
  }

  /** The same in a component. */
  SmallSystem component(String name, String id, String pattern) throws IOException {
    return write(
        "usr/lib/sysupdate." + name + ".d/" + id + ".transfer", urlFile(offer.uri(), pattern));
  }

  static String urlFile(URI from, String pattern, String... targetLines) {
    return """
    [Transfer]
    Verify=no
    [Source]
    Type=url-file
    Path=%s
    MatchPattern=%s
    [Target]
    Type=regular-file
    Path=/target
    %s
    """
        .formatted(from, pattern, String.join("\n", targetLines));
  }

  // ---- Running ----

  Run run(String... words) throws IOException, InterruptedException {
    return program.run(arguments(words));
  }

  String[] arguments(String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.add("--root=" + root);
    return all.toArray(String[]::new);
  }

  // ---- Looking ----

  /** Names of all files and links below a folder of the system, sorted; hidden ones, too. */
  List<String> files(String folder) throws IOException {
    Path base = path(folder);
    if (!Files.exists(base)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(base)) {
      return all.filter(file -> !Files.isDirectory(file, java.nio.file.LinkOption.NOFOLLOW_LINKS))
          .map(file -> base.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  /** What is in {@code /target}. */
  List<String> target() throws IOException {
    return files("target");
  }

  String text(String name) throws IOException {
    return Files.readString(path(name));
  }

  /** What the install database of the operating system records: pattern paths. */
  List<String> records() throws IOException {
    return records("installdb");
  }

  List<String> records(String database) throws IOException {
    List<String> records = new ArrayList<>();
    for (String name : files("var/lib/systemd/sysupdate/" + database)) {
      records.add(
          Files.readSymbolicLink(path("var/lib/systemd/sysupdate/" + database).resolve(name))
              .toString());
    }
    return records.stream().sorted().toList();
  }
}
