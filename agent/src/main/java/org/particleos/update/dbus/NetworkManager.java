package org.particleos.update.dbus;

import java.time.Duration;
import org.freedesktop.dbus.types.UInt32;
import org.particleos.update.policy.Answer;
import org.particleos.update.policy.Connection;
import org.particleos.update.service.Network;

/** The network as NetworkManager knows it; unknown where that does not run. */
public final class NetworkManager implements Network {
  private static final String NAME = "org.freedesktop.NetworkManager";

  private final RemoteProperties properties;

  private NetworkManager(RemoteProperties properties) {
    this.properties = properties;
  }

  /** Follows it on a bus that is opened later. */
  public static NetworkManager on(SystemBus bus) throws InterruptedException {
    var properties = new RemoteProperties(bus, NAME, "/org/freedesktop/NetworkManager", NAME);
    properties.follow();
    return new NetworkManager(properties);
  }

  @Override
  public Connection connection() {
    return new Connection(online(number("Connectivity"), number("State")), metered());
  }

  @Override
  public void watch(Runnable changed) {
    properties.watch(changed);
  }

  /** Waits for its first answer on the bus that was opened, at most so long. */
  public void await(Duration limit) throws InterruptedException {
    properties.await(limit);
  }

  private long number(String name) {
    return properties.value(name, UInt32.class).map(UInt32::longValue).orElse(0L);
  }

  /** By NMConnectivityState if it looks for that, else by NMState. */
  private static Answer online(long connectivity, long state) {
    return switch ((int) connectivity) {
      case 1, 2 -> Answer.NO; // none, a captive portal
      case 4 -> Answer.YES; // full
      default ->
          switch ((int) state) {
            case 10, 20, 30, 40, 50 -> Answer.NO; // asleep to connected locally
            case 70 -> Answer.YES; // globally
            default -> Answer.UNKNOWN; // 60 is a site, where the server may be
          };
    };
  }

  /** NMMetered; a guess counts. */
  private Answer metered() {
    return switch ((int) number("Metered")) {
      case 1, 3 -> Answer.YES;
      case 2, 4 -> Answer.NO;
      default -> Answer.UNKNOWN;
    };
  }
}
