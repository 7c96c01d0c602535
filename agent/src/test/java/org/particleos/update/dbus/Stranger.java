package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.freedesktop.dbus.messages.DBusSignal;

/** A connection to the bus by somebody who is not root, as long as it lasts. */
final class Stranger implements AutoCloseable {
  private final Process process;
  private final String name;

  private Stranger(Process process, String name) {
    this.process = process;
    this.name = name;
  }

  static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  /** A command line as nobody, if we are root; else we are nobody special ourselves. */
  static List<String> command(String... command) {
    List<String> all = new ArrayList<>();
    if (isRoot()) {
      all.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
    }
    all.addAll(List.of(command));
    return all;
  }

  /** Lets everybody into the test's directory. */
  static void welcome(Path directory) throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  static Stranger on(PrivateBus bus) throws Exception {
    welcome(Path.of(bus.address().replaceAll("unix:path=([^,]*)/bus.*", "$1")));
    BlockingQueue<List<Object>> changes = new LinkedBlockingQueue<>();
    try (var watcher =
        BusConnection.open(
            List.of(bus.address()),
            new BusConnection.Receiver() {
              @Override
              public void signalled(DBusSignal signal) {
                try {
                  changes.add(BusConnection.values(signal));
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
              }
            })) {
      watcher.ask("AddMatch", "s", "type='signal',member='NameOwnerChanged'");
      changes.clear();
      var builder =
          new ProcessBuilder(
                  command("gdbus", "monitor", "--system", "--dest", "com.example.Nobody"))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.INHERIT);
      builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
      Process process;
      try {
        process = builder.start();
      } catch (IOException missing) {
        assumeTrue(false, "gdbus or setpriv is not installed: " + missing.getMessage());
        throw missing;
      }
      // Name, old owner, new owner.
      String name = (String) changes.take().getFirst();
      return new Stranger(process, name);
    }
  }

  String name() {
    return name;
  }

  /** It goes, and does not say goodbye. */
  void leave() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
