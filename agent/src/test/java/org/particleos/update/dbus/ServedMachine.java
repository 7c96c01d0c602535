package org.particleos.update.dbus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.service.Authority;
import org.particleos.update.service.FakeWorkers;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Log;
import org.particleos.update.service.ServiceContext;
import org.particleos.update.service.Targets;
import org.particleos.update.update.Machine;

/**
 * A machine below a directory, served on a bus of the test's own: host version 7 with a feature, a
 * component "shim" of version 3, and a system "fedora-40" of version 40 in a directory.
 */
final class ServedMachine implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  final FakeWorkers workers = new FakeWorkers();
  final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  final Log journal = new Log((level, message, _) -> log.add(level.text() + ": " + message));
  final Jobs jobs = new Jobs(workers);
  final Path root;
  final PrivateBus bus;
  final SystemBus system;
  final BusFrontEnd frontEnd;
  final BusTool tool;

  /** Decides with polkit or something in its place; it needs the bus. */
  interface Deciding {
    Authority on(SystemBus bus);
  }

  ServedMachine(Path directory, String rules, Deciding authority) throws Exception {
    root = Files.createDirectory(directory.resolve("root"));
    file("etc/os-release", "ID=test\n");
    transfers("", "sysupdate.d", "os", "7");
    transfers("", "sysupdate.shim.d", "shim", "3");
    transfers("var/lib/machines/fedora-40/", "sysupdate.d", "os", "40");
    file("usr/lib/sysupdate.d/devel.feature", "[Feature]\nDescription=x\n");
    var machine =
        Machine.running(new LinuxKernel(), InstantSource.system(), Map.of(), directory).below(root);
    var context =
        new ServiceContext(
            machine,
            "1.0",
            jobs,
            new Targets(machine, _ -> false, log::add),
            new FakeAgent(),
            journal);
    bus = PrivateBus.in(directory, rules);
    system = new SystemBus(List.of(bus.address()), log::add);
    frontEnd =
        new BusFrontEnd(
            system,
            List.of(new Sysupdate1(authority.on(system)), new LogControl1("particle-update")));
    frontEnd.start(context, log::add);
    tool = new BusTool(bus.address());
  }

  void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void transfers(String below, String directory, String name, String version)
      throws IOException {
    file(below + "etc/os-release", "ID=test\n");
    file(
        below + "usr/lib/" + directory + "/10-os.transfer",
        """
        [Transfer]
        AppStream=https://example.org/%1$s.xml
        Verify=no

        [Source]
        Type=url-file
        Path=http://127.0.0.1:1/
        MatchPattern=%1$s_@v.efi

        [Target]
        Type=regular-file
        Path=/srv
        MatchPattern=%1$s_@v.efi
        """
            .formatted(name));
    file(below + "srv/" + name + "_" + version + ".efi", "x");
  }

  BusConnection client() throws Exception {
    return BusConnection.open(List.of(bus.address()), new BusConnection.Receiver() {});
  }

  /** Calls a method of a target. */
  static List<Object> target(
      BusConnection client, String target, String method, String types, Object... values)
      throws BusException, InterruptedException {
    return client.call(
        new BusConnection.Call(
            Sysupdate1.NAME,
            Sysupdate1.TARGETS + "/" + PathElement.escape(target),
            Sysupdate1.NAME + ".Target",
            method,
            types,
            values),
        PATIENCE);
  }

  static List<Object> manager(BusConnection client, String method)
      throws BusException, InterruptedException {
    return client.call(
        new BusConnection.Call(
            Sysupdate1.NAME, Sysupdate1.PATH, Sysupdate1.NAME + ".Manager", method, ""),
        PATIENCE);
  }

  @Override
  public void close() {
    try {
      jobs.stop(PATIENCE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    frontEnd.close();
    bus.close();
  }
}
