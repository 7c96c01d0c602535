package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountTableTest {
  @TempDir Path folder;

  private MountTable table(String text) throws IOException {
    Path file = folder.resolve("mountinfo");
    Files.writeString(file, text);
    return MountTable.read(file);
  }

  @Test
  void theTopmostOfStackedMountsCounts() throws IOException {
    var table =
        table(
            """
            20 1 0:30 / /efi rw shared:1 - autofs systemd-1 rw,fd=60
            21 20 8:1 / /efi rw shared:2 master:3 - vfat /dev/sda1 rw
            """);

    var mount = table.at(Path.of("/efi")).orElseThrow();

    assertEquals("vfat", mount.type());
    assertEquals(new DeviceNumber(8, 1), mount.device());
    assertEquals("/dev/sda1", mount.source());
  }

  @Test
  void aPathIsHeldByTheNearestMountAbove() throws IOException {
    var table =
        table(
            """
            20 1 8:2 / / rw - ext4 /dev/sda2 rw
            21 20 8:3 / /usr rw - erofs /dev/sda3 ro
            """);

    assertEquals("erofs", table.holding(Path.of("/usr/lib")).orElseThrow().type());
    assertEquals("ext4", table.holding(Path.of("/usrlocal")).orElseThrow().type());
    assertTrue(table.at(Path.of("/usr/lib")).isEmpty());
  }

  @Test
  void escapesAreUndoneAndBrokenLinesSkipped() throws IOException {
    var table =
        table(
            "20 1 8:2 / /mit\\040größe\\134 rw - ext4 a\\011b rw\nnonsense\n1 2 x / / rw - a b\n");

    assertEquals(1, table.mounts().size());
    assertEquals(Path.of("/mit größe\\"), table.mounts().get(0).mountPoint());
    assertEquals("a\tb", table.mounts().get(0).source());
  }

  @Test
  void theRunningKernelIsUnderstood() throws IOException {
    var table = MountTable.read(Path.of("/proc/self/mountinfo"));

    assertTrue(table.at(Path.of("/")).isPresent());
  }
}
