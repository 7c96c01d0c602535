package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeRemovalTest {
  @Nested
  class OnTheFake extends TreeRemovalContract {
    private final FakeKernel kernel = new FakeKernel().btrfs();
    @TempDir private Path folder;

    @Override
    Kernel kernel() {
      return kernel;
    }

    @Override
    Path base() {
      return folder;
    }
  }

  @Nested
  class OnBtrfs extends TreeRemovalContract {
    private final LinuxKernel kernel = new LinuxKernel();
    private MountedImage image;

    @BeforeEach
    void mount(@TempDir Path images) throws Exception {
      image = MountedImage.btrfs(images);
    }

    @AfterEach
    void unmount() throws Exception {
      if (image != null) {
        image.close();
      }
    }

    @Override
    Kernel kernel() {
      return kernel;
    }

    @Override
    Path base() {
      return image.root();
    }
  }

  @Test
  void whatIsMountedInATreeStaysWholeAndIsKnownAsSuch(@TempDir Path images) throws Exception {
    var kernel = new LinuxKernel();
    try (var image = MountedImage.ext4(images)) {
      Path mounted = image.root();
      Files.writeString(mounted.resolve("precious"), "x");
      assertTrue(kernel.isMountPoint(mounted));

      var failed = assertThrows(IOException.class, () -> TreeRemoval.remove(kernel, mounted));

      assertTrue(String.valueOf(failed.getMessage()).contains("is a mount point"));
      assertTrue(Files.exists(mounted.resolve("precious")));
    }
  }

  /** A bind mount has the device number of its own file system: only the kernel can tell. */
  @Test
  void aBindMountInATreeIsNotEntered(@TempDir Path images) throws Exception {
    var kernel = new LinuxKernel();
    try (var image = MountedImage.ext4(images)) {
      Path precious = Files.createDirectory(image.root().resolve("precious"));
      Files.writeString(precious.resolve("file"), "x");
      Path place = Files.createDirectories(image.root().resolve("tree/place"));
      assertEquals(0, run("mount", "--bind", precious.toString(), place.toString()));
      try {

        assertThrows(
            IOException.class, () -> TreeRemoval.remove(kernel, image.root().resolve("tree")));

        assertEquals(List.of("file"), kernel.list(precious));
      } finally {
        assertEquals(0, run("umount", place.toString()));
      }
    }
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
