package org.particleos.update.policy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What is to be done. */
public sealed interface Decision {
  /**
   * One step, now. What comes after it is decided when it is done.
   *
   * @param component empty for the operating system
   * @param version that it is about, but for checks
   */
  record Act(Step step, Optional<String> component, Optional<String> version, List<String> reasons)
      implements Decision {}

  /**
   * Nothing.
   *
   * @param until when to decide again, if no fact changes before; empty for never
   * @param reasons why what could be done is not done now, as clauses, the most important first
   */
  record Wait(Optional<Instant> until, List<String> reasons) implements Decision {}
}
