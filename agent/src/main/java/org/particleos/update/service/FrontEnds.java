package org.particleos.update.service;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.particleos.update.failure.UpdateException;

/**
 * Keeps front ends running: starts each, and again when it is lost or could not be started. The
 * daemon does its work meanwhile. One virtual thread for each, which sleeps.
 */
public final class FrontEnds {
  /** A bus that restarts is back after a second or two. */
  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);

  /** A machine without a bus is not to be woken for nothing. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

  /** Waits between two attempts; tests pass the time by themselves. */
  interface Pause {
    void sleep(Duration duration) throws InterruptedException;
  }

  private final ServiceContext context;
  private final Pause pause;
  private final List<Thread> threads = new ArrayList<>();

  public FrontEnds(ServiceContext context) {
    this(context, Thread::sleep);
  }

  FrontEnds(ServiceContext context, Pause pause) {
    this.context = context;
    this.pause = pause;
  }

  /** Starts it, and sees to it that it keeps running. Returns at once. */
  public void add(FrontEnd frontEnd) {
    add(frontEnd, () -> {});
  }

  /**
   * The same.
   *
   * @param tried is called once, when the first attempt to start it is over, well or not
   */
  public void add(FrontEnd frontEnd, Runnable tried) {
    threads.add(Thread.ofVirtual().name(frontEnd.name()).start(() -> keepRunning(frontEnd, tried)));
  }

  private void keepRunning(FrontEnd frontEnd, Runnable tried) {
    Duration wait = FIRST_WAIT;
    boolean complained = false;
    Runnable toTell = tried;
    try {
      while (true) {
        BlockingQueue<String> lost = new ArrayBlockingQueue<>(1);
        try {
          frontEnd.start(context, lost::offer);
          toTell.run();
          toTell = () -> {};
          context.log().info(frontEnd.name() + ": taking requests");
          wait = FIRST_WAIT;
          complained = false;
          try {
            context.log().warning(frontEnd.name() + " is lost: " + lost.take());
          } finally {
            frontEnd.close();
          }
        } catch (IOException | UpdateException | RuntimeException e) {
          toTell.run();
          toTell = () -> {};
          // Once is enough: a machine without a bus says it at every start, not all the time.
          if (!complained) {
            context
                .log()
                .warning(
                    frontEnd.name() + " cannot be served, and is tried again: " + e.getMessage());
            complained = true;
          }
        }
        pause.sleep(wait);
        wait = wait.multipliedBy(2);
        if (wait.compareTo(LONGEST_WAIT) > 0) {
          wait = LONGEST_WAIT;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  /** Closes all and waits for them. */
  public void close() throws InterruptedException {
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      thread.join();
    }
    threads.clear();
  }
}
