package org.particleos.update.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.image.Dissection.Part;
import org.particleos.update.image.FileSystem.Content;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LoopDisk;
import org.particleos.update.linux.Mounts;
import org.particleos.update.linux.Mounts.Restriction;
import org.particleos.update.linux.OpenFile;

/**
 * The operating system in a disk image, mounted below a directory ({@code --image=},
 * update-algorithm.md 18.1, 21). Needs root.
 *
 * <p><b>Threads.</b> The mounts are in a private mount namespace, which belongs to the thread that
 * called {@link #mount} and the threads that it starts afterwards. So call it before there are
 * worker threads; threads started earlier, also those of shared pools and virtual threads, see an
 * empty directory. The thread that mounted it also closes it, and stays in its namespace, which
 * otherwise shows what the system shows.
 *
 * <p><b>Crashes.</b> When the process ends, in whatever way, the kernel unmounts everything and
 * detaches the loop device. Only the empty directory stays.
 *
 * <p>Not done: setting up verity, unlocking, growing and checking file systems.
 */
public final class MountedImage implements AutoCloseable {
  /** Where images are mounted; only the process itself sees something there. */
  public static final Path DIRECTORY = Path.of("/run/particle-update/image");

  /** How an image is used. */
  public enum Access {
    /** Not a byte of the image changes; journals are not replayed. */
    READ_ONLY,
    READ_WRITE
  }

  private static final int BARE_SECTOR_BYTES = 512;
  private static final int DIRECTORY_MODE = 0755;

  /** A root directory for an image that has only /usr: a few directories. */
  private static final String EMPTY_ROOT_OPTIONS = "mode=0755,size=1m,nr_inodes=64";

  private static final Set<Restriction> ALWAYS =
      Set.of(Restriction.NO_DEVICES, Restriction.NO_SET_ID, Restriction.NO_EXECUTE);

  private final Kernel kernel;
  private final Mounts mounts;
  private final Path image;
  private final Path root;
  private final LoopDisk disk;
  private final Access access;
  private final Deque<Mounted> mounted = new ArrayDeque<>();
  private final List<String> warnings = new ArrayList<>();

  private record Mounted(Path directory, boolean writable) {}

  private MountedImage(
      Kernel kernel, Mounts mounts, Path image, Path root, LoopDisk disk, Access access) {
    this.kernel = kernel;
    this.mounts = mounts;
    this.image = image;
    this.root = root;
    this.disk = disk;
    this.access = access;
  }

  /**
   * Mounts the image below {@link #DIRECTORY}.
   *
   * @throws UpdateException.Configuration if it is no image, or not one that the policy accepts
   * @throws UpdateException.NotPermitted if the caller may not mount
   * @throws UpdateException.Busy if another process changes the image
   */
  public static MountedImage mount(Kernel kernel, Path image, Access access, ImagePolicy policy)
      throws UpdateException {
    return mount(kernel, image, access, policy, DIRECTORY);
  }

  static MountedImage mount(
      Kernel kernel, Path image, Access access, ImagePolicy policy, Path directory)
      throws UpdateException {
    String what = "mounting the image " + Quote.quote(image.toString()) + " failed";
    try {
      requireDiskImage(kernel, image);
      var disk = attach(kernel, image, access);
      try {
        return mount(kernel, image, access, policy, directory, disk);
      } catch (UpdateException | IOException | RuntimeException | Error failed) {
        disk.close();
        throw failed;
      }
    } catch (IOException failed) {
      throw failure(what, failed);
    }
  }

  private static UpdateException failure(String what, IOException failed) {
    if (failed instanceof LinuxException call
        && call.call().equals("flock")
        && call.is(Errno.EAGAIN)) {
      return UpdateException.because(Reason.LOCK_HELD, what)
          .found("another process uses the image")
          .remedy("wait until it has finished")
          .cause(failed)
          .busy();
    }
    return IoFailure.reading(what, failed);
  }

  private static void requireDiskImage(Kernel kernel, Path image)
      throws IOException, UpdateException {
    var status = kernel.statusFollowing(image);
    String found =
        status.isEmpty()
            ? "it does not exist"
            : switch (status.get().kind()) {
              case REGULAR, BLOCK_DEVICE -> "";
              case DIRECTORY -> "it is a directory";
              case SYMBOLIC_LINK, CHARACTER_DEVICE, FIFO, SOCKET ->
                  "it is neither a regular file nor a block device";
            };
    if (!found.isEmpty()) {
      throw UpdateException.because(
              Reason.IMAGE_NOT_ACCEPTED, "refused the image " + Quote.quote(image.toString()))
          .found(found)
          .remedy("give a disk image to --image=, or a directory to --root=")
          .configuration();
    }
  }

  private static LoopDisk attach(Kernel kernel, Path image, Access access)
      throws IOException, UpdateException {
    int sectorBytes;
    try (var file = kernel.open(image, Set.of(OpenFlag.READ))) {
      sectorBytes = table(file).map(PartitionTable::sectorBytes).orElse(BARE_SECTOR_BYTES);
    }
    return LoopDisk.attach(image, access == Access.READ_ONLY, sectorBytes);
  }

  /** Empty if there is none at all; one that is damaged is refused. */
  private static Optional<PartitionTable> table(OpenFile disk) throws UpdateException {
    try {
      return Optional.of(PartitionTable.read(disk));
    } catch (UpdateException.DiskDamaged none) {
      if (none.reason() == Reason.NO_PARTITION_TABLE) {
        return Optional.empty();
      }
      throw none;
    }
  }

  private static MountedImage mount(
      Kernel kernel, Path image, Access access, ImagePolicy policy, Path directory, LoopDisk disk)
      throws IOException, UpdateException {
    // Shared: keeps others from changing the partition table as long as it is looked at, and udev
    // from reading it again (update-algorithm.md 21). Closing drops it.
    try (var device = kernel.open(disk.node(), Set.of(OpenFlag.READ))) {
      if (!device.tryLock(OpenFile.LockMode.SHARED)) {
        throw UpdateException.because(
                Reason.LOCK_HELD, "refused the loop device " + Quote.quote(disk.node().toString()))
            .found("another process has locked it")
            .remedy("try again")
            .busy();
      }
      // The image is locked only since it is attached: what was seen before does not count.
      var table = table(device);
      var dissection =
          table.isPresent()
              ? Dissection.of(table.get().partitions(), Dissection.nativeArchitecture(), policy)
              : Dissection.ofFileSystem(device.sizeBytes(), policy);
      var fileSystems = new ArrayList<FileSystem>();
      for (Part part : dissection.parts()) {
        fileSystems.add(fileSystem(device, part, policy));
      }

      makeDirectories(kernel, directory);
      var mounts = new Mounts();
      mounts.enterPrivateNamespace();
      var mountedImage = new MountedImage(kernel, mounts, image, directory, disk, access);
      try {
        mountedImage.mountAll(dissection.parts(), fileSystems);
        return mountedImage;
      } catch (UpdateException | IOException | RuntimeException | Error failed) {
        mountedImage.abandon(failed);
        throw failed;
      }
    }
  }

  /** What the part holds; refuses what cannot be mounted. */
  private static FileSystem fileSystem(OpenFile device, Part part, ImagePolicy policy)
      throws IOException, UpdateException {
    String where =
        part.number().isPresent()
            ? "the " + part.designator() + " partition (number " + part.number().getAsInt() + ")"
            : "the image, which has no partition table,";
    return switch (FileSystem.at(device, part.startBytes(), part.sizeBytes())) {
      case Content.Mountable(var fileSystem) -> {
        if (!policy.rule(part.designator()).allows(fileSystem)) {
          throw Dissection.refused(part.designator(), "its file system is " + fileSystem.text());
        }
        yield fileSystem;
      }
      case Content.Foreign(var what) ->
          throw UpdateException.because(
                  Reason.NOT_SUPPORTED, "refused the image: " + where + " cannot be mounted")
              .found(what)
              .remedy(
                  "attach and unlock the image by other means and use --root=, or leave the"
                      + " partition out: --image-policy="
                      + part.designator()
                      + "=ignore:=open")
              .configuration();
      case Content.Unknown() ->
          throw UpdateException.because(
                  Reason.IMAGE_NOT_ACCEPTED,
                  "refused the image: " + where + " holds no file system that is known")
              .found("no superblock of btrfs, erofs, ext4, f2fs, squashfs, vfat or xfs")
              .remedy("check that it is the right image and complete")
              .configuration();
    };
  }

  private static void makeDirectories(Kernel kernel, Path directory) throws IOException {
    if (kernel.statusFollowing(directory).isPresent()) {
      return;
    }
    Path parent = directory.getParent();
    if (parent != null) {
      makeDirectories(kernel, parent);
    }
    try {
      kernel.makeDirectory(directory, DIRECTORY_MODE);
    } catch (LinuxException failed) {
      // Another run was faster.
      if (!failed.is(Errno.EEXIST)) {
        throw failed;
      }
    }
  }

  private void mountAll(List<Part> parts, List<FileSystem> fileSystems)
      throws IOException, UpdateException {
    boolean hasRoot = parts.getFirst().designator() == Designator.ROOT;
    boolean hasXbootldr = parts.stream().anyMatch(part -> part.designator() == Designator.XBOOTLDR);
    if (!hasRoot) {
      mounts.mount("tmpfs", root, "tmpfs", ALWAYS, EMPTY_ROOT_OPTIONS);
      mounted.push(new Mounted(root, false));
      for (String name : List.of("usr", "efi", "boot")) {
        kernel.makeDirectory(root.resolve(name), DIRECTORY_MODE);
      }
    }
    for (int i = 0; i < parts.size(); i++) {
      var part = parts.get(i);
      var place = place(part.designator(), hasXbootldr);
      if (place.isPresent()) {
        mount(part, fileSystems.get(i), place.get());
      } else {
        leaveOut(part, "the image has no directory for it");
      }
    }
  }

  /** Where it belongs; empty if that directory is not there and cannot be made. */
  private Optional<Path> place(Designator designator, boolean hasXbootldr) throws IOException {
    return switch (designator) {
      case ROOT -> Optional.of(root);
      case USR -> directory("usr");
      case VAR -> directory("var");
      case HOME -> directory("home");
      case SRV -> directory("srv");
      case TMP -> directory("var/tmp");
      case XBOOTLDR -> directory("boot");
      case ESP -> {
        // Where the boot loader partition is absent, older systems keep the ESP at /boot.
        boolean atBoot = !hasXbootldr && !isDirectory("efi") && isDirectory("boot");
        yield directory(atBoot ? "boot" : "efi");
      }
      case SWAP, ROOT_VERITY, ROOT_VERITY_SIG, USR_VERITY, USR_VERITY_SIG ->
          throw new IllegalStateException("never mounted: " + designator);
    };
  }

  private boolean isDirectory(String name) throws IOException {
    var status = kernel.status(Chase.below(kernel, root, Path.of(name), Chase.Links.FOLLOW));
    return status.isPresent() && status.get().kind() == FileKind.DIRECTORY;
  }

  private Optional<Path> directory(String name) throws IOException {
    Path path = Chase.below(kernel, root, Path.of(name), Chase.Links.FOLLOW);
    var status = kernel.status(path);
    if (status.isEmpty()) {
      try {
        kernel.makeDirectory(path, DIRECTORY_MODE);
        return Optional.of(path);
      } catch (LinuxException notPossible) {
        return Optional.empty();
      }
    }
    return status.get().kind() == FileKind.DIRECTORY ? Optional.of(path) : Optional.empty();
  }

  private void mount(Part part, FileSystem fileSystem, Path directory)
      throws IOException, UpdateException {
    OptionalInt number = part.number();
    Path node =
        number.isPresent()
            ? disk.partition(number.getAsInt(), part.startBytes(), part.sizeBytes())
            : disk.node();
    boolean readOnly = access == Access.READ_ONLY || part.readOnly() || fileSystem.alwaysReadOnly();
    var restrictions = EnumSet.copyOf(ALWAYS);
    if (readOnly) {
      restrictions.add(Restriction.READ_ONLY);
    }
    try {
      mounts.mount(
          node.toString(),
          directory,
          fileSystem.text(),
          restrictions,
          fileSystem.options(access == Access.READ_ONLY));
      mounted.push(new Mounted(directory, !readOnly));
    } catch (LinuxException failed) {
      if (!failed.is(Errno.ENODEV)) {
        throw failed;
      }
      leaveOut(part, "this kernel knows no file system " + fileSystem.text());
    }
  }

  private static boolean essential(Designator designator) {
    return designator == Designator.ROOT || designator == Designator.USR;
  }

  /** Goes on without the partition, unless nothing can be done without it. */
  private void leaveOut(Part part, String why) throws UpdateException {
    if (essential(part.designator())) {
      throw UpdateException.because(
              Reason.IMAGE_NOT_ACCEPTED,
              "refused the image: its " + part.designator() + " partition cannot be mounted")
          .found(why)
          .remedy("check that it is the right image and complete")
          .configuration();
    }
    warnings.add(
        "the "
            + part.designator()
            + " partition of "
            + Quote.quote(image.toString())
            + " is not mounted: "
            + why);
  }

  /** The root directory of the mounted system. */
  public Path root() {
    return root;
  }

  /** The loop device of the whole image. */
  public Path disk() {
    return disk.node();
  }

  /** Partitions that were left out, and why. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /**
   * Writes everything to the image, unmounts and detaches it. Whatever fails, all of it is tried,
   * and what is still in use disappears with its last user. A second call does nothing.
   */
  @Override
  public void close() throws UpdateException {
    @Nullable IOException first = null;
    while (!mounted.isEmpty()) {
      try {
        unmount(mounted.pop());
      } catch (IOException failed) {
        if (first == null) {
          first = failed;
        } else {
          first.addSuppressed(failed);
        }
      }
    }
    disk.close();
    if (first != null) {
      throw IoFailure.writing(
          "unmounting the image " + Quote.quote(image.toString()) + " failed", first);
    }
  }

  private void unmount(Mounted mount) throws IOException {
    try {
      if (mount.writable) {
        kernel.syncFileSystem(mount.directory);
      }
      mounts.unmount(mount.directory);
    } catch (IOException failed) {
      try {
        mounts.detach(mount.directory);
      } catch (IOException alsoFailed) {
        failed.addSuppressed(alsoFailed);
      }
      throw failed;
    }
  }

  private void abandon(Throwable failed) {
    try {
      close();
    } catch (UpdateException alsoFailed) {
      failed.addSuppressed(alsoFailed);
    }
  }
}
