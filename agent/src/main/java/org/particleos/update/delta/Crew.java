package org.particleos.update.delta;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Failures;

/** Threads that work together: the first failure of one stops the others. */
final class Crew {
  /** The work of one thread. */
  interface Task {
    /** Ends early, with or without a failure, if it is told to stop. */
    void run(Cancellation stop) throws IOException, UpdateException;
  }

  private final Cancellation stop = new Cancellation();
  private @Nullable Throwable failure;

  private Crew() {}

  /**
   * Runs tasks, each on a thread of its own. All threads have ended when this returns, also when it
   * fails; an interrupt of the calling thread acts like a cancellation and stays set.
   *
   * @param name what the names of the threads begin with
   * @param doing what is going on, for the message if it is interrupted
   */
  static void run(String name, String doing, List<Task> tasks, Cancellation cancellation)
      throws IOException, UpdateException {
    new Crew().work(name, doing, tasks, cancellation);
  }

  private void work(String name, String doing, List<Task> tasks, Cancellation cancellation)
      throws IOException, UpdateException {
    var ended = new CountDownLatch(tasks.size());
    List<Thread> threads = new ArrayList<>();
    try (var _ = cancellation.onCancel(() -> fail(Failures.interrupted(doing)))) {
      for (Task task : tasks) {
        threads.add(
            Thread.ofPlatform()
                .daemon()
                .name(name + "-" + threads.size())
                .start(() -> {
                  try {
                    task.run(stop);
                  } catch (Throwable e) {
                    fail(e);
                  } finally {
                    ended.countDown();
                  }
                }));
      }
      Failures.await(ended, () -> fail(Failures.interrupted(doing)));
    } finally {
      threads.forEach(Failures::join);
    }
    throwFailure();
  }

  private void fail(Throwable cause) {
    synchronized (this) {
      if (failure == null) {
        failure = cause;
      } else if (!(cause instanceof UpdateException.Interrupted)) {
        // The others say that they were interrupted because they were, by the first failure.
        failure.addSuppressed(cause);
      }
    }
    stop.cancel();
  }

  private synchronized void throwFailure() throws IOException, UpdateException {
    switch (failure) {
      case null -> {}
      case UpdateException e -> throw e;
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("a thread broke its contract", failure);
    }
  }
}
