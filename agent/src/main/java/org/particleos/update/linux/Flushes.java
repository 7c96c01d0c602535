package org.particleos.update.linux;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The flushes of one descriptor. Linux tells once that something could not be written, then takes
 * the pages for clean: the next fsync succeeds, and reading finds in the cache what is not on the
 * disk. So one that failed stays failed here, whoever asks next, and the cache is emptied: from
 * then on reading tells what the disk has, and a later run writes what is missing.
 */
final class Flushes {
  /** A system call on the descriptor. */
  @FunctionalInterface
  interface Call {
    void run() throws IOException;
  }

  private final Call dropCache;
  private @Nullable IOException failure;

  /**
   * @param dropCache forgets what is cached of the file and is not waiting to be written
   */
  Flushes(Call dropCache) {
    this.dropCache = dropCache;
  }

  /**
   * Flushes, one caller at a time: nobody is told that all is well while another one learns that it
   * is not.
   */
  synchronized void flush(Call call) throws IOException {
    if (failure != null) {
      throw new IOException("an earlier flush failed: " + failure.getMessage(), failure);
    }
    try {
      call.run();
    } catch (IOException e) {
      failure = e;
      try {
        dropCache.run();
      } catch (IOException onDrop) {
        e.addSuppressed(onDrop);
      }
      throw e;
    }
  }
}
