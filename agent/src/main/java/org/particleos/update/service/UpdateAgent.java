package org.particleos.update.service;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.particleos.update.failure.UpdateException;

/**
 * The daemon's own mind: what it knows of the machine and what it is asked to do about it. Front
 * ends show and forward it. Safe for use by several threads.
 */
public interface UpdateAgent {
  AgentState state();

  /** Told each new state, by one thread, in order. The consumer must return soon. */
  void watch(Consumer<AgentState> consumer);

  /** Looks for a newer version now; {@link #state} tells what was found. */
  Job check() throws UpdateException;

  /** Downloads and installs now, whatever window and network say: somebody asked for it. */
  Job apply(Optional<String> version) throws UpdateException;

  /** Stops what runs for the operating system; it can be continued. */
  void cancel();

  /**
   * Installs nothing by itself until then.
   *
   * @param until {@link Instant#MAX} for without end
   */
  void hold(Instant until) throws UpdateException;

  void unhold() throws UpdateException;

  /** Restarts the machine into the pending version. */
  void reboot() throws UpdateException;

  /** Why and when the next step is taken, in sentences ({@code particle-update policy}). */
  List<String> explain();
}
