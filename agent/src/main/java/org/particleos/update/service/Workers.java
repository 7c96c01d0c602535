package org.particleos.update.service;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Starts workers: processes of this program that do one job each. */
public interface Workers {
  /**
   * Starts one; whoever did so waits for its end.
   *
   * @param arguments of {@code particle-update}
   * @throws IOException if there is no process to be had
   */
  Worker start(List<String> arguments) throws IOException;

  /** One process. */
  interface Worker {
    /** JSON in lines; ends with the process. */
    InputStream output();

    /** Asks it to stop; what it leaves can be continued. Harmless once it is gone. */
    void terminate();

    /** Makes it stop. */
    void kill();

    /** Waits for the end. */
    int exitStatus() throws InterruptedException;
  }
}
