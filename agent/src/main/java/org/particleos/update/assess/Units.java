package org.particleos.update.assess;

import java.io.IOException;
import java.time.Duration;

/** Asks the service manager how units are. */
public interface Units {
  /** How a unit is. */
  sealed interface State {
    /** It runs, or did what it is for. */
    record Good() implements State {}

    /** It is on its way; asking again makes sense. */
    record Changing() implements State {}

    /**
     * It does not run.
     *
     * @param why a clause
     */
    record Bad(String why) implements State {}
  }

  /**
   * How a unit is now.
   *
   * @param limit how long the answer may take
   * @throws IOException if the service manager does not say
   */
  State ask(String unit, Duration limit) throws IOException, InterruptedException;
}
