package org.particleos.update.service;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** An agent that nobody may ask anything. */
public final class NoAgent implements UpdateAgent {
  private static AssertionError asked() {
    return new AssertionError("this has nothing to do with the agent");
  }

  @Override
  public AgentState state() {
    throw asked();
  }

  @Override
  public void watch(Consumer<AgentState> consumer) {
    throw asked();
  }

  @Override
  public Job check() {
    throw asked();
  }

  @Override
  public Job apply(Optional<String> version) {
    throw asked();
  }

  @Override
  public void cancel() {
    throw asked();
  }

  @Override
  public void hold(Instant until) {
    throw asked();
  }

  @Override
  public void unhold() {
    throw asked();
  }

  @Override
  public void reboot() {
    throw asked();
  }

  @Override
  public List<String> explain() {
    throw asked();
  }
}
