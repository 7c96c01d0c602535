package org.particleos.update.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.boot.BootPartitions.Surroundings;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.disk.DiskLocator.Places;
import org.particleos.update.disk.FakeSysfs;
import org.particleos.update.disk.GptImage;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.FakeKernel;

class BootPartitionsTest {
  private static final long FAT = 0x4d44;
  private static final DeviceNumber ESP = new DeviceNumber(8, 1);
  private static final DeviceNumber XBOOTLDR = new DeviceNumber(8, 2);
  private static final DeviceNumber OTHER = new DeviceNumber(8, 3);
  private static final DeviceNumber SECOND_ESP = new DeviceNumber(8, 17);
  private static final DeviceNumber SECOND_OTHER = new DeviceNumber(8, 18);
  private static final DeviceNumber THIRD_ESP = new DeviceNumber(8, 33);
  private static final Path DISK = Path.of("/dev/sda");

  @TempDir Path folder;
  private Path root;
  private FakeKernel kernel;
  private final StringBuilder mounts = new StringBuilder();
  private final Map<String, String> environment = new HashMap<>();
  private boolean container;

  @BeforeEach
  void makeADiskWithThreePartitions() throws IOException {
    root = Files.createDirectory(folder.toRealPath().resolve("root"));
    Files.createDirectory(folder.resolve("udev"));
    new FakeSysfs(folder.resolve("sys"))
        .disk("sda", new DeviceNumber(8, 0))
        .partition("sda", "sda1", 1, ESP)
        .partition("sda", "sda2", 2, XBOOTLDR)
        .partition("sda", "sda3", 3, OTHER)
        .disk("sdb", new DeviceNumber(8, 16))
        .partition("sdb", "sdb1", 1, SECOND_ESP)
        .partition("sdb", "sdb2", 2, SECOND_OTHER)
        .disk("sdc", new DeviceNumber(8, 32))
        .partition("sdc", "sdc1", 1, THIRD_ESP);
    Path image = folder.resolve("image");
    GptImage.withSectors(512)
        .add(1, 100, 50, "esp", BootPartitions.ESP_TYPE, new UUID(1, 1))
        .add(2, 200, 50, "boot", BootPartitions.XBOOTLDR_TYPE, new UUID(1, 2))
        .add(3, 300, 50, "data", GptImage.LINUX, new UUID(1, 3))
        .write(image);
    Path second = folder.resolve("second");
    GptImage.withSectors(512)
        .add(1, 100, 50, "esp", BootPartitions.ESP_TYPE, new UUID(2, 1))
        .add(2, 200, 50, "data", GptImage.LINUX, new UUID(2, 2))
        .write(second);
    kernel = new FakeKernel().content(DISK, image).content(Path.of("/dev/sdb"), second);
  }

  private BootPartitions partitions() throws IOException {
    Path mountInfo = folder.resolve("mountinfo");
    Files.writeString(mountInfo, mounts.toString());
    return new BootPartitions(
        kernel,
        root,
        environment,
        new DiskLocator(
            kernel,
            new Places(
                folder.resolve("sys"),
                Path.of("/dev"),
                folder.resolve("run"),
                root.resolve("usr"),
                mountInfo)),
        new Surroundings(mountInfo, folder.resolve("udev"), container));
  }

  private Path mount(String name, DeviceNumber device, String type) throws IOException {
    Path path = Files.createDirectories(root.resolve(name));
    mounts.append("20 1 " + device + " / " + path + " rw - " + type + " /dev/sda rw\n");
    return path;
  }

  private Path mountFat(String name, DeviceNumber device) throws IOException {
    Path path = mount(name, device, "vfat");
    kernel.magic(path, FAT);
    return path;
  }

  private String objection(String candidate) throws IOException {
    var failure = assertThrows(UpdateException.Configuration.class, () -> partitions().esp());
    assertEquals(Reason.BOOT_PARTITION_NOT_FOUND, failure.reason());
    String found = failure.found().orElseThrow();
    String start = "\"" + root.resolve(candidate) + "\" ";
    int at = found.indexOf(start);
    assertTrue(at >= 0, found);
    int end = found.indexOf(';', at);
    return found.substring(at + start.length(), end < 0 ? found.length() : end);
  }

  @ParameterizedTest
  @ValueSource(strings = {"efi", "boot", "boot/efi"})
  void theEspIsFoundWhereverItIsMounted(String name) throws Exception {
    Path esp = mountFat(name, ESP);

    assertEquals(esp, partitions().esp());
    assertEquals(esp, partitions().boot());
    assertEquals(esp, partitions().xbootldr());
    assertEquals(Optional.empty(), partitions().findXbootldr());
  }

  @Test
  void xbootldrIsFoundBesideTheEsp() throws Exception {
    Path esp = mountFat("efi", ESP);
    Path extended = mount("boot", XBOOTLDR, "ext4");

    assertEquals(esp, partitions().esp());
    assertEquals(extended, partitions().xbootldr());
    assertEquals(extended, partitions().boot());
  }

  @Test
  void anEspOfAnotherDiskIsAFurtherOneAndNothingElseIs() throws Exception {
    Path esp = mountFat("efi", ESP);
    mountFat("efi-again", ESP);
    mountFat("data", SECOND_OTHER);
    mountFat("sameDisk", OTHER);
    assertEquals(List.of(), partitions().furtherEsps(esp));

    Path second = mountFat("efi2", SECOND_ESP);
    mountFat("efi2-again", SECOND_ESP);
    assertEquals(List.of(second), partitions().furtherEsps(esp));
  }

  @Test
  void aFurtherOneOfWhichOnlyUdevKnowsTheTypeIsFoundToo() throws Exception {
    Path esp = mountFat("efi", ESP);
    Path third = mountFat("a", THIRD_ESP);
    Path second = mountFat("b", SECOND_ESP);
    assertEquals(List.of(second), partitions().furtherEsps(esp));

    Files.writeString(
        folder.resolve("udev/b" + THIRD_ESP),
        "E:ID_PART_ENTRY_SCHEME=gpt\nE:ID_PART_ENTRY_TYPE=" + BootPartitions.ESP_TYPE + "\n");
    assertEquals(List.of(third, second), partitions().furtherEsps(esp));
  }

  @Test
  void noneIsFoundWhereItIsNotMountedOrHiddenOrOutsideOfTheRootOrInAContainer() throws Exception {
    Path esp = mountFat("efi", ESP);
    Path outside = Files.createDirectories(folder.toRealPath().resolve("outside"));
    mounts.append("20 1 " + SECOND_ESP + " / " + outside + " rw - vfat /dev/sdb1 rw\n");
    assertEquals(List.of(), partitions().furtherEsps(esp));

    Path second = mountFat("efi2", SECOND_ESP);
    assertEquals(List.of(second), partitions().furtherEsps(esp));
    container = true;
    assertEquals(List.of(), partitions().furtherEsps(esp));

    container = false;
    mount("efi2", new DeviceNumber(0, 50), "tmpfs");
    assertEquals(List.of(), partitions().furtherEsps(esp));
  }

  @Test
  void belowARootThatIsALinkTheMountsAreRecognised() throws Exception {
    Path esp = mountFat("efi", ESP);
    Path link = Files.createSymbolicLink(folder.toRealPath().resolve("link"), root);
    root = link;
    kernel.magic(link.resolve("efi"), FAT);

    assertEquals(esp, partitions().esp().toRealPath());
  }

  @Test
  void theHostsOwnBootPartitionsAreNotLookedAtBelowARoot() throws Exception {
    Path elsewhere = Files.createDirectories(folder.toRealPath().resolve("outside"));
    mounts.append("20 1 " + ESP + " / " + elsewhere + " rw - vfat /dev/sda1 rw\n");
    Files.createSymbolicLink(root.resolve("efi"), Path.of("../outside"));

    assertEquals(Optional.empty(), partitions().findEsp());
  }

  @Test
  void theFirstPlaceThatQualifiesWins() throws Exception {
    mountFat("efi", OTHER);
    Path boot = mountFat("boot", ESP);

    assertEquals(boot, partitions().esp());
  }

  @Test
  void everyCandidateIsNamedWithItsReason() throws Exception {
    Files.createFile(root.resolve("efi"));
    mountFat("boot", XBOOTLDR);

    assertEquals("is not a directory", objection("efi"));
    assertTrue(objection("boot").startsWith("is on a partition of type bc13c2ff-"));
    assertEquals("does not exist", objection("boot/efi"));
  }

  @Test
  void anotherFileSystemIsNoEsp() throws Exception {
    mount("efi", ESP, "ext4");

    assertEquals("is not a FAT file system", objection("efi"));
  }

  @Test
  void aDirectoryOnTheRootFileSystemIsNoEsp() throws Exception {
    Path path = Files.createDirectory(root.resolve("efi"));
    kernel.magic(path, FAT);

    assertEquals("is not the root of a mounted file system", objection("efi"));
  }

  @Test
  void aFatFileSystemMountedAsMsdosIsNoEsp() throws Exception {
    kernel.magic(mount("efi", ESP, "msdos"), FAT);

    assertEquals("is mounted as \"msdos\", not as vfat", objection("efi"));
  }

  @Test
  void aWholeDiskIsNoEsp() throws Exception {
    mountFat("efi", new DeviceNumber(8, 0));

    assertEquals("is not on a partition", objection("efi"));
  }

  @Test
  void aClosedDirectoryDoesNotKeepTheEspFromBeingFoundElsewhere() throws Exception {
    kernel.failing(Files.createDirectory(root.resolve("efi")), Errno.EACCES);
    Path boot = mountFat("boot", ESP);

    assertEquals(boot, partitions().esp());
  }

  @Test
  void anyOtherErrorIsFatal() throws Exception {
    kernel.failing(Files.createDirectory(root.resolve("efi")), Errno.EIO);

    assertThrows(UpdateException.WriteFailed.class, () -> partitions().esp());
  }

  @Test
  void withoutPrivilegesUdevIsAsked() throws Exception {
    Path esp = mountFat("efi", ESP);
    kernel.failing(DISK, Errno.EACCES);
    assertTrue(objection("efi").startsWith("is on a partition whose type could not be read"));

    Files.writeString(
        folder.resolve("udev/b8:1"),
        "I:123\nE:ID_PART_ENTRY_SCHEME=gpt\nE:ID_PART_ENTRY_TYPE=" + BootPartitions.ESP_TYPE);

    assertEquals(esp, partitions().esp());
  }

  @ParameterizedTest
  @CsvSource({"dos, 0xea, true", "dos, 0xc, false", "gpt, 0xea, false", "mac, x, false"})
  void onAnMbrDiskUdevKnowsXbootldr(String scheme, String type, boolean accepted) throws Exception {
    mount("boot", XBOOTLDR, "ext4");
    Files.write(folder.resolve("image"), new byte[1 << 20]);
    Files.writeString(
        folder.resolve("udev/b8:2"),
        "E:ID_PART_ENTRY_SCHEME=" + scheme + "\nE:ID_PART_ENTRY_TYPE=" + type + "\n");

    assertEquals(accepted, partitions().findXbootldr().isPresent());
  }

  @Test
  void inAContainerTheDeviceIsNotLookedAt() throws Exception {
    Path esp = mountFat("efi", OTHER);
    container = true;

    assertEquals(esp, partitions().esp());
  }

  @ParameterizedTest
  @CsvSource({"1, true", "yes, true", "TRUE, true", "0, false", "no, false", "'', false"})
  void relaxedChecksTakeAnyDirectory(String value, boolean relaxed) throws Exception {
    Files.createDirectories(root.resolve("boot/efi"));
    environment.put("SYSTEMD_RELAX_ESP_CHECKS", value);

    // The first directory, as nothing else is looked at.
    assertEquals(
        relaxed ? Optional.of(root.resolve("boot")) : Optional.empty(), partitions().findEsp());
    assertEquals(Optional.empty(), partitions().findXbootldr());

    environment.put("SYSTEMD_RELAX_XBOOTLDR_CHECKS", value);
    assertEquals(relaxed, partitions().findXbootldr().isPresent());
  }

  @Test
  void pathsFromTheEnvironmentAreTakenBelowTheRootWithoutChecks() throws Exception {
    mountFat("efi", ESP);
    Path esp = Files.createDirectories(root.resolve("mnt/esp"));
    Path extended = Files.createDirectories(root.resolve("mnt/boot"));
    environment.put("SYSTEMD_ESP_PATH", "/mnt/esp");
    environment.put("SYSTEMD_XBOOTLDR_PATH", "/mnt/boot");

    assertEquals(esp, partitions().esp());
    assertEquals(extended, partitions().xbootldr());
  }

  @ParameterizedTest
  @ValueSource(strings = {"mnt/esp", "/missing", "/file"})
  void aPathFromTheEnvironmentMustBeAnAbsoluteDirectory(String path) throws Exception {
    mountFat("efi", ESP);
    Files.createFile(root.resolve("file"));
    environment.put("SYSTEMD_ESP_PATH", path);

    var failure = assertThrows(UpdateException.Configuration.class, () -> partitions().findEsp());

    assertEquals(Reason.BOOT_PARTITION_NOT_ACCEPTED, failure.reason());
  }

  @Test
  void pathsBelowAnAnchorMayNotExistButHaveNoLinks() throws Exception {
    Path anchor = Files.createDirectories(root.resolve("efi"));
    Files.createDirectory(anchor.resolve("EFI"));
    Files.createSymbolicLink(anchor.resolve("link"), Path.of("EFI"));

    assertEquals(
        anchor.resolve("EFI/Linux/x.efi"), partitions().below(anchor, Path.of("/EFI/Linux/x.efi")));
    for (String path : new String[] {"link/x", "link", "EFI/../x"}) {
      var failure =
          assertThrows(
              UpdateException.Configuration.class, () -> partitions().below(anchor, Path.of(path)));
      assertEquals(Reason.BOOT_PARTITION_NOT_ACCEPTED, failure.reason());
    }
  }
}
