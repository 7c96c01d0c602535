package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Release;
import org.particleos.update.demo.Tool;

/** What does not fit is refused, and nothing that works is given up for it. */
@ExtendWith(WithMachine.class)
class NoRoomIT {
  private static final int BAD_CONFIGURATION = 6;
  private static final int NO_SPACE = 7;

  private static Path largerThanTheSlot(TestMachine machine) throws Exception {
    byte[] content = new byte[(int) Releases.USR_SLOT_BYTES + 4096];
    new SplittableRandom(1).nextBytes(content);
    return Files.write(machine.folder().resolve("large.raw"), content);
  }

  @Test
  void aRawImageLargerThanTheSlotIsRefused(TestMachine machine) throws Exception {
    Path raw = Path.of(machine.usrPayload().toString().replace(".zst", ""));
    Files.delete(machine.usrPayload());
    Files.move(largerThanTheSlot(machine), raw);
    machine.sign();
    machine.dropIn("30-usr", "[Source]", "MatchPattern=ParticleOS_@v_%a.usr-%a.@u.raw");

    machine.run("apply").failure(NO_SPACE);

    machine.assertNothingNewIsBootable();
    machine.removeDropIn("30-usr");
    machine.mendServer();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aCompressedImageLargerThanTheSlotIsRefused(TestMachine machine) throws Exception {
    Path image = largerThanTheSlot(machine);
    Tool.run(
        machine.folder(),
        "zstd",
        "-q",
        "-f",
        image.toString(),
        "-o",
        machine.usrPayload().toString());
    machine.sign();

    machine.run("apply").failure(NO_SPACE);

    machine.assertNothingNewIsBootable();
    machine.mendServer();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void anImageThatFillsTheSlotToTheLastByteIsTaken(TestMachine machine) throws Exception {
    byte[] content = new byte[(int) Releases.USR_SLOT_BYTES];
    new SplittableRandom(2).nextBytes(content);
    Path work = Files.createDirectory(machine.folder().resolve("exact"));
    Path image = Files.write(work.resolve("usr.raw"), content);
    machine.offerInstead(Release.of(work, "2", image));
    machine.sign();

    machine.run("apply").expect(0);

    Path slot = machine.folder().resolve("slot.raw");
    machine.demo().extract(TestMachine.USR_NEW, slot);
    assertEquals(-1, Files.mismatch(image, slot));
    machine.assertOldVersionUntouched();
  }

  @Test
  void aLabelOfMoreThan36UnitsIsRefusedBeforeAnythingIsDownloaded(TestMachine machine)
      throws Exception {
    String table = machine.sfdisk("-d");
    rename(machine, "2.000000000000000001");

    Run.Report report =
        machine.run("apply").failure(BAD_CONFIGURATION, "label", "2.000000000000000001");

    assertEquals("nothing was changed", report.state());
    assertEquals(table, machine.sfdisk("-d"));
    machine.mendServer();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aLabelOf36UnitsIsTaken(TestMachine machine) throws Exception {
    String version = "2.000000000001"; // ParticleOS_…_verity_sig has 22 units besides
    rename(machine, version);

    machine.run("apply").expect(0).says("Version " + version + " is installed");

    assertTrue(machine.sfdisk("-d").contains("ParticleOS_" + version + "_verity_sig"));
  }

  private static void rename(TestMachine machine, String version) throws Exception {
    try (var files = Files.newDirectoryStream(machine.web(), "ParticleOS_2_*")) {
      for (Path file : files) {
        String name = file.getFileName().toString().replace("_2_", "_" + version + "_");
        Files.move(file, file.resolveSibling(name));
      }
    }
    machine.sign();
  }

  @Test
  void withoutAnEmptySlotNothingIsGivenUp(TestMachine machine) throws Exception {
    machine.sfdiskLabel(TestMachine.USR_NEW, "something-else");
    String table = machine.sfdisk("-d");

    Run.Report report = machine.run("apply").failure(NO_SPACE, "30-usr", "");

    assertEquals("nothing was changed", report.state());
    assertEquals(table, machine.sfdisk("-d"));
    machine.assertNothingNewIsBootable();
    machine.sfdiskLabel(TestMachine.USR_NEW, "_empty");
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aFullBootPartitionIsNoticedBeforeAnythingIsRemovedOrDownloaded(TestMachine machine)
      throws Exception {
    Root.needed("mount a small file system");
    byte[] kernel = Files.readAllBytes(machine.boot().resolve("ParticleOS_1.efi"));
    try (var small = Root.Mount.memory(machine.demo().esp(), "size=4k")) {
      Files.createDirectories(machine.boot());
      Files.write(machine.boot().resolve("ParticleOS_1.efi"), kernel);

      machine
          .run("apply")
          .says("do not fit, even after removing old ones")
          .says("nothing was changed")
          .failure(NO_SPACE);

      assertFalse(
          machine.server().questions().stream()
              .anyMatch(question -> question.startsWith("GET") && !question.contains("SUMS")),
          () -> machine.server().questions().toString());
      machine.assertNothingNewIsBootable();
      small.remount("size=64k");
      machine.assertPlainApplyInstalls();
    }
  }

  @Test
  void aBootFileThatNeverEndsStopsWhenTheFileSystemIsFull(TestMachine machine) throws Exception {
    Root.needed("mount a small file system");
    byte[] kernel = Files.readAllBytes(machine.boot().resolve("ParticleOS_1.efi"));
    try (var _ = Root.Mount.memory(machine.demo().esp(), "size=64k")) {
      Files.createDirectories(machine.boot());
      Files.write(machine.boot().resolve("ParticleOS_1.efi"), kernel);
      machine.server().fault("_" + DemoMachine.architecture() + ".efi", Faults.endless());

      machine.run("apply").failure(NO_SPACE);

      machine.assertNothingNewIsBootable();
      machine.server().behave();
      machine.assertPlainApplyInstalls();
    }
  }
}
