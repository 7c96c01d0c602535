package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;

class CurrentSymlinkTest {
  @TempDir Path base;

  @Test
  void theLinkNamesTheObjectRelativeToItsOwnDirectory() throws Exception {
    var symlink = new CurrentSymlink(new LinuxKernel());

    symlink.point(base.resolve("current"), base.resolve("os_2.raw"));
    symlink.point(base.resolve("links/deep/current"), base.resolve("os_2.raw"));

    assertEquals("os_2.raw", Files.readSymbolicLink(base.resolve("current")).toString());
    assertEquals(
        "../../os_2.raw", Files.readSymbolicLink(base.resolve("links/deep/current")).toString());
  }

  @Test
  void anOlderLinkAndALeftoverAreReplaced() throws Exception {
    Files.createSymbolicLink(base.resolve("current"), Path.of("os_1.raw"));
    Files.createSymbolicLink(base.resolve(".#current"), Path.of("os_0.raw"));

    new CurrentSymlink(new LinuxKernel()).point(base.resolve("current"), base.resolve("os_2.raw"));

    assertEquals("os_2.raw", Files.readSymbolicLink(base.resolve("current")).toString());
    assertEquals(1, base.toFile().list().length);
  }

  @Test
  void theOldLinkStaysIfTheNewOneCannotBeMade() throws Exception {
    Files.createSymbolicLink(base.resolve("current"), Path.of("os_1.raw"));
    for (int operation = 0; operation < 2; operation++) {
      var kernel =
          new FailingKernel(
              new LinuxKernel(),
              operation,
              () -> new LinuxException(Errno.ENOSPC.number(), "x", "y", "full"));

      assertThrows(
          UpdateException.NoSpace.class,
          () ->
              new CurrentSymlink(kernel).point(base.resolve("current"), base.resolve("os_2.raw")));

      assertEquals("os_1.raw", Files.readSymbolicLink(base.resolve("current")).toString());
    }
  }
}
