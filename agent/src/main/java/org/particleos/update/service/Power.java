package org.particleos.update.service;

import org.particleos.update.policy.Energy;

/** Knows what feeds the machine. Safe for use by several threads. */
public interface Power {
  /** What was heard last, or a quick look. */
  Energy energy();

  /**
   * Calls that soon after something has changed, by any thread; it returns at once. Who cannot tell
   * does not: then it is looked at whenever something else happens.
   */
  void watch(Runnable changed);
}
