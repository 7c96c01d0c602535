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
   * @param bytesReused as stored there too, but left by an earlier run
   * @param bytesTotal what both will be together, if the source says
   * @param bytesWritten decompressed and written so far
   */
  record State(
      long bytesTransferred, long bytesReused, OptionalLong bytesTotal, long bytesWritten) {}

  void report(State state);

  /** For callers whom nobody watches. */
  static Progress unwatched() {
    return _ -> {};
  }
}
