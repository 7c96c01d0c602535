package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Release;
import org.particleos.update.demo.Tool;

/**
 * A machine that runs version 1, a folder with version 2 for it, signed, and a server that offers
 * that folder. The definitions are the shipped ones.
 */
final class TestMachine implements AutoCloseable {
  static final int USR_NEW = 4;
  static final int VERITY_NEW = 5;

  private static final int SLOTS_OF_ONE_VERSION = 3;

  private final Releases releases;
  private final Path folder;
  private final DemoMachine machine;
  private final Path web;
  private final FaultServer server;
  private final List<String> oldDigests;
  private final byte[] oldKernel;

  private TestMachine(Releases releases, Path folder, DemoMachine machine, Path web)
      throws IOException {
    this.releases = releases;
    this.folder = folder;
    this.machine = machine;
    this.web = web;
    this.server = new FaultServer(web);
    this.oldDigests = digests();
    this.oldKernel = Files.readAllBytes(kernelOld());
    configure(server.uri());
  }

  /** A copy of the template. */
  static TestMachine copied(Releases releases) throws IOException {
    Path folder = releases.scratch();
    Tool.run(
        folder,
        "cp",
        "-a",
        "--sparse=always",
        releases.machineTemplate().toString(),
        releases.webTemplate().toString(),
        folder.toString());
    return new TestMachine(
        releases, folder, new DemoMachine(folder.resolve("machine")), folder.resolve("web"));
  }

  /** A new machine with another disk or other slots than the template. */
  static TestMachine installed(Releases releases, Path folder, Path disk, long usrSlotBytes)
      throws IOException {
    Path home = Files.createDirectories(folder.resolve("machine"));
    Tool.run(folder, "cp", "-a", releases.webTemplate().toString(), folder.toString());
    var machine = new DemoMachine(home, disk);
    machine.install(releases.release("1"), usrSlotBytes);
    releases.publisher().exportKeyring(machine.keyring());
    return new TestMachine(releases, folder, machine, folder.resolve("web"));
  }

  Path folder() {
    return folder;
  }

  Path web() {
    return web;
  }

  Path disk() {
    return machine.disk();
  }

  Path boot() {
    return machine.esp().resolve("EFI/Linux");
  }

  DemoMachine demo() {
    return machine;
  }

  FaultServer server() {
    return server;
  }

  Releases releases() {
    return releases;
  }

  // ---- Setting up ----

  void configure(URI source) throws IOException {
    machine.configure(Path.of(System.getProperty("particle-update.definitions")), source);
  }

  /** Adds to a definition, as an administrator does. */
  Path dropIn(String transfer, String... lines) throws IOException {
    Path file = machine.definitions().resolve(transfer + ".transfer.d/60-test.conf");
    return Files.writeString(file, String.join("\n", lines) + "\n");
  }

  void removeDropIn(String transfer) throws IOException {
    Files.delete(machine.definitions().resolve(transfer + ".transfer.d/60-test.conf"));
  }

  /** The name of version 2's payload with this ending, such as {@code usr-x86-64.*.raw.zst}. */
  Path payload(String glob) throws IOException {
    try (var found =
        Files.newDirectoryStream(web, "ParticleOS_2_" + DemoMachine.architecture() + glob)) {
      return found.iterator().next();
    }
  }

  /** Takes everything off the server and offers this instead, not signed yet. */
  void offerInstead(Release release) throws IOException {
    try (Stream<Path> files = Files.list(web)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    releases.publisher().addTo(web, release);
  }

  Path usrPayload() throws IOException {
    return payload(".usr-" + DemoMachine.architecture() + ".*");
  }

  Path kernelPayload() throws IOException {
    return payload(".efi");
  }

  void sign() throws IOException {
    releases.publisher().sign(web);
  }

  /** Signs whatever the manifest says now. */
  void publishManifest(String text) throws IOException {
    Files.writeString(web.resolve("SHA256SUMS"), text);
    releases.publisher().signManifest(web);
  }

  String manifest() throws IOException {
    return Files.readString(web.resolve("SHA256SUMS"));
  }

  /** Puts back what the publisher meant to offer. */
  void mendServer() throws IOException {
    server.behave();
    try (Stream<Path> files = Files.list(web)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Tool.run(folder, "cp", "-a", releases.webTemplate() + "/.", web.toString());
  }

  // ---- Running ----

  Program program() {
    return Program.packaged().with(machine.environment());
  }

  String[] arguments(String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.add("--definitions=" + machine.definitions());
    return all.toArray(String[]::new);
  }

  Run run(String... words) throws IOException, InterruptedException {
    return program().run(arguments(words));
  }

  Program.Running start(String... words) throws IOException {
    return program().start(arguments(words));
  }

  // ---- Looking ----

  private Path kernelOld() {
    return boot().resolve("ParticleOS_1.efi");
  }

  private List<String> digests() throws IOException {
    List<String> digests = new ArrayList<>();
    for (int slot = 1; slot <= SLOTS_OF_ONE_VERSION; slot++) {
      digests.add(machine.digest(slot));
    }
    return digests;
  }

  List<String> bootEntries() throws IOException {
    try (Stream<Path> files = Files.list(boot())) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  String sfdisk(String... arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of("sfdisk"));
    words.addAll(List.of(arguments));
    words.add(disk().toString());
    return Tool.run(folder, words.toArray(String[]::new));
  }

  /** Gives a slot another label, as an administrator may. */
  void sfdiskLabel(int slot, String label) throws IOException {
    Tool.run(
        folder, "sfdisk", "-q", "--part-label", disk().toString(), Integer.toString(slot), label);
  }

  void assertOldVersionUntouched() throws IOException {
    assertEquals(oldDigests, digests(), "the slots of the running version");
    org.junit.jupiter.api.Assertions.assertArrayEquals(
        oldKernel, Files.readAllBytes(kernelOld()), "the kernel of the running version");
  }

  /** No name that a boot loader or initrd would take stands for the new version. */
  void assertNothingNewIsBootable() throws IOException {
    assertOldVersionUntouched();
    assertEquals(
        List.of("ParticleOS_1.efi"),
        bootEntries().stream().filter(name -> !name.startsWith(".")).toList());
  }

  /** The very same command as always brings version 2. */
  void assertPlainApplyInstalls() throws IOException, InterruptedException {
    run("apply").expect(0).says("Version 2 is installed");
    assertVersionInstalled("2");
    assertOldVersionUntouched();
  }

  /** Content, labels and boot entry of a version in the second set of slots are right. */
  void assertVersionInstalled(String version) throws IOException {
    Release release = releases.release(version);
    Path usr = folder.resolve("check-usr.raw");
    Path verity = folder.resolve("check-verity.raw");
    machine.extract(USR_NEW, usr);
    machine.extract(VERITY_NEW, verity);
    Tool.Result verified =
        Tool.call(
            folder,
            Map.of(),
            "",
            "veritysetup",
            "verify",
            usr.toString(),
            verity.toString(),
            release.rootHash());
    assertEquals(0, verified.status(), verified.output());
    Files.delete(usr);
    Files.delete(verity);
    assertTrue(
        bootEntries().contains("ParticleOS_" + version + "+3-0.efi"),
        () -> "boot entries: " + boot());
    org.junit.jupiter.api.Assertions.assertArrayEquals(
        Files.readAllBytes(release.kernel()),
        Files.readAllBytes(boot().resolve("ParticleOS_" + version + "+3-0.efi")));
    String table = sfdisk("-d");
    for (String label :
        List.of(
            "ParticleOS_" + version,
            "ParticleOS_" + version + "_verity",
            "ParticleOS_" + version + "_verity_sig")) {
      assertTrue(table.contains("name=\"" + label + "\""), table);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
