package org.particleos.update.fetch;

import java.util.ArrayList;
import java.util.List;

/**
 * One request to stop, shared by everything it shall stop. Any thread may cancel, once and for all;
 * whatever waits is woken by the action it left here. Stopping shows as {@link
 * org.particleos.update.failure.UpdateException.Interrupted}.
 */
public final class Cancellation {
  private final List<Action> actions = new ArrayList<>();
  private boolean cancelled;

  /** The link between a cancellation and what it stops. */
  public interface Link extends AutoCloseable {
    /** Cuts it: the action will not be started any more. */
    @Override
    void close();
  }

  /** Stops everything linked, now and in future, on the calling thread. Does not wait for it. */
  public void cancel() {
    List<Action> due;
    synchronized (this) {
      cancelled = true;
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(action -> action.task.run());
  }

  public synchronized boolean cancelled() {
    return cancelled;
  }

  /**
   * Links an action that is quick and may be run by any thread; it is run at once if the request
   * came before.
   */
  public Link onCancel(Runnable task) {
    var action = new Action(task);
    boolean late;
    synchronized (this) {
      late = cancelled;
      if (!late) {
        actions.add(action);
      }
    }
    if (late) {
      task.run();
    }
    return action;
  }

  /** Not a record: the same task linked twice is two links. */
  private final class Action implements Link {
    private final Runnable task;

    Action(Runnable task) {
      this.task = task;
    }

    @Override
    public void close() {
      synchronized (Cancellation.this) {
        actions.remove(this);
      }
    }
  }
}
