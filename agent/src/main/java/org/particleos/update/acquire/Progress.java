package org.particleos.update.acquire;

import java.util.OptionalLong;

/**
 * Hears how far the transfer of one payload is. Called at most ten times a second while bytes move,
 * and once more at the end of a transfer that succeeded. Calls come from the threads of the
 * pipeline, one at a time, and hold the transfer up until they return.
 */
@FunctionalInterface
public interface Progress {
  /**
   * How far it is.
   *
   * @param bytesTransferred read from the source so far, as stored there
   * @param bytesTotal what the source will be, if it says
   * @param bytesWritten decompressed and written so far
   */
  record State(long bytesTransferred, OptionalLong bytesTotal, long bytesWritten) {}

  void report(State state);

  /** For callers whom nobody watches. */
  static Progress unwatched() {
    return _ -> {};
  }
}
