package org.particleos.update.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.Agent;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Log;
import org.particleos.update.service.Moments;
import org.particleos.update.service.Network;
import org.particleos.update.service.Parts;
import org.particleos.update.service.Power;
import org.particleos.update.service.Reboot;
import org.particleos.update.update.Machine;

/** The facts of a real machine, put together for the {@link Agent}. */
final class AgentWorld {
  private final Machine machine;

  AgentWorld(Machine machine) {
    this.machine = machine;
  }

  Agent.World with(
      Jobs jobs, Network network, Power power, Reboot reboot, Log log, Consumer<String> status) {
    return new Agent.World(
        jobs,
        Parts.of(machine, log::warning),
        Moments.ofSystem(machine.root(), machine.clock()),
        machineId(),
        network,
        power,
        machine.isRunning() ? reboot : AgentWorld::refuseReboot,
        this::freeBytes,
        log,
        status);
  }

  /** machine-id(5); an image that was not started yet has none, or says so in a word. */
  private Optional<String> machineId() {
    try {
      String text =
          Files.readString(machine.root().resolve("etc/machine-id"), StandardCharsets.US_ASCII)
              .strip();
      return Optional.of(text).filter(id -> id.matches("[0-9a-f]{32}"));
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  /** Of where the state is, or will be. */
  private OptionalLong freeBytes() {
    Path path = machine.root().resolve(Path.of("/").relativize(machine.ownStateDirectory()));
    for (Path existing = path; existing != null; existing = existing.getParent()) {
      try {
        if (Files.isDirectory(existing)) {
          return OptionalLong.of(machine.kernel().space(existing).availableBytes());
        }
      } catch (IOException _) {
        return OptionalLong.empty();
      }
    }
    return OptionalLong.empty();
  }

  private static void refuseReboot() throws UpdateException {
    throw UpdateException.because(
            Reason.NOT_SUPPORTED, "refused to restart: the system below --root= is not running")
        .state("the machine keeps running as it is")
        .remedy("restart it by hand, wherever it runs")
        .configuration();
  }
}
