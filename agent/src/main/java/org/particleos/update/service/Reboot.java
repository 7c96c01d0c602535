package org.particleos.update.service;

import org.particleos.update.failure.UpdateException;

/** Restarts the machine. */
public interface Reboot {
  /** Begins to; the machine goes down soon after this returned. */
  void reboot() throws UpdateException;
}
