package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Tool;
import org.particleos.update.it.Faults.Stall;

/** Another process, a disk that cannot be written, a user who may not. */
@ExtendWith(WithMachine.class)
class AccessIT {
  private static final int BUSY = 8;
  private static final int WRITE_FAILED = 9;
  private static final int NOT_PERMITTED = 10;

  @Test
  void aSecondProcessIsToldWhoIsBusyAndTheFirstOneGoesOn(TestMachine machine) throws Exception {
    var stall = new Stall(100_000);
    machine.server().fault(machine.usrPayload().getFileName().toString(), stall);
    Program.Running first = machine.start("apply");
    stall.awaitReached();

    Run.Report report =
        machine
            .run("apply")
            .failure(BUSY, machine.disk().toString(), "process " + first.process().pid());
    machine.run("vacuum").expect(1).says("process " + first.process().pid());
    machine.run("status").expect(0);
    machine.run("check").expect(0);

    assertEquals("this process changed nothing", report.state());
    assertTrue(first.process().isAlive());
    first.kill();
    first.end();
    machine.server().behave();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aDiskOnAReadOnlyFileSystemIsNotWritten(TestMachine machine) throws Exception {
    Root.needed("mount a file system read-only");
    try (var mount = Root.Mount.memory(machine.folder().resolve("disks"), "size=64m")) {
      Path disk = machine.folder().resolve("disks/disk.img");
      Tool.run(
          machine.folder(), "cp", "--sparse=always", machine.disk().toString(), disk.toString());
      for (String transfer : new String[] {"10-usr-verity-sig", "20-usr-verity", "30-usr"}) {
        machine.dropIn(transfer, "[Target]", "Path=" + disk);
      }
      mount.remount("ro");

      Run.Report report = machine.run("apply").failure(WRITE_FAILED);
      machine.run("check").expect(0);

      assertTrue(report.found().contains("read-only"), report::toString);
      assertEquals(-1, Files.mismatch(machine.disk(), disk));
      machine.assertNothingNewIsBootable();
      mount.remount("rw");
      machine.run("apply").expect(0);
    }
  }

  @Test
  void aReadOnlyBlockDeviceIsNotWritten(TestMachine machine) throws Exception {
    Root.needed("make a read-only block device");
    byte[] before = Files.readAllBytes(machine.disk());
    try (var loop = Root.Loop.of(machine.disk(), "--read-only")) {
      for (String transfer : new String[] {"10-usr-verity-sig", "20-usr-verity", "30-usr"}) {
        machine.dropIn(transfer, "[Target]", "Path=" + loop.device());
      }

      machine.run("check").expect(0);
      Run.Report report = machine.run("apply").failure(WRITE_FAILED);

      assertTrue(report.found().contains("read-only"), report::toString);
    }
    assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(machine.disk())));
    machine.assertNothingNewIsBootable();
  }

  @Test
  void aUserWithoutRightsMayLookButNotChange(TestMachine machine) throws Exception {
    Root.needed("become another user");
    Path program = machine.folder().resolve("program");
    Tool.run(machine.folder(), "cp", "-r", Program.distribution().toString(), program.toString());
    Tool.run(machine.folder(), "chmod", "-R", "a+rX", machine.folder().toString());
    Tool.run(machine.folder(), "chmod", "a+x", machine.folder().getParent().toString());
    Program nobody =
        Root.asNobody(machine.program().at(program.resolve("bin/particle-update")))
            .with("XDG_RUNTIME_DIR", machine.folder().resolve("run").toString());
    Files.createDirectories(machine.folder().resolve("run"));
    Tool.run(machine.folder(), "chmod", "777", machine.folder().resolve("run").toString());

    nobody.run(machine.arguments("check")).expect(0);
    nobody.run(machine.arguments("status")).expect(0);
    Run.Report report = nobody.run(machine.arguments("apply")).failure(NOT_PERMITTED);

    assertTrue(report.remedy().contains("root"), report::remedy);
    machine.assertNothingNewIsBootable();
    machine.assertPlainApplyInstalls();
  }
}
