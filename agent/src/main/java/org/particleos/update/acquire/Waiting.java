package org.particleos.update.acquire;

/** Waiting of a stage for its neighbours. */
final class Waiting {
  private Waiting() {}

  /**
   * Waits on a monitor that the caller holds, inside the loop that checks its condition. A stage is
   * told to stop by that condition: its thread is known to nobody who could interrupt it.
   */
  // The loop around the condition is the caller's.
  @SuppressWarnings("WaitNotInLoop")
  static void on(Object monitor) {
    try {
      monitor.wait();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody may interrupt a stage", e);
    }
  }
}
