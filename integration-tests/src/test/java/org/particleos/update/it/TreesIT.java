package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.Tool;

/** Trees as targets: what a copy keeps, and how they are made read-only. */
class TreesIT {
  private static final long BTRFS_BYTES = 128L << 20;

  /** Every subvolume of btrfs has this inode number at its top. */
  private static final long SUBVOLUME_INODE = 256L;

  private static String tree(String sourcePath, String targetType, String... targetLines) {
    return """
    [Source]
    Type=directory
    Path=%s
    MatchPattern=t-@v
    [Target]
    Type=%s
    Path=/target
    MatchPattern=t_@v
    %s
    """
        .formatted(sourcePath, targetType, String.join("\n", targetLines));
  }

  @Test
  void aCopyKeepsWhatATreeIsMadeOf(@TempDir Path folder) throws Exception {
    var system = SmallSystem.in(folder);
    system.write("usr/lib/sysupdate.d/10-t.transfer", tree("/srv", "directory"));
    system.write("srv/t-1/etc/name", "content");
    Path source = system.path("srv/t-1");
    Tool.run(
        source,
        "sh",
        "-c",
        "ln etc/name etc/hard && ln -s name etc/soft && ln -s /nowhere dangling && mkfifo pipe"
            + " && mkdir -m 0700 secret && chmod 0604 etc/name && touch -d @1000000000 etc/name"
            + " && truncate -s 10M sparse && touch -d @1000000001 secret");
    boolean attributes =
        Tool.call(source, Map.of(), "", "setfattr", "-n", "user.test", "-v", "kept", "etc/name")
                .status()
            == 0;

    system.run("update").expect(0);

    Path copy = system.path("target/t_1");
    String list =
        "find . -printf '%p %y %m %U %G %n %l %s ' -type f -printf '%T@' -o -printf '\\n'";
    assertEquals(
        facts(source, list), facts(copy, list), "kind, mode, owner, links, target, size and time");
    assertEquals(
        Files.getAttribute(copy.resolve("etc/name"), "unix:ino"),
        Files.getAttribute(copy.resolve("etc/hard"), "unix:ino"));
    assertEquals(
        1_000_000_001L,
        Files.getLastModifiedTime(copy.resolve("secret"))
            .to(java.util.concurrent.TimeUnit.SECONDS));
    assertTrue(((Number) blocks(copy.resolve("sparse"))).longValue() < 1024, "holes stay holes");
    if (attributes) {
      String attribute = Tool.run(copy, "getfattr", "--only-values", "-n", "user.test", "etc/name");
      assertEquals("kept", attribute);
    }
  }

  /** Directories have sizes of their own on every file system, and the top gets the mode it has. */
  private static String facts(Path tree, String list) throws IOException {
    return Tool.run(
        tree, "sh", "-c", "(" + list + ") | sed 's/ d \\([0-9 ]*\\) [0-9]* $/ d \\1/' | sort");
  }

  private static long blocks(Path file) throws IOException {
    return Long.parseLong(Tool.run(file.getParent(), "stat", "-c", "%b", file.toString()).strip());
  }

  /** H-07: marked too early a directory could not get its name. */
  @Test
  void aReadOnlyDirectoryIsMarkedAfterItHasItsName(@TempDir Path folder) throws Exception {
    Root.needed("make a directory immutable");
    var system = SmallSystem.in(folder);
    system.write("srv/t-1/etc/name", "content");
    Path probe = Files.createDirectories(system.path("probe"));
    assumeTrue(
        Tool.call(folder, Map.of(), "", "chattr", "+i", probe.toString()).status() == 0,
        "this file system knows no immutable directories");
    Tool.run(folder, "chattr", "-i", probe.toString());
    system.write(
        "usr/lib/sysupdate.d/10-t.transfer",
        tree("/srv", "directory", "ReadOnly=yes", "InstancesMax=2"));
    try {
      system.run("acquire").expect(0);
      system.run("update", "--offline").expect(0);

      assertTrue(immutable(system, "t_1"), "t_1 is read-only");
      assertEquals("content", system.text("target/t_1/etc/name"));

      // And can be removed all the same.
      system.write("srv/t-2/etc/name", "content");
      system.run("update").expect(0);
      system.run("vacuum", "-m", "1").expect(0);
      assertFalse(Files.exists(system.path("target/t_1")));
      assertTrue(immutable(system, "t_2"), "t_2 is read-only");
    } finally {
      Tool.call(folder, Map.of(), "", "chattr", "-R", "-f", "-i", system.path("target").toString());
    }
  }

  private static boolean immutable(SmallSystem system, String name) throws IOException {
    return Tool.run(system.root(), "lsattr", "-d", system.path("target/" + name).toString())
        .split(" ", 2)[0]
        .contains("i");
  }

  @Test
  void aSubvolumeIsOneWhereTheFileSystemHasThem(@TempDir Path folder) throws Exception {
    Root.needed("mount a file system");
    Path file = folder.resolve("btrfs.img");
    try (var image = new RandomAccessFile(file.toFile(), "rw")) {
      image.setLength(BTRFS_BYTES);
    }
    Tool.run(folder, "mkfs.btrfs", "-q", file.toString());
    Path point = Files.createDirectories(folder.resolve("btrfs"));
    try (var mounted = Root.Mount.image(file, point)) {
      var system = SmallSystem.in(point);
      system.write("srv/t-1/etc/name", "one");
      system.write("srv/t-2/etc/name", "two");
      system.write(
          "usr/lib/sysupdate.d/10-t.transfer",
          tree("/srv", "subvolume", "ReadOnly=yes", "CurrentSymlink=/current"));
      system.run("update", "1").expect(0);
      system.run("acquire").expect(0);
      system.run("update", "--offline").expect(0);

      for (String name : new String[] {"t_1", "t_2"}) {
        Path tree = system.path("target/" + name);
        assertEquals(SUBVOLUME_INODE, Files.getAttribute(tree, "unix:ino"), name);
        assertEquals(
            "ro=true\n",
            Tool.run(folder, "btrfs", "property", "get", "-t", "subvol", tree.toString(), "ro"));
      }
      assertEquals("two", system.text("current/etc/name"));

      system.run("vacuum", "-m", "1").expect(0);
      assertFalse(Files.exists(system.path("target/t_1"), LinkOption.NOFOLLOW_LINKS));
      assertTrue(mounted.point().startsWith(folder));
    }
  }
}
