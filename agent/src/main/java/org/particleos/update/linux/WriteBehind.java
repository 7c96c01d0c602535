package org.particleos.update.linux;

import java.io.IOException;

/**
 * Sends what was written on its way while the next bytes are fetched. Without it the page cache
 * fills with a whole image: other programs lose their memory, and the final fsync (or a request to
 * stop) waits for minutes.
 */
public final class WriteBehind {
  /** Small enough that waiting for it on a slow eMMC stays under a second or two. */
  public static final long WINDOW_BYTES = 16L << 20;

  private final OpenFile file;
  private long flushedUpTo;

  public WriteBehind(OpenFile file, long beginning) {
    this.file = file;
    this.flushedUpTo = beginning;
  }

  public void wroteUpTo(long offset) throws IOException {
    if (offset - flushedUpTo >= WINDOW_BYTES) {
      file.flushRange(flushedUpTo, offset - flushedUpTo);
      flushedUpTo = offset;
    }
  }
}
