package org.particleos.update.policy;

import java.time.Instant;

/** When a step is taken. */
public sealed interface When {
  record Now() implements When {}

  /** Not before; what is in the way then is seen then. */
  record At(Instant instant) implements When {}

  /** When something changes of which nobody knows the time. */
  record OnChange() implements When {}

  /** When somebody asks for it: the policy does not go that far. */
  record ByHand() implements When {}

  /** There is nothing to do. */
  record Nothing() implements When {}
}
