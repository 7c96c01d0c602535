package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.Path;
import org.particleos.update.linux.Kernel;

/**
 * Makes durable what firmware and boot loaders read. Their drivers look at the plain structures of
 * the file system and never replay a journal, so that an fsync, which may end in the journal, is
 * not enough.
 *
 * <p>Freezing the file system would bring the journal home as well, but who is killed between
 * freeze and thaw leaves it frozen until somebody notices. Here nothing is ever frozen: ext4, the
 * one journaling file system that boot loaders commonly read, has a call for just that; FAT has no
 * journal.
 */
public final class BootFlush {
  private BootFlush() {}

  /**
   * Brings everything of the file system to where a boot loader finds it.
   *
   * @param directory in which something was published
   */
  public static void make(Kernel kernel, Path directory) throws IOException {
    // Data and metadata to the device.
    kernel.syncFileSystem(directory);
    // The device's own cache: on FAT, syncfs does not flush it and fsync does.
    kernel.syncDirectory(directory);
    kernel.checkpointJournal(directory);
  }
}
