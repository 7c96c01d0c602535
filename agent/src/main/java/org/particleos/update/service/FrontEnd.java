package org.particleos.update.service;

import java.io.IOException;
import org.particleos.update.failure.UpdateException;

/**
 * A way in which others talk to the daemon, as a message bus or a socket. {@link FrontEnds} starts
 * it, and starts it again when it is lost, so that the rest of the daemon does without meanwhile.
 */
public interface FrontEnd {
  /** What it is called in the journal, as {@code D-Bus}. */
  String name();

  /**
   * Returns when requests are taken. May be called again after {@link #close}. Whatever it throws,
   * nothing is left behind.
   *
   * @param lost to be called once, by any thread, with the cause as a clause, when no more requests
   *     can be taken: the bus is gone. Then this is closed and started anew later
   */
  void start(ServiceContext context, Lost lost)
      throws IOException, UpdateException, InterruptedException;

  /** Takes no more requests, and lets go of everything. Also after {@link Lost}. */
  void close();

  /** Hears of the end of a front end. */
  interface Lost {
    void because(String cause);
  }
}
