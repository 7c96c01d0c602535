package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Tool;
import org.particleos.update.it.Faults.Stall;

/** The main job on real block devices, with both sector sizes. */
@ExtendWith(WithMachine.class)
class BlockDeviceIT {
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void aBlockDeviceIsUpdatedLikeAFile(int sectorBytes, Releases releases) throws Exception {
    Root.needed("make a block device");
    Path folder = releases.scratch();
    Path file = folder.resolve("disk.img");
    try (var channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(
          java.nio.ByteBuffer.allocate(1), DemoMachine.diskBytes(Releases.USR_SLOT_BYTES) - 1);
    }
    try (var loop = Root.Loop.of(file, "--sector-size", Integer.toString(sectorBytes));
        var machine =
            TestMachine.installed(releases, folder, loop.device(), Releases.USR_SLOT_BYTES)) {
      machine.run("check").expect(0).says("offered    2");
      machine.run("status").expect(0).says("Slots on " + loop.device());

      // Interrupted once, then to the end.
      var stall = new Stall(300_000);
      machine.server().fault(machine.usrPayload().getFileName().toString(), stall);
      Program.Running running = machine.start("apply");
      stall.awaitReached();
      running.kill();
      running.end();
      machine.server().behave();
      machine.assertNothingNewIsBootable();
      machine.assertPlainApplyInstalls();

      assertTrue(machine.sfdisk("--verify").contains("No errors detected"));
      String verdict = Tool.run(folder, "sgdisk", "--verify", loop.device().toString());
      assertTrue(verdict.contains("No problems found"), verdict);
      machine.run("apply").expect(0).says("No update needed");
      machine.run("pending").expect(0);
    }
  }
}
