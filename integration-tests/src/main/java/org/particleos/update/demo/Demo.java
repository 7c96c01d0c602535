package org.particleos.update.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What {@code ./demo} shows: a machine with version 1, a server with version 2, and the program
 * between them. Ends with a proof. A run that was killed is continued by the next one.
 */
public final class Demo {
  private static final long CONTENT_BYTES = 96L << 20;
  private static final long USR_SLOT_BYTES = 128L << 20;

  /** Exit status of the program for "another process is changing the same target". */
  private static final int BUSY = 8;

  /** A program whose demo was killed gives up soon, since its server went too. */
  private static final int BUSY_TRIES_MAX = 60;

  /** Slow enough to watch, and to pull the plug in the middle. */
  private static final long SERVER_BYTES_PER_SECOND = 16L << 20;

  private static final int USR_SLOT_OLD = 1;
  private static final int USR_SLOT_NEW = 4;
  private static final int VERITY_SLOT_NEW = 5;

  private final Path program;
  private final Path shipped;
  private final Path folder;
  private final DemoMachine machine;

  private Demo(Path program, Path shipped, Path folder) {
    this.program = program.toAbsolutePath();
    this.shipped = shipped.toAbsolutePath();
    this.folder = folder.toAbsolutePath();
    this.machine = new DemoMachine(this.folder.resolve("machine"));
  }

  /** Arguments: the program, the shipped definitions, the folder for the machine. */
  public static void main(String[] args) throws Exception {
    System.exit(new Demo(Path.of(args[0]), Path.of(args[1]), Path.of(args[2])).show() ? 0 : 1);
  }

  private boolean show() throws IOException, InterruptedException {
    Path ready = folder.resolve("ready");
    if (Files.exists(ready)) {
      say("Continuing with the machine of an interrupted run.");
    } else {
      build();
      Files.writeString(ready, "");
    }
    String oldUsr = Files.readString(folder.resolve("old-usr.sha256"));
    try (var server = new WebServer(folder.resolve("web"), SERVER_BYTES_PER_SECOND)) {
      machine.configure(shipped, server.uri());
      say("The machine runs version 1; a (slow) server on this computer offers version 2.");
      program(0, 3, "check");
      program(0, 0, "apply");
      program(0, 0, "status");
    }
    boolean proved = prove(oldUsr);
    // Shown to the end: the next run starts with a new machine.
    Files.delete(ready);
    return proved;
  }

  private void build() throws IOException {
    delete(folder);
    Files.createDirectories(folder.resolve("machine"));
    say("Building a throw-away machine with version 1, and version 2 for it …");
    Release first = release("1");
    Release second = release("2");
    machine.install(first, USR_SLOT_BYTES);
    try (var publisher = new Publisher(folder.resolve("web"), DemoMachine.architecture())) {
      publisher.exportKeyring(machine.keyring());
      publisher.add(second);
      publisher.sign();
    }
    Files.writeString(folder.resolve("root-hash"), second.rootHash());
    Files.writeString(folder.resolve("old-usr.sha256"), machine.digest(USR_SLOT_OLD));
  }

  private Release release(String version) throws IOException {
    return Release.build(
        Files.createDirectories(folder.resolve("build-" + version)), version, CONTENT_BYTES);
  }

  /** Runs the program as the reader would, and expects one of two exit statuses. */
  private void program(int expected, int alsoExpected, String verb)
      throws IOException, InterruptedException {
    System.out.println();
    System.out.println("$ particle-update " + verb);
    System.out.flush();
    for (int attempt = 0; attempt < BUSY_TRIES_MAX; attempt++) {
      var builder =
          new ProcessBuilder(
                  List.of(program.toString(), verb, "--definitions=" + machine.definitions()))
              .directory(folder.toFile())
              .inheritIO();
      builder.environment().putAll(machine.environment());
      int status = builder.start().waitFor();
      if (status == expected || status == alsoExpected) {
        return;
      }
      if (status != BUSY) {
        throw new IOException("particle-update " + verb + " ended with " + status);
      }
      Thread.sleep(1000); // the process of the interrupted run is about to end
    }
    throw new IOException("the process of an interrupted run does not end");
  }

  private boolean prove(String oldUsr) throws IOException {
    System.out.println();
    say("The proof:");
    Path usr = folder.resolve("proof-usr.raw");
    Path verity = folder.resolve("proof-verity.raw");
    machine.extract(USR_SLOT_NEW, usr);
    machine.extract(VERITY_SLOT_NEW, verity);
    String rootHash = Files.readString(folder.resolve("root-hash"));
    Tool.Result verified =
        Tool.call(
            folder,
            Map.of(),
            "",
            "veritysetup",
            "verify",
            usr.toString(),
            verity.toString(),
            rootHash);
    boolean same = machine.digest(USR_SLOT_OLD).equals(oldUsr);
    List<String> kernels = new ArrayList<>();
    try (Stream<Path> files = Files.list(machine.esp().resolve("EFI/Linux"))) {
      files.map(file -> file.getFileName().toString()).sorted().forEach(kernels::add);
    }
    boolean entries = kernels.equals(List.of("ParticleOS_1.efi", "ParticleOS_2+3-0.efi"));
    line(verified.status() == 0, "every block of the new slot is what dm-verity expects");
    line(same, "the old slot is untouched, bit for bit");
    line(entries, "boot entries: " + String.join(", ", kernels));
    if (verified.status() != 0) {
      System.out.println(verified.output());
    }
    Files.delete(usr);
    Files.delete(verity);
    return verified.status() == 0 && same && entries;
  }

  private static void say(String text) {
    System.out.println(text);
  }

  private static void line(boolean good, String text) {
    System.out.println((good ? "  passed  " : "  FAILED  ") + text);
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
