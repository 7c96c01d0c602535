package org.particleos.update.dbus;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.particleos.update.service.AgentState;
import org.particleos.update.service.Job;
import org.particleos.update.service.UpdateAgent;

/** A mind that nobody asks for anything. */
final class FakeAgent implements UpdateAgent {
  @Override
  public AgentState state() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void watch(Consumer<AgentState> consumer) {}

  @Override
  public Job check() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Job apply(Optional<String> version) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void cancel() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void hold(Instant until) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void unhold() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void reboot() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<String> explain() {
    throw new UnsupportedOperationException();
  }
}
