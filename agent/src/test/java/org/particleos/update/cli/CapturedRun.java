package org.particleos.update.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.assess.BootFactsReader;
import org.particleos.update.assess.HealthChecks;
import org.particleos.update.dbus.BusAddresses;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.failure.Errno;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.notify.ServiceManager;
import org.particleos.update.spool.SpoolPolicy;
import org.particleos.update.update.Machine;

/**
 * One run of the command line within the test's own process.
 *
 * @param errno that the service manager would be told at the end
 */
record CapturedRun(int status, String out, String err, Optional<Errno> errno) {
  static CapturedRun of(Path folder, String... arguments) {
    return new Setup(folder).run(arguments);
  }

  /**
   * The world of a run.
   *
   * @param folder for locks and os-release
   * @param root of the system that is the running one
   * @param unicode whether glyphs beyond ASCII can be shown
   */
  record Setup(
      String programName,
      Path folder,
      Path root,
      Map<String, String> environment,
      boolean unicode,
      boolean throughDaemon,
      Cancellation cancellation) {
    Setup(Path folder) {
      this(ParticleUpdate.NAME, folder, Path.of("/"), Map.of(), true, false, new Cancellation());
    }

    private Setup with(
        String name, Path systemRoot, Map<String, String> variables, boolean glyphs) {
      return new Setup(name, folder, systemRoot, variables, glyphs, throughDaemon, cancellation);
    }

    Setup named(String name) {
      return with(name, root, environment, unicode);
    }

    Setup ascii() {
      return with(programName, root, environment, false);
    }

    /** As for somebody who is not root, or is. */
    Setup usuallyThroughDaemon(boolean usual) {
      return new Setup(programName, folder, root, environment, unicode, usual, cancellation);
    }

    Setup cancelledBy(Cancellation other) {
      return new Setup(programName, folder, root, environment, unicode, throughDaemon, other);
    }

    /** A system below the folder, in the place of the running one. */
    Setup within(Path systemRoot) {
      return with(programName, systemRoot, environment, unicode);
    }

    Setup env(String name, String value) {
      var more = new HashMap<>(environment);
      more.put(name, value);
      return with(programName, root, more, unicode);
    }

    private Map<String, String> variables() {
      var all = new HashMap<>(environment);
      all.putIfAbsent("SYSTEMD_OS_RELEASE", folder.resolve("os-release").toString());
      // Not how the machine of the test was started.
      all.putIfAbsent(BootFactsReader.VARIABLE, folder.resolve("kernel").toString());
      all.putIfAbsent(HealthChecks.VARIABLE, folder.resolve("health.d").toString());
      return all;
    }

    Machine machine() {
      return new Machine(
          new LinuxKernel(),
          Clock.systemUTC(),
          variables(),
          root,
          new DiskLocator.Scope.Host(),
          folder.resolve("locks"),
          folder.resolve("run"),
          folder.resolve("state"),
          SpoolPolicy.off());
    }

    CapturedRun run(String... arguments) {
      var out = new ByteArrayOutputStream();
      var err = new ByteArrayOutputStream();
      var terminal =
          new Terminal(
              new PrintStream(out, true, StandardCharsets.UTF_8),
              new PrintStream(err, true, StandardCharsets.UTF_8),
              false,
              false,
              unicode,
              false,
              80);
      Map<String, String> all = variables();
      Machine machine = machine();
      var ending = new Context.Ending();
      var context =
          new Context(
              machine,
              terminal,
              cancellation,
              programName,
              "1.2.3",
              ServiceManager.of(all),
              ending,
              new ToDaemon(throughDaemon, BusAddresses.ofSystem(all)));
      int status = ParticleUpdate.run(context, arguments);
      return new CapturedRun(
          status,
          out.toString(StandardCharsets.UTF_8),
          err.toString(StandardCharsets.UTF_8),
          ending.errno());
    }
  }
}
