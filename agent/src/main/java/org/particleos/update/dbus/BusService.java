package org.particleos.update.dbus;

import org.particleos.update.service.ServiceContext;

/** Something that has objects and a name on the bus. */
public interface BusService {
  /** Called once, before the bus is opened for the first time. */
  void export(SystemBus bus, ServiceContext context);
}
