package org.particleos.update.fetch;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.particleos.update.failure.Quote;
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

  /** A body that ended too early. {@code name} is quoted already. */
  static UpdateException truncated(String name, long cameBytes, long expectedBytes) {
    return truncated(name, onlyCame(cameBytes, expectedBytes), Optional.empty());
  }

  static UpdateException truncated(String name, String found, Optional<IOException> cause) {
    var details =
        UpdateException.because(Reason.BODY_TRUNCATED, "reading " + name + " failed")
            .found(found)
            .remedy("try again");
    cause.ifPresent(details::cause);
    return details.unreachable();
  }

  static String onlyCame(long cameBytes, long expectedBytes) {
    return "only " + cameBytes + " of " + expectedBytes + " bytes came";
  }

  /** A part of a file that is not the one that was asked for. {@code name} is quoted already. */
  static UpdateException wrongRange(String name, String found) {
    return UpdateException.because(
            Reason.RANGE_WRONG, "refused an answer for a part of " + name + ": it is another part")
        .found(found)
        .remedy("try again; if it stays, tell who runs the server")
        .unreachable();
  }

  /** A part of a file that has no such part. */
  static UpdateException beyondEnd(String address, long neededBytes, OptionalLong totalBytes) {
    String total =
        totalBytes.isPresent()
            ? "it has only " + totalBytes.getAsLong() + " bytes"
            : "the server does not say how long it is";
    return UpdateException.because(
            Reason.RANGE_BEYOND_END,
            Quote.quote(address) + " is shorter than " + neededBytes + " bytes")
        .found(total)
        .remedy("it was replaced; fetch it from its beginning")
        .unreachable();
  }

  /** Closes something that was only read from: nothing can be lost, so nothing is to be said. */
  static void closeReadOnly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // Nothing was written through it.
    }
  }

  /**
   * Waits for threads that count down when they end, and keeps an interrupt for later.
   *
   * @param onInterrupt tells them to end; called for each interrupt
   */
  public static void await(CountDownLatch ends, Runnable onInterrupt) {
    boolean interrupted = false;
    while (true) {
      try {
        ends.await();
        break;
      } catch (InterruptedException _) {
        interrupted = true;
        onInterrupt.run();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
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
