package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.it.ReferenceMachine.Mode;

/**
 * The life of a machine as the reference's own test tells it (update-algorithm.md 23), on disks
 * with both sector sizes, in one go and in two, the second one offline. Without root a file stands
 * in for the disk with small sectors; large sectors need a block device.
 */
class ReferenceScenarioIT {
  private static final int SMALL_SECTOR = 512;

  private static ReferenceMachine machine(Path folder, int sectorBytes) throws Exception {
    if (sectorBytes == SMALL_SECTOR && !Root.isRoot()) {
      return ReferenceMachine.onFile(folder);
    }
    Root.needed("make a block device with sectors of " + sectorBytes + " bytes");
    return ReferenceMachine.onLoopDevice(folder, sectorBytes);
  }

  @ParameterizedTest
  @CsvSource({
    "512, MONOLITHIC",
    "512, SPLIT",
    "512, SPLIT_OFFLINE",
    "4096, MONOLITHIC",
    "4096, SPLIT",
    "4096, SPLIT_OFFLINE"
  })
  void aMachineIsKeptUpToDate(int sectorBytes, Mode mode, @TempDir Path folder) throws Exception {
    try (var machine = machine(folder, sectorBytes)) {
      machine.offer("v1");
      machine.update(mode);
      machine.assertInstalled("v1");

      machine.offer("v2");
      machine.update(mode);
      machine.assertInstalled("v1");
      machine.assertInstalled("v2");
      assertEquals("dir-v2", Files.readSymbolicLink(machine.path("dirs/current")).toString());

      thirdVersionReplacesTheFirst(machine, mode);
      incompleteOfferIsPassedOver(machine, mode);
      missingAddOnIsRepaired(machine, mode);
      featureComesAndGoes(machine, mode);
      wrongDigestIsNotInstalled(machine, mode);

      machine.assertNothingHalfDone();
    }
  }

  /** 23.4: the add-on of the first version goes, and the directory that it was in. */
  private static void thirdVersionReplacesTheFirst(ReferenceMachine machine, Mode mode)
      throws Exception {
    machine.offer("v3");
    machine.update(mode);

    machine.assertInstalled("v2");
    machine.assertInstalled("v3");
    assertEquals(
        List.of("uki_v2+3-0.efi", "uki_v2.efi.extra.d/", "uki_v3+3-0.efi", "uki_v3.efi.extra.d/"),
        machine.bootEntries());
    assertEquals(List.of("part1-v3", "part1-v2", "part2-v3", "part2-v2"), machine.labels());
    // Three instances of what sets no limit, two of what sets 2.
    assertEquals(List.of("dir-v1", "dir-v2", "dir-v3"), machine.entries("dirs"));
    assertEquals(List.of("sub-v2", "sub-v3"), machine.entries("subvolumes"));
    assertEquals(List.of("tree-v1", "tree-v2", "tree-v3"), machine.entries("trees"));
    assertEquals("dir-v3", Files.readSymbolicLink(machine.path("dirs/current")).toString());
  }

  /** 23.3. */
  private static void incompleteOfferIsPassedOver(ReferenceMachine machine, Mode mode)
      throws Exception {
    machine.offer("v4");
    machine.offer().remove("uki-extra-v4.efi");
    machine.offer("v5");
    machine.update(mode);

    machine.assertInstalled("v3");
    machine.assertInstalled("v5");
    assertFalse(machine.labels().contains("part1-v4"), () -> "v4 has no add-on");
  }

  /** 23.2: only what is missing is fetched. */
  private static void missingAddOnIsRepaired(ReferenceMachine machine, Mode mode) throws Exception {
    Path directory = machine.bootEntry("uki_v5.efi.extra.d");
    Path kernel = machine.bootEntry("uki_v5+3-0.efi");
    Object kernelBefore = Files.getAttribute(kernel, "unix:ino");
    Files.delete(directory.resolve("extra.addon.efi"));
    Files.delete(directory);
    if (mode == Mode.MONOLITHIC) {
      machine.run("list", "v5").expect(0).says("current+incomplete").says("(incomplete)");
      assertEquals("v5\n", machine.run("check-new").expect(0).out());
    }
    machine.update(mode);

    machine.assertInstalled("v5");
    machine.assertInstalled("v3");
    assertEquals(kernelBefore, Files.getAttribute(kernel, "unix:ino"), "the kernel was complete");
    if (mode == Mode.MONOLITHIC) {
      machine.run("check-new").expect(1);
    }
  }

  /** 23.7. */
  private static void featureComesAndGoes(ReferenceMachine machine, Mode mode) throws Exception {
    assertEquals(List.of(), machine.entries("optional"));
    machine.feature(true);
    if (mode == Mode.SPLIT) {
      machine.run("list", "v5").expect(0).says("incomplete");
    }
    machine.update(mode);
    assertEquals(List.of("optional-v5.bin"), machine.entries("optional"));

    machine.feature(false);
    machine.run("vacuum").expect(0).says("1 disabled transfer");
    assertEquals(List.of(), machine.entries("optional"));
    if (mode == Mode.SPLIT) {
      assertFalse(machine.run("list", "v5").expect(0).out().contains("incomplete"));
    }
    machine.assertInstalled("v5");
  }

  /** 23.8, but for the end: our program tries again where the reference asks for a vacuum. */
  private static void wrongDigestIsNotInstalled(ReferenceMachine machine, Mode mode)
      throws Exception {
    machine.offer("v9");
    String good = machine.offer().manifest();
    String name = "linux-v9.erofs.caibx";
    machine
        .offer()
        .publish(
            good.replace(
                machine.offer().line(name),
                Offer.digest("other".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                    + " *"
                    + name));
    String[] first = mode.firstCommand();
    machine.run(first).expect(1);
    machine.assertInstalled("v5");
    assertFalse(machine.bootEntries().contains("uki_v9+3-0.efi"), "nothing of v9 may be started");
    if (mode == Mode.MONOLITHIC) {
      machine.run("list", "v9").expect(0).says("partial");
      machine.run(first).expect(1); // tries again, and finds the same
    }
    machine.run("vacuum", "--offline").expect(0).says("Removing old partial");
    machine.assertNothingHalfDone();
    if (mode == Mode.MONOLITHIC) {
      machine.run("list", "v9").expect(0).says("candidate");
    }

    machine.offer().publish(good);
    machine.update(mode);
    machine.assertInstalled("v9");
    machine.assertInstalled("v5");
  }

  @ParameterizedTest
  @CsvSource({"512", "4096"})
  void acquiredIsNotInstalledYet(int sectorBytes, @TempDir Path folder) throws Exception {
    try (var machine = machine(folder, sectorBytes)) {
      machine.offer("v1");
      machine.run("acquire").expect(0);

      // The type says that the slot waits (10.2, test vectors), the label what for.
      assertEquals("part1-v1", machine.slots().get(1).label());
      assertEquals("64362E66-88A7-463B-B325-7AF60C81BE06", machine.slots().get(1).type());
      assertEquals("A0527BFF-640D-406C-93E1-3059B3853391", machine.slots().get(3).type());
      assertEquals(
          List.of(".sysupdate.pending.uki_v1+3-0.efi", "uki_v1.efi.extra.d/"),
          machine.bootEntries());
      assertTrue(
          Files.exists(machine.bootEntry("uki_v1.efi.extra.d/.sysupdate.pending.extra.addon.efi")));
      assertEquals(List.of(".sysupdate.pending.dir-v1"), machine.entries("dirs"));
      assertFalse(Files.isSymbolicLink(machine.path("dirs/current")));
      machine.run("list", "v1").expect(0).says("current+pending").says("(pending)");
      assertEquals(
          "{\"current+pending\":\"v1\",\"all\":[\"v1\"],\"appstreamUrls\":[]}\n",
          machine.run("list", "--json=short", "--offline").expect(0).out());

      machine.run("vacuum").expect(0).says("Removed 1 instance");

      machine.assertNothingHalfDone();
      assertEquals(List.of("_empty", "_empty", "_empty", "_empty"), machine.labels());
      assertEquals(List.of(), machine.bootEntries());
      machine.run("update", "--offline").expect(0).says("No update needed");
    }
  }

  /** H-06: the reference loses the bit. */
  @Test
  void aReadOnlySlotIsMarkedReadOnly(@TempDir Path folder) throws Exception {
    try (var machine = ReferenceMachine.onFile(folder)) {
      machine.offer("v1");
      machine.run("update").expect(0);

      assertTrue(machine.slots().get(1).readOnly());
      assertFalse(machine.slots().get(3).readOnly());
    }
  }
}
