package org.particleos.update.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A machine in the ParticleOS manner, in a folder: a disk image with A/B slots for {@code /usr},
 * its verity tree and the tree's signature, a folder that stands for the ESP, definitions and a
 * keyring. Slots 1 to 3 hold the first version, 4 to 6 are empty.
 */
public final class DemoMachine {
  private static final long MIB = 1 << 20;

  /** A tree has a digest of 32 bytes for each block of 4096, and some more for its upper levels. */
  private static final int USR_BYTES_PER_VERITY_BYTE = 64;

  private static final long VERITY_SLOT_BYTES_MIN = 8 * MIB;
  private static final long SIGNATURE_SLOT_BYTES = MIB;

  private final Path folder;
  private final Path disk;

  /** A machine whose disk is a file in the folder. */
  public DemoMachine(Path folder) {
    this(folder, folder.resolve("disk.img"));
  }

  /**
   * A machine with a disk elsewhere.
   *
   * @param disk a block device, or a file, which need not exist yet
   */
  public DemoMachine(Path folder, Path disk) {
    this.folder = folder.toAbsolutePath();
    this.disk = disk.toAbsolutePath();
  }

  /** How large a disk with such slots for {@code /usr} must be. */
  private static long veritySlotBytes(long usrSlotBytes) {
    return Math.max(VERITY_SLOT_BYTES_MIN, usrSlotBytes / USR_BYTES_PER_VERITY_BYTE / MIB * MIB);
  }

  public static long diskBytes(long usrSlotBytes) {
    return 2 * (usrSlotBytes + veritySlotBytes(usrSlotBytes) + SIGNATURE_SLOT_BYTES) + 4 * MIB;
  }

  public Path disk() {
    return disk;
  }

  public Path esp() {
    return folder.resolve("esp");
  }

  public Path definitions() {
    return folder.resolve("sysupdate.d");
  }

  public Path keyring() {
    return folder.resolve("import-pubring.pgp");
  }

  private Path osRelease() {
    return folder.resolve("os-release");
  }

  /** As the definitions spell it. */
  public static String architecture() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x86-64";
  }

  private record SlotTypes(String usr, String verity, String signature) {
    static SlotTypes ofThisMachine() {
      return architecture().equals("arm64")
          ? new SlotTypes(
              "b0e01050-ee5f-4390-949a-9101b17104e9",
              "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e",
              "c23ce4ff-44bd-4b00-b2d4-b41b3419e02a")
          : new SlotTypes(
              "8484680c-9521-48c6-9c11-b0720656f69e",
              "77ff5f63-e7b6-4633-acf4-1565b864c0e6",
              "e7bb33fb-06cf-4e81-8273-e543b413e2e2");
    }
  }

  /** Creates the disk and the ESP with a first version installed and running. */
  public void install(Release first, long usrSlotBytes) throws IOException {
    Files.createDirectories(esp().resolve("EFI/Linux"));
    SlotTypes types = SlotTypes.ofThisMachine();
    String version = first.version();
    List<String> script = new ArrayList<>(List.of("label: gpt"));
    script.add(slot(usrSlotBytes, types.usr(), "ParticleOS_" + version, first.usrUuid()));
    script.add(
        slot(
            veritySlotBytes(usrSlotBytes),
            types.verity(),
            "ParticleOS_" + version + "_verity",
            first.verityUuid()));
    script.add(
        slot(
            SIGNATURE_SLOT_BYTES,
            types.signature(),
            "ParticleOS_" + version + "_verity_sig",
            UUID.randomUUID()));
    script.add(slot(usrSlotBytes, types.usr(), "_empty", UUID.randomUUID()));
    script.add(slot(veritySlotBytes(usrSlotBytes), types.verity(), "_empty", UUID.randomUUID()));
    script.add(slot(SIGNATURE_SLOT_BYTES, types.signature(), "_empty", UUID.randomUUID()));
    if (!isDevice()) {
      try (var channel =
          FileChannel.open(
              disk(),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        channel.write(ByteBuffer.allocate(1), diskBytes(usrSlotBytes) - 1);
      }
    }
    Tool.Result made =
        Tool.call(
            folder,
            Map.of(),
            String.join("\n", script) + "\n",
            "sfdisk",
            "-q",
            "--no-reread",
            disk().toString());
    if (made.status() != 0) {
      throw new IOException("sfdisk failed:\n" + made.output());
    }
    write(first.usr(), 1);
    write(first.verity(), 2);
    write(first.veritySignature(), 3);
    Files.copy(first.kernel(), esp().resolve("EFI/Linux/ParticleOS_" + version + ".efi"));
    run(version);
  }

  private boolean isDevice() {
    return disk.startsWith("/dev");
  }

  private static String slot(long bytes, String type, String label, UUID uuid) {
    return "size=" + bytes / 1024 + "KiB, type=" + type + ", uuid=" + uuid + ", name=" + label;
  }

  /** Pretends that a version was started: that is what os-release tells. */
  public void run(String version) throws IOException {
    Files.writeString(
        osRelease(),
        "NAME=ParticleOS\nID=particleos\nVERSION_ID=1\nIMAGE_ID=ParticleOS\nIMAGE_VERSION="
            + version
            + "\n");
  }

  /**
   * Takes the shipped definitions and points them, by drop-ins, at this machine and that server.
   *
   * @param shipped a folder of {@code .transfer} files
   */
  public void configure(Path shipped, URI server) throws IOException {
    Files.createDirectories(definitions());
    List<Path> transfers;
    try (Stream<Path> files = Files.list(shipped)) {
      transfers = files.filter(file -> file.toString().endsWith(".transfer")).sorted().toList();
    }
    for (Path transfer : transfers) {
      String name = transfer.getFileName().toString();
      Files.writeString(definitions().resolve(name), Files.readString(transfer));
      Path dropIns = Files.createDirectories(definitions().resolve(name + ".d"));
      boolean slot = Files.readString(transfer).contains("Type=partition");
      Files.writeString(
          dropIns.resolve("50-demo.conf"),
          "[Source]\nPath=" + server + "\n" + (slot ? "[Target]\nPath=" + disk() + "\n" : ""));
    }
  }

  /** What tells the program to take this folder for the machine. Nothing of the host is touched. */
  public Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("SYSTEMD_ESP_PATH", esp().toString());
    // What is remembered of installations stays with the machine.
    environment.put("PARTICLE_UPDATE_STATE_DIRECTORY", esp().resolveSibling("state").toString());
    environment.put("SYSTEMD_XBOOTLDR_PATH", esp().toString());
    environment.put("SYSTEMD_RELAX_ESP_CHECKS", "1");
    environment.put("SYSTEMD_RELAX_XBOOTLDR_CHECKS", "1");
    environment.put("SYSTEMD_OS_RELEASE", osRelease().toString());
    environment.put("SYSTEMD_OPENPGP_KEYRING", keyring().toString());
    return environment;
  }

  /** Place of a slot on the disk, as sfdisk tells it. */
  private record Extent(long offset, long length) {}

  private Extent extent(int number) throws IOException {
    String dump = Tool.run(folder, "sfdisk", "-d", disk().toString());
    String name = disk() + (disk.toString().matches(".*[0-9]") ? "p" : "") + number;
    String line = line(dump, name + " ");
    long sector = field(line(dump, "sector-size:"), "sector-size:");
    return new Extent(sector * field(line, "start="), sector * field(line, "size="));
  }

  private static String line(String dump, String beginning) throws IOException {
    return dump.lines()
        .filter(text -> text.startsWith(beginning))
        .findFirst()
        .orElseThrow(() -> new IOException("no line \"" + beginning + "\" in:\n" + dump));
  }

  private static long field(String line, String name) {
    String rest = line.substring(line.indexOf(name) + name.length()).strip();
    return Long.parseLong(rest.replaceAll("[^0-9].*", ""));
  }

  private void write(Path content, int slot) throws IOException {
    Extent extent = extent(slot);
    try (var from = FileChannel.open(content, StandardOpenOption.READ);
        var to = FileChannel.open(disk(), StandardOpenOption.WRITE)) {
      if (from.size() > extent.length()) {
        throw new IOException(content + " does not fit into slot " + slot);
      }
      to.position(extent.offset());
      for (long at = 0; at < from.size(); ) {
        at += from.transferTo(at, from.size() - at, to);
      }
    }
  }

  /** Where a slot begins on the disk, in bytes. */
  public long offset(int slot) throws IOException {
    return extent(slot).offset();
  }

  /** Copies a slot into a file, so that other tools can look at it. */
  public void extract(int slot, Path target) throws IOException {
    Extent extent = extent(slot);
    try (var from = FileChannel.open(disk(), StandardOpenOption.READ);
        var to =
            FileChannel.open(
                target,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
      for (long at = 0; at < extent.length(); ) {
        at += from.transferTo(extent.offset() + at, extent.length() - at, to);
      }
    }
  }

  /** SHA-256 over all bytes of a slot. */
  public String digest(int slot) throws IOException {
    Extent extent = extent(slot);
    try (var channel = FileChannel.open(disk(), StandardOpenOption.READ)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
      for (long at = 0; at < extent.length(); ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), extent.length() - at));
        int read = channel.read(buffer, extent.offset() + at);
        if (read < 0) {
          throw new IOException("the disk ends within slot " + slot);
        }
        at += read;
        digest.update(buffer.flip());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
