package org.particleos.update.dbus;

import java.time.Duration;
import java.util.OptionalInt;
import org.particleos.update.policy.Answer;
import org.particleos.update.policy.Energy;
import org.particleos.update.service.Power;

/** What feeds the machine as UPower knows it; unknown where that does not run. */
public final class UPower implements Power {
  private static final String NAME = "org.freedesktop.UPower";
  private static final String PATH = "/org/freedesktop/UPower";

  private final RemoteProperties machine;
  private final RemoteProperties batteries;

  private UPower(RemoteProperties machine, RemoteProperties batteries) {
    this.machine = machine;
    this.batteries = batteries;
  }

  /** Follows it on a bus that is opened later. */
  public static UPower on(SystemBus bus) throws InterruptedException {
    var machine = new RemoteProperties(bus, NAME, PATH, NAME);
    var batteries =
        new RemoteProperties(bus, NAME, PATH + "/devices/DisplayDevice", NAME + ".Device");
    machine.follow();
    batteries.follow();
    return new UPower(machine, batteries);
  }

  @Override
  public Energy energy() {
    Answer onBattery =
        machine.value("OnBattery", Boolean.class).map(Answer::of).orElse(Answer.UNKNOWN);
    // All batteries together; on a machine without one it is there, and absent.
    boolean present = batteries.value("IsPresent", Boolean.class).orElse(false);
    OptionalInt percent =
        present
            ? batteries
                .value("Percentage", Double.class)
                .map(each -> OptionalInt.of((int) Math.clamp(each, 0, 100)))
                .orElse(OptionalInt.empty())
            : OptionalInt.empty();
    return new Energy(onBattery, percent);
  }

  @Override
  public void watch(Runnable changed) {
    machine.watch(changed);
    batteries.watch(changed);
  }

  /** Waits for its first answers on the bus that was opened, each at most so long. */
  public void await(Duration limit) throws InterruptedException {
    machine.await(limit);
    batteries.await(limit);
  }
}
