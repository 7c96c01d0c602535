package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
}
