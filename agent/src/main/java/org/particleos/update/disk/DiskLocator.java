package org.particleos.update.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.MountTable;

/**
 * Finds the disk that a partition transfer writes to (transfer-files.md 14.5): the configured one,
 * or the whole disk that carries {@code /usr}, seen through device mapper layers. Reads sysfs,
 * changes nothing.
 */
public final class DiskLocator {
  /** Verity on crypt on a logical volume is three; more than this is a loop in what we read. */
  private static final int LAYERS_MAX = 16;

  /** Files in sysfs are at most a page. */
  private static final int ATTRIBUTE_BYTES_MAX = 4096;

  private final Kernel kernel;
  private final Places places;

  public DiskLocator(Kernel kernel, Places places) {
    this.kernel = kernel;
    this.places = places;
  }

  /** Where the kernel and the running system are looked at. */
  public record Places(Path sysfs, Path dev, Path run, Path usr, Path mountInfo) {
    public static final Places HOST =
        new Places(
            Path.of("/sys"), Path.of("/dev"), Path.of("/run"), Path.of("/usr"), MountTable.HERE);
  }

  /** A partition as the kernel knows it: a number on a whole disk. */
  public record PartitionPlace(Path disk, int number) {}

  /** Which system the transfers are for. */
  public sealed interface Scope {
    /** The running one. */
    record Host() implements Scope {}

    /** One below a directory ({@code --root=}). */
    record Root() implements Scope {}

    /** One in an image, attached as a block device ({@code --image=}). */
    record Image(Path device) implements Scope {}
  }

  public static DiskLocator ofHost(Kernel kernel) {
    return new DiskLocator(kernel, Places.HOST);
  }

  /**
   * The block device or image file for a configured path; empty means {@code auto}.
   *
   * @throws UpdateException.NotPermitted if a device of the running system would be changed for
   *     another system
   * @throws UpdateException.Configuration if nothing suitable is there
   */
  public Path locate(Optional<Path> configured, Scope scope) throws UpdateException {
    if (configured.isEmpty()) {
      return switch (scope) {
        case Scope.Host() -> carryingTheSystem();
        case Scope.Root() -> throw foreign("auto");
        case Scope.Image(Path device) -> device;
      };
    }
    Path path = configured.get();
    String name = Quote.quote(path.toString());
    try {
      var status = kernel.statusFollowing(path);
      if (status.isEmpty()) {
        throw notFound("refused disk " + name, "it does not exist").configuration();
      }
      return switch (status.get().kind()) {
        case BLOCK_DEVICE ->
            switch (scope) {
              case Scope.Host() -> path;
              case Scope.Root(), Scope.Image(_) -> throw foreign(path.toString());
            };
        case REGULAR -> path;
        case DIRECTORY ->
            switch (scope) {
              case Scope.Host(), Scope.Root() -> wholeDiskBacking(path);
              case Scope.Image(Path device) -> device;
            };
        case SYMBOLIC_LINK, CHARACTER_DEVICE, FIFO, SOCKET ->
            throw notFound(
                    "refused disk " + name, "it is no block device, regular file or directory")
                .configuration();
      };
    } catch (IOException failed) {
      throw IoFailure.reading("looking at disk " + name + " failed", failed);
    }
  }

  private static UpdateException foreign(String path) {
    return UpdateException.because(
            Reason.PERMISSION_DENIED,
            "refused disk " + Quote.quote(path) + " together with --root= or --image=")
        .found("it is a device of the running system, not of the one to be updated")
        .remedy("use a path to an image file, or leave out --root= and --image=")
        .notPermitted();
  }

  private Path carryingTheSystem() throws UpdateException {
    Path link = places.run.resolve("systemd/volatile-root");
    try {
      if (kernel.status(link).isEmpty()) {
        return wholeDiskBacking(places.usr);
      }
      var status = kernel.statusFollowing(link);
      if (status.isEmpty() || status.get().kind() != FileKind.BLOCK_DEVICE) {
        throw notFound(
                "refused " + Quote.quote(link.toString()) + " as the device of the system",
                "it does not lead to a block device")
            .configuration();
      }
      return wholeDisk(
          Set.of(DeviceNumber.of(status.get().specialDevice())),
          "the device behind " + Quote.quote(link.toString()));
    } catch (IOException failed) {
      throw IoFailure.reading("looking at " + Quote.quote(link.toString()) + " failed", failed);
    }
  }

  /**
   * The whole disk that backs the file system of a directory.
   *
   * @throws UpdateException.Configuration if there is none, or there are several, or the file
   *     system fills a disk without partitions
   */
  public Path wholeDiskBacking(Path directory) throws UpdateException {
    String what = "the file system of " + Quote.quote(directory.toString());
    try {
      return wholeDisk(backing(directory, what), what);
    } catch (IOException failed) {
      throw IoFailure.reading("finding the disk behind " + what + " failed", failed);
    }
  }

  private Set<DeviceNumber> backing(Path directory, String what)
      throws IOException, UpdateException {
    var status = kernel.statusFollowing(directory);
    if (status.isEmpty()) {
      throw notFound("failed to find the disk behind " + what, "there is no such directory")
          .configuration();
    }
    var device = DeviceNumber.of(status.get().device());
    if (!device.anonymous()) {
      return Set.of(device);
    }
    var mounts = MountTable.read(places.mountInfo);
    var mount = mounts.holding(directory.toRealPath());
    if (mount.isPresent() && mount.get().type().equals("overlay")) {
      return backingOfExtensions(directory, mounts, what);
    }
    return mount.isEmpty() ? Set.of() : sources(mount.get(), what);
  }

  /**
   * {@code /usr} below system extensions is an overlay that notes what it covers, as a device
   * number or as a device node.
   */
  private Set<DeviceNumber> backingOfExtensions(Path directory, MountTable mounts, String what)
      throws IOException, UpdateException {
    Path note = directory.resolve(".systemd-sysext/backing");
    var status = kernel.statusFollowing(note);
    if (status.isEmpty()) {
      throw notFound("failed to find the disk behind " + what, "it is an overlay").configuration();
    }
    if (status.get().kind() == FileKind.BLOCK_DEVICE) {
      return Set.of(DeviceNumber.of(status.get().specialDevice()));
    }
    String text = attribute(note);
    var number = DeviceNumber.parse(text);
    if (number.isEmpty()) {
      return node(text, what).map(Set::of).orElse(Set.of());
    }
    if (!number.get().anonymous()) {
      return Set.of(number.get());
    }
    var covered = mounts.of(number.get());
    return covered.isEmpty() ? Set.of() : sources(covered.get(), what);
  }

  /** The devices of a file system that has no number of its own: btrfs may span several. */
  private Set<DeviceNumber> sources(MountTable.Mount mount, String what)
      throws IOException, UpdateException {
    var device = node(mount.source(), what);
    if (device.isEmpty()) {
      return Set.of();
    }
    Path fileSystems = places.sysfs.resolve("fs/btrfs");
    if (!mount.type().equals("btrfs") || kernel.status(fileSystems).isEmpty()) {
      return Set.of(device.get());
    }
    for (String fileSystem : kernel.list(fileSystems)) {
      Path members = fileSystems.resolve(fileSystem).resolve("devices");
      if (kernel.status(members).isEmpty()) {
        continue;
      }
      var numbers = new LinkedHashSet<DeviceNumber>();
      for (String member : kernel.list(members)) {
        numbers.add(number(members.resolve(member).toRealPath()));
      }
      if (numbers.contains(device.get())) {
        return numbers;
      }
    }
    return Set.of(device.get());
  }

  private Optional<DeviceNumber> node(String source, String what)
      throws IOException, UpdateException {
    if (!source.startsWith("/")) {
      return Optional.empty();
    }
    var status = kernel.statusFollowing(Path.of(source));
    if (status.isEmpty() || status.get().kind() != FileKind.BLOCK_DEVICE) {
      throw notFound(
              "failed to find the disk behind " + what,
              Quote.quote(source) + " is not a block device")
          .configuration();
    }
    return Optional.of(DeviceNumber.of(status.get().specialDevice()));
  }

  private Path wholeDisk(Set<DeviceNumber> devices, String what)
      throws IOException, UpdateException {
    // Ordered, so that a message reads the same every time.
    var disks = new TreeSet<Path>();
    for (var device : devices) {
      collectDisks(deviceDirectory(device, what), LAYERS_MAX, disks, what);
    }
    if (disks.isEmpty()) {
      throw notFound("failed to find the disk behind " + what, "it is not on a block device")
          .configuration();
    }
    if (disks.size() > 1) {
      throw notFound(
              "refused " + what + " as the system's",
              "it lives on several disks: "
                  + disks.stream()
                      .map(disk -> Quote.quote(disk.toString()))
                      .collect(Collectors.joining(", ")))
          .configuration();
    }
    return disks.first();
  }

  private void collectDisks(Path device, int layersLeft, Set<Path> disks, String what)
      throws IOException, UpdateException {
    if (layersLeft == 0) {
      throw notFound(
              "failed to find the disk behind " + what,
              "more than " + LAYERS_MAX + " layers of device mapper")
          .configuration();
    }
    if (Files.isDirectory(device.resolve("dm"))) {
      List<String> slaves = kernel.list(device.resolve("slaves"));
      for (String slave : slaves) {
        collectDisks(
            device.resolve("slaves").resolve(slave).toRealPath(), layersLeft - 1, disks, what);
      }
      return;
    }
    var place = place(device);
    if (place.isEmpty()) {
      throw notFound(
              "refused " + what + " as the system's",
              "it is on " + Quote.quote(node(device).toString()) + ", which has no partitions")
          .configuration();
    }
    disks.add(place.get().disk());
  }

  private Path deviceDirectory(DeviceNumber device, String what)
      throws IOException, UpdateException {
    Path link = places.sysfs.resolve("dev/block").resolve(device.toString());
    if (kernel.statusFollowing(link).isEmpty()) {
      throw notFound(
              "failed to find the disk behind " + what,
              "the kernel knows no block device " + device)
          .configuration();
    }
    return link.toRealPath();
  }

  /**
   * Where the partition with this device number lives; empty if it is something else, such as a
   * whole disk or a device mapper volume.
   */
  public Optional<PartitionPlace> partition(DeviceNumber device) throws UpdateException {
    String what = "device " + device;
    try {
      return place(deviceDirectory(device, what));
    } catch (IOException failed) {
      throw IoFailure.reading("looking at " + what + " failed", failed);
    }
  }

  /**
   * Numbers of the partitions of a disk that are mounted or that a mapped device (dm-verity, crypt)
   * sits on. None for an image file: whoever attaches it uses another device.
   */
  public Set<Integer> partitionsInUse(Path disk) throws UpdateException {
    String what = "disk " + Quote.quote(disk.toString());
    try {
      var status = kernel.statusFollowing(disk);
      if (status.isEmpty() || status.get().kind() != FileKind.BLOCK_DEVICE) {
        return Set.of();
      }
      Path directory = deviceDirectory(DeviceNumber.of(status.get().specialDevice()), what);
      var mounts = MountTable.read(places.mountInfo);
      var inUse = new TreeSet<Integer>();
      for (String name : kernel.list(directory)) {
        Path child = directory.resolve(name);
        var place = Files.isDirectory(child) ? place(child) : Optional.<PartitionPlace>empty();
        if (place.isPresent() && (held(child) || mounts.of(number(child)).isPresent())) {
          inUse.add(place.get().number());
        }
      }
      return inUse;
    } catch (IOException failed) {
      throw IoFailure.reading("finding out which parts of " + what + " are in use failed", failed);
    }
  }

  private boolean held(Path device) throws IOException {
    Path holders = device.resolve("holders");
    return kernel.status(holders).isPresent() && !kernel.list(holders).isEmpty();
  }

  private Optional<PartitionPlace> place(Path device) throws IOException {
    Path number = device.resolve("partition");
    if (kernel.status(number).isEmpty()) {
      return Optional.empty();
    }
    Path disk = device.resolve("..").normalize();
    try {
      return Optional.of(new PartitionPlace(node(disk), Integer.parseInt(attribute(number))));
    } catch (NumberFormatException notNumber) {
      throw new IOException(Quote.quote(number.toString()) + " holds no number", notNumber);
    }
  }

  /** The device node: its name is in the event record, since directories spell "/" as "!". */
  private Path node(Path device) throws IOException {
    for (String line : attribute(device.resolve("uevent")).split("\n", -1)) {
      if (line.startsWith("DEVNAME=")) {
        return places.dev.resolve(line.substring("DEVNAME=".length()));
      }
    }
    throw new IOException(Quote.quote(device.toString()) + " names no device node");
  }

  private static DeviceNumber number(Path device) throws IOException {
    String text = attribute(device.resolve("dev"));
    return DeviceNumber.parse(text)
        .orElseThrow(
            () -> new IOException(Quote.quote(device.toString()) + " has no device number"));
  }

  private static String attribute(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return new String(in.readNBytes(ATTRIBUTE_BYTES_MAX), StandardCharsets.UTF_8).strip();
    }
  }

  private static UpdateException.Details notFound(String what, String found) {
    return UpdateException.because(Reason.BACKING_DEVICE_NOT_FOUND, what)
        .found(found)
        .remedy("set Path= in the [Target] section to the disk of the system");
  }
}
