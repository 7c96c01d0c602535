package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Tool;

/**
 * A machine with a transfer of every kind, like the one that the reference is tested with
 * (update-algorithm.md 23): two pairs of slots, a kernel with boot counting, an add-on in a
 * directory of its own next to it, trees from folders and from archives, two files of which one's
 * name begins with the other's, and a transfer that belongs to a feature. Everything comes from one
 * folder, some of it through {@code file:} URLs. It starts empty.
 */
final class ReferenceMachine implements AutoCloseable {
  /** How the reference's test brings in a version (update-algorithm.md 23.1). */
  enum Mode {
    MONOLITHIC("update"),
    SPLIT("acquire", "update"),
    SPLIT_OFFLINE("acquire", "update --offline");

    private final String commands;

    Mode(String first) {
      this.commands = first;
    }

    Mode(String first, String second) {
      this.commands = first + "," + second;
    }

    private List<String> commands() {
      return List.of(commands.split(",", -1));
    }

    String[] firstCommand() {
      return words(commands().getFirst());
    }

    private static String[] words(String command) {
      return command.split(" ", -1);
    }
  }

  static final String ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
  static final String VERITY_TYPE = "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5";

  private static final int ARBITRARY_SEED = 72;
  private static final int PART_BYTES = 150_000;
  private static final int SLOT_BYTES = 1 << 20;
  private static final int DISK_BYTES = 16 << 20;

  private final Path folder;
  private final Offer offer;
  private final Path disk;
  private final AutoCloseable device;
  private final DemoMachine slots;
  private final Program program;

  private ReferenceMachine(Path folder, Path disk, AutoCloseable device) throws IOException {
    this.folder = folder;
    this.offer = new Offer(folder.resolve("source"));
    this.disk = disk;
    this.device = device;
    this.slots = new DemoMachine(folder, disk);
    Files.createDirectories(boot());
    Files.writeString(folder.resolve("os-release"), "ID=reference\n");
    this.program =
        Program.reference()
            .with("SYSTEMD_ESP_PATH", esp().toString())
            .with("SYSTEMD_XBOOTLDR_PATH", esp().toString())
            .with("SYSTEMD_RELAX_ESP_CHECKS", "1")
            .with("SYSTEMD_RELAX_XBOOTLDR_CHECKS", "1")
            .with("SYSTEMD_OS_RELEASE", folder.resolve("os-release").toString());
    partition();
    define();
  }

  /** A machine whose disk is a file. */
  static ReferenceMachine onFile(Path folder) throws IOException {
    return new ReferenceMachine(folder, emptyDisk(folder), () -> {});
  }

  /** A machine whose disk is a block device, for which root is needed. */
  static ReferenceMachine onLoopDevice(Path folder, int sectorBytes) throws IOException {
    Root.Loop loop =
        Root.Loop.of(emptyDisk(folder), "--sector-size", Integer.toString(sectorBytes));
    return new ReferenceMachine(folder, loop.device(), loop);
  }

  private static Path emptyDisk(Path folder) throws IOException {
    Path file = folder.resolve("disk.img");
    try (var channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), DISK_BYTES - 1);
    }
    return file;
  }

  private void partition() throws IOException {
    String slot = "size=" + SLOT_BYTES / 1024 + "KiB, name=_empty, type=";
    String table =
        "label: gpt\n"
            + (slot + ROOT_TYPE + "\n").repeat(2)
            + (slot + VERITY_TYPE + "\n").repeat(2);
    Tool.Result made =
        Tool.call(folder, Map.of(), table, "sfdisk", "-q", "--no-reread", disk.toString());
    assertEquals(0, made.status(), made.output());
  }

  private void define() throws IOException {
    transfer(
        "01-first",
        source("url-file", offer.uri(), "part1-@v.raw"),
        slot("part1-@v", "root-x86-64", "PartitionFlags=0", "ReadOnly=1"));
    transfer(
        "02-second",
        source("regular-file", offer.folder(), "part2-@v.raw.gz"),
        slot("part2-@v", "root-x86-64-verity"));
    transfer(
        "03-third",
        source("directory", offer.folder(), "dir-@v"),
        target("directory", "dirs", "dir-@v", "CurrentSymlink=" + path("dirs/current")));
    transfer(
        "04-fourth",
        source("directory", offer.folder(), "dir-@v"),
        target("subvolume", "subvolumes", "sub-@v", "InstancesMax=2"));
    transfer(
        "05-fifth",
        source("url-tar", offer.uri(), "tree-@v.tar.gz"),
        target("directory", "trees", "tree-@v"));
    transfer(
        "06-erofs",
        source("url-file", offer.uri(), "linux-@v.erofs"),
        target("regular-file", "images", "linux-@v.erofs"));
    transfer(
        "07-erofs-index",
        source("url-file", offer.uri(), "linux-@v.erofs.caibx"),
        target("regular-file", "images", "linux-@v.erofs.caibx"));
    transfer(
        "08-optional",
        "Features=optional",
        source("url-file", offer.uri(), "optional-@v.bin"),
        target("regular-file", "optional", "optional-@v.bin"));
    transfer(
        "09-extra",
        source("url-file", offer.uri(), "uki-extra-@v.efi"),
        bootTarget(
            "uki_@v.efi.extra.d/extra.addon.efi",
            // Raised to 2, with a warning (23.10).
            "InstancesMax=1"));
    transfer(
        "10-uki",
        source("regular-file", offer.folder(), "uki-@v.efi"),
        bootTarget(
            "uki_@v+@l-@d.efi uki_@v+@l.efi uki_@v.efi",
            "TriesLeft=3",
            "TriesDone=0",
            "InstancesMax=2"));
    Files.writeString(
        definitions().resolve("optional.feature"), "[Feature]\nDescription=Not for everybody\n");
  }

  private void transfer(String id, String... parts) throws IOException {
    Files.createDirectories(definitions());
    Files.writeString(
        definitions().resolve(id + ".transfer"),
        "[Transfer]\nVerify=no\n" + String.join("\n", parts) + "\n");
  }

  private static String source(String type, Object path, String pattern) {
    return "[Source]\nType=" + type + "\nPath=" + path + "\nMatchPattern=" + pattern;
  }

  private String slot(String label, String type, String... more) {
    return "[Target]\nType=partition\nPath="
        + disk
        + "\nMatchPattern="
        + label
        + "\nMatchPartitionType="
        + type
        + "\n"
        + String.join("\n", more);
  }

  private String target(String type, String name, String pattern, String... more) {
    return "[Target]\nType="
        + type
        + "\nPath="
        + path(name)
        + "\nMatchPattern="
        + pattern
        + "\n"
        + String.join("\n", more);
  }

  private static String bootTarget(String pattern, String... more) {
    return "[Target]\nType=regular-file\nPath=/EFI/Linux\nPathRelativeTo=boot\nMode=0444"
        + "\nMatchPattern="
        + pattern
        + "\n"
        + String.join("\n", more);
  }

  private Path definitions() {
    return folder.resolve("definitions");
  }

  private Path esp() {
    return folder.resolve("esp");
  }

  private Path boot() {
    return esp().resolve("EFI/Linux");
  }

  Path path(String name) {
    return folder.resolve("target").resolve(name);
  }

  Offer offer() {
    return offer;
  }

  // ---- What is offered ----

  private static byte[] noise(String name, int bytes) {
    byte[] content = new byte[bytes];
    new SplittableRandom(ARBITRARY_SEED + name.hashCode()).nextBytes(content);
    return content;
  }

  /** Offers a whole version. */
  void offer(String version) throws IOException {
    offer.put("part1-" + version + ".raw", noise("part1" + version, PART_BYTES));
    offer.putPacked("part2-" + version + ".raw.gz", noise("part2" + version, PART_BYTES));
    offer.put("dir-" + version + "/usr/lib/os-release", "IMAGE_VERSION=" + version + "\n");
    offer.put("dir-" + version + "/foo.txt", "directory " + version + "\n");
    Path tree = Files.createDirectories(folder.resolve("tree-" + version + "/etc"));
    Files.writeString(tree.resolve("bar.txt"), "tree " + version + "\n");
    offer.putTar("tree-" + version + ".tar.gz", tree.getParent());
    // Two bytes: less than anything that compression is recognised by (23.11).
    offer.put("linux-" + version + ".erofs", version.substring(version.length() - 1) + "\n");
    offer.put("linux-" + version + ".erofs.caibx", "index of " + version);
    offer.put("optional-" + version + ".bin", "optional " + version);
    offer.put("uki-extra-" + version + ".efi", "add-on " + version);
    offer.put("uki-" + version + ".efi", "kernel " + version);
    publish();
  }

  /** What is served as it is lies next to what is read as a folder; the manifest has the former. */
  void publish() throws IOException {
    var manifest = new StringBuilder();
    try (Stream<Path> files = Files.list(offer.folder())) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        String name = file.getFileName().toString();
        if (!name.equals("SHA256SUMS")) {
          manifest.append(offer.line(name)).append('\n');
        }
      }
    }
    offer.publish(manifest.toString());
  }

  // ---- Running ----

  Run run(String... words) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(words));
    all.add("--definitions=" + definitions());
    return program.run(all.toArray(String[]::new));
  }

  /** Brings in what is to be brought in. */
  void update(Mode mode) throws IOException, InterruptedException {
    for (String command : mode.commands()) {
      run(Mode.words(command)).expect(0);
    }
  }

  void feature(boolean enabled) throws IOException {
    Path dropIn = definitions().resolve("optional.feature.d/enable.conf");
    Files.createDirectories(dropIn.getParent());
    Files.writeString(dropIn, "[Feature]\nEnabled=" + enabled + "\n");
  }

  // ---- Looking ----

  /** Names and contents of what is in a folder of the target, markers included. */
  List<String> entries(String name) throws IOException {
    return names(path(name));
  }

  private static List<String> names(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> !Files.isSymbolicLink(file))
          .map(file -> file.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  /** What is in the folder of boot entries; directories end with a slash. */
  List<String> bootEntries() throws IOException {
    try (Stream<Path> files = Files.list(boot())) {
      return files
          .map(file -> file.getFileName() + (Files.isDirectory(file) ? "/" : ""))
          .sorted()
          .toList();
    }
  }

  Path bootEntry(String name) {
    return boot().resolve(name);
  }

  /** Type and label of each slot, and whether it is read-only. */
  record Slot(String type, String label, boolean readOnly) {}

  Map<Integer, Slot> slots() throws IOException {
    Map<Integer, Slot> all = new TreeMap<>();
    String dump = Tool.run(folder, "sfdisk", "-d", disk.toString());
    for (String line : dump.lines().filter(line -> line.contains("type=")).toList()) {
      all.put(
          all.size() + 1,
          new Slot(
              word(line, "type="),
              word(line, "name=\"").replace("\"", ""),
              line.contains("GUID:60")));
    }
    return all;
  }

  private static String word(String line, String name) {
    String rest = line.substring(line.indexOf(name) + name.length());
    return rest.split(name.endsWith("\"") ? "\"" : "[, ]", 2)[0];
  }

  List<String> labels() throws IOException {
    return slots().values().stream().map(Slot::label).toList();
  }

  /** All members of a version are in place, under their final names, with the offered content. */
  void assertInstalled(String version) throws IOException {
    assertSlot("part1-" + version, ROOT_TYPE, noise("part1" + version, PART_BYTES));
    assertSlot("part2-" + version, VERITY_TYPE, noise("part2" + version, PART_BYTES));
    assertText("directory " + version + "\n", path("dirs/dir-" + version + "/foo.txt"));
    assertText("directory " + version + "\n", path("subvolumes/sub-" + version + "/foo.txt"));
    assertText("tree " + version + "\n", path("trees/tree-" + version + "/etc/bar.txt"));
    assertText(
        version.substring(version.length() - 1) + "\n", path("images/linux-" + version + ".erofs"));
    assertText("index of " + version, path("images/linux-" + version + ".erofs.caibx"));
    assertText("add-on " + version, bootEntry("uki_" + version + ".efi.extra.d/extra.addon.efi"));
    assertText("kernel " + version, bootEntry("uki_" + version + "+3-0.efi"));
    // Mode=0444 would keep the boot loader from counting its tries: a write bit is added.
    assertEquals(
        "rw-r--r--",
        java.nio.file.attribute.PosixFilePermissions.toString(
            Files.getPosixFilePermissions(bootEntry("uki_" + version + "+3-0.efi"))));
  }

  private static void assertText(String text, Path file) throws IOException {
    assertEquals(text, Files.readString(file), file::toString);
  }

  private void assertSlot(String label, String type, byte[] content) throws IOException {
    int number = labels().indexOf(label) + 1;
    assertEquals(true, number > 0, "no slot is named " + label + ": " + labels());
    assertEquals(type, slots().get(number).type());
    Path copy = folder.resolve("slot");
    slots.extract(number, copy);
    byte[] found = Arrays.copyOf(Files.readAllBytes(copy), content.length);
    assertEquals(Offer.digest(content), Offer.digest(found), "the content of " + label);
  }

  /** Nothing waits, nothing is unfinished. */
  void assertNothingHalfDone() throws IOException {
    List<String> marked = new ArrayList<>();
    for (Path place : List.of(folder.resolve("target"), boot())) {
      if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
        try (Stream<Path> files = Files.walk(place)) {
          files
              .filter(file -> file.getFileName().toString().startsWith("."))
              .map(Path::toString)
              .forEach(marked::add);
        }
      }
    }
    assertEquals(List.of(), marked);
    for (Slot slot : slots().values()) {
      assertEquals(true, List.of(ROOT_TYPE, VERITY_TYPE).contains(slot.type()), slot::toString);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      device.close();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("cannot give the disk back", e);
    }
  }
}
