package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.MountedImage;
import org.particleos.update.plan.Step.TargetPaths;

class BootFlushTest {
  @Test
  void everythingIsWrittenAndFlushedBeforeTheJournalIsEmptied(@TempDir Path directory)
      throws Exception {
    var kernel = FailingKernel.recording(new LinuxKernel());

    BootFlush.make(kernel, directory);

    assertEquals(
        List.of("syncFileSystem", "syncDirectory", "checkpointJournal"),
        kernel.operations().stream().map(FailingKernel.Operation::name).toList());
  }

  /** The name as a reader sees it that never replays the journal, such as a boot loader. */
  private static boolean seenWithoutJournal(Path image, Path copy, String name) throws Exception {
    Files.copy(image, copy, StandardCopyOption.REPLACE_EXISTING);
    Process debugfs;
    try {
      debugfs =
          new ProcessBuilder("debugfs", "-R", "ls -p /EFI/Linux", copy.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException _) {
      assumeTrue(false, "debugfs is missing");
      throw new IllegalStateException("an assumption that is false ends the test");
    }
    String listing = new String(debugfs.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    debugfs.waitFor();
    return listing.contains("/" + name + "/");
  }

  @Test
  void afterItABootLoaderFindsOnExt4WhatAnFsyncLeavesInTheJournal(@TempDir Path folder)
      throws Exception {
    var kernel = new LinuxKernel();
    try (var image = MountedImage.ext4(folder)) {
      Path linux = Files.createDirectories(image.root().resolve("EFI/Linux"));
      BootFlush.make(kernel, linux);
      Path file = folder.resolve("mkfs.ext4.image");
      Path copy = folder.resolve("copy.image");
      var paths = new TargetPaths(linux, linux.resolve("os_2+3-0.efi"));
      Files.writeString(paths.pending(), "two");
      var publisher = new FilePublisher(kernel);
      publisher.publish(paths, false);
      // Not the claim, but why there is something to claim.
      assertFalse(seenWithoutJournal(file, copy, "os_2+3-0.efi"), "fsync is enough after all");

      publisher.flushForBoot(paths.installed());

      assertTrue(seenWithoutJournal(file, copy, "os_2+3-0.efi"));
    }
  }
}
