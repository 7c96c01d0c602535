package org.particleos.update.dbus;

import java.util.List;
import java.util.Map;

/** Where the system bus is. */
public final class BusAddresses {
  private static final String USUAL = "unix:path=/run/dbus/system_bus_socket";

  private BusAddresses() {}

  /** What {@code $DBUS_SYSTEM_BUS_ADDRESS} names, else the usual one; to be tried in turn. */
  public static List<String> ofSystem(Map<String, String> environment) {
    String configured = environment.getOrDefault("DBUS_SYSTEM_BUS_ADDRESS", "");
    return List.of((configured.isEmpty() ? USUAL : configured).split(";"));
  }
}
