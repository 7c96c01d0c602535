package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Tool;

/** What is installed is compared with its hash tree; what is damaged is found. */
@ExtendWith(WithMachine.class)
class VerifyIT {
  private static final int NOT_AVAILABLE = 12;
  private static final int CONTENT_DAMAGED = 13;

  private static final int USR = 1;
  private static final int VERITY = 2;
  private static final int SIGNATURE = 3;
  private static final int BLOCK = 4096;

  /** Changes one bit of a slot, counted from its beginning. */
  private static void flip(TestMachine machine, int slot, long at) throws IOException {
    long offset = machine.demo().offset(slot) + at;
    try (var channel =
        FileChannel.open(machine.disk(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      var one = ByteBuffer.allocate(1);
      channel.read(one, offset);
      one.put(0, (byte) (one.get(0) ^ 0x10)).flip();
      channel.write(one, offset);
    }
  }

  /** Overwrites a slot, or a megabyte of it, with zeroes. */
  private static void erase(TestMachine machine, int slot) throws IOException {
    try (var channel = FileChannel.open(machine.disk(), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1 << 20), machine.demo().offset(slot));
    }
  }

  private static JsonNode part(Run run, String transfer) throws Exception {
    for (JsonNode part : run.json().get("parts")) {
      if (part.get("transfer").asText().equals(transfer)) {
        return part;
      }
    }
    throw new AssertionError("no part " + transfer + " in " + run);
  }

  private static void assertFound(TestMachine machine, String transfer, String fault)
      throws Exception {
    byte[] before = Files.readAllBytes(machine.disk());

    machine.run("verify").expect(CONTENT_DAMAGED).says("damaged: ").says(fault);
    Run json = machine.run("verify", "1", "--json=short").expect(CONTENT_DAMAGED);

    assertTrue(json.json().get("damaged").asBoolean());
    assertEquals("damaged", part(json, transfer).get("result").asText());
    assertTrue(part(json, transfer).get("faults").toString().contains(fault), json::toString);
    assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(machine.disk())));
  }

  @Test
  void whatIsInstalledIsGoodBeforeAndAfterAnUpdate(TestMachine machine) throws Exception {
    Run before = machine.run("verify").expect(0);
    before.says("version 1").says("30-usr").says("good: ").says("not verified: no digest");
    assertEquals(
        machine.releases().release("1").rootHash(),
        part(machine.run("verify", "--json=short").expect(0), "30-usr").get("rootHash").asText());

    machine.assertPlainApplyInstalls();

    machine.run("verify").expect(0).says("version 2");
    machine.run("verify", "1").expect(0).says("version 1");
    Run json = machine.run("verify", "2", "--json=short").expect(0);
    assertFalse(json.json().get("damaged").asBoolean());
    assertEquals("partition-uuids", part(json, "30-usr").get("assurance").asText());
    assertEquals("good", part(json, "20-usr-verity").get("result").asText());
    assertEquals("good", part(json, "10-usr-verity-sig").get("result").asText());
    assertEquals("no-digest-kept", part(json, "90-kernel").get("why").asText());
  }

  @Test
  void aFlippedBitInTheDataIsFound(TestMachine machine) throws Exception {
    flip(machine, USR, 7L * BLOCK + 100);

    assertFound(machine, "30-usr", "1 of ");

    JsonNode usr = part(machine.run("verify", "--json=short"), "30-usr");
    assertEquals(1, usr.get("badBlocks").asLong());
    assertEquals("[{\"from\":7,\"to\":7}]", usr.get("badRanges").toString());
  }

  @Test
  void aFlippedBitInTheTreeIsFound(TestMachine machine) throws Exception {
    flip(machine, VERITY, 2L * BLOCK + 5);

    assertFound(machine, "20-usr-verity", "1 of ");
    assertFound(machine, "30-usr", "below a damaged part of the hash tree");
  }

  @Test
  void aFlippedBitInTheSuperblockIsFound(TestMachine machine) throws Exception {
    flip(machine, VERITY, 64); // data block size

    assertFound(machine, "20-usr-verity", "data blocks of 4112 bytes");
  }

  @Test
  void aFlippedBitInTheSaltIsFound(TestMachine machine) throws Exception {
    flip(machine, VERITY, 88);

    assertFound(machine, "20-usr-verity", "that are not what was published");
  }

  @Test
  void anErasedVerityPartitionIsFound(TestMachine machine) throws Exception {
    erase(machine, VERITY);

    assertFound(machine, "20-usr-verity", "has no dm-verity superblock");
    machine.run("verify").says("not verified: the hash tree cannot be used");
  }

  @Test
  void anErasedSignatureIsFound(TestMachine machine) throws Exception {
    erase(machine, SIGNATURE);

    assertFound(machine, "10-usr-verity-sig", "names no root hash");
  }

  @Test
  void aWrongUuidIsFound(TestMachine machine) throws Exception {
    Tool.run(
        machine.folder(),
        "sfdisk",
        "-q",
        "--part-uuid",
        machine.disk().toString(),
        Integer.toString(USR),
        "11111111-2222-4333-8444-555555555555");

    assertFound(machine, "30-usr", "UUID that is not the beginning of the root hash");
  }

  @Test
  void withoutItsVerityPartitionAVersionCannotBeVerified(TestMachine machine) throws Exception {
    machine.run("verify").expect(0);
    Tool.run(machine.folder(), "sfdisk", "-q", "--delete", machine.disk().toString(), "" + VERITY);

    machine.run("verify").expect(NOT_AVAILABLE).says("no version is completely installed");
    machine.run("verify", "1").failure(NOT_AVAILABLE, "verify version 1", "no pair");
  }

  @Test
  void aVersionThatIsNotThereIsRefused(TestMachine machine) throws Exception {
    machine.run("verify", "9").expect(NOT_AVAILABLE).says("'9' not found");
  }

  @Test
  void aUserWithoutRightsMayVerifyAnImageFile(TestMachine machine) throws Exception {
    Root.needed("become another user");
    Path program = machine.folder().resolve("program");
    Tool.run(machine.folder(), "cp", "-r", Program.distribution().toString(), program.toString());
    Tool.run(machine.folder(), "chmod", "-R", "a+rX", machine.folder().toString());
    Tool.run(machine.folder(), "chmod", "a+x", machine.folder().getParent().toString());
    Program nobody = Root.asNobody(machine.program().at(program.resolve("bin/particle-update")));

    nobody.run(machine.arguments("verify")).expect(0).says("good: ");
    flip(machine, USR, 0);
    nobody.run(machine.arguments("verify")).expect(CONTENT_DAMAGED);
  }

  @Test
  void theReferencesCommandLineHasNoSuchVerb(TestMachine machine) throws Exception {
    Program reference =
        machine.program().at(Program.distribution().resolve("bin/systemd-sysupdate"));

    reference.run(machine.arguments("verify")).expect(1);
  }
}
