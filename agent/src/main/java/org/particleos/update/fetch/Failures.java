package org.particleos.update.fetch;

import java.io.Closeable;
import java.io.IOException;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Failures that several stages report in the same words. */
public final class Failures {
  private Failures() {}

  /** {@code what} was going on, as "reading X". */
  public static UpdateException.Interrupted interrupted(String what) {
    return UpdateException.because(Reason.INTERRUPTED, what + " was interrupted")
        .remedy("start it again; what is incomplete is marked so and never used")
        .interrupted();
  }

  /** Closes something that was only read from: nothing can be lost, so nothing is to be said. */
  static void closeReadOnly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // Nothing was written through it.
    }
  }

  /** Waits for the end of a thread that was told to end, and keeps an interrupt for later. */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
