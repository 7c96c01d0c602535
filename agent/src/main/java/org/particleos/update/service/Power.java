package org.particleos.update.service;

import org.particleos.update.policy.Answer;
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

  /** The same, and another one is asked where this one does not know. */
  default Power or(Power other) {
    Power first = this;
    return new Power() {
      @Override
      public Energy energy() {
        Energy energy = first.energy();
        return energy.onBattery() == Answer.UNKNOWN ? other.energy() : energy;
      }

      @Override
      public void watch(Runnable changed) {
        first.watch(changed);
        other.watch(changed);
      }
    };
  }
}
