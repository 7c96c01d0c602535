package org.particleos.update.service;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Workers as child processes of the daemon. Each has a pipe as its standard input, of which the
 * daemon keeps the other end: should the daemon die, the worker reads the end of it and stops by
 * itself. Their error stream is that of the daemon.
 */
public final class WorkerProcesses implements Workers {
  /** Tells the program that it is a worker, so that it watches its standard input. */
  public static final String VARIABLE = "PARTICLE_UPDATE_WORKER";

  /**
   * What the service manager gave to the daemon and to nobody else (sd_notify(3),
   * sd_listen_fds(3)).
   */
  private static final List<String> OF_THE_DAEMON_ONLY =
      List.of(
          "NOTIFY_SOCKET",
          "WATCHDOG_PID",
          "WATCHDOG_USEC",
          "LISTEN_FDS",
          "LISTEN_FDNAMES",
          "LISTEN_PID");

  private final Path program;
  private final Supplier<List<String>> options;

  /**
   * @param program the launcher
   * @param options that every worker gets, before those of its job
   */
  public WorkerProcesses(Path program, List<String> options) {
    this(program, () -> options);
  }

  /**
   * The same with options that are asked for anew for every worker, since the configuration may
   * change.
   */
  public WorkerProcesses(Path program, Supplier<List<String>> options) {
    this.program = program;
    this.options = options;
  }

  @Override
  public Worker start(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(options.get());
    command.addAll(arguments);
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    OF_THE_DAEMON_ONLY.forEach(builder.environment()::remove);
    builder.environment().put(VARIABLE, "1");
    return new Child(builder.start());
  }

  private record Child(Process process) implements Worker {
    @Override
    public InputStream output() {
      return process.getInputStream();
    }

    @Override
    public void terminate() {
      process.toHandle().destroy(); // Process.destroy closes the pipe: its last words were lost
    }

    @Override
    public void kill() {
      process.toHandle().destroyForcibly();
    }

    @Override
    public int exitStatus() throws InterruptedException {
      return process.waitFor();
    }
  }
}
