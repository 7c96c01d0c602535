package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.Tool;

/** The examples of update-algorithm.md 9.4, and how room is made for what comes. */
class VacuumIT {
  private SmallSystem system;

  @BeforeEach
  void aSystemWithAnOffer(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder);
    system
        .offer()
        .put("a-1.bin", "1")
        .put("a-2.bin", "2")
        .put("a-3.bin", "3")
        .put("a-4.bin", "4")
        .publish();
  }

  private void holds(String... versions) throws Exception {
    for (String version : versions) {
      system.write("target/a-" + version + ".bin", version);
    }
  }

  @Test
  void theOldestMakesRoomForTheNewest() throws Exception {
    system.transfer("10-a", "a-@v.bin", "InstancesMax=3");
    holds("1", "2", "3");

    system.run("update").expect(0);

    assertEquals(List.of("a-2.bin", "a-3.bin", "a-4.bin"), system.target());
  }

  @Test
  void aProtectedVersionStays() throws Exception {
    system.transfer("10-a", "a-@v.bin", "InstancesMax=2", "[Transfer]", "ProtectVersion=1");
    holds("1", "2");

    system.run("update", "3").expect(0);

    assertEquals(List.of("a-1.bin", "a-3.bin"), system.target());
  }

  @Test
  void protectedVersionsMayExceedTheLimitWhereThereIsRoom() throws Exception {
    // The version that runs, and one that the administrator named.
    system.transfer(
        "10-a",
        "a-@v.bin",
        "InstancesMax=2",
        "[Transfer]",
        "ProtectVersion=%A",
        "ProtectVersion=2");
    holds("1", "2");

    system.running("1").run("update", "3").expect(0);

    assertEquals(List.of("a-1.bin", "a-2.bin", "a-3.bin"), system.target());
  }

  @Test
  void theVerbKeepsAsManyAsItIsTold() throws Exception {
    system.transfer("10-a", "a-@v.bin");
    holds("1", "2", "3");

    system.run("vacuum").expect(0).says("Found nothing to remove.");
    system.run("vacuum", "-m", "1").expect(0).says("Removed 2 instances");

    assertEquals(List.of("a-3.bin"), system.target());
  }

  @Test
  void theVerbRemovesWhatWaitsAndWhatIsUnfinished() throws Exception {
    system.transfer("10-a", "a-@v.bin");
    holds("3");
    system.run("acquire").expect(0);
    system.write("target/.sysupdate.partial.a-5.bin", "begun");
    system.write("target/.#a-6.bin", "begun by an older release");
    assertEquals(
        List.of(".#a-6.bin", ".sysupdate.partial.a-5.bin", ".sysupdate.pending.a-4.bin", "a-3.bin"),
        system.target());

    system.run("vacuum").expect(0).says("Removing old partial");

    assertEquals(List.of("a-3.bin"), system.target());
  }

  @Test
  void aDisabledTransferKeepsNothingButWhatIsProtected() throws Exception {
    system.transfer("10-a", "a-@v.bin", "[Transfer]", "Features=none", "ProtectVersion=2");
    holds("1", "2", "3");

    system.run("vacuum").expect(0).says("1 disabled transfer");

    assertEquals(List.of("a-2.bin"), system.target());
  }

  /** Below another root nothing runs, and what belongs to a feature is not what boots. */
  @Test
  void aDisabledTransferKeepsNotEvenWhatHasTheVersionThatRuns() throws Exception {
    system.transfer("10-a", "a-@v.bin", "[Transfer]", "Features=none");
    holds("1", "2");

    system.running("2").run("vacuum").expect(0).says("1 disabled transfer");

    assertEquals(List.of(), system.target());
  }

  @Test
  void directoriesThatAreLeftEmptyGoToo() throws Exception {
    system.transfer("10-a", "a-@v.bin", "InstancesMax=2", "MatchPattern=d_@v/sub/file.bin");
    system.write("target/d_1/sub/file.bin", "1");
    system.write("target/d_2/sub/file.bin", "2");
    system.write("target/d_3/sub/file.bin", "3");
    system.write("target/d_3/kept", "somebody else's");

    system.run("vacuum", "-m", "1").expect(0);

    assertEquals(List.of("d_3/kept", "d_3/sub/file.bin"), system.target());
    assertFalse(Files.exists(system.path("target/d_1")));
  }

  // ---- Slots ----

  private void disk(String... labels) throws Exception {
    Path disk = system.path("disk.img");
    try (var file = new java.io.RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(8 << 20);
    }
    var table = new StringBuilder("label: gpt\n");
    for (String label : labels) {
      table.append("size=1MiB, type=").append(ReferenceMachine.ROOT_TYPE);
      table.append(", name=").append(label).append('\n');
    }
    Tool.Result made =
        Tool.call(
            system.root(),
            Map.of(),
            table.toString(),
            "sfdisk",
            "-q",
            "--wipe=always",
            disk.toString());
    assertEquals(0, made.status(), made.output());
    system.transfer(
        "10-a",
        "a-@v.bin",
        "Type=partition",
        "Path=/disk.img",
        "MatchPattern=a_@v",
        "MatchPartitionType=root-x86-64",
        "[Transfer]",
        "ProtectVersion=%A");
  }

  private List<String> labels() throws Exception {
    return Tool.run(system.root(), "sfdisk", "-d", system.path("disk.img").toString())
        .lines()
        .filter(line -> line.contains("name="))
        .map(line -> line.replaceAll(".*name=\"([^\"]*)\".*", "$1"))
        .toList();
  }

  @Test
  void theOlderSlotIsReplacedUnlessItRuns() throws Exception {
    disk("a_1", "a_2");
    system.running("2").run("update", "3").expect(0);
    assertEquals(List.of("a_3", "a_2"), labels());

    disk("a_1", "a_2");
    system.running("1").run("update", "3").expect(0);
    assertEquals(List.of("a_1", "a_3"), labels());
  }

  @Test
  void aSingleSlotIsNotEmptied() throws Exception {
    disk("a_1", "foreign");
    system.running("0").run("update").expect(1);
    assertEquals(List.of("a_1", "foreign"), labels());

    // Nor two that are both protected.
    disk("a_1", "a_2");
    system.write("etc/sysupdate.d/10-a.transfer.d/p.conf", "[Transfer]\nProtectVersion=2\n");
    system.running("1").run("update").expect(1);
    assertEquals(List.of("a_1", "a_2"), labels());
  }

  @Test
  void aDisabledTransfersSlotsAreEmptied() throws Exception {
    disk("a_2", "a_3");
    system.write("etc/sysupdate.d/10-a.transfer.d/off.conf", "[Transfer]\nFeatures=none\n");

    system.run("vacuum").expect(0);

    // D-09, H-04: the reference forgets slots without a limit.
    assertEquals(List.of("_empty", "_empty"), labels());
  }
}
