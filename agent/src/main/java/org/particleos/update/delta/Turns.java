package org.particleos.update.delta;

import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Failures;

/** Lets threads that work at the same time hand in their results one after the other. */
final class Turns {
  private int given;
  private int due;

  /** The next number, for the thread that asks. */
  synchronized int take() {
    return given++;
  }

  /** Waits until all numbers before this one are done. */
  synchronized void await(int number, Cancellation stop) throws UpdateException {
    try (var _ = stop.onCancel(this::wake)) {
      while (due != number) {
        if (stop.cancelled()) {
          throw Failures.interrupted("packing");
        }
        wait();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody may interrupt a thread of a crew", e);
    }
  }

  private synchronized void wake() {
    notifyAll();
  }

  /** The number that was waited for is done. */
  synchronized void done() {
    due++;
    notifyAll();
  }
}
