package org.particleos.update.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
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
      boolean unicode) {
    Setup(Path folder) {
      this(ParticleUpdate.NAME, folder, Path.of("/"), Map.of(), true);
    }

    Setup named(String name) {
      return new Setup(name, folder, root, environment, unicode);
    }

    Setup ascii() {
      return new Setup(programName, folder, root, environment, false);
    }

    /** A system below the folder, in the place of the running one. */
    Setup within(Path systemRoot) {
      return new Setup(programName, folder, systemRoot, environment, unicode);
    }

    Setup env(String name, String value) {
      var more = new HashMap<>(environment);
      more.put(name, value);
      return new Setup(programName, folder, root, more, unicode);
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
      var all = new HashMap<>(environment);
      all.putIfAbsent("SYSTEMD_OS_RELEASE", folder.resolve("os-release").toString());
      var machine =
          new Machine(
              new LinuxKernel(),
              Clock.systemUTC(),
              all,
              root,
              new DiskLocator.Scope.Host(),
              folder.resolve("locks"),
              folder.resolve("run"),
              folder.resolve("state"),
              SpoolPolicy.off());
      var ending = new Context.Ending();
      var context =
          new Context(
              machine,
              terminal,
              new Cancellation(),
              programName,
              "1.2.3",
              ServiceManager.of(all),
              ending);
      int status = ParticleUpdate.commandLine(context).execute(arguments);
      return new CapturedRun(
          status,
          out.toString(StandardCharsets.UTF_8),
          err.toString(StandardCharsets.UTF_8),
          ending.errno());
    }
  }
}
