package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Tool;

/** A machine that runs version 1 gets version 2 from a server, as people and scripts do it. */
@ExtendWith(WithMachine.class)
class MainJobIT {
  private static final String ARCHITECTURE = DemoMachine.architecture();

  // ---- By our own verbs ----

  @Test
  void checkSaysWhatRunsWhatIsOfferedAndHowMuchItIs(TestMachine machine) throws Exception {
    Run check = machine.run("check").expect(0);

    assertTrue(check.out().matches("(?s)running +1\ninstalled +1\noffered +2\n.*"), check::out);
    assertTrue(check.out().matches("(?s).*download +[0-9.]+ MiB in 4 files\n.*"), check::out);
    check.says("particle-update apply");
    machine.assertNothingNewIsBootable();
  }

  @Test
  void checkCountsTheBytesOfThePayloads(TestMachine machine) throws Exception {
    long payloads = 0;
    try (Stream<Path> files = Files.list(machine.web())) {
      for (Path file : files.toList()) {
        payloads += file.getFileName().toString().startsWith("SHA") ? 0 : Files.size(file);
      }
    }

    JsonNode json = machine.run("check", "--json=short").expect(0).json();

    assertEquals(payloads, json.get("downloadBytes").asLong());
    assertEquals("1", json.get("booted").asText());
    assertEquals("1", json.get("installed").asText());
    assertEquals("2", json.get("available").asText());
    assertEquals(4, json.get("transfers").size());
  }

  @Test
  void applyInstallsWhatVerityAcceptsAndLeavesTheOldVersionAlone(TestMachine machine)
      throws Exception {
    Run apply = machine.run("apply").expect(0);

    machine.assertVersionInstalled("2");
    machine.assertOldVersionUntouched();
    assertEquals(List.of("ParticleOS_1.efi", "ParticleOS_2+3-0.efi"), machine.bootEntries());
    apply.says("Version 2 is installed").says("Restart the machine");
  }

  @Test
  void otherToolsAgreeWithTheTableWeWrote(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);

    assertTrue(machine.sfdisk("--verify").contains("No errors detected"));
    Tool.run(machine.folder(), "sgdisk", "--verify", machine.disk().toString());
    String table = machine.sfdisk("-d");
    String usr = table.lines().filter(line -> line.contains("\"ParticleOS_2\"")).findFirst().get();
    // PartitionFlags=0 and ReadOnly=1 of the shipped definitions: bit 60 alone.
    assertTrue(usr.contains("attrs=\"GUID:60\""), usr);
    assertTrue(
        usr.toLowerCase(java.util.Locale.ROOT)
            .contains("uuid=" + machine.releases().release("2").usrUuid()),
        usr);
  }

  @Test
  void sgdiskFindsNoProblemsInTheTableWeWrote(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);

    String verdict = Tool.run(machine.folder(), "sgdisk", "--verify", machine.disk().toString());

    assertTrue(verdict.contains("No problems found"), verdict);
  }

  @Test
  void theKernelHasTheModeOfTheDefinition(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);

    assertEquals(
        "rw-r--r--",
        java.nio.file.attribute.PosixFilePermissions.toString(
            Files.getPosixFilePermissions(machine.boot().resolve("ParticleOS_2+3-0.efi"))));
  }

  @Test
  void aSecondApplyHasNothingToDo(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);
    String table = machine.sfdisk("-d");

    machine.run("apply").expect(0).says("No update needed");

    assertEquals(table, machine.sfdisk("-d"));
    assertEquals("no-update", machine.run("apply", "--json=short").json().get("outcome").asText());
  }

  @Test
  void checkAfterwardsSaysThatNothingIsNewer(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);

    machine.run("check").expect(3).says("nothing newer").says("installed  2");
    JsonNode json = machine.run("check", "--json=pretty").expect(3).json();
    assertTrue(json.get("available").isNull());
  }

  @Test
  void applyReportsItselfAsJson(TestMachine machine) throws Exception {
    JsonNode json = machine.run("apply", "--json=pretty").expect(0).json();

    assertEquals("installed", json.get("outcome").asText());
    assertEquals("2", json.get("version").asText());
    assertTrue(json.get("bytesTransferred").asLong() > 1 << 20);
  }

  @Test
  void applyOfTheInstalledVersionChangesNothing(TestMachine machine) throws Exception {
    machine.run("apply", "1").expect(0).says("installed already");

    machine.assertNothingNewIsBootable();
  }

  @Test
  void applyOfAVersionThatIsNotThereSaysSo(TestMachine machine) throws Exception {
    Run.Report report = fourLinesWithoutFound(machine.run("apply", "7").expect(12));

    assertTrue(report.what().contains("7"), report::what);
    machine.assertNothingNewIsBootable();
  }

  /** "Not found" has nothing else to tell; the other lines are there. */
  private static Run.Report fourLinesWithoutFound(Run run) {
    run.says("  state:  nothing was changed").says("  remedy: ");
    return new Run.Report(run.err().lines().findFirst().orElse(""), "", "", "");
  }

  @Test
  void statusDrawsEverySlotAndEveryBootEntry(TestMachine machine) throws Exception {
    machine.run("status").expect(0).says("1 running, protected").says("empty");

    machine.run("apply").expect(0);

    Run status = machine.run("status").expect(0);
    status.says("4: ○ 2 installed").says("1: ● 1 running, protected");
    status.says("2 installed, 3 tries left  (ParticleOS_2+3-0.efi)");
    status.says("Restart the machine to use version 2.");
    assertFalse(machine.run("status", "--no-legend").expect(0).out().contains("Restart"));
  }

  @Test
  void statusAsksNoServer(TestMachine machine) throws Exception {
    machine.run("status").expect(0);

    assertEquals(List.of(), machine.server().questions());
  }

  @Test
  void statusTellsTheSlotsAsJson(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);

    JsonNode json = machine.run("status", "--json=short").expect(0).json();

    assertEquals("1", json.get("booted").asText());
    assertEquals("2", json.get("installed").asText());
    assertEquals(4, json.get("transfers").size());
    for (JsonNode transfer : json.get("transfers")) {
      assertEquals(2, transfer.get("held").size(), transfer::toString);
      assertEquals(0, transfer.get("emptySlots").asInt(), transfer::toString);
    }
  }

  @Test
  void theThirdVersionReplacesTheOldestOne(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);
    machine.demo().run("2");
    machine.releases().publish(machine.web(), machine.releases().release("3"));

    machine.run("apply").expect(0).says("Version 3 is installed");

    String table = machine.sfdisk("-d");
    assertTrue(table.contains("\"ParticleOS_3\"") && table.contains("\"ParticleOS_2\""), table);
    assertFalse(table.contains("\"ParticleOS_1"), table);
    assertEquals(List.of("ParticleOS_2+3-0.efi", "ParticleOS_3+3-0.efi"), machine.bootEntries());
    machine.assertVersionInstalled("2");
  }

  // ---- By the reference's verbs ----

  @Test
  void listHasALineForEachVersion(TestMachine machine) throws Exception {
    Run list = machine.run("list").expect(0);

    assertTrue(list.out().lines().findFirst().get().contains("VERSION"), list::out);
    assertEquals(3, list.out().lines().count(), list::out);
    Run bare = machine.run("list", "--no-legend").expect(0);
    assertEquals(2, bare.out().lines().count(), bare::out);
    assertEquals(list.out(), machine.program().run(machine.arguments()).expect(0).out());
  }

  @Test
  void listTellsTheVersionsAsJson(TestMachine machine) throws Exception {
    JsonNode json = machine.run("list", "--json=short").expect(0).json();

    assertEquals("1", json.get("current").asText());
    assertEquals("[\"2\",\"1\"]", json.get("all").toString());
    assertTrue(json.get("appstreamUrls").isArray());
  }

  @Test
  void listOfOneVersionShowsItsParts(TestMachine machine) throws Exception {
    Run list = machine.run("list", "2").expect(0);
    list.says("Version: 2").says("Installed: no").says("Available: yes (newest)").says("SHA256");

    JsonNode json = machine.run("list", "2", "--json=short").expect(0).json();

    assertEquals("2", json.get("version").asText());
    assertTrue(json.get("available").asBoolean());
    assertFalse(json.get("installed").asBoolean());
    assertEquals(4, json.get("contents").size());
    for (JsonNode part : json.get("contents")) {
      assertEquals("url-file", part.get("type").asText());
      assertEquals(64, part.get("sha256").asText().length());
    }
  }

  @Test
  void listOfAVersionThatIsNotThereFails(TestMachine machine) throws Exception {
    machine.run("list", "9").expect(1).says("not found");
  }

  @Test
  void checkNewPrintsTheVersionAndEndsWithZeroOnlyIfThereIsOne(TestMachine machine)
      throws Exception {
    assertEquals("2\n", machine.run("check-new").expect(0).out());
    assertEquals("{\"available\":\"2\"}\n", machine.run("check-new", "--json=short").out());

    machine.run("update").expect(0);

    assertEquals("", machine.run("check-new").expect(1).out());
    assertEquals("{\"available\":null}\n", machine.run("check-new", "--json=short").out());
  }

  @Test
  void updatePrintsNothingOnStandardOutput(TestMachine machine) throws Exception {
    assertEquals("", machine.run("update").expect(0).out());

    machine.assertVersionInstalled("2");
    assertEquals("", machine.run("update").expect(0).says("No update needed.").out());
  }

  @Test
  void updateTellsAsJsonWhatItRemoved(TestMachine machine) throws Exception {
    JsonNode json = machine.run("update", "--json=short").expect(0).json();

    assertEquals(0, json.get("removed").asInt());
    assertEquals(0, json.get("disabledTransfers").asInt());
  }

  @Test
  void whatWasAcquiredIsInstalledWithoutTheServer(TestMachine machine) throws Exception {
    machine.run("acquire").expect(0).says("'2' is acquired");
    machine.assertNothingNewIsBootable();
    machine.run("status").expect(0).says("2 pending").says("An update is unfinished");
    int asked = machine.server().questions().size();

    machine.run("update", "--offline").expect(0);

    machine.assertVersionInstalled("2");
    machine.assertOldVersionUntouched();
    assertEquals(asked, machine.server().questions().size());
  }

  @Test
  void offlineWithoutAnythingAcquiredThereIsNoUpdate(TestMachine machine) throws Exception {
    machine.run("update", "--offline").expect(0).says("No update needed");
    machine.run("apply", "--offline").expect(0).says("No update needed");

    machine.assertNothingNewIsBootable();
  }

  @Test
  void pendingEndsWithZeroOnlyBeforeTheRestart(TestMachine machine) throws Exception {
    machine.run("pending").expect(1);
    machine.run("apply").expect(0);
    machine.run("pending").expect(0).says("Restart");

    machine.demo().run("2");

    machine.run("pending").expect(1);
  }

  @Test
  void vacuumRemovesWhatExceedsTheLimitButNeverWhatRuns(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);

    machine.run("vacuum", "--instances-max=1").expect(0);

    machine.assertNothingNewIsBootable();
  }

  @Test
  void vacuumRemovesTheOldVersionOnceTheNewOneRuns(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);
    machine.demo().run("2");

    JsonNode json = machine.run("vacuum", "--instances-max=1", "--json=short").expect(0).json();

    assertEquals(1, json.get("removed").asInt(), json::toString);
    assertEquals(List.of("ParticleOS_2+3-0.efi"), machine.bootEntries());
    assertFalse(machine.sfdisk("-d").contains("ParticleOS_1"));
    machine.assertVersionInstalled("2");
  }

  @Test
  void vacuumOfACleanMachineRemovesNothing(TestMachine machine) throws Exception {
    machine.run("vacuum").expect(0).says("Found nothing to remove.");

    machine.assertNothingNewIsBootable();
  }

  @Test
  void theWrongArchitectureIsNotOffered(TestMachine machine) throws Exception {
    for (Path file : List.of(machine.kernelPayload(), machine.usrPayload())) {
      String name = file.getFileName().toString().replace(ARCHITECTURE, "riscv64");
      Files.move(file, file.resolveSibling(name));
    }
    machine.sign();

    machine.run("check").expect(3);
    machine.run("apply").expect(0).says("No update needed");
    machine.assertNothingNewIsBootable();
  }
}
