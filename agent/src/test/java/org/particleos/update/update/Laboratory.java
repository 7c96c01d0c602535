package org.particleos.update.update;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.particleos.update.assess.BootFactsReader;
import org.particleos.update.catalog.ATransfer;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.Checks;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.GptImage;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.RetryLimits;
import org.particleos.update.linux.Kernel;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.spool.SpoolPolicy;

/**
 * A machine in a directory: a disk image with two slots each for {@code /usr}, its hashes and their
 * signature, an ESP, definitions and an os-release that says version 1 is running.
 */
final class Laboratory {
  static final int SECTOR = 512;

  /** First sector and length of each slot: what of it, A, B. */
  enum Part {
    USR(0, 40, 400),
    VERITY(1, 840, 64),
    SIGNATURE(2, 968, 8);

    final int row;
    final int start;
    final int sectors;

    Part(int row, int start, int sectors) {
      this.row = row;
      this.start = start;
      this.sectors = sectors;
    }

    PartitionType type() {
      return switch (this) {
        case USR -> ATransfer.USR;
        case VERITY -> ATransfer.VERITY;
        case SIGNATURE -> ATransfer.SIGNATURE;
      };
    }

    int number(int slot) {
      return 1 + 2 * row + slot;
    }

    int offset(int slot) {
      return (start + slot * sectors) * SECTOR;
    }

    int bytes() {
      return sectors * SECTOR;
    }

    byte[] payload(Release release) {
      return switch (this) {
        case USR -> release.usr();
        case VERITY -> release.verity();
        case SIGNATURE -> release.signature();
      };
    }

    /** What the slot of a release is to have; the signature slot keeps its own. */
    UUID uuid(Release release, int slot) {
      return switch (this) {
        case USR -> release.usrUuid();
        case VERITY -> release.verityUuid();
        case SIGNATURE -> new UUID(99, number(slot));
      };
    }
  }

  private final Path home;
  private final ReleaseServer server;
  private final Map<String, String> environment = new HashMap<>();
  private final List<UpdateEvent> events = new ArrayList<>();
  private final Map<String, String> extraLines = new HashMap<>();
  private final String[][] labels = new String[Part.values().length][];
  private final UUID[][] types = new UUID[Part.values().length][];
  private final UUID[][] uuids = new UUID[Part.values().length][];
  private final byte[][][] contents = new byte[Part.values().length][][];
  private final Map<String, byte[]> espFiles = new HashMap<>();
  private final Map<String, String> moreDefinitions = new HashMap<>();
  private boolean force;
  private Checks checks = Checks.defaults();
  private UpdateEvent.Observer observer = _ -> {};
  private boolean verify;
  private SpoolPolicy spool = SpoolPolicy.off();
  private Instant now = Instant.parse("2026-11-22T12:00:00Z");

  Laboratory(Path home, ReleaseServer server) {
    this.home = home;
    this.server = server;
    for (Part part : Part.values()) {
      labels[part.row] = new String[] {"_empty", "_empty"};
      types[part.row] = new UUID[] {part.type().uuid(), part.type().uuid()};
      uuids[part.row] = new UUID[] {new UUID(99, part.number(0)), new UUID(99, part.number(1))};
      contents[part.row] = new byte[2][0];
    }
    environment.put("SYSTEMD_ESP_PATH", esp().toString());
    environment.put("SYSTEMD_RELAX_ESP_CHECKS", "1");
    environment.put("SYSTEMD_OS_RELEASE", home.resolve("os-release").toString());
    environment.put(BootFactsReader.VARIABLE, home.resolve("kernel").toString());
  }

  // ---- What is on the machine ----

  /** A whole version in slot 0 (A) or 1 (B). */
  Laboratory holding(Release release, int slot) {
    for (Part part : Part.values()) {
      holding(part, slot, release, Stage.INSTALLED);
    }
    espFiles.put(release.ukiName(), release.uki());
    return this;
  }

  /** The same, and its boot entry has a name of its own. */
  Laboratory holding(Release release, int slot, String entry) {
    for (Part part : Part.values()) {
      holding(part, slot, release, Stage.INSTALLED);
    }
    espFiles.put(entry, release.uki());
    return this;
  }

  /** One slot in some state; a partial one holds half of its payload. */
  Laboratory holding(Part part, int slot, Release release, Stage stage) {
    byte[] payload = part.payload(release);
    labels[part.row][slot] = "os_" + release.version();
    types[part.row][slot] =
        switch (stage) {
          case INSTALLED -> part.type().uuid();
          case PENDING -> part.type().pending();
          case PARTIAL -> part.type().partial();
          case OFFERED -> throw new IllegalArgumentException("not held");
        };
    if (stage == Stage.PARTIAL) {
      payload = Arrays.copyOf(payload, payload.length / 2);
    } else {
      uuids[part.row][slot] = part.uuid(release, slot);
    }
    contents[part.row][slot] = payload;
    return this;
  }

  Laboratory espFile(String name, byte[] bytes) {
    espFiles.put(name, bytes);
    return this;
  }

  /** A line for one definition file; further lines of a section go to its end. */
  Laboratory line(String transfer, String section, String line) {
    extraLines.merge(transfer + section, line + "\n", String::concat);
    return this;
  }

  /** One definition file more. */
  Laboratory definition(String name, String text) {
    moreDefinitions.put(name, text);
    return this;
  }

  /** Everything is done with {@code --force} from now on. */
  Laboratory forcing() {
    force = true;
    return this;
  }

  /** What is looked at before something becomes visible. */
  Laboratory checking(Checks wanted) {
    checks = wanted;
    return this;
  }

  Laboratory env(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Keeps what is interrupted, whatever room there is on the machine of the test. */
  Laboratory spooling() {
    spool = new SpoolPolicy(true, spool(), 1L << 30, 0);
    return this;
  }

  Path spool() {
    return home.resolve("spool");
  }

  Laboratory verifying() {
    verify = true;
    return this;
  }

  Laboratory at(Instant instant) {
    now = instant;
    return this;
  }

  Laboratory watchedBy(UpdateEvent.Observer newObserver) {
    observer = newObserver;
    return this;
  }

  /** Writes all of it. */
  Laboratory build() throws IOException {
    Files.createDirectories(esp().resolve("EFI/Linux"));
    Files.writeString(home.resolve("os-release"), "ID=test\nIMAGE_ID=os\nIMAGE_VERSION=1\n");
    var image = GptImage.withSectors(SECTOR);
    for (Part part : Part.values()) {
      for (int slot = 0; slot < 2; slot++) {
        image.add(
            part.number(slot),
            part.start + (long) slot * part.sectors,
            part.sectors,
            labels[part.row][slot],
            types[part.row][slot],
            uuids[part.row][slot]);
      }
    }
    image.write(disk());
    byte[] bytes = Files.readAllBytes(disk());
    for (Part part : Part.values()) {
      for (int slot = 0; slot < 2; slot++) {
        byte[] payload = contents[part.row][slot];
        System.arraycopy(payload, 0, bytes, part.offset(slot), payload.length);
      }
    }
    Files.write(disk(), bytes);
    for (Map.Entry<String, byte[]> file : espFiles.entrySet()) {
      Files.write(esp().resolve("EFI/Linux").resolve(file.getKey()), file.getValue());
    }
    define();
    return this;
  }

  /** Writes the definitions alone. */
  void define() throws IOException {
    Files.createDirectories(home.resolve("definitions"));
    partitionTransfer("10-usr", Part.USR, "os_@v_@u.usr.raw sized_@s_os_@v.usr.raw", "os_@v");
    partitionTransfer("20-verity", Part.VERITY, "os_@v_@u.verity.raw", "os_@v");
    partitionTransfer("30-signature", Part.SIGNATURE, "os_@v.sig.raw", "os_@v");
    transfer(
        "90-uki",
        "os_@v.efi sized_@s_os_@v.efi",
        """
        Type=regular-file
        Path=/EFI/Linux
        PathRelativeTo=esp
        MatchPattern=os_@v+@l-@d.efi os_@v+@l.efi os_@v.efi
        Mode=0444
        TriesLeft=3
        TriesDone=0
        InstancesMax=2
        """);
    for (Map.Entry<String, String> more : moreDefinitions.entrySet()) {
      Files.writeString(
          home.resolve("definitions").resolve(more.getKey() + ".transfer"), more.getValue());
    }
  }

  private void partitionTransfer(String name, Part part, String source, String label)
      throws IOException {
    transfer(
        name,
        source,
        """
        Type=partition
        Path=%s
        MatchPattern=%s
        MatchPartitionType=%s
        ReadOnly=yes
        CurrentSymlink=%s
        """
            .formatted(disk(), label, part.type().uuid(), link(part)));
  }

  private void transfer(String name, String source, String target) throws IOException {
    String text =
        "[Transfer]\n"
            + extraLines.getOrDefault(name + "Transfer", "")
            + "[Source]\nType=url-file\nPath="
            + server.url()
            + "\nMatchPattern="
            + source
            + "\n[Target]\n"
            + target
            + extraLines.getOrDefault(name + "Target", "");
    Files.writeString(
        home.resolve("definitions").resolve(name + ".transfer"), text, StandardCharsets.UTF_8);
  }

  Path home() {
    return home;
  }

  Path disk() {
    return home.resolve("disk.raw");
  }

  /** The link to the slot of the current version. */
  Path link(Part part) {
    return home.resolve("current-" + part);
  }

  Path esp() {
    return home.resolve("esp");
  }

  // ---- Running the engine ----

  Machine machine(Kernel kernel) {
    return Machine.running(kernel, () -> now, environment, home.resolve("locks"))
        .remembering(home.resolve("state"))
        .spooling(spool);
  }

  Updater updater(Kernel kernel) {
    return updater(kernel, spool);
  }

  Updater updater(Kernel kernel, SpoolPolicy policy) {
    return new Updater(
        machine(kernel).spooling(policy),
        new Settings(
            new DefinitionPlace.Directory(home.resolve("definitions")),
            verify ? Optional.empty() : Optional.of(false),
            OptionalLong.empty(),
            true,
            Optional.empty(),
            force,
            true,
            checks),
        new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of()),
        event -> {
          events.add(event);
          observer.on(event);
        },
        new Cancellation());
  }

  Outcome apply() throws UpdateException {
    return apply(new UnhurriedKernel(), Optional.empty(), Updater.Goal.UPDATE);
  }

  Outcome apply(String version) throws UpdateException {
    return apply(new UnhurriedKernel(), Optional.of(version), Updater.Goal.UPDATE);
  }

  Outcome apply(Kernel kernel, Optional<String> version, Updater.Goal goal) throws UpdateException {
    try (var updater = updater(kernel)) {
      return updater.apply(version, goal, "test");
    }
  }

  List<Finding> examine(Kernel kernel, VersionSets.View view) {
    try (var updater = updater(kernel)) {
      return updater.examine(view);
    }
  }

  List<UpdateEvent> events() {
    return List.copyOf(events);
  }
}
