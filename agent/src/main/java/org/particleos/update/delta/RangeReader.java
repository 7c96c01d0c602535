package org.particleos.update.delta;

import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;

/** A payload that can be read from any byte on. Used by several threads. */
@FunctionalInterface
public interface RangeReader {
  /**
   * Opens a part of it, or fails: what is returned has these bytes and no others.
   *
   * @param to the first byte that is not wanted
   * @param cancellation also ends later reads of what is returned
   */
  ByteSource open(long from, long to, Cancellation cancellation) throws UpdateException;
}
