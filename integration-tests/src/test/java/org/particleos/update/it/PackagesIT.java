package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import com.sun.net.httpserver.SimpleFileServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.archive.SlimJar;
import org.particleos.update.demo.Tool;
import org.particleos.update.packages.PackageTree;

/** What is in the packages, and that the program in them works with the runtime in them. */
@ExtendWith(WithMachine.class)
class PackagesIT {
  private static final String TIME = "2026-11-22T00:00:00Z";

  // ---- The program with its own runtime ----

  @Test
  void aMachineIsUpdated(TestMachine machine) throws Exception {
    Packages.program(machine.program()).run(machine.arguments("apply")).expect(0);

    machine.assertVersionInstalled("2");
  }

  @Test
  void programsGetJson(TestMachine machine) throws Exception {
    Run run = Packages.program(machine.program()).run(machine.arguments("check", "--json=short"));

    assertEquals("2", run.expect(0).json().get("available").asText());
  }

  /** A certificate with a key on an elliptic curve, which the runtime must know. */
  @Test
  void aServerIsReachedByTls(TestMachine machine) throws Exception {
    Packages.toolNeeded("openssl");
    Path certificate = machine.folder().resolve("server.pem");
    try (AutoCloseable server = serve(machine, certificate)) {
      Program program = Packages.program(machine.program());

      Run untrusted = program.run(machine.arguments("check"));
      Run trusted =
          program
              .with("SSL_CERT_FILE", certificate.toString())
              .run(machine.arguments("check", "--json=short"));

      untrusted.failure(4);
      assertEquals("2", trusted.expect(0).json().get("available").asText(), server::toString);
    }
  }

  private static AutoCloseable serve(TestMachine machine, Path certificate) throws Exception {
    Path folder = machine.folder();
    Tool.run(
        folder,
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        certificate.toString(),
        "-days",
        "2",
        "-subj",
        "/CN=loopback",
        "-addext",
        "subjectAltName=IP:127.0.0.1");
    Tool.run(
        folder,
        "openssl",
        "pkcs12",
        "-export",
        "-inkey",
        "server.key",
        "-in",
        certificate.toString(),
        "-out",
        "server.p12",
        "-passout",
        "pass:loopback");
    char[] password = "loopback".toCharArray();
    var keys = KeyStore.getInstance(folder.resolve("server.p12").toFile(), password);
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, password);
    var context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    var server =
        HttpsServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            0,
            "/",
            SimpleFileServer.createFileHandler(machine.web()));
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.start();
    machine.configure(URI.create("https://127.0.0.1:" + server.getAddress().getPort() + "/"));
    return () -> server.stop(0);
  }

  @Test
  void theRuntimeHasNothingButWhatIsNeeded() throws IOException {
    Path runtime = Packages.home().resolve("runtime");
    String modules =
        Tool.run(runtime, runtime.resolve("bin/java").toString(), "--list-modules")
            .replaceAll("@\\S*", "");

    assertEquals(List.of("java"), names(runtime.resolve("bin")));
    assertEquals(
        Set.of(
            "java.base",
            "java.logging",
            "java.naming",
            "java.security.jgss",
            "java.security.sasl",
            "java.xml",
            "jdk.net",
            "jdk.security.auth",
            "jdk.unsupported"),
        modules.lines().collect(java.util.stream.Collectors.toSet()));
    assertTrue(names(runtime.resolve("lib/server")).stream().noneMatch(n -> n.endsWith(".jsa")));
  }

  @Test
  void itStartsFromTheClassArchiveOfItsRuntime(TestMachine machine) throws Exception {
    assertTrue(sourceOfMain(machine, Packages.home()).contains("shared objects file"));
  }

  /** Software that replaces software must not run what was replaced. */
  @Test
  void aPatchedJarIsRunAndNotWhatTheArchiveRemembers(TestMachine machine) throws Exception {
    Path copy = machine.folder().resolve("patched");
    Tool.run(machine.folder(), "cp", "-a", Packages.home().toString(), copy.toString());
    assertTrue(sourceOfMain(machine, copy).contains("shared objects file"));
    Path jar = own(copy.resolve("lib"));
    Path before = Files.copy(jar, machine.folder().resolve("before.jar"));

    patch(machine.folder(), jar);
    Files.setLastModifiedTime(jar, Files.getLastModifiedTime(before));

    Run run =
        Packages.program(machine.program())
            .at(copy.resolve("bin/particle-update"))
            .run("--version");
    assertEquals("patched\n", run.expect(0).out());
  }

  private static String sourceOfMain(TestMachine machine, Path home) throws Exception {
    Path log = machine.folder().resolve("loaded");
    Packages.program(machine.program())
        .at(home.resolve("bin/particle-update"))
        .with("PARTICLE_UPDATE_JAVA_OPTIONS", "-Xlog:class+load:file=" + log)
        .run("--version")
        .expect(0);
    return Files.readAllLines(log).stream()
        .filter(line -> line.contains("cli.Main "))
        .findFirst()
        .orElseThrow();
  }

  private static Path own(Path lib) throws IOException {
    return lib.resolve(
        names(lib).stream()
            .filter(name -> name.startsWith("particle-update-") && name.endsWith(".jar"))
            .findFirst()
            .orElseThrow());
  }

  /** Another main class, compiled by the JDK that runs the tests. */
  private static void patch(Path folder, Path jar) throws IOException {
    Path source =
        Files.writeString(
            folder.resolve("Main.java"),
            """
            package org.particleos.update.cli;
            public class Main {
              public static void main(String[] args) {
                System.out.println("patched");
              }
            }
            """);
    Tool.run(
        folder,
        Path.of(System.getProperty("java.home"), "bin", "javac").toString(),
        "-d",
        folder.resolve("classes").toString(),
        source.toString());
    String name = "org/particleos/update/cli/Main.class";
    try (var files = FileSystems.newFileSystem(jar)) {
      Files.copy(
          folder.resolve("classes").resolve(name),
          files.getPath(name),
          StandardCopyOption.REPLACE_EXISTING);
    }
  }

  // ---- What is shipped ----

  @Test
  void nativeLibrariesAreFilesAndOnlyForThisArchitecture() throws IOException {
    Path lib = Packages.home().resolve("lib");
    assertEquals(1, names(lib.resolve("native")).size());
    for (Path jar : jars(lib)) {
      try (var zip = new ZipFile(jar.toFile())) {
        List<String> found =
            zip.stream().map(e -> e.getName()).filter(SlimJar::nativeLibrary).toList();
        assertEquals(List.of(), found, jar::toString);
      }
    }
  }

  @Test
  void everyLibraryHasItsLicence() throws IOException {
    String copyright =
        Files.readString(Packages.tree().resolve("usr/share/doc/particle-update/copyright"));
    for (Path jar : jars(Packages.home().resolve("lib"))) {
      String name = jar.getFileName().toString();
      boolean named =
          name.startsWith("particle-update-")
              || copyright
                  .lines()
                  .filter(line -> line.startsWith("Files:"))
                  .flatMap(line -> Stream.of(line.split(" ")))
                  .map(pattern -> pattern.replaceFirst(".*/", "").replaceFirst("\\*$", ""))
                  .anyMatch(begin -> !begin.isEmpty() && name.startsWith(begin));
      assertTrue(named, name + " is not named in " + copyright);
    }
  }

  @Test
  void everythingLiesBelowUsrAndBelongsToRoot() throws IOException {
    Packages.toolNeeded("dpkg-deb");
    for (String line : contents()) {
      assertTrue(line.contains(" ./usr/"), line);
      assertTrue(line.substring(10).strip().startsWith("root/root"), line);
      assertTrue(
          line.startsWith("drwxr-xr-x")
              || line.startsWith("-rwxr-xr-x")
              || line.startsWith("-rw-r--r--")
              || line.startsWith("lrwxrwxrwx"),
          line);
    }
  }

  @Test
  void archiveAndDebianPackageHoldTheSameFiles() throws IOException {
    Packages.toolNeeded("dpkg-deb");
    Packages.toolNeeded("zstd");
    var debian = new TreeSet<String>();
    for (String line : contents()) {
      debian.add(line.replaceFirst(".* \\./", "").replaceFirst("/$", ""));
    }
    var archive = new TreeSet<String>();
    Tool.run(Packages.folder(), "tar", "--zstd", "-tvf", Packages.archive().toString())
        .lines()
        .forEach(
            line -> archive.add(line.replaceFirst(".*?\\d\\d:\\d\\d ", "").replaceFirst("/$", "")));

    assertTrue(debian.size() > 100, debian::toString);
    assertEquals(debian, archive);
  }

  private static List<String> contents() throws IOException {
    return Tool.run(Packages.folder(), "dpkg-deb", "--contents", Packages.debian().toString())
        .lines()
        .toList();
  }

  /** The whole way again: cutting the runtime, training, archiving classes, pages, packing. */
  @Test
  void buildingThemAgainGivesTheSameBytes(Releases releases) throws Exception {
    Path again = releases.scratch().resolve("packages");
    List<String> differences = new ArrayList<>();

    PackageTree.main(
        new String[] {Packages.repository().toString(), again.toString(), version(), TIME});

    Path tree = again.resolve("tree");
    try (Stream<Path> files = Files.walk(Packages.tree())) {
      for (Path file :
          files.filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS)).toList()) {
        Path other = tree.resolve(Packages.tree().relativize(file).toString());
        if (!Files.exists(other) || Files.mismatch(file, other) >= 0) {
          differences.add(other.toString());
        }
      }
    }
    assertEquals(List.of(), differences);
    String name = Packages.archive().getFileName().toString();
    assertEquals(-1, Files.mismatch(Packages.archive(), again.resolve(name)));
  }

  private static String version() throws IOException {
    return own(Packages.home().resolve("lib"))
        .getFileName()
        .toString()
        .replaceFirst("^particle-update-", "")
        .replaceFirst("\\.jar$", "");
  }

  @Test
  void nothingTellsWhereItWasBuilt() throws IOException {
    byte[] place = Packages.folder().toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    List<String> telling = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Packages.tree())) {
      for (Path file :
          files.filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS)).toList()) {
        if (contains(file, place)) {
          telling.add(file.toString());
        }
      }
    }
    assertEquals(List.of(), telling);
  }

  private static boolean contains(Path file, byte[] words) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readAllBytes();
      for (int i = 0; i <= content.length - words.length; i++) {
        int n = 0;
        while (n < words.length && content[i + n] == words[n]) {
          n++;
        }
        if (n == words.length) {
          return true;
        }
      }
      return false;
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static List<Path> jars(Path lib) throws IOException {
    try (Stream<Path> files = Files.list(lib)) {
      return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
  }
}
