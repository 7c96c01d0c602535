package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.loader.BootLoader.Extent;
import org.particleos.update.loader.Loaders;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Updater.LoaderOutcome;

/** The boot loader as part of the system that is kept up to date. */
class LoaderKeeperTest {
  private static final String OFFERED = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
  private static final String INSTALLED = "/efi/EFI/systemd/systemd-bootx64.efi";
  private static final byte[] OLD = Loaders.systemdBoot("256");
  private static final byte[] NEW = Loaders.systemdBoot("257");

  @TempDir Path home;
  private SmallSystem system;

  @BeforeEach
  void start() throws IOException {
    system = new SmallSystem(home).env("SYSTEMD_ESP_PATH", "/efi");
    system.file(OFFERED, NEW).file(INSTALLED, OLD);
    system.transfer(
        "90-uki",
        """
        [Source]
        Type=regular-file
        Path=/srv
        MatchPattern=os_@v.efi
        [Target]
        Type=regular-file
        Path=/EFI/Linux
        PathRelativeTo=esp
        MatchPattern=os_@v+@l-@d.efi os_@v.efi
        """);
  }

  private LoaderOutcome install(Extent extent, boolean afterGoodBoot) throws UpdateException {
    try (var updater = system.updater(system.settings())) {
      return updater.installBootLoader(extent, afterGoodBoot, "test");
    }
  }

  private List<String> found() {
    try (var updater = system.updater(system.settings())) {
      return updater.examine(View.OFFLINE).stream()
          .filter(finding -> finding.about().equals("boot loader"))
          .map(finding -> finding.level() + " " + finding.text())
          .toList();
    }
  }

  private byte[] installed() throws IOException {
    return Files.readAllBytes(system.at(INSTALLED));
  }

  @Test
  void aVersionThatIsOnTrialDoesNotBringItsBootLoader() throws Exception {
    system.running("2").file("/efi/EFI/Linux/os_2+2-1.efi", "two");

    assertEquals(new LoaderOutcome(0, true), install(Extent.REFRESH, true));
    assertArrayEquals(OLD, installed());

    Files.move(system.at("/efi/EFI/Linux/os_2+2-1.efi"), system.at("/efi/EFI/Linux/os_2.efi"));
    assertEquals(new LoaderOutcome(1, false), install(Extent.REFRESH, true));
    assertArrayEquals(NEW, installed());
  }

  @Test
  void anotherVersionOnTrialDoesNotMatterAndAskedForItIsDoneAnyway() throws Exception {
    system.running("1").file("/efi/EFI/Linux/os_2+2-1.efi", "two");
    assertEquals(new LoaderOutcome(1, false), install(Extent.REFRESH, true));

    system.running("2").file(INSTALLED, OLD);
    assertEquals(new LoaderOutcome(1, false), install(Extent.REFRESH, false));
  }

  @Test
  void whatWasInstalledIsToldAndWrittenDown() throws Exception {
    install(Extent.REFRESH, false);

    assertTrue(
        system.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Notice(var text)
                    && text.startsWith("Installed systemd-boot 257 in place of 256 as ")),
        () -> system.events().toString());
    assertTrue(
        Files.readString(system.at("/var/lib/state/particle-update/history.jsonl"))
            .contains("boot-loader"));
  }

  @Test
  void theDoctorTellsOfAnOlderOneUntilItIsInstalled() throws Exception {
    String file = "\"" + system.at(INSTALLED) + "\"";
    assertTrue(
        found().contains("WARNING " + file + " is systemd-boot 256, older than 257"),
        () -> found().toString());

    install(Extent.REFRESH, false);

    assertTrue(found().contains("GOOD " + file + " is systemd-boot 257"), () -> found().toString());
  }

  @Test
  void theDoctorTellsOfLeftoversAndOfWhatIsNotOurs() throws Exception {
    system.file("/efi/EFI/systemd/.#systemd-bootx64.efi", "half").file(INSTALLED, Loaders.grub());

    List<String> found = found();

    assertTrue(
        found.stream().anyMatch(text -> text.startsWith("WARNING leftovers")), found::toString);
    assertTrue(
        found.stream()
            .anyMatch(text ->
                text.startsWith("WARNING") && text.contains("has no marker of systemd-boot")),
        found::toString);
  }

  @Test
  void aBootLoaderThatCannotBeUsedIsNoReasonToFailUnlessItWasAskedFor() throws Exception {
    system.file(OFFERED, "no program");

    assertEquals(new LoaderOutcome(0, false), install(Extent.REFRESH, false));
    assertTrue(
        system.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Warning(var text)
                    && text.startsWith("passed over a boot loader")));

    var refused = assertThrows(UpdateException.class, () -> install(Extent.INSTALL, false));
    assertEquals(Reason.BOOT_LOADER_INVALID, refused.reason());
    assertArrayEquals(OLD, installed());
  }

  // ---- As a target of a transfer ----

  private void transferOf(byte[] loader) throws IOException {
    system.file("/srv/os_2.efi", Release.of("2").uki()).file("/srv/loader_2.efi", loader);
    system.transfer(
        "95-loader",
        """
        [Source]
        Type=regular-file
        Path=/srv
        MatchPattern=loader_@v.efi
        [Target]
        Type=regular-file
        Path=/var/lib/loaders
        BootLoader=yes
        """);
  }

  @Test
  void aTransferBringsTheBootLoaderAfterEverythingElse() throws Exception {
    transferOf(NEW);

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertArrayEquals(NEW, installed());
    assertEquals(List.of("loader_2.efi"), system.names("/var/lib/loaders"));
    assertEquals(List.of(), system.warnings());
  }

  @Test
  void itIsNoDowngradeEither() throws Exception {
    transferOf(Loaders.systemdBoot("255"));

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertArrayEquals(OLD, installed());
  }

  @Test
  void whatIsNoBootLoaderIsRefusedBeforeAnythingIsInstalled() throws Exception {
    transferOf(Loaders.grub());

    var refused = assertThrows(UpdateException.class, () -> system.apply());

    assertEquals(Reason.BOOT_LOADER_INVALID, refused.reason());
    assertTrue(refused.state().orElseThrow().contains("nothing of it was installed now"));
    assertArrayEquals(OLD, installed());
    assertEquals(List.of(), visible("/efi/EFI/Linux"));
  }

  private List<String> visible(String directory) throws IOException {
    return system.names(directory).stream().filter(name -> !name.startsWith(".")).toList();
  }

  @Test
  void whatACrashKeptFromBeingInstalledIsInstalledByTheNextRun() throws Exception {
    transferOf(NEW);
    system.apply();
    system.file(INSTALLED, OLD);

    assertInstanceOf(Outcome.NoUpdate.class, system.apply());

    assertArrayEquals(NEW, installed());
  }

  @Test
  void aTreeIsNoBootLoaderAndTheKeyIsPassedOver() throws Exception {
    system.file("/srv/os_2.efi", Release.of("2").uki()).file("/srv/trees/tree_2/file", "x");
    system.transfer(
        "95-tree",
        """
        [Source]
        Type=directory
        Path=/srv/trees
        MatchPattern=tree_@v
        [Target]
        Type=directory
        Path=/var/trees
        BootLoader=yes
        """);

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertTrue(
        system.warnings().stream()
            .anyMatch(text -> text.contains("only for the type regular-file")),
        () -> system.warnings().toString());
    assertArrayEquals(OLD, installed());
  }

  // ---- Further ESPs ----

  private static final String FURTHER = "/efi2/EFI/systemd/systemd-bootx64.efi";

  /** A second ESP with an old loader, which a transfer that brings loaders names. */
  private MountedKernel withSecondEsp(byte[] loader) throws IOException {
    transferOf(loader);
    String transfer = Files.readString(system.at("/etc/sysupdate.d/95-loader.transfer"));
    system.transfer("95-loader", transfer + "AlsoTo=/efi2\n").file(FURTHER, OLD);
    var kernel = new MountedKernel().mounted(system.at("/efi")).mounted(system.at("/efi2"));
    system.seenThrough(kernel);
    return kernel;
  }

  private byte[] onSecond() throws IOException {
    return Files.readAllBytes(system.at(FURTHER));
  }

  @Test
  void aTransferBringsTheBootLoaderToFurtherEspsToo() throws Exception {
    withSecondEsp(NEW);

    system.apply();

    assertArrayEquals(NEW, installed());
    assertArrayEquals(NEW, onSecond());
    assertEquals(List.of(), system.warnings());
  }

  @Test
  void theOneOfTheSystemGoesThereTooAndIsSeen() throws Exception {
    withSecondEsp(OLD);

    assertEquals(new LoaderOutcome(2, false), install(Extent.REFRESH, false));

    assertArrayEquals(NEW, onSecond());
    try (var updater = system.updater(system.settings())) {
      var further = updater.furtherBootLoaders(Extent.REFRESH);
      assertEquals(List.of(system.at("/efi2")), further.stream().map(esp -> esp.esp()).toList());
      assertFalse(further.getFirst().pending());
    }
  }

  @Test
  void whatIsNewerOrNotOursStaysOnFurtherEsps() throws Exception {
    withSecondEsp(NEW);
    byte[] newer = Loaders.systemdBoot("258");
    byte[] foreign = new byte[100];
    system.file(FURTHER, newer).file("/efi2/EFI/BOOT/BOOTX64.EFI", foreign);

    system.apply();

    assertArrayEquals(NEW, installed());
    assertArrayEquals(newer, onSecond());
    assertArrayEquals(foreign, Files.readAllBytes(system.at("/efi2/EFI/BOOT/BOOTX64.EFI")));
  }

  @Test
  void aFurtherEspThatIsNotMountedOrBrokenKeepsNobodyFromIt() throws Exception {
    MountedKernel kernel = withSecondEsp(NEW);
    kernel.unmounted(system.at("/efi2"));

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertArrayEquals(NEW, installed());
    assertArrayEquals(OLD, onSecond());
    assertEquals(1, system.warnings().size(), () -> system.warnings().toString());
    assertTrue(system.warnings().getFirst().contains("has nothing mounted on it"));

    kernel.mounted(system.at("/efi2")).failing(system.at("/efi2"), Errno.EROFS);
    assertEquals(new LoaderOutcome(0, false), install(Extent.REFRESH, false));
    assertArrayEquals(OLD, onSecond());
    assertTrue(system.warnings().getLast().contains("read-only"));

    kernel.healed(system.at("/efi2"));
    assertEquals(new Outcome.NoUpdate(), system.apply());
    assertArrayEquals(NEW, onSecond());
  }
}
