package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which version is taken, and what is said of each (update-algorithm.md 4 to 8). */
class VersionsIT {
  private SmallSystem system;
  private Path folder;

  @BeforeEach
  void aSystemWithAnOffer(@TempDir Path temporary) throws Exception {
    folder = temporary;
    system = SmallSystem.in(folder).transfer("10-a", "a-@v.bin").transfer("20-b", "b-@v.bin");
    offer("1");
    offer("2");
    offer("3");
  }

  private void offer(String version) throws Exception {
    system
        .offer()
        .put("a-" + version + ".bin", "a " + version)
        .put("b-" + version + ".bin", "b " + version)
        .publish();
  }

  private void holds(String... versions) throws Exception {
    for (String version : versions) {
      system.write("target/a-" + version + ".bin", "a " + version);
      system.write("target/b-" + version + ".bin", "b " + version);
    }
  }

  // ---- What is said ----

  @Test
  void theTableTellsTheNewestFirst() throws Exception {
    holds("1", "2");
    system.write("etc/sysupdate.d/10-a.transfer.d/p.conf", "[Transfer]\nProtectVersion=1\n");
    Files.delete(system.offer().path("b-1.bin"));
    system.offer().publish();

    Run run = system.run().expect(0);

    List<String> lines = run.out().lines().toList();
    assertEquals(List.of("VERSION", "INSTALLED", "AVAILABLE", "ASSESSMENT"), words(lines.get(0)));
    assertTrue(lines.get(1).matches("↻ +3 +✓ +candidate *"), run::out);
    assertTrue(lines.get(2).matches("● +2 +✓ +✓ +current *"), run::out);
    assertTrue(lines.get(3).matches("○ +1 +✓ +protected *"), run::out);
    assertEquals(
        lines.subList(1, 4).stream().map(VersionsIT::words).toList(),
        system.run("--no-legend").expect(0).out().lines().map(VersionsIT::words).toList());
  }

  private static List<String> words(String line) {
    return List.of(line.trim().split(" +"));
  }

  @Test
  void oneVersionIsToldInLinesAndATable() throws Exception {
    holds("2");
    Files.delete(system.path("target/b-2.bin"));
    system.write(
        "etc/sysupdate.d/10-a.transfer.d/c.conf", "[Transfer]\nChangeLog=https://example.org/@v\n");

    Run run = system.run("list", "2").expect(0);

    run.says("Version: 2")
        .says("State: current+incomplete")
        .says("Installed: yes (newest) (incomplete)")
        .says("Available: yes\n")
        .says("Protected: no")
        .says("Obsolete: no")
        .says("ChangeLog: https://example.org/2");
    String table = run.out().substring(run.out().indexOf("\n\n") + 2);
    assertTrue(table.startsWith("TYPE "), table);
    assertTrue(table.contains("regular-file ") && table.contains("url-file "), table);
    system.run("list", "99").expect(1).says("Update '99' not found.");
  }

  @Test
  void aVersionTooOldIsObsolete() throws Exception {
    holds("1");
    system.write("etc/sysupdate.d/10-a.transfer.d/m.conf", "[Transfer]\nMinVersion=4\n");

    system.run("list", "1").expect(0).says("current+obsolete").says("Obsolete: yes");
    system.run("list", "3").expect(0).says("available+obsolete");
    system.run("check-new").expect(1);
    system.run("update", "3").expect(1);
    assertEquals(List.of("a-1.bin", "b-1.bin"), system.target());

    offer("4");
    system.run("update").expect(0);
    assertTrue(system.target().contains("a-4.bin"));
  }

  // ---- What is taken ----

  @Test
  void anOlderVersionIsInstalledIfItIsNamed() throws Exception {
    holds("3");

    system.run("update").expect(0).says("No update needed");
    system.run("update", "2").expect(0);
    system.run("update", "2").expect(0).says("already installed");
    assertEquals(List.of("a-2.bin", "a-3.bin", "b-2.bin", "b-3.bin"), system.target());

    system.run("update", "99").expect(1).says("99");
    system.run("acquire", "99").expect(1);
  }

  @Test
  void onlyWhatIsMissingIsFetched() throws Exception {
    holds("3");
    Files.delete(system.path("target/b-3.bin"));
    system.write("target/a-3.bin", "as it was");

    system.run("update").expect(0);

    assertEquals("as it was", system.text("target/a-3.bin"));
    assertEquals("b 3", system.text("target/b-3.bin"));
  }

  /** H-01: the reference goes back to the older version. */
  @Test
  void anIncompleteVersionIsNotReplacedByAnOlderOne() throws Exception {
    holds("5");
    Files.delete(system.path("target/b-5.bin"));

    system.run("check-new").expect(1);
    system.run("update").expect(0).says("No update needed");

    assertEquals(List.of("a-5.bin"), system.target());
  }

  @Test
  void whatWasAcquiredIsInstalledOfflineAndOnlyThat() throws Exception {
    holds("2");
    system.run("update", "--offline").expect(0).says("No update needed");
    system.run("update", "3", "--offline").expect(1);
    system.run("acquire").expect(0);
    system.run("acquire").expect(0); // once is enough
    assertEquals(
        List.of(".sysupdate.pending.a-3.bin", ".sysupdate.pending.b-3.bin", "a-2.bin", "b-2.bin"),
        system.target());

    system.offer().publish("broken");
    system.run("update", "--offline").expect(0);

    assertEquals(List.of("a-2.bin", "a-3.bin", "b-2.bin", "b-3.bin"), system.target());
  }

  /** H-08, D-12: the reference asks for a vacuum here. */
  @Test
  void whateverIsHalfDoneIsContinuedByTheSameCommand() throws Exception {
    holds("2");
    system.write("target/.sysupdate.pending.a-3.bin", "a 3");
    system.run("update").expect(0);
    assertTrue(system.target().containsAll(List.of("a-3.bin", "b-3.bin")), () -> "3 is whole");

    offer("4");
    system.write("target/.sysupdate.partial.a-4.bin", "a");
    system.run("list", "4").expect(0).says("partial");
    system.run("update").expect(0);
    assertEquals("a 4", system.text("target/a-4.bin"));
    assertEquals("b 4", system.text("target/b-4.bin"));
    assertFalse(system.target().stream().anyMatch(name -> name.startsWith(".")));
  }

  // ---- What runs ----

  /** As the host: these verbs are not for other systems. Installs nothing. */
  private Run asHost(String osRelease, String... words) throws Exception {
    Path definitions = Files.createDirectories(folder.resolve("definitions"));
    Files.writeString(
        definitions.resolve("10-a.transfer"),
        SmallSystem.urlFile(system.offer().uri(), "a-@v.bin")
            .replace("/target", system.path("target").toString()));
    Path file = Files.writeString(folder.resolve("os-release"), osRelease);
    String[] all = java.util.Arrays.copyOf(words, words.length + 1);
    all[words.length] = "--definitions=" + definitions;
    return Program.reference()
        .with("SYSTEMD_OS_RELEASE", file.toString())
        .with("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
        .run(all);
  }

  @Test
  void pendingSaysWhetherARestartIsWorthwhile() throws Exception {
    asHost("IMAGE_VERSION=2\n", "pending").expect(1); // nothing installed
    holds("2");
    asHost("IMAGE_VERSION=1\n", "pending").expect(0);
    asHost("IMAGE_VERSION=2\n", "pending").expect(1);
    asHost("IMAGE_VERSION=3\n", "pending").expect(1);
    asHost("ID=none\n", "pending").expect(1);
    // H-03: what is only downloaded would not be started.
    system.write("target/.sysupdate.pending.a-3.bin", "a 3");
    asHost("IMAGE_VERSION=2\n", "pending").expect(1);

    asHost("IMAGE_VERSION=2\n", "reboot").expect(0); // runs already
    Run unknown = asHost("ID=none\n", "update", "--reboot").expect(1);
    assertEquals("", unknown.out());
    assertFalse(Files.exists(system.path("target/a-3.bin")), "asked before anything is done");
  }
}
