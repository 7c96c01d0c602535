package org.particleos.update.acquire;

import org.particleos.update.failure.UpdateException;

/**
 * Where a payload goes, for as many attempts as it takes: a transfer that was continued may have to
 * begin anew, because the file on the server is another one by now.
 */
@FunctionalInterface
public interface Destination {
  /** A sink for one attempt, which writes from the beginning. The one before is closed. */
  Sink open() throws UpdateException;
}
