package org.particleos.update.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.disk.DiskLocator.PartitionPlace;
import org.particleos.update.disk.DiskLocator.Places;
import org.particleos.update.disk.DiskLocator.Scope;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.FakeKernel;

class DiskLocatorTest {
  private static final Optional<Path> AUTO = Optional.empty();
  private static final Scope HOST = new Scope.Host();
  private static final Scope ROOT = new Scope.Root();
  private static final Scope IMAGE = new Scope.Image(Path.of("/dev/loop7"));
  private static final DeviceNumber VDA = new DeviceNumber(253, 0);
  private static final DeviceNumber VDA2 = new DeviceNumber(253, 2);
  private static final DeviceNumber VDA3 = new DeviceNumber(253, 3);
  private static final DeviceNumber VDB = new DeviceNumber(253, 16);
  private static final DeviceNumber VDB1 = new DeviceNumber(253, 17);
  private static final DeviceNumber VERITY = new DeviceNumber(252, 0);
  private static final DeviceNumber ANONYMOUS = new DeviceNumber(0, 40);

  @TempDir Path folder;
  private FakeSysfs sysfs;
  private FakeKernel kernel;
  private Path usr;
  private Path mountInfo;

  @BeforeEach
  void makeAMachineWithTwoDisks() throws IOException {
    // As the kernel names it: mount points have no links in them.
    folder = folder.toRealPath();
    sysfs =
        new FakeSysfs(folder.resolve("sys"))
            .disk("vda", VDA)
            .partition("vda", "vda2", 2, VDA2)
            .partition("vda", "vda3", 3, VDA3)
            .disk("vdb", VDB)
            .partition("vdb", "vdb1", 1, VDB1);
    kernel = new FakeKernel();
    usr = Files.createDirectories(folder.resolve("usr"));
    mountInfo = folder.resolve("mountinfo");
    Files.writeString(mountInfo, "");
  }

  private DiskLocator locator() {
    return new DiskLocator(
        kernel,
        new Places(folder.resolve("sys"), Path.of("/dev"), folder.resolve("run"), usr, mountInfo));
  }

  private Path auto() throws UpdateException {
    return locator().locate(AUTO, HOST);
  }

  private void mountUsr(String type, String source) throws IOException {
    kernel.fileSystem(usr, ANONYMOUS);
    Files.writeString(
        mountInfo, "20 1 " + ANONYMOUS + " / " + usr + " rw - " + type + " " + source + " rw\n");
  }

  private void refusesAuto(String found) {
    var failure = assertThrows(UpdateException.Configuration.class, this::auto);
    assertEquals(Reason.BACKING_DEVICE_NOT_FOUND, failure.reason());
    assertTrue(failure.found().orElseThrow().contains(found), failure.found().toString());
  }

  @Test
  void autoIsTheDiskOfThePartitionThatHoldsUsr() throws UpdateException {
    kernel.fileSystem(usr, VDB1);

    assertEquals(Path.of("/dev/vdb"), auto());
  }

  @Test
  void autoLooksThroughVerityWithBothPartsOnOneDisk() throws Exception {
    sysfs.mapped("dm-0", VERITY, VDA2, VDA3);
    kernel.fileSystem(usr, VERITY);

    assertEquals(Path.of("/dev/vda"), auto());
  }

  @Test
  void autoLooksThroughSeveralLayers() throws Exception {
    sysfs.mapped("dm-0", VERITY, VDA2).mapped("dm-1", new DeviceNumber(252, 1), VERITY);
    kernel.fileSystem(usr, new DeviceNumber(252, 1));

    assertEquals(Path.of("/dev/vda"), auto());
  }

  @Test
  void partsOnSeveralDisksAreRefused() throws Exception {
    sysfs.mapped("dm-0", VERITY, VDA2, VDB1);
    kernel.fileSystem(usr, VERITY);

    refusesAuto("\"/dev/vda\", \"/dev/vdb\"");
  }

  @Test
  void aLoopOfLayersIsRefused() throws Exception {
    sysfs.mapped("dm-0", VERITY);
    Files.createSymbolicLink(
        folder.resolve("sys/devices/virtual/block/dm-0/slaves/dm-0"),
        folder.resolve("sys/devices/virtual/block/dm-0"));
    kernel.fileSystem(usr, VERITY);

    refusesAuto("layers");
  }

  @Test
  void anUnpartitionedDiskIsRefused() {
    kernel.fileSystem(usr, VDA);

    refusesAuto("has no partitions");
  }

  @Test
  void aDeviceThatTheKernelDoesNotKnowIsRefused() {
    kernel.fileSystem(usr, new DeviceNumber(7, 7));

    refusesAuto("7:7");
  }

  @Test
  void theVolatileRootComesFirst() throws Exception {
    kernel.fileSystem(usr, VDB1);
    Files.createDirectories(folder.resolve("run/systemd"));
    Path link = folder.resolve("run/systemd/volatile-root");
    Files.createSymbolicLink(link, Path.of("/dev/null"));
    kernel.blockDevice(link, VDA2);

    assertEquals(Path.of("/dev/vda"), auto());
  }

  @Test
  void aVolatileRootThatIsNoBlockDeviceIsRefused() throws Exception {
    kernel.fileSystem(usr, VDB1);
    Files.createDirectories(folder.resolve("run/systemd"));
    Files.createSymbolicLink(folder.resolve("run/systemd/volatile-root"), Path.of("/dev/null"));

    refusesAuto("block device");
  }

  @Test
  void btrfsIsFoundThroughWhatWasMounted() throws Exception {
    mountUsr("btrfs", "/dev/vda3");
    kernel.blockDevice(Path.of("/dev/vda3"), VDA3);

    assertEquals(Path.of("/dev/vda"), auto());
  }

  @Test
  void btrfsOverPartitionsOfOneDiskIsAcceptedOverSeveralRefused() throws Exception {
    mountUsr("btrfs", "/dev/vda3");
    kernel.blockDevice(Path.of("/dev/vda3"), VDA3);
    sysfs.btrfs("one", VDB1).btrfs("two", VDA2, VDA3);
    assertEquals(Path.of("/dev/vda"), auto());

    Files.createSymbolicLink(
        folder.resolve("sys/fs/btrfs/two/devices/vdb1"),
        folder.resolve("sys/devices/virtual/block/vdb/vdb1"));

    refusesAuto("several disks");
  }

  @Test
  void aFileSystemInMemoryHasNoDisk() throws Exception {
    mountUsr("tmpfs", "tmpfs");

    refusesAuto("not on a block device");
  }

  @Test
  void anOverlayOfExtensionsNamesWhatItCovers() throws Exception {
    mountUsr("overlay", "overlay");
    Files.createDirectories(usr.resolve(".systemd-sysext"));
    Path note = usr.resolve(".systemd-sysext/backing");

    Files.writeString(note, VDB1 + "\n");
    assertEquals(Path.of("/dev/vdb"), auto());

    Files.writeString(note, "/dev/vda2\n");
    kernel.blockDevice(Path.of("/dev/vda2"), VDA2);
    assertEquals(Path.of("/dev/vda"), auto());
  }

  @Test
  void anyOtherOverlayIsRefused() throws Exception {
    mountUsr("overlay", "overlay");

    refusesAuto("overlay");
  }

  @Test
  void autoBelowARootIsRefusedAndInAnImageItsDevice() throws Exception {
    assertThrows(UpdateException.NotPermitted.class, () -> locator().locate(AUTO, ROOT));
    assertEquals(Path.of("/dev/loop7"), locator().locate(AUTO, IMAGE));
  }

  @Test
  void aBlockDeviceIsAcceptedOnTheHostOnly() throws Exception {
    Path node = folder.resolve("node");
    kernel.blockDevice(node, VDA);

    assertEquals(node, locator().locate(Optional.of(node), HOST));
    for (Scope scope : new Scope[] {ROOT, IMAGE}) {
      var refused =
          assertThrows(
              UpdateException.NotPermitted.class, () -> locator().locate(Optional.of(node), scope));
      assertEquals(Errno.EPERM, refused.reason().errno());
    }
  }

  @Test
  void aRegularFileIsADiskImageEverywhere() throws Exception {
    Path file = Files.createFile(folder.resolve("image"));

    for (Scope scope : new Scope[] {HOST, ROOT, IMAGE}) {
      assertEquals(file, locator().locate(Optional.of(file), scope));
    }
  }

  @Test
  void aDirectoryMeansTheDiskBehindItOrTheImage() throws Exception {
    kernel.fileSystem(usr, VDB1);

    assertEquals(Path.of("/dev/vdb"), locator().locate(Optional.of(usr), HOST));
    assertEquals(Path.of("/dev/vdb"), locator().locate(Optional.of(usr), ROOT));
    assertEquals(Path.of("/dev/loop7"), locator().locate(Optional.of(usr), IMAGE));
  }

  @Test
  void whatIsMissingOrNoDiskIsRefused() {
    for (Path path : new Path[] {folder.resolve("missing"), Path.of("/dev/null")}) {
      assertThrows(
          UpdateException.Configuration.class, () -> locator().locate(Optional.of(path), HOST));
    }
  }

  @Test
  void aPartitionKnowsItsDiskAndNumber() throws Exception {
    assertEquals(
        Optional.of(new PartitionPlace(Path.of("/dev/vda"), 3)), locator().partition(VDA3));
    assertEquals(Optional.empty(), locator().partition(VDA));
  }

  // --- partitions in use

  @Test
  void aPartitionBelowAMappedDeviceIsInUseAndItsNeighbourIsNot() throws Exception {
    kernel.blockDevice(folder.resolve("vda"), VDA);
    sysfs.mapped("dm-0", VERITY, VDA2);

    assertEquals(Set.of(2), locator().partitionsInUse(folder.resolve("vda")));
  }

  @Test
  void aMountedPartitionIsInUse() throws Exception {
    kernel.blockDevice(folder.resolve("vda"), VDA);
    Files.writeString(mountInfo, "20 1 " + VDA3 + " / /home rw - ext4 /dev/vda3 rw\n");

    assertEquals(Set.of(3), locator().partitionsInUse(folder.resolve("vda")));
  }

  @Test
  void nothingOfAnIdleDiskOrAnImageFileIsInUse() throws Exception {
    kernel.blockDevice(folder.resolve("vdb"), VDB);
    Path image = Files.createFile(folder.resolve("disk.img"));

    assertEquals(Set.of(), locator().partitionsInUse(folder.resolve("vdb")));
    assertEquals(Set.of(), locator().partitionsInUse(image));
  }
}
