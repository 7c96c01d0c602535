package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What a method does. Runs on a virtual thread and may take its time. */
@FunctionalInterface
interface Method {
  /**
   * Answers one call.
   *
   * @return the parameters of the last reply
   */
  ObjectNode answer(Exchange exchange) throws CallException, InterruptedException;
}
