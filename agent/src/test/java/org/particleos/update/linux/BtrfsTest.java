package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.linux.Kernel.OpenFlag;

/** The real kernel on a real btrfs, as root. */
class BtrfsTest extends ModernFileSystemContract {
  private final LinuxKernel kernel = new LinuxKernel();
  private MountedImage image;
  private Path base;

  @BeforeEach
  void mount(@TempDir Path images) throws Exception {
    image = MountedImage.btrfs(images);
    base = image.root().resolve("base");
    kernel.makeDirectory(base, 0755);
    folder = image.root().resolve("folder");
    kernel.makeDirectory(folder, 0755);
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
    return base;
  }

  @Test
  void blocksAreSharedByAClone() throws Exception {
    try (var source =
            kernel.open(
                base.resolve("source"), Set.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE));
        var target =
            kernel.open(
                base.resolve("target"), Set.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE))) {
      source.write(ByteBuffer.allocateDirect(1 << 20), 0);

      assertTrue(target.cloneFrom(source));

      assertEquals(1 << 20, target.sizeBytes());
    }
  }

  @Test
  void filesOfTwoFileSystemsShareNothing(@TempDir Path elsewhere) throws Exception {
    try (var source =
            kernel.open(elsewhere.resolve("source"), Set.of(OpenFlag.WRITE, OpenFlag.CREATE));
        var target = kernel.open(base.resolve("target"), Set.of(OpenFlag.WRITE, OpenFlag.CREATE))) {

      assertFalse(target.cloneFrom(source));
    }
  }

  @Test
  void ext4HasFlagsButNeitherSubvolumesNorClones(@TempDir Path images) throws Exception {
    try (var ext4 = MountedImage.ext4(images)) {
      Path directory = ext4.root().resolve("directory");
      kernel.makeDirectory(directory, 0755);

      kernel.changeInodeFlag(directory, InodeFlag.IMMUTABLE, true);
      assertEquals(Set.of(InodeFlag.IMMUTABLE), kernel.inodeFlags(directory));
      kernel.changeInodeFlag(directory, InodeFlag.IMMUTABLE, false);

      var failed =
          assertThrows(
              LinuxException.class, () -> kernel.makeSubvolume(ext4.root().resolve("subvolume")));
      assertTrue(failed.errno() == 25 || failed.is(Errno.EOPNOTSUPP), failed.toString());
      assertFalse(kernel.isSubvolume(ext4.root()));
    }
  }
}
