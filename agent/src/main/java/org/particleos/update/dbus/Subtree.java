package org.particleos.update.dbus;

import java.util.List;
import org.particleos.update.failure.UpdateException;

/** Objects that come and go below one path, each one step down. */
public interface Subtree {
  /** The last elements of their paths. */
  List<String> names() throws UpdateException, InterruptedException;

  /** What the object of that name has; nothing if there is none. */
  List<Served<?>> find(String name) throws UpdateException, InterruptedException;
}
