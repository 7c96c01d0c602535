package org.particleos.update.update;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.particleos.update.linux.Kernel;

/**
 * The world the engine works on, so that tests can bring another one.
 *
 * @param root where the operating system is; {@code /} on a running machine
 * @param environment the process's environment variables
 * @param lockDirectory where locks between processes are kept
 */
public record Machine(
    Kernel kernel,
    InstantSource clock,
    Map<String, String> environment,
    Path root,
    Path lockDirectory) {
  public Machine {
    environment = Map.copyOf(environment);
  }
}
