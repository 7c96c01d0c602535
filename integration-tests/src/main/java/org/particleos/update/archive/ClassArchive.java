package org.particleos.update.archive;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;
import org.particleos.update.demo.Release;
import org.particleos.update.demo.Tool;
import org.particleos.update.demo.WebServer;

/**
 * Makes {@code lib/particle-update.jsa} of a distribution: the classes that real runs of the
 * program loaded, in the form the virtual machine keeps them in memory.
 *
 * <p>The archive belongs to one build of the Java runtime and to these very jars. The virtual
 * machine compares their sizes and times and starts without the archive, only slower, if anything
 * differs. So that packaging tools, which cut times to that of the source, change nothing, the jars
 * get a fixed time here.
 */
public final class ClassArchive {
  private static final String ARCHIVE = "particle-update.jsa";
  private static final long CONTENT_BYTES = 4L << 20;
  private static final long SLOT_BYTES = 16L << 20;

  /** Mostly the first two are the same. */
  private static final int DUMPS_MAX = 8;

  /** Where the start is most of it: these are run twice, since little is left to chance then. */
  private static final List<String> ANSWERS = List.of("check", "status", "list");

  /** With them nearly everything is loaded that there is. */
  private static final List<List<String>> TRAINING =
      List.of(List.of("doctor"), List.of("apply"), List.of("verify"), List.of("vacuum"));

  /** What the machine and the server of the training are made with. */
  private static final List<String> TOOLS =
      List.of("gpg", "gpg-agent", "sfdisk", "mkfs.erofs", "veritysetup", "openssl", "zstd");

  /** Numbers that tell apart classes of the same name within one list; never needed here. */
  private static final Pattern IDENTIFIERS =
      Pattern.compile(" (?:id: \\d+|super: \\d+|interfaces:(?: \\d+)+)");

  private final Path distribution;
  private final Path java;
  private final Path work;

  private ClassArchive(Path distribution, Path work) {
    this.distribution = distribution;
    Path own = distribution.resolve("runtime/bin/java");
    // As the launcher does it: an archive fits only the Java that wrote it.
    this.java =
        Files.isExecutable(own) ? own : Path.of(System.getProperty("java.home"), "bin", "java");
    this.work = work;
  }

  /**
   * Makes the archive of one distribution. Does without, and says so, where tools are missing.
   *
   * @param args the distribution, the shipped definitions, a folder to work in, and the time that
   *     the jars get
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 4) {
      throw new IllegalArgumentException(
          "expected: distribution, shipped definitions, folder to work in, time of the jars");
    }
    List<String> missing = missingTools();
    if (!missing.isEmpty()) {
      System.err.println(
          "Made no class archive, since these tools are missing: "
              + String.join(", ", missing)
              + ". The program works without it, but starts half as fast.");
      return;
    }
    make(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), Instant.parse(args[3]));
  }

  /** What has to be installed before an archive can be made. */
  public static List<String> missingTools() {
    return TOOLS.stream().filter(tool -> Tool.find(tool).isEmpty()).toList();
  }

  /**
   * Makes the archive with the runtime of the distribution, or with this one if it has none.
   *
   * @param definitions the shipped ones
   * @param folder to work in; it is emptied before and removed afterwards
   * @param time what the jars get; together with their sizes it is what the archive is compared
   *     with
   */
  public static void make(Path distribution, Path definitions, Path folder, Instant time)
      throws IOException {
    Path work = folder.toAbsolutePath();
    delete(work);
    Files.createDirectories(work);
    var archive = new ClassArchive(distribution.toRealPath(), work);
    Files.deleteIfExists(archive.distribution.resolve("lib").resolve(ARCHIVE));
    List<Path> jars = archive.jars();
    for (Path jar : jars) {
      SlimJar.removeSignature(jar);
    }
    OldClasses.modernize(jars);
    for (Path jar : jars) {
      Files.setLastModifiedTime(jar, FileTime.from(time));
    }
    archive.dump(jars, archive.train(definitions));
    archive.requireThatItIsUsed();
    delete(work);
  }

  /** In the order of the launcher, which the archive remembers. */
  private List<Path> jars() throws IOException {
    try (Stream<Path> files = Files.list(distribution.resolve("lib"))) {
      return files
          .filter(file -> file.toString().endsWith(".jar"))
          .sorted(Comparator.comparing(Path::toString))
          .toList();
    }
  }

  private List<String> train(Path shipped) throws IOException {
    var machine = new DemoMachine(Files.createDirectories(work.resolve("machine")));
    machine.install(release("1"), SLOT_BYTES);
    Path web = work.resolve("web");
    try (var publisher = new Publisher(web, DemoMachine.architecture())) {
      publisher.exportKeyring(machine.keyring());
      publisher.add(release("2"));
      publisher.sign();
    }
    var classes = new ClassList();
    try (var server = new WebServer(web, Long.MAX_VALUE)) {
      machine.configure(shipped, server.uri());
      for (String word : List.of("--version", "--help")) {
        classes.add(classesOf(List.of(word), machine.environment()));
      }
      String place = "--definitions=" + machine.definitions();
      for (String verb : ANSWERS) {
        classes.add(
            classesOf(List.of(verb, place), machine.environment()),
            classesOf(List.of(verb, place, "--json=short"), machine.environment()));
      }
      for (List<String> words : TRAINING) {
        var command = new ArrayList<>(words);
        command.add(place);
        classes.add(classesOf(command, machine.environment()));
      }
    }
    if (DaemonTraining.possible()) {
      var training =
          new DaemonTraining(
              distribution.resolve("bin/particle-update"),
              Files.createDirectories(work.resolve("daemon")),
              Map.of("JAVA_HOME", System.getProperty("java.home")));
      for (Path list : training.run()) {
        classes.add(classesIn(list).stream().filter(ClassArchive::isLoadedEveryTime).toList());
      }
    } else {
      System.err.println(
          "There is no dbus-daemon: the class archive does without the classes of the daemon,"
              + " which starts the slower for it.");
    }
    return classes.lines();
  }

  private Release release(String version) throws IOException {
    Path folder = Files.createDirectories(work.resolve("release-" + version));
    return Release.build(folder, version, CONTENT_BYTES);
  }

  private List<String> classesOf(List<String> words, Map<String, String> environment)
      throws IOException {
    Path list = work.resolve("classes");
    run(words, environment, "-XX:DumpLoadedClassList=" + list);
    return classesIn(list);
  }

  private static List<String> classesIn(Path list) throws IOException {
    return Files.readAllLines(list).stream()
        // Which references a class had looked up by then depends on the race of threads and
        // compiler, and would make every archive another one.
        .filter(line -> !line.startsWith("@cp "))
        // Classes of other loaders name the file they came from; there are none worth keeping.
        .filter(line -> !line.contains(" source: "))
        .map(line -> IDENTIFIERS.matcher(line).replaceAll(""))
        .toList();
  }

  /**
   * Whether a program with several threads loads this class each time. How method handles are
   * called changes after they were called so and so often, which depends on who was faster.
   */
  private static boolean isLoadedEveryTime(String line) {
    return !line.startsWith("java/lang/invoke/") && !line.startsWith("@lambda-form-invoker ");
  }

  private void run(List<String> words, Map<String, String> environment, String options)
      throws IOException {
    var command = new ArrayList<>(List.of(distribution + "/bin/particle-update"));
    command.addAll(words);
    var variables = new HashMap<>(environment);
    variables.put("JAVA_HOME", System.getProperty("java.home"));
    variables.put("PARTICLE_UPDATE_JAVA_OPTIONS", options);
    var result = Tool.call(work, variables, "", command.toArray(String[]::new));
    // Doctor tells with its status that the demo machine has no boot loader.
    if (result.status() != 0 && !words.contains("doctor")) {
      throw new IOException(
          String.join(" ", command) + " ended with " + result.status() + ":\n" + result.output());
    }
  }

  /**
   * Writes the archive. The virtual machine keeps in it what it had looked up until then, and a
   * thread of its own that comes to run at another moment changes a few bytes of that. So archives
   * are written until two are the same.
   */
  private void dump(List<Path> jars, List<String> classes) throws IOException {
    Path list = Files.write(work.resolve("all-classes"), classes);
    List<Path> made = new ArrayList<>();
    while (made.size() < DUMPS_MAX) {
      Path archive = work.resolve(made.size() + ARCHIVE);
      dump(jars, list, archive);
      for (Path other : made) {
        if (Files.mismatch(archive, other) < 0) {
          Files.move(
              archive,
              distribution.resolve("lib").resolve(ARCHIVE),
              StandardCopyOption.REPLACE_EXISTING,
              StandardCopyOption.ATOMIC_MOVE);
          return;
        }
      }
      made.add(archive);
    }
    throw new IOException("of " + DUMPS_MAX + " archives of the same classes no two are the same");
  }

  private void dump(List<Path> jars, Path list, Path archive) throws IOException {
    // Relative, so that the archive does not tell where it was made. The virtual machine compares
    // the names behind what all jars have in common.
    Tool.run(
        distribution,
        java.toString(),
        "-Xshare:dump",
        "-Xlog:disable",
        "-Xlog:all=error:stderr",
        "-XX:+UseSerialGC",
        // What a collection frees is found by another thread, and runs code that would not run.
        "-XX:MetaspaceSize=512m",
        "-Xmn256m",
        "--enable-native-access=ALL-UNNAMED",
        "-XX:SharedClassListFile=" + list,
        "-XX:SharedArchiveFile=" + archive,
        "-cp",
        jars.stream()
            .map(jar -> distribution.relativize(jar).toString())
            .collect(Collectors.joining(":")));
  }

  /** An archive that does not fit is passed over in silence, which must not be found out later. */
  private void requireThatItIsUsed() throws IOException {
    Path log = work.resolve("loaded");
    run(List.of("--version"), Map.of(), "-Xshare:on -Xlog:class+load:file=" + log);
    boolean used =
        Files.readAllLines(log).stream()
            .anyMatch(line ->
                line.contains("org.particleos.update.cli.Main ")
                    && line.contains("shared objects file"));
    if (!used) {
      throw new IOException("the class archive is not used; see " + log);
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
