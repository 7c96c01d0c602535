package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;

/** Shows what a run does. */
interface RunView extends UpdateEvent.Observer {
  /** Shows a line of {@link RunLines}, whichever process it comes from. */
  void show(JsonNode line);

  /**
   * How the run ended well.
   *
   * @param component that it was for, if not for the system itself
   */
  void ended(Optional<String> component, Outcome outcome);

  default void ended(Outcome outcome) {
    ended(Optional.empty(), outcome);
  }

  /** How it ended otherwise. The report for people is printed elsewhere. */
  void failed(Optional<String> component, UpdateException failure, ExitStatus status);

  default void failed(UpdateException failure, ExitStatus status) {
    failed(Optional.empty(), failure, status);
  }

  /**
   * How far something is, in numbers that every view shows.
   *
   * @param fetched over the network, as stored there
   * @param reused what need not be fetched, since an older version or an interrupted run left it
   * @param written to the target, unpacked
   * @param total of fetched and reused in the end, if known
   */
  record Amounts(long fetched, long reused, long written, OptionalLong total, Duration elapsed) {
    /** Bytes per second that were fetched; over less than a millisecond none can be told. */
    long rate() {
      long millis = elapsed.toMillis();
      return millis <= 0 ? 0 : (long) (fetched * 1000.0 / millis);
    }

    long done() {
      return fetched + reused;
    }

    /** Empty if it is not known how much there is, or nothing was fetched yet. */
    OptionalLong secondsLeft() {
      long left = total.orElse(0) - done();
      if (total.isEmpty() || left < 0) {
        return OptionalLong.empty();
      }
      if (left == 0) {
        return OptionalLong.of(0);
      }
      return rate() == 0 ? OptionalLong.empty() : OptionalLong.of(left / rate());
    }
  }
}
