package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.FilePublisher;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.update.Updater.Goal;
import org.particleos.update.version.Version;

/** Directory trees from archives and directories, through the whole engine. */
class TreeUpdateTest {
  private static final String TREES = "/var/trees";

  @TempDir Path home;
  private ReleaseServer server;
  private SmallSystem system;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    system = new SmallSystem(home);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void define(String source, String target, String... lines) throws IOException {
    boolean archive = source.endsWith("tar");
    system.transfer(
        "10-tree",
        """
        [Source]
        Type=%s
        Path=%s
        MatchPattern=%s
        [Target]
        Type=%s
        Path=%s
        MatchPattern=tree_@v
        CurrentSymlink=current
        InstancesMax=2
        %s
        """
            .formatted(
                source,
                source.startsWith("url") ? server.url() : "/srv",
                archive ? "tree_@v.tar" : "tree_@v",
                target,
                TREES,
                String.join("\n", lines)));
  }

  private void publish(String source, String version) throws IOException {
    switch (source) {
      case "url-tar" -> server.publish("tree_" + version + ".tar", SampleTree.archive(version));
      case "tar" -> system.file("/srv/tree_" + version + ".tar", SampleTree.archive(version));
      default -> SampleTree.write(system.at("/srv/tree_" + version), version);
    }
  }

  private Path tree(String version) {
    return system.at(TREES + "/tree_" + version);
  }

  private boolean marked(String version) throws IOException {
    return system.kernel().inodeFlags(tree(version)).contains(InodeFlag.IMMUTABLE);
  }

  private String current() throws IOException {
    return Files.readSymbolicLink(system.at(TREES + "/current")).toString();
  }

  @ParameterizedTest
  @CsvSource({
    "url-tar, directory",
    "url-tar, subvolume",
    "tar, directory",
    "tar, subvolume",
    "directory, directory",
    "directory, subvolume",
    "subvolume, directory",
    "subvolume, subvolume"
  })
  void everyKindOfTreeIsUpdatedFromVersionToVersion(String source, String target) throws Exception {
    define(source, target, "ReadOnly=yes");

    for (String version : List.of("1", "2", "3")) {
      publish(source, version);

      var installed = assertInstanceOf(Outcome.Installed.class, system.apply());

      assertEquals(new Version(version), installed.version());
      SampleTree.assertWhole(tree(version), version);
      assertTrue(marked(version), "tree " + version + " is read-only");
      assertEquals("tree_" + version, current());
      assertEquals(new Outcome.NoUpdate(), system.apply());
    }
    assertEquals(List.of("current", "tree_2", "tree_3"), system.names(TREES));
    assertEquals(List.of(), system.warnings());
  }

  @ParameterizedTest
  @ValueSource(strings = {"url-tar", "directory"})
  void aReadOnlyTreeIsAcquiredFirstAndInstalledOfflineLater(String source) throws Exception {
    define(source, "directory", "ReadOnly=yes");
    publish(source, "1");

    assertInstanceOf(Outcome.Acquired.class, system.apply(Goal.ACQUIRE));
    assertEquals(List.of(".sysupdate.pending.tree_1"), system.names(TREES));
    server.withdraw("tree_1.tar");
    assertInstanceOf(Outcome.Installed.class, system.apply(Goal.INSTALL_OFFLINE));

    SampleTree.assertWhole(tree("1"), "1");
    assertTrue(marked("1"));
    assertEquals(List.of("current", "tree_1"), system.names(TREES));
  }

  @Test
  void withoutReadOnlyNothingIsMarked() throws Exception {
    define("tar", "directory");
    publish("tar", "1");

    system.apply();

    assertFalse(marked("1"));
  }

  @Test
  void anArchiveWithAnotherDigestIsNeverPendingAndTheNextApplyCompletes() throws Exception {
    define("url-tar", "directory", "ReadOnly=yes");
    publish("url-tar", "1");
    system.apply();
    publish("url-tar", "2");
    server.swap("tree_2.tar", SampleTree.archive("2x"));

    var refused = assertThrows(UpdateException.NotTrusted.class, system::apply);
    assertEquals(Reason.DIGEST_MISMATCH, refused.reason());
    assertEquals(List.of(".sysupdate.partial.tree_2", "current", "tree_1"), system.names(TREES));
    assertThrows(UpdateException.NotAvailable.class, () -> system.apply(Goal.INSTALL_OFFLINE));
    assertEquals("tree_1", current());
    publish("url-tar", "2");
    assertInstanceOf(Outcome.Installed.class, system.apply());

    SampleTree.assertWhole(tree("2"), "2");
    assertEquals(List.of("current", "tree_1", "tree_2"), system.names(TREES));
    assertEquals("tree_2", current());
  }

  @Test
  void aTreeThatALaterRunFindsUnmarkedIsMarkedThen() throws Exception {
    define("directory", "directory", "ReadOnly=yes");
    publish("directory", "1");
    system.apply();
    system.kernel().changeInodeFlag(tree("1"), InodeFlag.IMMUTABLE, false);

    assertEquals(new Outcome.NoUpdate(), system.apply());

    assertTrue(marked("1"));
  }

  @Test
  void whatIsInTheWayOfATreeIsReplacedEvenIfItIsMarked() throws Exception {
    define("tar", "directory", "ReadOnly=yes");
    publish("tar", "1");
    system.file(TREES + "/tree_1", "a file");
    system.kernel().changeInodeFlag(tree("1"), InodeFlag.IMMUTABLE, true);

    assertInstanceOf(Outcome.Installed.class, system.apply());

    SampleTree.assertWhole(tree("1"), "1");
    assertEquals(List.of("current", "tree_1"), system.names(TREES));
  }

  @Test
  void aMarkedTreeInTheWayOfAFileIsReplaced() throws Exception {
    system.transfer("10-file", SmallSystem.plainFiles("f")).offers("f", "1");
    SampleTree.write(system.at("/var/f/f_1"), "0");
    system.kernel().changeInodeFlag(system.at("/var/f/f_1"), InodeFlag.IMMUTABLE, true);

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertEquals("f 1", Files.readString(system.at("/var/f/f_1")));
    assertEquals(List.of("f_1"), system.names("/var/f"));
  }

  @Test
  void aMissingTreeOfTheNewestVersionIsRepairedAndTheRestStays() throws Exception {
    define("directory", "directory", "ReadOnly=yes");
    system.transfer("20-file", SmallSystem.plainFiles("f")).offers("f", "1");
    publish("directory", "1");
    system.apply();
    system.file("/srv/f/f_1", "not to be fetched again");
    new FilePublisher(system.kernel()).remove(tree("1"), system.at(TREES));

    var repaired = assertInstanceOf(Outcome.Installed.class, system.apply());

    assertTrue(repaired.repaired());
    SampleTree.assertWhole(tree("1"), "1");
    assertTrue(marked("1"));
    assertEquals("f 1", Files.readString(system.at("/var/f/f_1")));
  }

  @Test
  void vacuumRemovesUnfinishedAndSurplusTreesWithTheirMarks() throws Exception {
    define("directory", "directory", "ReadOnly=yes");
    for (String version : List.of("1", "2", "3")) {
      SampleTree.write(tree(version), version);
      system.kernel().changeInodeFlag(tree(version), InodeFlag.IMMUTABLE, true);
    }
    SampleTree.write(system.at(TREES + "/.sysupdate.partial.tree_4"), "4");
    SampleTree.write(system.at(TREES + "/.sysupdate.pending.tree_5"), "5");
    SampleTree.write(system.at(TREES + "/.#leftover"), "6");

    assertEquals(new Updater.Vacuumed(3, 0), system.vacuum());

    assertEquals(List.of("tree_2", "tree_3"), system.names(TREES));
  }

  @Test
  void treesOfADisabledTransferAreRemoved() throws Exception {
    define("directory", "directory", "[Transfer]", "Features=extra");
    system.transfer("20-file", SmallSystem.plainFiles("f"));
    SampleTree.write(tree("1"), "1");

    assertEquals(new Updater.Vacuumed(0, 1), system.vacuum());

    assertEquals(List.of(), system.names(TREES));
  }
}
