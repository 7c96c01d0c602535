package org.particleos.update.packages;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.particleos.update.archive.ClassArchive;
import org.particleos.update.archive.SlimJar;
import org.particleos.update.demo.Tool;

/**
 * Puts together what is installed, all of it below {@code /usr}: the distribution with native
 * libraries of this architecture only, a Java runtime, a class archive made with both, units,
 * manual pages, completion and licences. Then packs it, once for people and once for the tool that
 * makes the Debian package.
 */
public final class PackageTree {
  private static final String NAME = "particle-update";

  /** Directories of {@code systemd-units} that are copied as they are. */
  private static final List<String> UNITS = List.of("lib", "share");

  private static final Pattern PAGE = Pattern.compile("(.+)\\.([1-9])");

  /** Licence texts, under the names that libraries give them. */
  private static final Pattern LICENCE =
      Pattern.compile(
          "(?:META-INF/)?((?:LICENSE|LICENCE|NOTICE|COPYING|AL2\\.0|LGPL2\\.1)[^/]*)",
          Pattern.CASE_INSENSITIVE);

  private static final Set<PosixFilePermission> EXECUTABLE =
      PosixFilePermissions.fromString("rwxr-xr-x");
  private static final Set<PosixFilePermission> ORDINARY =
      PosixFilePermissions.fromString("rw-r--r--");

  private final Path repository;
  private final Path tree;
  private final Path home;
  private final Instant time;

  private PackageTree(Path repository, Path tree, Instant time) {
    this.repository = repository;
    this.tree = tree;
    this.home = tree.resolve("usr/lib").resolve(NAME);
    this.time = time;
  }

  /**
   * Builds everything anew.
   *
   * @param args the repository, the folder of the packages, the version, the time of all files
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 4) {
      throw new IllegalArgumentException("expected: repository, folder of packages, version, time");
    }
    List<String> missing = ClassArchive.missingTools();
    if (!missing.isEmpty()) {
      throw new IOException("to make packages, install first: " + String.join(", ", missing));
    }
    Path packages = Path.of(args[1]).toAbsolutePath().normalize();
    delete(packages);
    Path tree = Files.createDirectories(packages.resolve("tree"));
    Instant time = Instant.parse(args[3]);
    var build = new PackageTree(Path.of(args[0]).toRealPath(), tree, time);
    build.program();
    build.units();
    build.manualPages();
    build.completion();
    build.documentation();
    build.unifyTimes();
    Path archive = packages.resolve("tree.tar");
    PackedTree.write(tree, time, archive);
    PackedTree.compress(
        archive, packages.resolve(NAME + "-" + args[2] + "-" + machine() + ".tar.zst"));
  }

  /** As {@code uname -m} says. */
  private static String machine() {
    String architecture = System.getProperty("os.arch");
    return architecture.equals("amd64") ? "x86_64" : architecture;
  }

  private void program() throws IOException {
    Path distribution = repository.resolve("agent/target/dist");
    copy(distribution.resolve("bin"), home.resolve("bin"));
    copy(distribution.resolve("share"), home.resolve("share"));
    Path lib = Files.createDirectories(home.resolve("lib"));
    try (Stream<Path> files = Files.list(distribution.resolve("lib"))) {
      for (Path jar : files.filter(f -> f.toString().endsWith(".jar")).toList()) {
        Path copied = Files.copy(jar, lib.resolve(jar.getFileName().toString()));
        SlimJar.removeNativeLibraries(copied);
      }
    }
    Path natives = Path.of("native", machine());
    copy(distribution.resolve("lib").resolve(natives), lib.resolve(natives));
    JavaRuntime.link(home);
    ClassArchive.make(
        home,
        repository.resolve("transfer-definitions/generic/development"),
        tree.resolveSibling("training"),
        time);
    Path bin = Files.createDirectories(tree.resolve("usr/bin"));
    Files.createSymbolicLink(
        bin.resolve(NAME), Path.of("../lib").resolve(NAME).resolve("bin").resolve(NAME));
  }

  private void units() throws IOException {
    for (String directory : UNITS) {
      copy(
          repository.resolve("systemd-units").resolve(directory),
          tree.resolve("usr").resolve(directory));
    }
  }

  private void manualPages() throws IOException {
    JsonNode program = new ObjectMapper().readTree(ask("--introspect-cli"));
    try (Stream<Path> files = Files.list(repository.resolve("docs/man"))) {
      for (Path file : files.toList()) {
        Matcher name = PAGE.matcher(file.getFileName().toString());
        if (name.matches()) {
          String text = Files.readString(file);
          String page = name.group(1).equals(NAME) ? new ManualPage(program).in(text) : text;
          packed(tree.resolve("usr/share/man/man" + name.group(2)), name.group(), page);
        }
      }
    }
  }

  private void completion() throws IOException {
    Path folder = Files.createDirectories(tree.resolve("usr/share/bash-completion/completions"));
    Files.writeString(folder.resolve(NAME), ask("generate-completion"));
  }

  private void documentation() throws IOException {
    Path folder = Files.createDirectories(tree.resolve("usr/share/doc").resolve(NAME));
    Files.copy(repository.resolve("build-tools/debian/copyright"), folder.resolve("copyright"));
    packed(folder, "README.md", Files.readString(repository.resolve("README.md")));
    Path licences = Files.createDirectories(folder.resolve("licences"));
    Files.copy(repository.resolve("LICENSE"), licences.resolve(NAME + ".LICENSE"));
    try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
      for (Path jar : jars.filter(f -> f.toString().endsWith(".jar")).toList()) {
        licences(jar, licences);
      }
    }
    // What the runtime says about itself belongs to it.
    Files.createSymbolicLink(
        licences.resolve("runtime"), Path.of("../../../../lib", NAME, "runtime/legal"));
  }

  private static void licences(Path jar, Path folder) throws IOException {
    String name = jar.getFileName().toString().replaceFirst("\\.jar$", "");
    try (var zip = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : zip.stream().filter(e -> !e.isDirectory()).toList()) {
        Matcher licence = LICENCE.matcher(entry.getName());
        if (licence.matches() && !name.startsWith(NAME)) {
          Path file = folder.resolve(name + "." + licence.group(1));
          try (var text = zip.getInputStream(entry)) {
            Files.copy(text, file, StandardCopyOption.REPLACE_EXISTING);
          }
        }
      }
    }
  }

  /** What the program that has just been put together prints. */
  private String ask(String word) throws IOException {
    Tool.Result result =
        Tool.call(tree, Map.of(), "", home.resolve("bin").resolve(NAME).toString(), word);
    if (result.status() != 0) {
      throw new IOException(word + " ended with " + result.status() + ":\n" + result.output());
    }
    return result.output();
  }

  private static void packed(Path folder, String name, String text) throws IOException {
    Path file = Files.createDirectories(folder).resolve(name + ".gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.sorted().toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
          Files.setPosixFilePermissions(target, Files.isExecutable(path) ? EXECUTABLE : ORDINARY);
        }
      }
    }
  }

  /** As they will be when they are unpacked, so that the tree itself can be tried out. */
  private void unifyTimes() throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        if (!Files.isSymbolicLink(path)) {
          Files.setLastModifiedTime(path, FileTime.from(time));
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
