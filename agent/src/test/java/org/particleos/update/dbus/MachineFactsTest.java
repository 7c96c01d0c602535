package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.freedesktop.dbus.types.UInt32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.dbus.Interface.Change;
import org.particleos.update.policy.Answer;
import org.particleos.update.policy.Connection;
import org.particleos.update.policy.Energy;

@Timeout(120) // of what hangs
class MachineFactsTest {
  private static final String NETWORK = "org.freedesktop.NetworkManager";
  private static final String POWER = "org.freedesktop.UPower";

  @TempDir private Path directory;

  /** Properties that a test chooses. */
  private static final class Facts {
    private final Map<String, Object> values = new ConcurrentHashMap<>();

    private Served<Facts> as(String interfaceName, Map<String, String> types) {
      var builder = Interface.<Facts>named(interfaceName);
      types.forEach((name, type) ->
          builder.property(
              name,
              type,
              Change.SIGNALLED,
              facts -> Objects.requireNonNull(facts.values.get(name))));
      return new Served<>(builder.build(), this);
    }
  }

  private static Facts network(int state, int connectivity, int metered) {
    var facts = new Facts();
    facts.values.put("State", new UInt32(state));
    facts.values.put("Connectivity", new UInt32(connectivity));
    facts.values.put("Metered", new UInt32(metered));
    return facts;
  }

  private static Served<Facts> served(Facts facts) {
    return facts.as(NETWORK, Map.of("State", "u", "Connectivity", "u", "Metered", "u"));
  }

  private static SystemBus serving(PrivateBus bus, Served<Facts> served) throws Exception {
    var system = new SystemBus(List.of(bus.address()), _ -> {});
    system.export("/org/freedesktop/NetworkManager", served);
    system.own(NETWORK);
    system.open(_ -> {});
    return system;
  }

  @ParameterizedTest
  @CsvSource({
    "70, 4, 2, YES, NO",
    "70, 4, 1, YES, YES",
    "70, 0, 3, YES, YES",
    "70, 0, 4, YES, NO",
    "70, 2, 0, NO, UNKNOWN",
    "70, 1, 0, NO, UNKNOWN",
    "70, 3, 0, YES, UNKNOWN",
    "60, 3, 0, UNKNOWN, UNKNOWN",
    "20, 0, 0, NO, UNKNOWN",
    "0, 0, 0, UNKNOWN, UNKNOWN",
  })
  void theNetworkIsAsNetworkManagerSays(
      int state, int connectivity, int metered, Answer online, Answer costs) throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus, served(network(state, connectivity, metered)));
        var system = new SystemBus(List.of(bus.address()), _ -> {})) {
      var known = new Semaphore(0);
      var network = NetworkManager.on(system);
      network.watch(known::release);
      system.open(_ -> {});
      known.acquire();

      assertEquals(new Connection(online, costs), network.connection());
    }
  }

  @Test
  void whatChangesIsHeardAndWhatGoesIsUnknown() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var system = new SystemBus(List.of(bus.address()), _ -> {})) {
      var changed = new Semaphore(0);
      var network = NetworkManager.on(system);
      network.watch(changed::release);
      system.open(_ -> {});
      assertEquals(Connection.UNKNOWN, network.connection());

      Facts facts = network(70, 4, 2);
      Served<Facts> served = served(facts);
      try (var manager = serving(bus, served)) {
        changed.acquire();
        assertEquals(new Connection(Answer.YES, Answer.NO), network.connection());

        facts.values.put("Metered", new UInt32(1));
        manager.changed("/org/freedesktop/NetworkManager", served, "Metered");
        changed.acquire();
        assertEquals(new Connection(Answer.YES, Answer.YES), network.connection());
      }
      changed.acquire();
      assertEquals(Connection.UNKNOWN, network.connection());
    }
  }

  @Test
  void whoAsksOnceWaitsForTheAnswerAndNotForServicesThatAreNotThere() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus, served(network(70, 4, 1)));
        var system = new SystemBus(List.of(bus.address()), _ -> {})) {
      var network = NetworkManager.on(system);
      var power = UPower.on(system);
      system.open(_ -> {});

      network.await(Duration.ofMinutes(1));
      power.await(Duration.ofMinutes(1));

      assertEquals(new Connection(Answer.YES, Answer.YES), network.connection());
      assertEquals(Energy.UNKNOWN, power.energy());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true, true, 42.7, YES, 42",
    "false, true, 100.0, NO, 100",
    "false, false, 0.0, NO, -1"
  })
  void powerIsAsUPowerSays(
      boolean onBattery, boolean present, double percent, Answer battery, int charge)
      throws Exception {
    var machine = new Facts();
    machine.values.put("OnBattery", onBattery);
    var batteries = new Facts();
    batteries.values.put("IsPresent", present);
    batteries.values.put("Percentage", percent);
    try (var bus = PrivateBus.in(directory, "");
        var daemon = new SystemBus(List.of(bus.address()), _ -> {});
        var system = new SystemBus(List.of(bus.address()), _ -> {})) {
      daemon.export("/org/freedesktop/UPower", machine.as(POWER, Map.of("OnBattery", "b")));
      daemon.export(
          "/org/freedesktop/UPower/devices/DisplayDevice",
          batteries.as(POWER + ".Device", Map.of("IsPresent", "b", "Percentage", "d")));
      daemon.own(POWER);
      daemon.open(_ -> {});
      var known = new Semaphore(0);
      var power = UPower.on(system);
      assertEquals(Energy.UNKNOWN, power.energy());
      power.watch(known::release);
      system.open(_ -> {});
      known.acquire(2);

      assertEquals(
          new Energy(battery, charge < 0 ? OptionalInt.empty() : OptionalInt.of(charge)),
          power.energy());
    }
  }
}
