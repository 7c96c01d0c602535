package org.particleos.update.acquire;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Unpacking;

/**
 * Takes the decompressed bytes of one payload, in order. Used by one thread at a time. What was
 * written is worth nothing before {@link #finish} has returned.
 */
public interface Sink extends AutoCloseable {
  /** A local file that was taken as a whole. */
  record Whole(long bytes, Instant lastModified) {}

  /**
   * Takes a local file as it is without reading it, by sharing its blocks. Called before anything
   * was written.
   *
   * @param unpacking with {@link Unpacking#DETECT}, a packed file is not taken
   * @return empty, with nothing done, if that is impossible or the file cannot be read: it is then
   *     written piece by piece
   */
  default Optional<Whole> takeWhole(Path file, Unpacking unpacking) throws UpdateException {
    return Optional.empty();
  }

  /** Told once before {@link #finish}. */
  default void cameFrom(Origin origin) {}

  /**
   * Appends all that remains in the buffer, which is direct and may be reused when this returns.
   */
  void write(ByteBuffer direct) throws UpdateException;

  /**
   * Called once after the last byte, and only if the payload is what was expected.
   *
   * @param sync return only when everything is on stable storage
   */
  void finish(boolean sync) throws UpdateException;

  /** Gives up what the sink opened itself, finished or not. A second call does nothing. */
  @Override
  void close() throws UpdateException;
}
