package org.particleos.update.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.image.MountedImage.Access;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;

/** Mounts for real, so only as root; whatever a test leaves behind fails it. */
class MountedImageTest {
  private static final LinuxKernel KERNEL = new LinuxKernel();

  /** The kernel lets go of a killed process in milliseconds; this only ends a broken test. */
  private static final int LOOKS_MAX = 3_000;

  private static final long PAUSE_NANOS = 10_000_000;

  @TempDir private Path directory;
  private Path mountPoint = Path.of("/");

  @BeforeEach
  void requireRoot() throws IOException {
    assumeTrue(
        Files.isWritable(Path.of("/dev/loop-control")), "mounting images needs root and loop");
    mountPoint = directory.resolve("run/image");
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    for (int looks = 0; !leftovers().isEmpty() && looks < LOOKS_MAX; looks++) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    assertEquals(List.of(), leftovers());
  }

  /** Loop devices of our images, and mounts that the system sees. */
  private List<String> leftovers() throws IOException {
    var left = new ArrayList<String>();
    try (var devices = Files.newDirectoryStream(Path.of("/sys/class/block"), "loop*")) {
      for (Path device : devices) {
        if (backingFile(device).startsWith(directory.toString())) {
          left.add(device.toString());
        }
      }
    }
    if (Files.readString(Path.of("/proc/self/mountinfo")).contains(directory.toString())) {
      left.add("a mount");
    }
    return left;
  }

  private static String backingFile(Path device) {
    try {
      return Files.readString(device.resolve("loop/backing_file"));
    } catch (IOException detached) {
      return "";
    }
  }

  /** In a thread of its own, whose namespace ends with it. */
  private static <T> T inThread(Callable<T> work) throws Exception {
    var task = new FutureTask<>(work);
    var thread = Thread.ofPlatform().start(task);
    thread.join();
    try {
      return task.get();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw failed;
    }
  }

  private MountedImage mount(Path image, Access access, String policy) throws UpdateException {
    return MountedImage.mount(KERNEL, image, access, ImagePolicy.parse(policy), mountPoint);
  }

  private UpdateException refusal(Path image, String policy) {
    return assertThrows(
        UpdateException.class,
        () ->
            inThread(() -> {
              mount(image, Access.READ_WRITE, policy).close();
              return "mounted";
            }));
  }

  private Path fileSystem(String type, String... files) throws Exception {
    return ADiskImage.fileSystem(directory, type, files);
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void aSystemIsMountedTogetherFromItsPartitions(int sectorBytes) throws Exception {
    Path image =
        ADiskImage.in(directory, sectorBytes)
            .with("root", "root", fileSystem("ext4", "etc/hostname", "usr/", "var/", "home/"))
            .with("usr", "os_41", fileSystem("erofs", "lib/old"))
            .with("usr", "os_42", fileSystem("erofs", "lib/new"))
            .with("usr", "_empty")
            .with("home", "home", fileSystem("ext4", "me/letter"))
            .build();

    inThread(() -> {
      try (var mounted = mount(image, Access.READ_WRITE, "*")) {
        Path root = mounted.root();
        assertEquals("etc/hostname", Files.readString(root.resolve("etc/hostname")));
        assertEquals("lib/new", Files.readString(root.resolve("usr/lib/new")));
        assertEquals("me/letter", Files.readString(root.resolve("home/me/letter")));
        assertEquals(List.of(), mounted.warnings());
        try (var disk = KERNEL.open(mounted.disk(), Set.of(OpenFlag.READ))) {
          assertEquals(sectorBytes, disk.sectorBytes());
          assertEquals(5, PartitionTable.read(disk).partitions().size());
        }
        // What is mounted is in use, what waits for the next version is not.
        assertEquals(Set.of(1, 3, 5), DiskLocator.ofHost(KERNEL).partitionsInUse(mounted.disk()));
        assertEquals(
            mounted.disk(),
            DiskLocator.ofHost(KERNEL)
                .locate(Optional.empty(), new DiskLocator.Scope.Image(mounted.disk())));
      }
      return "closed";
    });
  }

  @Test
  void threadsStartedLaterSeeTheMountsAndThoseStartedBeforeDoNot() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");

    var outside =
        inThread(() -> {
          try (var mounted = mount(image, Access.READ_ONLY, "*")) {
            Path file = mounted.root().resolve("etc/hostname");
            assertEquals("etc/hostname", inThread(() -> Files.readString(file)));
            return file;
          }
        });

    assertFalse(Files.exists(outside));
  }

  @Test
  void theSystemDoesNotSeeTheMounts() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");
    var here = Thread.currentThread();

    inThread(() -> {
      try (var _ = mount(image, Access.READ_ONLY, "*")) {
        // The first thread of the process stands for all that were there before.
        assertTrue(here.isAlive());
        assertFalse(
            Files.readString(Path.of("/proc/self/mountinfo")).contains(mountPoint.toString()));
        assertTrue(
            Files.readString(Path.of("/proc/thread-self/mountinfo"))
                .contains(mountPoint.toString()));
      }
      return "closed";
    });
  }

  @Test
  void whatIsWrittenIsInTheImageAfterwards() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");

    inThread(() -> {
      try (var mounted = mount(image, Access.READ_WRITE, "*")) {
        Files.writeString(mounted.root().resolve("note"), "written");
      }
      return "closed";
    });

    var found =
        inThread(() -> {
          try (var mounted = mount(image, Access.READ_ONLY, "*")) {
            return Files.readString(mounted.root().resolve("note"));
          }
        });
    assertEquals("written", found);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "erofs", "btrfs"})
  void aReadOnlyMountChangesNoByte(String type) throws Exception {
    Path image = fileSystem(type, "etc/hostname");
    long before = checksum(image);

    inThread(() -> {
      try (var mounted = mount(image, Access.READ_ONLY, "*")) {
        assertEquals("etc/hostname", Files.readString(mounted.root().resolve("etc/hostname")));
        assertThrows(
            IOException.class, () -> Files.writeString(mounted.root().resolve("note"), "written"));
      }
      return "closed";
    });

    assertEquals(before, checksum(image));
  }

  private static long checksum(Path file) throws IOException {
    var crc = new CRC32();
    crc.update(Files.readAllBytes(file));
    return crc.getValue();
  }

  @Test
  void anImageWithOnlyUsrGetsAnEmptyRoot() throws Exception {
    Path image =
        ADiskImage.in(directory, 512)
            .with("usr", "os_42", fileSystem("erofs", "lib/os-release"))
            .build();

    inThread(() -> {
      try (var mounted = mount(image, Access.READ_ONLY, "*")) {
        assertEquals(
            "lib/os-release", Files.readString(mounted.root().resolve("usr/lib/os-release")));
      }
      return "closed";
    });
  }

  @ParameterizedTest
  @CsvSource({"efi/, boot/, false, efi", "boot/, etc/, false, boot", "efi/, boot/, true, efi"})
  void bootPartitionsAreWhereTheSystemHasThem(
      String one, String other, boolean xbootldr, String espDirectory) throws Exception {
    // The kernel of a test machine may lack FAT; what is mounted where does not depend on it.
    var disk =
        ADiskImage.in(directory, 512)
            .with("root", "r", fileSystem("ext4", one, other))
            .with("esp", "e", fileSystem("ext4", "i-am-esp"));
    if (xbootldr) {
      disk.with("xbootldr", "x", fileSystem("ext4", "i-am-xbootldr"));
    }
    Path image = disk.build();

    inThread(() -> {
      try (var mounted = mount(image, Access.READ_ONLY, "*")) {
        assertTrue(Files.exists(mounted.root().resolve(espDirectory + "/i-am-esp")));
        assertEquals(xbootldr, Files.exists(mounted.root().resolve("boot/i-am-xbootldr")));
      }
      return "closed";
    });
  }

  @Test
  void aPartitionWithoutADirectoryIsLeftOutWithAWarningOnAReadOnlyRoot() throws Exception {
    Path image =
        ADiskImage.in(directory, 512)
            .with("root", "r", fileSystem("erofs", "etc/hostname"))
            .with("srv", "s", fileSystem("ext4", "data"))
            .build();

    var warnings =
        inThread(() -> {
          try (var mounted = mount(image, Access.READ_WRITE, "*")) {
            return mounted.warnings();
          }
        });

    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().contains("srv"), warnings.getFirst());
  }

  @Test
  void aDirectoryThatIsALinkDoesNotLeadOutOfTheImage() throws Exception {
    Path tree = fileSystem("ext4", "etc/hostname", "inside/usr/");
    inThread(() -> {
      try (var mounted = mount(tree, Access.READ_WRITE, "*")) {
        Files.createSymbolicLink(mounted.root().resolve("usr"), Path.of("/../../inside/usr"));
      }
      return "closed";
    });
    Path image =
        ADiskImage.in(directory, 512)
            .with("root", "r", tree)
            .with("usr", "u", fileSystem("erofs", "lib/os-release"))
            .build();

    inThread(() -> {
      try (var mounted = mount(image, Access.READ_ONLY, "*")) {
        assertTrue(Files.exists(mounted.root().resolve("inside/usr/lib/os-release")));
      }
      return "closed";
    });
  }

  @Test
  void anEncryptedPartitionIsRefusedUnlessItIsLeftOut() throws Exception {
    Path image =
        ADiskImage.in(directory, 512)
            .with("root", "r", fileSystem("ext4", "etc/hostname", "home/"))
            .with("home", "h", fileSystem("luks"))
            .build();

    var refused = refusal(image, "*");
    assertEquals(Reason.NOT_SUPPORTED, refused.reason());
    assertTrue(refused.found().orElseThrow().contains("LUKS"));

    inThread(() -> {
      mount(image, Access.READ_WRITE, "home=ignore:=open").close();
      return "closed";
    });
  }

  @Test
  void aPartitionWithoutAFileSystemIsRefused() throws Exception {
    Path image = ADiskImage.in(directory, 512).with("root", "r").build();

    assertEquals(Reason.IMAGE_NOT_ACCEPTED, refusal(image, "*").reason());
  }

  @Test
  void aFileSystemThatThePolicyDoesNotNameIsRefused() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");

    var refused = refusal(image, "root=unprotected+erofs");

    assertEquals(Reason.IMAGE_NOT_ACCEPTED, refused.reason());
    assertTrue(refused.found().orElseThrow().contains("ext4"));
  }

  @Test
  void aFileThatIsNoImageIsRefused() throws Exception {
    Path image = Files.write(directory.resolve("image"), new byte[1 << 20]);

    assertEquals(Reason.IMAGE_NOT_ACCEPTED, refusal(image, "*").reason());
  }

  @Test
  void aMissingImageAndADirectoryAreRefused() {
    assertTrue(refusal(directory.resolve("no"), "*").found().orElseThrow().contains("not exist"));
    assertTrue(refusal(directory, "*").found().orElseThrow().contains("directory"));
  }

  @Test
  void aDamagedPartitionTableIsRefused() throws Exception {
    Path image = ADiskImage.in(directory, 512).with("root", "r").build();
    byte[] bytes = Files.readAllBytes(image);
    bytes[512 + 20] ^= 1;
    bytes[bytes.length - 512 + 20] ^= 1;
    Files.write(image, bytes);

    assertEquals(Reason.PARTITION_TABLE_DAMAGED, refusal(image, "*").reason());
  }

  @Test
  void anImageThatIsBeingChangedIsRefusedAndOneThatIsReadIsShared() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");

    inThread(() -> {
      try (var _ = mount(image, Access.READ_WRITE, "*")) {
        var refused = refusal(image, "*");
        assertEquals(Reason.LOCK_HELD, refused.reason());
      }
      return "closed";
    });
    inThread(() -> {
      try (var _ = mount(image, Access.READ_ONLY, "*")) {
        return inThread(() -> {
          mount(image, Access.READ_ONLY, "*").close();
          return "closed";
        });
      }
    });
  }

  @Test
  void aFileLeftOpenIsReportedAndStillNothingStays() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");

    inThread(() -> {
      var mounted = mount(image, Access.READ_WRITE, "*");
      try (var _ = Files.newInputStream(mounted.root().resolve("etc/hostname"))) {
        var failed = assertThrows(UpdateException.class, mounted::close);

        assertTrue(String.valueOf(failed.getMessage()).contains("unmounting"));
      }
      mounted.close();
      return "closed";
    });
  }

  @Test
  void killingTheProcessLeavesNothing() throws Exception {
    Path image =
        ADiskImage.in(directory, 512)
            .with("root", "r", fileSystem("ext4", "usr/"))
            .with("usr", "u", fileSystem("erofs", "lib/os-release"))
            .build();
    var process = holder(image);
    try (var output = process.inputReader()) {
      assertEquals("lib/os-release", output.readLine());
      assertFalse(leftovers().isEmpty(), "the loop device of the other process");
    } finally {
      process.destroyForcibly().waitFor();
    }

    nothingIsLeft();
    assertEquals(0, new File(mountPoint.toString()).list().length);
  }

  /** Starts {@link Holder} in another process, through a command that runs others. */
  private Process holder(Path image, String... through) throws IOException {
    var command = new ArrayList<String>(List.of(through));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Holder.class.getName());
    command.add(image.toString());
    command.add(mountPoint.toString());
    try {
      return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException missing) {
      assumeTrue(false, command.getFirst() + " is not installed: " + missing.getMessage());
      throw missing;
    }
  }

  /** Mounts an image, tells what it read or why not, and stays until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String... arguments) throws Exception {
      try {
        var mounted =
            MountedImage.mount(
                KERNEL,
                Path.of(arguments[0]),
                Access.READ_WRITE,
                ImagePolicy.ALLOW,
                Path.of(arguments[1]));
        System.out.println(Files.readString(mounted.root().resolve("usr/lib/os-release")));
      } catch (UpdateException refused) {
        System.out.println(refused.reason());
      }
      LockSupport.park();
    }
  }

  @Test
  void withoutTheRightToMountItIsSaidWhatIsMissing() throws Exception {
    Path image = fileSystem("ext4", "etc/hostname");
    var process = holder(image, "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all", "--");
    try (var output = process.inputReader()) {
      assertEquals("PERMISSION_DENIED", output.readLine());
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
