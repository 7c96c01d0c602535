package org.particleos.update.acquire;

import java.nio.ByteBuffer;
import org.particleos.update.failure.UpdateException;

/**
 * Takes the decompressed bytes of one payload, in order. Used by one thread at a time. What was
 * written is worth nothing before {@link #finish} has returned.
 */
public interface Sink extends AutoCloseable {
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
