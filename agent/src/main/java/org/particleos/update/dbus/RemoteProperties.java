package org.particleos.update.dbus;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Properties of another service's object, as they were heard last; none while nobody has its name.
 * Read when the bus is there, when the service comes, and when it says that something has changed:
 * nobody is started for them, and nothing is done in between. Safe for use by several threads.
 */
final class RemoteProperties {
  private static final Duration REPLY_WAIT = Duration.ofSeconds(25);

  private final SystemBus bus;
  private final String service;
  private final String path;
  private final String interfaceName;
  private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
  private final CountDownLatch heard = new CountDownLatch(1);
  private volatile Map<String, Object> values = Map.of();
  private boolean reading;
  private boolean again;

  /** Made before the bus is opened. */
  RemoteProperties(SystemBus bus, String service, String path, String interfaceName) {
    this.bus = bus;
    this.service = service;
    this.path = path;
    this.interfaceName = interfaceName;
  }

  /** Begins to listen. */
  void follow() throws InterruptedException {
    bus.listen(SystemBus.Match.ownerOf(service), _ -> refresh());
    bus.listen(
        new SystemBus.Match(
            service, path, ObjectTree.PROPERTIES, "PropertiesChanged", interfaceName),
        _ -> refresh());
    bus.whenConnected(this::refresh);
  }

  /** Calls that after each change, by a thread of its own. */
  void watch(Runnable changed) {
    watchers.add(changed);
  }

  /** Waits until they were read once on the bus that was opened; false if that takes longer. */
  boolean await(Duration limit) throws InterruptedException {
    return heard.await(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** A value, if it is of that kind. */
  <T> Optional<T> value(String name, Class<T> kind) {
    return Optional.ofNullable(values.get(name)).filter(kind::isInstance).map(kind::cast);
  }

  /** Reads all, once more if somebody wants that while it is read. */
  private void refresh() {
    synchronized (this) {
      again = true;
      if (reading) {
        return;
      }
      reading = true;
    }
    Thread.ofVirtual().name("properties of " + service).start(this::read);
  }

  private void read() {
    while (true) {
      synchronized (this) {
        if (!again) {
          reading = false;
          return;
        }
        again = false;
      }
      Map<String, Object> now = ask();
      if (!now.equals(values)) {
        values = now;
        watchers.forEach(Runnable::run);
      }
      heard.countDown();
    }
  }

  private Map<String, Object> ask() {
    try {
      if (!bus.exists(service)) {
        return Map.of();
      }
      Object all =
          bus.call(
                  new BusConnection.Call(
                      service, path, ObjectTree.PROPERTIES, "GetAll", "s", interfaceName),
                  REPLY_WAIT)
              .getFirst();
      Map<String, Object> named = new HashMap<>();
      if (all instanceof Map<?, ?> map) {
        map.forEach((name, value) -> named.put(String.valueOf(name), value));
      }
      return named;
    } catch (BusException _) {
      return Map.of(); // it has gone, or does not have them
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Map.of();
    }
  }
}
