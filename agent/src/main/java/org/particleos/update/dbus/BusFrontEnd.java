package org.particleos.update.dbus;

import java.io.IOException;
import java.util.List;
import org.particleos.update.service.FrontEnd;
import org.particleos.update.service.ServiceContext;

/** The daemon on the system bus: one connection for all that is served and asked there. */
public final class BusFrontEnd implements FrontEnd {
  private final SystemBus bus;
  private final List<BusService> services;
  private boolean exported;

  public BusFrontEnd(SystemBus bus, List<BusService> services) {
    this.bus = bus;
    this.services = List.copyOf(services);
  }

  @Override
  public String name() {
    return "D-Bus";
  }

  @Override
  public synchronized void start(ServiceContext context, Lost lost)
      throws IOException, InterruptedException {
    if (!exported) {
      services.forEach(each -> each.export(bus, context));
      exported = true;
    }
    bus.open(lost::because);
  }

  @Override
  public void close() {
    bus.close();
  }
}
