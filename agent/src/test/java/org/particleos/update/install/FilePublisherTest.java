package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Step.TargetPaths;
import org.particleos.update.version.Version;

class FilePublisherTest {
  private static final InstanceMetadata PLAIN = InstanceMetadata.of(new Version("2"));

  @TempDir Path base;
  private FailingKernel kernel;
  private FilePublisher publisher;
  private TargetPaths paths;

  @BeforeEach
  void start() {
    kernel = FailingKernel.recording(new LinuxKernel());
    publisher = new FilePublisher(kernel);
    paths = new TargetPaths(base, base.resolve("sub/os_2.efi"));
  }

  private void written(String text) throws Exception {
    publisher.makeParents(paths);
    Files.writeString(paths.partial(), text);
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void aFileGoesFromPartialToPendingToItsName() throws Exception {
    written("two");

    publisher.markPending(paths, PLAIN);
    assertFalse(Files.exists(paths.partial()));
    assertEquals("two", Files.readString(paths.pending()));

    publisher.publish(TargetPaths.ofPending(base, paths.pending()), false);
    assertFalse(Files.exists(paths.pending()));
    assertEquals("two", Files.readString(paths.installed()));
  }

  @Test
  void everyRenameHasABarrierBeforeAndBehind() throws Exception {
    written("two");
    int before = kernel.operations().size();

    publisher.markPending(paths, PLAIN);

    assertEquals(
        List.of("sync", "syncDirectory", "rename", "sync", "syncDirectory"),
        kernel.operations().stream().skip(before).map(FailingKernel.Operation::name).toList());
  }

  @Test
  void timesAndModeAreSetBeforeTheFileIsPending() throws Exception {
    written("two");

    publisher.markPending(paths, PLAIN.withMode(0640).withMtimeMicros(1_500_000_000_000_000L));

    assertEquals("rw-r-----", mode(paths.pending()));
    assertEquals(1_500_000_000_000L, Files.getLastModifiedTime(paths.pending()).toMillis());
  }

  @Test
  void readOnlyTakesEveryWriteBit() throws Exception {
    written("two");
    publisher.markPending(paths, PLAIN.withMode(0775).withReadOnly(true));
    assertEquals("r-xr-xr-x", mode(paths.pending()));
    Files.delete(paths.pending());

    written("two");
    Files.setPosixFilePermissions(paths.partial(), PosixFilePermissions.fromString("rw-rw-r--"));
    publisher.markPending(paths, PLAIN.withReadOnly(true));
    assertEquals("r--r--r--", mode(paths.pending()));
  }

  @Test
  void anOlderFileOfTheNameIsReplaced() throws Exception {
    written("two");
    Files.writeString(paths.installed(), "old");
    publisher.markPending(paths, PLAIN);

    publisher.publish(paths, false);

    assertEquals("two", Files.readString(paths.installed()));
  }

  @Test
  void aDirectoryInTheWayIsExchangedAndThenRemoved() throws Exception {
    written("two");
    Files.createDirectories(paths.installed().resolve("deep/er"));
    Files.writeString(paths.installed().resolve("deep/er/file"), "old");
    publisher.markPending(paths, PLAIN);

    publisher.publish(paths, false);

    assertEquals("two", Files.readString(paths.installed()));
    assertFalse(Files.exists(paths.pending()));
    assertFalse(Files.exists(paths.partial()));
    assertTrue(
        kernel.operations().stream().anyMatch(operation -> operation.name().equals("exchange")));
  }

  @Test
  void aRenameThatFailsLeavesBothFilesAsTheyWere() throws Exception {
    written("two");
    Files.writeString(paths.installed(), "old");
    publisher.markPending(paths, PLAIN);
    var failing =
        new FailingKernel(
            new LinuxKernel(),
            2,
            () -> new LinuxException(Errno.EROFS.number(), "rename", "x", "read-only"));

    var failed =
        assertThrows(
            UpdateException.WriteFailed.class,
            () -> new FilePublisher(failing).publish(paths, false));

    assertEquals(Reason.READ_ONLY, failed.reason());
    assertEquals("old", Files.readString(paths.installed()));
    assertEquals("two", Files.readString(paths.pending()));
  }

  @Test
  void removingTakesEmptyParentsUpToTheTargetDirectory() throws Exception {
    Path file = base.resolve("a/b/os_1.efi");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "one");
    Files.writeString(base.resolve("a/kept"), "x");

    publisher.remove(file, base);
    assertFalse(Files.exists(base.resolve("a/b")));
    assertTrue(Files.exists(base.resolve("a/kept")));

    publisher.remove(base.resolve("a/kept"), base);
    assertFalse(Files.exists(base.resolve("a")));
    assertTrue(Files.exists(base));
  }

  @Test
  void removingWhatIsGoneIsFine() throws Exception {
    publisher.remove(base.resolve("gone/os_1.efi"), base);

    assertTrue(Files.exists(base));
  }

  @Test
  void removingATreeLeavesWhatItsLinksLeadTo() throws Exception {
    Path outside = Files.writeString(base.resolve("outside"), "x");
    Path tree = Files.createDirectories(base.resolve("t/inner"));
    Files.createSymbolicLink(tree.resolve("link"), outside);
    Files.createSymbolicLink(tree.resolve("up"), base);

    publisher.remove(base.resolve("t"), base);

    assertFalse(Files.exists(base.resolve("t")));
    assertTrue(Files.exists(outside));
  }

  @Test
  void theSweepTakesLeftoversAndNothingElse() throws Exception {
    for (String name :
        List.of(".#link", ".sysupdate.partial.x", ".sysupdate.pending.y", "os_1.efi", ".hidden")) {
      Files.writeString(base.resolve(name), name);
    }
    Files.createDirectories(base.resolve(".sysupdate.partial.tree/deep"));

    assertEquals(3, publisher.sweep(base));

    try (var left = Files.list(base)) {
      assertEquals(
          List.of(".hidden", ".sysupdate.pending.y", "os_1.efi"),
          left.map(path -> path.getFileName().toString()).sorted().toList());
    }
    assertEquals(0, publisher.sweep(base.resolve("missing")));
  }

  @Test
  void missingParentsAreMadeDurable() throws Exception {
    publisher.makeParents(new TargetPaths(base, base.resolve("x/y/os_2.efi")));

    assertEquals("rwxr-xr-x", mode(base.resolve("x/y")));
    assertEquals(
        List.of("makeDirectory", "syncDirectory", "makeDirectory", "syncDirectory"),
        kernel.operations().stream().map(FailingKernel.Operation::name).toList());
  }
}
