package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Tool;

/** A partition table is changed only if we know what it says. */
@ExtendWith(WithMachine.class)
class DamagedDiskIT {
  private static final int DISK_DAMAGED = 11;
  private static final int SECTOR = 512;

  private static void overwrite(Path disk, long offset, byte... content) throws IOException {
    try (var channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(content), offset);
    }
  }

  private static void assertRefused(TestMachine machine, Path sound, String what) throws Exception {
    byte[] before = Files.readAllBytes(machine.disk());

    machine.run("check").failure(DISK_DAMAGED, what, "");
    Run.Report report = machine.run("apply").failure(DISK_DAMAGED, what, "");
    machine.run("status").failure(DISK_DAMAGED, what, "");

    assertEquals("nothing was changed", report.state());
    assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(machine.disk())));
    Files.copy(sound, machine.disk(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    machine.assertPlainApplyInstalls();
  }

  private static Path copy(TestMachine machine) throws IOException {
    return Files.copy(machine.disk(), machine.folder().resolve("sound.img"));
  }

  @Test
  void aDiskWithoutAnyTableIsRefused(TestMachine machine) throws Exception {
    Path sound = copy(machine);
    overwrite(machine.disk(), 0, new byte[34 * SECTOR]);
    overwrite(machine.disk(), Files.size(sound) - 33 * SECTOR, new byte[33 * SECTOR]);

    assertRefused(machine, sound, machine.disk().toString());
  }

  @Test
  void aTableOfWhichBothCopiesAreDamagedIsRefused(TestMachine machine) throws Exception {
    Path sound = copy(machine);
    overwrite(machine.disk(), SECTOR + 40, (byte) 0x77);
    overwrite(machine.disk(), Files.size(sound) - SECTOR + 40, (byte) 0x77);

    assertRefused(machine, sound, machine.disk().toString());
  }

  @Test
  void aHybridMbrIsRefused(TestMachine machine) throws Exception {
    Path sound = copy(machine);
    byte[] windows = new byte[16];
    windows[4] = 0x0c;
    windows[9] = 8; // begins at sector 2048
    windows[13] = 8;
    overwrite(machine.disk(), 446 + 16, windows);

    assertRefused(machine, sound, "hybrid");
  }

  @Test
  void aDamagedFirstCopyIsHealedWithAWarning(TestMachine machine) throws Exception {
    overwrite(machine.disk(), SECTOR, new byte[SECTOR]);

    machine.run("check").expect(0);
    machine.run("apply").expect(0).says("Warning: ");

    machine.assertVersionInstalled("2");
    machine.assertOldVersionUntouched();
    assertHealthy(machine);
  }

  @Test
  void aDamagedSecondCopyIsHealedWithAWarning(TestMachine machine) throws Exception {
    overwrite(machine.disk(), Files.size(machine.disk()) - SECTOR, new byte[SECTOR]);

    machine.run("apply").expect(0).says("Warning: ");

    machine.assertVersionInstalled("2");
    assertHealthy(machine);
  }

  private static void assertHealthy(TestMachine machine) throws IOException {
    String verdict = Tool.run(machine.folder(), "sgdisk", "--verify", machine.disk().toString());
    assertTrue(verdict.contains("No problems found"), verdict);
    assertTrue(machine.sfdisk("--verify").contains("No errors detected"));
  }

  @Test
  void lookingAtADamagedDiskDoesNotChangeIt(TestMachine machine) throws Exception {
    overwrite(machine.disk(), SECTOR, new byte[SECTOR]);
    byte[] before = Files.readAllBytes(machine.disk());

    machine.run("check").expect(0);
    machine.run("list").expect(0);
    machine.run("status").expect(0);

    assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(machine.disk())));
  }
}
