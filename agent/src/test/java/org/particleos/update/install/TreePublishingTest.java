package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.FakeKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.MountedImage;
import org.particleos.update.plan.Step.TargetPaths;

class TreePublishingTest {
  @Nested
  class OnTheFake extends TreePublishingContract {
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
  class OnBtrfs extends TreePublishingContract {
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
  void aFileSystemWithoutMarksGivesAWarningAndTheTreeIsInstalled(@TempDir Path folder)
      throws Exception {
    var publisher = new FilePublisher(new FakeKernel().withoutAttributesAndFlags());
    var paths = new TargetPaths(folder, folder.resolve("os_2"));
    Files.createDirectory(paths.pending());

    Optional<String> warning = publisher.publish(paths, true);

    assertTrue(warning.orElseThrow().contains("stays writable"), warning.toString());
    assertTrue(Files.isDirectory(paths.installed()));
    assertEquals(warning, publisher.ensureReadOnly(paths.installed()));
  }

  @Test
  void anImmutableDirectoryOnExt4IsReplacedAndRemoved(@TempDir Path images) throws Exception {
    try (var image = MountedImage.ext4(images)) {
      var publisher = new FilePublisher(new LinuxKernel());
      var paths = new TargetPaths(image.root(), image.root().resolve("os_2"));
      for (String content : new String[] {"one", "two"}) {
        Files.createDirectory(paths.pending());
        Files.writeString(paths.pending().resolve("content"), content);
        assertEquals(Optional.empty(), publisher.publish(paths, true));
      }
      assertEquals("two", Files.readString(paths.installed().resolve("content")));

      publisher.remove(paths.installed(), image.root());

      assertTrue(Files.notExists(paths.installed()));
      assertTrue(Files.notExists(paths.partial()));
    }
  }
}
