package org.particleos.update.delta;

/**
 * Hears how far it is, at most ten times a second while bytes move, and once more at the end. Calls
 * come from several threads, one at a time.
 */
@FunctionalInterface
public interface DeltaProgress {
  /**
   * How far it is.
   *
   * @param bytesFetched read from the payload so far, as stored there
   * @param bytesToFetch what that will be in the end, unless local blocks turn out to be bad
   * @param bytesReused of the image, that were found on the disk and are in their place
   * @param bytesWritten to the disk
   */
  record State(long bytesFetched, long bytesToFetch, long bytesReused, long bytesWritten) {}

  void report(State state);

  /** For callers whom nobody watches. */
  static DeltaProgress unwatched() {
    return _ -> {};
  }
}
