package org.particleos.update.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * An operating system below a directory that passes for the running one, with transfers from local
 * directories to local directories.
 */
record Premises(Path home, CapturedRun.Setup setup) {
  /** The time and mode of every file that is offered. */
  static final Instant OFFERED_AT = Instant.ofEpochSecond(1_700_000_000L);

  static Premises at(Path home) throws IOException {
    Files.createDirectories(home.resolve("root"));
    return new Premises(home, new CapturedRun.Setup(home).within(home.resolve("root")));
  }

  Premises named(String programName) {
    return new Premises(home, setup.named(programName));
  }

  Premises ascii() {
    return new Premises(home, setup.ascii());
  }

  CapturedRun run(String... arguments) {
    return setup.run(arguments);
  }

  Path at(String path) {
    return setup.root().resolve(path.substring(1));
  }

  Premises file(String path, String text) throws IOException {
    Files.createDirectories(at(path).getParent());
    Files.writeString(at(path), text);
    return this;
  }

  Premises running(String version) throws IOException {
    Files.writeString(home.resolve("os-release"), "ID=test\nIMAGE_VERSION=" + version + "\n");
    return this;
  }

  /**
   * Files named {@code NAME_VERSION}, from {@code /srv/NAME} to {@code /var/NAME}.
   *
   * @param lines for the section [Transfer]
   */
  static String plainFiles(String name, String... lines) {
    return """
    [Transfer]
    %2$s
    [Source]
    Type=regular-file
    Path=/srv/%1$s
    MatchPattern=%1$s_@v
    [Target]
    Type=regular-file
    Path=/var/%1$s
    InstancesMax=2
    """
        .formatted(name, String.join("\n", lines));
  }

  Premises transfer(String id, String text) throws IOException {
    return file("/etc/sysupdate.d/" + id + ".transfer", text);
  }

  Premises component(String component, String id, String text) throws IOException {
    return file("/etc/sysupdate." + component + ".d/" + id + ".transfer", text);
  }

  Premises offers(String name, String... versions) throws IOException {
    return put("/srv/", name, versions);
  }

  Premises holds(String name, String... versions) throws IOException {
    return put("/var/", name, versions);
  }

  private Premises put(String directory, String name, String... versions) throws IOException {
    for (String version : versions) {
      String path = directory + name + "/" + name + "_" + version;
      file(path, name + version);
      Files.setPosixFilePermissions(at(path), PosixFilePermissions.fromString("rw-r--r--"));
      Files.setLastModifiedTime(at(path), FileTime.from(OFFERED_AT));
    }
    return this;
  }

  List<String> names(String directory) throws IOException {
    if (!Files.exists(at(directory))) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(at(directory))) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
