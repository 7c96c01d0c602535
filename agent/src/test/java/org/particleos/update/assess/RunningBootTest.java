package org.particleos.update.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.catalog.ATransfer.DISK;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stock;
import org.particleos.update.version.Version;

class RunningBootTest {
  private static final Path ENTRIES = Path.of("/efi/EFI/Linux");

  private static Inventory entries(String... names) {
    var stock =
        Stock.of(aTransfer("uki").toFiles(ENTRIES, "os_@v+@l-@d.efi", "os_@v+@l.efi", "os_@v.efi"));
    for (String name : names) {
      stock.named(name);
    }
    return stock.inventory();
  }

  private static BootFacts selecting(String entry) {
    return new BootFacts(
        Optional.of(entry),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  private static BootFacts counting(String path) {
    return new BootFacts(
        Optional.empty(),
        Optional.of(path),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  private static BootFacts saying(String... words) {
    return new BootFacts(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(words),
        List.of("no EFI variables"));
  }

  private static RunningBoot running(BootFacts facts, String version, Inventory... enabled) {
    return RunningBoot.of(
        facts, Optional.of(version).filter(text -> !text.isEmpty()), List.of(enabled));
  }

  @ParameterizedTest
  @CsvSource({
    "os_2.efi, Blessed[]",
    "os_2+2-1.efi, 'BeingTried[left=2, done=1]'",
    "os_2+0-3.efi, 'BeingTried[left=0, done=3]'",
    "os_2+3-0.efi, NotCounted[left=3]",
    "os_2+3.efi, NotCounted[left=3]",
  })
  void theNameOfItsBootEntrySaysHowTheRunningVersionStands(String entry, String expected) {
    var boot = running(BootFacts.NONE, "2", entries("os_1.efi", entry));

    assertEquals(expected, boot.standing().toString());
  }

  @Test
  void theLoaderMayCountAlsoWhatTheNameDoesNotShowYet() {
    var boot =
        running(counting("\\EFI\\Linux\\os_2+3-0.efi"), "2", entries("os_1.efi", "os_2+3-0.efi"));

    assertTrue(boot.standing().unconfirmed());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "os_2+2-1.efi",
        "os_2.efi",
        "OS_2.EFI",
        "os_2+3-0.efi",
        "os_2.efi@1",
        "os_2.efi@a"
      })
  void theSelectedEntryIsFoundWhateverItsCounterSaidThen(String selected) {
    var boot = running(selecting(selected), "", entries("os_1.efi", "os_2+2-1.efi"));

    assertEquals("2", boot.version().orElseThrow().text());
  }

  @Test
  void withoutOsReleaseAndLoaderTheRootHashNamesTheSlot() {
    // Stock numbers its partitions, and their UUIDs are 7 and that number.
    var slots = Stock.of(aTransfer("usr").toPartitions(DISK, USR, "os_@v")).installed("1", "2");
    String hash = String.format("%016x%016x", 7, 2) + "0".repeat(32);

    var boot = running(saying("quiet", "usrhash=" + hash), "", slots.inventory());

    assertEquals("2", boot.version().orElseThrow().text());
    assertEquals(List.of("no EFI variables"), boot.unknown());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"usrhash=", "usrhash=12", "usrhash=nohexnohexnohexnohexnohexnohexno", "x"})
  void aRootHashThatIsNoneSaysNothing(String word) {
    var slots = Stock.of(aTransfer("usr").toPartitions(DISK, USR, "os_@v")).installed("1");

    assertTrue(running(saying(word), "", slots.inventory()).version().isEmpty());
  }

  @Test
  void contradictionsAreToldAndAllThatMayRunIsKept() {
    var boot = running(selecting("os_2+2-1.efi"), "1", entries("os_1.efi", "os_2+2-1.efi"));

    assertEquals("1", boot.version().orElseThrow().text());
    assertTrue(boot.runs(new Version("1")) && boot.runs(new Version("2")));
    assertEquals(List.of("the boot entry is that of version 2, which is not 1"), boot.conflicts());
  }

  @Test
  void anEntryOfAnotherSystemIsNoVersionOfThisOne() {
    var boot = running(selecting("auto-windows"), "1", entries("os_1.efi"));

    assertEquals("1", boot.version().orElseThrow().text());
    assertEquals(List.of(new Version("1")), boot.versions());
    assertTrue(boot.conflicts().getFirst().contains("auto-windows"), boot.conflicts()::toString);
  }

  @Test
  void whereNothingSaysWhatRunsThatIsSaid() {
    var boot = running(BootFacts.NONE, "", entries("os_1.efi"));

    assertEquals("unknown", boot.standing().word());
    assertTrue(boot.version().isEmpty());
  }

  @Test
  void aVersionWithoutBootEntryHasNoKnownStanding() {
    var boot = running(BootFacts.NONE, "3", entries("os_1.efi"));

    assertEquals("Unknown[why=there is no boot entry of version 3]", boot.standing().toString());
  }
}
