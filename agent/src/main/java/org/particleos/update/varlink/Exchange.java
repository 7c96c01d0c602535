package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.CompletableFuture;
import org.particleos.update.linux.UnixConnection;

/** A call that is being answered. */
interface Exchange {
  Call call();

  /** Who calls. */
  UnixConnection.Peer peer();

  /**
   * Waits until the reply before was sent off, or nobody is there any more to take it. Who waits
   * here before it makes the next reply never has more than one in memory.
   */
  void awaitRoom() throws InterruptedException;

  /** Sends a reply that others follow; waits for room. Goes nowhere if nobody is there. */
  void sendMore(ObjectNode parameters) throws InterruptedException;

  /** Completed when nobody is there any more. Not to be completed by others. */
  CompletableFuture<Void> gone();
}
