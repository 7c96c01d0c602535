package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Release;
import org.particleos.update.demo.Tool;

/**
 * Parts that the publisher has signed, each whole, but not those of one build; and a disk that does
 * not hold what was written to it. Images, hash trees and signatures are real.
 */
@ExtendWith(WithMachine.class)
class PreflightIT {
  private static final int UNFIT = 15;
  private static final int WRITE_FAILED = 9;

  /** The publisher puts a part of version 1 under the name of version 2, and signs that. */
  private static void mix(TestMachine machine, Path payload, Path other) throws Exception {
    Files.copy(other, payload, StandardCopyOption.REPLACE_EXISTING);
    machine.sign();
  }

  private static Release old(TestMachine machine) throws Exception {
    return machine.releases().release("1");
  }

  private static Run.Report assertRefused(
      TestMachine machine, int status, String what, String found) throws Exception {
    Run.Report report = machine.run("apply").failure(status, what, found);
    assertTrue(report.state().contains("nothing of version 2 became visible"), report::state);
    machine.assertNothingNewIsBootable();
    return report;
  }

  @Test
  void aKernelOfAnotherVersionIsRefusedAndFetchedAgainOnceItIsMended(TestMachine machine)
      throws Exception {
    mix(machine, machine.kernelPayload(), old(machine).kernel());

    Run.Report report =
        assertRefused(machine, UNFIT, "does not fit the other parts", old(machine).rootHash());

    assertTrue(report.found().contains(machine.releases().release("2").rootHash()), report::found);
    machine.mendServer();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aSignatureOfAnotherVersionIsRefusedAndFetchedAgainOnceItIsMended(TestMachine machine)
      throws Exception {
    Path payload = machine.payload(".usr-*-verity-sig.*");
    mix(machine, payload, packed(machine, payload, old(machine).veritySignature()));

    assertRefused(machine, UNFIT, "does not fit the other parts", old(machine).rootHash());

    machine.mendServer();
    machine.assertPlainApplyInstalls();
  }

  /** As the publisher packs it. */
  private static Path packed(TestMachine machine, Path like, Path content) throws Exception {
    if (!like.toString().endsWith(".zst")) {
      return content;
    }
    Path packed = machine.folder().resolve("packed.zst");
    Tool.run(machine.folder(), "zstd", "-q", "-f", content.toString(), "-o", packed.toString());
    return packed;
  }

  @Test
  void whatTheDiskLostBetweenDownloadAndInstallationIsFoundAndFetchedAgain(TestMachine machine)
      throws Exception {
    machine.run("acquire").expect(0);
    long at = machine.demo().offset(TestMachine.USR_NEW) + 5 * 4096 + 100;
    try (var disk =
        FileChannel.open(machine.disk(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      var one = ByteBuffer.allocate(1);
      assertEquals(1, disk.read(one, at));
      one.put(0, (byte) (one.get(0) ^ 0x10)).flip();
      disk.write(one, at);
    }

    assertRefused(machine, WRITE_FAILED, "does not hold what was written", "1 of ");

    machine.assertPlainApplyInstalls();
  }

  @Test
  void verboseTellsWhoSignedTheRootHash(TestMachine machine) throws Exception {
    machine
        .run("apply", "--verbose")
        .expect(0)
        .says("root hash " + machine.releases().release("2").rootHash() + " said to be signed by");
  }

  @Test
  void theEventsTellWhoSignedTheRootHash(TestMachine machine) throws Exception {
    machine
        .run("apply", "--progress=json")
        .expect(0)
        .says("\"event\":\"root-hash-signed\"")
        .says("\"rootHash\":\"" + machine.releases().release("2").rootHash() + "\"");
  }
}
