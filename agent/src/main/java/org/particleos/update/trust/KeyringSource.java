package org.particleos.update.trust;

import org.particleos.update.failure.UpdateException;

/** Where keyrings come from. Asked only when something has to be verified. */
@FunctionalInterface
public interface KeyringSource {
  /**
   * Reads them.
   *
   * @throws UpdateException if there is none, or it cannot be read
   */
  Keyring load() throws UpdateException;
}
