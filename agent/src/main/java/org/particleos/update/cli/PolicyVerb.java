package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.dbus.BusAddresses;
import org.particleos.update.dbus.NetworkManager;
import org.particleos.update.dbus.SystemBus;
import org.particleos.update.dbus.UPower;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.policy.LocalText;
import org.particleos.update.policy.Policy;
import org.particleos.update.policy.Prospect;
import org.particleos.update.policy.When;
import org.particleos.update.service.Agent;
import org.particleos.update.service.AgentState;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Log;
import org.particleos.update.service.Network;
import org.particleos.update.service.PolicyFiles;
import org.particleos.update.service.PolicyText;
import org.particleos.update.service.Power;
import org.particleos.update.service.SysfsPower;

/** Tells what the daemon would do when and why, whether it runs or not. */
final class PolicyVerb extends Verb {
  private static final int SUBJECT_COLUMNS = 11;

  /** For each service that runs; one that hangs is passed over. */
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(2);

  PolicyVerb() {
    super(
        "policy",
        "Say what the daemon would do by itself, when, and why not now.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        Set.of(Choice.OTHER_SYSTEM));
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    var log =
        new Log((level, message, _) -> {
          if (level.compareTo(Log.Level.WARNING) <= 0) {
            terminal().err().println("Warning: " + message);
          }
        });
    Policy policy = new PolicyFiles(machine(), log).read();
    if (!machine().isRunning()) {
      return tell(json, policy, log, Network.UNKNOWN, new SysfsPower());
    }
    // The same services as the daemon listens to, asked once; where there are none, nothing is
    // known.
    try (var bus = new SystemBus(BusAddresses.ofSystem(machine().environment()), log::warning)) {
      var network = NetworkManager.on(bus);
      var power = UPower.on(bus);
      try {
        bus.open(_ -> {});
        network.await(SERVICE_WAIT);
        power.await(SERVICE_WAIT);
      } catch (IOException noBus) {
        log.info("no message bus: " + noBus.getMessage());
      }
      return tell(json, policy, log, network, power.or(new SysfsPower()));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw UpdateException.because(Reason.INTERRUPTED, "asking for the network was interrupted")
          .state("nothing was changed")
          .remedy("run it again")
          .interrupted();
    }
  }

  private ExitStatus tell(JsonMode json, Policy policy, Log log, Network network, Power power)
      throws UpdateException {
    var nobody =
        new Jobs(_ -> {
          throw new IOException("nothing is done here, only told");
        });
    Agent.World world =
        new AgentWorld(machine()).with(nobody, network, power, () -> {}, log, _ -> {});
    Agent agent = Agent.of(world, machine(), policy);
    List<Prospect> prospects = agent.foresee();
    AgentState state = agent.state();
    if (json == JsonMode.OFF) {
      print(policy, state, prospects, world.moments().zone());
    } else {
      Json.print(terminal().out(), json, node(policy, state, prospects));
    }
    return ExitStatus.OK;
  }

  private void print(Policy policy, AgentState state, List<Prospect> prospects, ZoneId zone) {
    PrintStream out = terminal().out();
    line("running", state.booted().orElse("unknown (no IMAGE_VERSION=)"));
    line("installed", state.installed().orElse("nothing"));
    line(
        "last check",
        state.lastCheck().map(instant -> LocalText.of(instant, zone)).orElse("none is known of"));
    line("goes up to", policy.host().upTo().text() + " by itself");
    state
        .hold()
        .ifPresent(until ->
            line(
                "on hold",
                until.equals(Instant.MAX) ? "without end" : "until " + LocalText.of(until, zone)));
    String component = "";
    for (Prospect prospect : prospects) {
      if (!prospect.component().orElse("").equals(component)) {
        component = prospect.component().orElse("");
        out.println();
        out.println(component.isEmpty() ? "the machine" : "component " + component);
      }
      line(
          prospect.step().text(),
          prospect.version().map(version -> "version " + version + ": ").orElse("")
              + PolicyText.when(prospect, zone));
      prospect.reasons().forEach(reason -> line("", reason));
    }
  }

  private void line(String subject, String text) {
    terminal()
        .out()
        .println(String.format(Locale.ROOT, "%-" + SUBJECT_COLUMNS + "s%s", subject, text));
  }

  private static ObjectNode node(Policy policy, AgentState state, List<Prospect> prospects) {
    ObjectNode node = Json.object();
    node.put("upTo", policy.host().upTo().text());
    node.put("booted", state.booted().orElse(null));
    node.put("installed", state.installed().orElse(null));
    node.put("available", state.available().orElse(null));
    node.put("lastCheck", state.lastCheck().map(Instant::toString).orElse(null));
    node.put(
        "hold",
        state
            .hold()
            .map(until -> until.equals(Instant.MAX) ? "forever" : until.toString())
            .orElse(null));
    ArrayNode steps = node.putArray("steps");
    for (Prospect prospect : prospects) {
      ObjectNode step = steps.addObject();
      step.put("step", prospect.step().text());
      step.put("component", prospect.component().orElse(null));
      step.put("version", prospect.version().orElse(null));
      step.put(
          "when",
          switch (prospect.when()) {
            case When.Now() -> "now";
            case When.At _ -> "at";
            case When.OnChange() -> "on-change";
            case When.ByHand() -> "by-hand";
            case When.Nothing() -> "nothing";
          });
      step.put(
          "at",
          (prospect.when() instanceof When.At(var instant)
                  ? Optional.of(instant)
                  : Optional.<Instant>empty())
              .map(Instant::toString)
              .orElse(null));
      ArrayNode reasons = step.putArray("reasons");
      prospect.reasons().forEach(reasons::add);
    }
    return node;
  }
}
