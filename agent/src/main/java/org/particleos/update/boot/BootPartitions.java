package org.particleos.update.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.disk.DiskLocator.PartitionPlace;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.MountTable;
import org.particleos.update.linux.MountTable.Mount;

/**
 * Finds the mounted boot partitions (transfer-files.md 14.2 to 14.4). Looks again at every call, as
 * mounts come and go, and mounts nothing itself, except that automounts are triggered by looking.
 */
public final class BootPartitions {
  static final UUID ESP_TYPE = UUID.fromString("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  static final UUID XBOOTLDR_TYPE = UUID.fromString("bc13c2ff-59e6-4262-a352-b275fd6f7172");

  /** The type of XBOOTLDR on disks with an MBR partition table, as udev spells it. */
  private static final String XBOOTLDR_MBR_TYPE = "0xea";

  /** MSDOS_SUPER_MAGIC, which vfat uses too. */
  private static final long FAT_MAGIC = 0x4d44;

  /** udev's record of a device is some kilobytes. */
  private static final int UDEV_RECORD_BYTES_MAX = 1 << 20;

  /** What the service manager takes for yes. */
  private static final Set<String> TRUE = Set.of("1", "yes", "y", "true", "t", "on");

  private final Kernel kernel;
  private final Path root;
  private final Map<String, String> environment;
  private final DiskLocator disks;
  private final Surroundings surroundings;

  BootPartitions(
      Kernel kernel,
      Path root,
      Map<String, String> environment,
      DiskLocator disks,
      Surroundings surroundings) {
    this.kernel = kernel;
    this.root = root;
    this.environment = Map.copyOf(environment);
    this.disks = disks;
    this.surroundings = surroundings;
  }

  /**
   * What the running system says about itself.
   *
   * @param udevData folder of udev's records
   * @param container whether this is a container, which sees no block devices
   */
  record Surroundings(Path mountInfo, Path udevData, boolean container) {}

  /**
   * Looks at what the calling thread sees mounted; candidates and overrides are paths below the
   * root, which is {@code /}, a directory ({@code --root=}) or a mounted image ({@code --image=}).
   */
  public static BootPartitions ofHost(Kernel kernel, Path root, Map<String, String> environment) {
    return new BootPartitions(
        kernel,
        root,
        environment,
        DiskLocator.ofHost(kernel),
        new Surroundings(
            MountTable.HERE,
            Path.of("/run/udev/data"),
            Files.exists(Path.of("/run/systemd/container"))));
  }

  private enum Kind {
    ESP("EFI system partition", "SYSTEMD_ESP_PATH", "SYSTEMD_RELAX_ESP_CHECKS", ESP_TYPE),
    XBOOTLDR(
        "extended boot loader partition",
        "SYSTEMD_XBOOTLDR_PATH",
        "SYSTEMD_RELAX_XBOOTLDR_CHECKS",
        XBOOTLDR_TYPE);

    private final String title;
    private final String pathVariable;
    private final String relaxVariable;
    private final UUID type;

    Kind(String title, String pathVariable, String relaxVariable, UUID type) {
      this.title = title;
      this.pathVariable = pathVariable;
      this.relaxVariable = relaxVariable;
      this.type = type;
    }

    /** In the order in which they are tried. */
    private String[] candidates() {
      return switch (this) {
        case ESP -> new String[] {"efi", "boot", "boot/efi"};
        case XBOOTLDR -> new String[] {"boot"};
      };
    }
  }

  /** Where a partition is, or why each candidate is not it. */
  private record Search(Optional<Path> found, Map<Path, String> refused) {}

  /** The ESP if it is mounted. */
  public Optional<Path> findEsp() throws UpdateException {
    return search(Kind.ESP).found;
  }

  /** XBOOTLDR if it is mounted; does not fall back to the ESP. */
  public Optional<Path> findXbootldr() throws UpdateException {
    return search(Kind.XBOOTLDR).found;
  }

  /**
   * The anchor {@code esp}.
   *
   * @throws UpdateException.Configuration if there is none; its text names all candidates
   */
  public Path esp() throws UpdateException {
    var search = search(Kind.ESP);
    if (search.found.isPresent()) {
      return search.found.get();
    }
    throw notFound("failed to find the " + Kind.ESP.title, search.refused);
  }

  /**
   * The anchor {@code xbootldr}. Without XBOOTLDR it is the ESP, as in the reference, although the
   * documentation says otherwise (D-08).
   */
  public Path xbootldr() throws UpdateException {
    return boot();
  }

  /** The anchor {@code boot}: XBOOTLDR if there is one, else the ESP. */
  public Path boot() throws UpdateException {
    var extended = search(Kind.XBOOTLDR);
    if (extended.found.isPresent()) {
      return extended.found.get();
    }
    var esp = search(Kind.ESP);
    if (esp.found.isPresent()) {
      return esp.found.get();
    }
    var refused = new LinkedHashMap<>(esp.refused);
    extended.refused.forEach(
        (path, why) -> refused.merge(path, why, (a, b) -> a.equals(b) ? a : a + ", " + b));
    throw notFound("failed to find a boot partition ($BOOT)", refused);
  }

  /**
   * Further EFI system partitions that are mounted below the root: on another disk than the file
   * system of the primary one. Those of which nothing tells that they are such are none.
   */
  public List<Path> furtherEsps(Path primary) throws UpdateException {
    try {
      var status = kernel.statusFollowing(primary);
      if (surroundings.container || status.isEmpty()) {
        return List.of();
      }
      Path realRoot = root.toRealPath();
      MountTable mounts = MountTable.read(surroundings.mountInfo);
      // Where checks are relaxed nothing need be mounted.
      DeviceNumber own =
          mounts
              .at(primary.toRealPath())
              .map(Mount::device)
              .orElse(DeviceNumber.of(status.get().device()));
      Optional<Path> ownDisk = disk(own);
      var further = new HashMap<DeviceNumber, Path>();
      for (Mount mount : mounts.mounts()) {
        boolean hidden = mounts.at(mount.mountPoint()).filter(mount::equals).isEmpty();
        if (hidden
            || !mount.type().equals("vfat")
            || !mount.mountPoint().startsWith(realRoot)
            || mount.device().equals(own)
            || objectionToDevice(Kind.ESP, mount).isPresent()) {
          continue;
        }
        Optional<Path> disk = disk(mount.device());
        if (disk.isPresent() && !disk.equals(ownDisk)) {
          // What is mounted once more, such as a part of it, came later.
          further.putIfAbsent(mount.device(), mount.mountPoint());
        }
      }
      return further.values().stream().sorted().toList();
    } catch (IOException failed) {
      throw IoFailure.reading("looking for further EFI system partitions failed", failed);
    }
  }

  private Optional<Path> disk(DeviceNumber device) {
    try {
      return device.anonymous()
          ? Optional.empty()
          : disks.partition(device).map(PartitionPlace::disk);
    } catch (UpdateException _) {
      return Optional.empty(); // what cannot be told is no further one
    }
  }

  private static UpdateException notFound(String what, Map<Path, String> refused) {
    return UpdateException.because(Reason.BOOT_PARTITION_NOT_FOUND, what)
        .found(
            refused.entrySet().stream()
                .map(entry -> Quote.quote(entry.getKey().toString()) + " " + entry.getValue())
                .collect(Collectors.joining("; ")))
        .remedy("mount the EFI system partition to /efi or /boot, or set SYSTEMD_ESP_PATH")
        .configuration();
  }

  private Search search(Kind kind) throws UpdateException {
    String override = environment.getOrDefault(kind.pathVariable, "");
    try {
      if (!override.isEmpty()) {
        return new Search(Optional.of(overridden(kind, override)), Map.of());
      }
      return searchCandidates(kind);
    } catch (IOException failed) {
      throw IoFailure.reading("looking for the " + kind.title + " failed", failed);
    }
  }

  private Search searchCandidates(Kind kind) throws IOException {
    var refused = new LinkedHashMap<Path, String>();
    for (String candidate : kind.candidates()) {
      Path path = root.resolve(candidate);
      try {
        path = Chase.below(kernel, root, Path.of(candidate), Chase.Links.FOLLOW);
        var objection = objection(kind, path);
        if (objection.isEmpty()) {
          return new Search(Optional.of(path), refused);
        }
        refused.put(path, objection.get());
      } catch (LinuxException failed) {
        // Without privileges /boot may be closed; the ESP may still be elsewhere.
        if (kind != Kind.ESP || !failed.is(Errno.EACCES)) {
          throw failed;
        }
        refused.put(path, "may not be looked into");
      }
    }
    return new Search(Optional.empty(), refused);
  }

  /** A path from the environment is trusted, as long as it is a directory. */
  private Path overridden(Kind kind, String text) throws IOException, UpdateException {
    Path configured = Path.of(text);
    String found = "";
    if (!configured.isAbsolute()) {
      found = "it is not absolute";
    } else {
      Path path = Chase.below(kernel, root, configured, Chase.Links.FOLLOW);
      var status = kernel.status(path);
      if (status.isPresent() && status.get().kind() == FileKind.DIRECTORY) {
        return path;
      }
      found = status.isEmpty() ? "it does not exist" : "it is not a directory";
    }
    throw UpdateException.because(
            Reason.BOOT_PARTITION_NOT_ACCEPTED,
            "refused " + kind.pathVariable + "=" + Quote.quote(text))
        .found(found)
        .remedy("set it to the directory where the " + kind.title + " is mounted, or unset it")
        .configuration();
  }

  /** Why the directory is not the mounted partition; empty if it is. */
  private Optional<String> objection(Kind kind, Path path) throws IOException {
    var status = kernel.status(path);
    if (status.isEmpty()) {
      return Optional.of("does not exist");
    }
    if (status.get().kind() != FileKind.DIRECTORY) {
      return Optional.of("is not a directory");
    }
    if (relaxed(kind)) {
      return Optional.empty();
    }
    // This call triggers an automount, so it comes before the look at the mount table.
    long magic = kernel.space(path).magic();
    if (kind == Kind.ESP && magic != FAT_MAGIC) {
      return Optional.of("is not a FAT file system");
    }
    // The table has real paths; the root may have been given through a link.
    var mount = MountTable.read(surroundings.mountInfo).at(path.toRealPath());
    if (mount.isEmpty()) {
      return Optional.of("is not the root of a mounted file system");
    }
    if (kind == Kind.ESP && !mount.get().type().equals("vfat")) {
      return Optional.of("is mounted as " + Quote.quote(mount.get().type()) + ", not as vfat");
    }
    return surroundings.container ? Optional.empty() : objectionToDevice(kind, mount.get());
  }

  private boolean relaxed(Kind kind) {
    return TRUE.contains(environment.getOrDefault(kind.relaxVariable, "").toLowerCase(Locale.ROOT));
  }

  private Optional<String> objectionToDevice(Kind kind, Mount mount) throws IOException {
    if (mount.device().anonymous()) {
      return Optional.of("is not on a block device");
    }
    String unreadable;
    try {
      var place = disks.partition(mount.device());
      if (place.isEmpty()) {
        return Optional.of("is not on a partition");
      }
      var type = typeInTable(place.get());
      if (type.isPresent()) {
        return type.get().equals(kind.type)
            ? Optional.empty()
            : Optional.of("is on a partition of type " + type.get() + ", not " + kind.type);
      }
      unreadable = "is on a partition that the table of its disk does not list";
    } catch (UpdateException failed) {
      // Not permitted, damaged or an MBR table: udev has looked at it as root and may know.
      unreadable = "is on a partition whose type could not be read: " + failed.getMessage();
    }
    return objectionByUdev(kind, mount, unreadable);
  }

  private Optional<UUID> typeInTable(PartitionPlace place) throws UpdateException {
    try (var disk = kernel.open(place.disk(), Set.of(OpenFlag.READ))) {
      return PartitionTable.read(disk).partition(place.number()).map(partition -> partition.type());
    } catch (IOException failed) {
      throw IoFailure.reading(
          "reading disk " + Quote.quote(place.disk().toString()) + " failed", failed);
    }
  }

  private Optional<String> objectionByUdev(Kind kind, Mount mount, String otherwise)
      throws IOException {
    var properties = udevProperties(surroundings.udevData.resolve("b" + mount.device()));
    String scheme = properties.getOrDefault("ID_PART_ENTRY_SCHEME", "");
    String type = properties.getOrDefault("ID_PART_ENTRY_TYPE", "").toLowerCase(Locale.ROOT);
    if (type.isEmpty()) {
      return Optional.of(otherwise);
    }
    boolean accepted =
        switch (scheme) {
          case "gpt" -> type.equals(kind.type.toString());
          case "dos" -> kind == Kind.XBOOTLDR && type.equals(XBOOTLDR_MBR_TYPE);
          default -> false;
        };
    return accepted
        ? Optional.empty()
        : Optional.of(
            "is on a partition of type " + Quote.quote(scheme + " " + type) + ", not " + kind.type);
  }

  private static Map<String, String> udevProperties(Path udevRecord) throws IOException {
    var properties = new LinkedHashMap<String, String>();
    try (var in = Files.newInputStream(udevRecord)) {
      String text = new String(in.readNBytes(UDEV_RECORD_BYTES_MAX), StandardCharsets.UTF_8);
      for (String line : text.split("\n", -1)) {
        int equals = line.indexOf('=');
        if (line.startsWith("E:") && equals > 0) {
          properties.put(line.substring(2, equals), line.substring(equals + 1));
        }
      }
    } catch (NoSuchFileException noRecord) {
      return Map.of();
    }
    return properties;
  }

  /**
   * The path below an anchor that this class returned. Its tail need not exist. {@code /EFI/Linux}
   * and {@code EFI/Linux} mean the same.
   *
   * @throws UpdateException.Configuration if a component is a symbolic link (boot loaders know
   *     none), or it would lead out of the anchor
   */
  public Path below(Path anchor, Path relative) throws UpdateException {
    String what =
        "refused path "
            + Quote.quote(relative.toString())
            + " below "
            + Quote.quote(anchor.toString());
    for (Path component : relative) {
      if (component.toString().equals("..")) {
        throw notAccepted(what, "it contains \"..\"");
      }
    }
    try {
      return Chase.below(kernel, anchor, relative, Chase.Links.REFUSE);
    } catch (Chase.SymbolicLinkRefused refused) {
      throw notAccepted(what, Quote.quote(refused.link().toString()) + " is a symbolic link");
    } catch (IOException failed) {
      throw IoFailure.reading(
          "looking at " + Quote.quote(anchor.resolve(relative).toString()) + " failed", failed);
    }
  }

  private static UpdateException notAccepted(String what, String found) {
    return UpdateException.because(Reason.BOOT_PARTITION_NOT_ACCEPTED, what)
        .found(found)
        .remedy("use a path without it in Path=")
        .configuration();
  }
}
