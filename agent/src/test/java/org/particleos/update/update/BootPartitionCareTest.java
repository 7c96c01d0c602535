package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Updater.Goal;
import org.particleos.update.version.Version;

/** What an update does for the partition that the boot loader reads. */
class BootPartitionCareTest {
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    machine = new Laboratory(home, server).holding(V1, 0);
    server.publish(V1);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Path entry(String name) {
    return machine.esp().resolve("EFI/Linux").resolve(name);
  }

  private List<String> warnings() {
    return machine.events().stream()
        .filter(UpdateEvent.Warning.class::isInstance)
        .map(event -> ((UpdateEvent.Warning) event).text())
        .toList();
  }

  private List<String> found() {
    return machine.examine(new UnhurriedKernel(), View.OFFLINE).stream()
        .filter(finding -> finding.level() == Finding.Level.WARNING)
        .map(Finding::text)
        .toList();
  }

  @Test
  void aModeThatWouldStopTheCountingIsToldOfOnceForEachEntry() throws Exception {
    machine.build();
    server.publish(V2);

    machine.apply();

    assertEquals(
        1, warnings().stream().filter(text -> text.contains("could not count the tries")).count());
  }

  @Test
  void aCountedEntryThatWasMadeReadOnlyIsFoundAndRepaired() throws Exception {
    machine.espFile("os_1+2-1.efi", V1.uki()).build();
    Files.delete(entry("os_1.efi"));
    Files.setPosixFilePermissions(
        entry("os_1+2-1.efi"), PosixFilePermissions.fromString("r--r--r--"));
    assertTrue(
        found().stream().anyMatch(text -> text.contains("cannot count its tries")),
        () -> found().toString());

    assertEquals(new Outcome.NoUpdate(), machine.apply());

    assertTrue(
        warnings().stream().anyMatch(text -> text.contains("made it writable")),
        () -> warnings().toString());
    assertTrue(Files.getPosixFilePermissions(entry("os_1+2-1.efi")).size() == 4);
    assertFalse(found().stream().anyMatch(text -> text.contains("cannot count its tries")));
  }

  @Test
  void leftoversGoEvenWhenThereIsNothingToInstallAndEntriesOfOthersStay() throws Exception {
    machine
        .espFile(".sysupdate.partial.os_0+3-0.efi", new byte[10])
        .espFile(".#os_0.efi", new byte[10])
        .espFile("other-linux.efi", new byte[10])
        .espFile("arch.conf", new byte[10])
        .build();
    assertTrue(
        found().stream().anyMatch(text -> text.contains("leftover")), () -> found().toString());

    assertEquals(new Outcome.NoUpdate(), machine.apply());

    assertEquals(
        List.of("arch.conf", "os_1.efi", "other-linux.efi"),
        new UnhurriedKernel().list(machine.esp().resolve("EFI/Linux")));
    assertFalse(found().stream().anyMatch(text -> text.contains("leftover")));
  }

  /** Behaves as if another file system lay under the path from some moment on. */
  private final class UnmountedInTheMiddle extends UnhurriedKernel {
    private final AtomicBoolean unmounted = new AtomicBoolean();

    @Override
    public Optional<FileStatus> statusFollowing(Path path) throws IOException {
      Optional<FileStatus> status = super.statusFollowing(path);
      if (!unmounted.get() || !path.equals(machine.esp())) {
        return status;
      }
      return status.map(real ->
          new FileStatus(
              real.kind(),
              real.mode(),
              real.sizeBytes(),
              real.mtimeNanos(),
              real.inode(),
              real.device() + 1,
              real.specialDevice(),
              real.user(),
              real.group(),
              real.links()));
    }
  }

  @Test
  void nothingIsInstalledOnWhatLiesBelowAnEspThatWasUnmountedInTheMiddle() throws Exception {
    machine.build();
    server.publish(V2);
    var kernel = new UnmountedInTheMiddle();
    machine.watchedBy(event ->
        kernel.unmounted.compareAndSet(false, event instanceof UpdateEvent.InstallStarted));

    var failed =
        assertThrows(
            UpdateException.class, () -> machine.apply(kernel, Optional.empty(), Goal.UPDATE));

    assertEquals(Reason.BOOT_PARTITION_LOST, failed.reason());
    assertTrue(failed.state().orElseThrow().contains("parts are installed"));
    assertFalse(Files.exists(entry("os_2+3-0.efi")));

    kernel.unmounted.set(false);
    machine.watchedBy(_ -> {});
    assertEquals(
        new Outcome.Installed(new Version("2"), false, 0),
        machine.apply(kernel, Optional.empty(), Goal.UPDATE));
    assertTrue(Files.exists(entry("os_2+3-0.efi")));
  }

  @Test
  void norIsAnythingFetchedTo() throws Exception {
    machine.build();
    server.publish(V2);
    var kernel = new UnmountedInTheMiddle();
    machine.watchedBy(
        event -> kernel.unmounted.compareAndSet(false, event instanceof UpdateEvent.MakingRoom));

    var failed =
        assertThrows(
            UpdateException.class, () -> machine.apply(kernel, Optional.empty(), Goal.UPDATE));

    assertEquals(Reason.BOOT_PARTITION_LOST, failed.reason());
    assertEquals(
        List.of("os_1.efi"), new UnhurriedKernel().list(machine.esp().resolve("EFI/Linux")));
  }
}
