package org.particleos.update.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.particleos.update.acquire.Cancellation;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.update.Machine;

/** One run of the command line within the test's own process. */
record CapturedRun(int status, String out, String err) {
  static CapturedRun of(Path folder, String... arguments) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var terminal =
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            false,
            true,
            false,
            80);
    var machine =
        new Machine(
            new LinuxKernel(),
            Clock.systemUTC(),
            Map.of("SYSTEMD_OS_RELEASE", folder.resolve("os-release").toString()),
            Path.of("/"),
            folder.resolve("locks"));
    int status =
        ParticleUpdate.commandLine(new Context(machine, terminal, new Cancellation(), "1.2.3"))
            .execute(arguments);
    return new CapturedRun(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
