package org.particleos.update.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.notify.ServiceManager;
import org.particleos.update.service.Workers;
import org.particleos.update.update.Machine;

/**
 * Workers that are no processes where that is not worth it: what only reads a few files of this
 * machine is done by the daemon itself, with the same command line. It takes milliseconds, the
 * start of a process takes longer than people want to wait for a picture of their machine.
 */
final class ReadsHere implements Workers {
  /** They ask no server, take no lock and read no more than directories and partition tables. */
  private static final Set<String> VERBS = Set.of("status", "history");

  private final Machine machine;
  private final String programVersion;
  private final List<String> options;
  private final Workers processes;

  /**
   * @param options that every worker gets, before those of its job
   * @param processes that do everything else
   */
  ReadsHere(Machine machine, String programVersion, List<String> options, Workers processes) {
    this.machine = machine;
    this.programVersion = programVersion;
    this.options = List.copyOf(options);
    this.processes = processes;
  }

  @Override
  public Worker start(List<String> arguments) throws IOException {
    return isRead(arguments) ? read(arguments) : processes.start(arguments);
  }

  /** An image is mounted in a namespace of its process, which must not be the daemon. */
  private static boolean isRead(List<String> arguments) {
    return VERBS.contains(arguments.getLast())
        && !arguments.contains("--")
        && arguments.stream().noneMatch(argument -> argument.startsWith("--image"));
  }

  private Worker read(List<String> arguments) {
    var out = new ByteArrayOutputStream();
    var terminal =
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            // What goes wrong is told on the output as well.
            new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
            false,
            false,
            true,
            false,
            Terminal.COLUMNS_DEFAULT);
    var context =
        new Context(
            machine,
            terminal,
            new Cancellation(),
            ParticleUpdate.NAME,
            programVersion,
            ServiceManager.of(Map.of()),
            new Context.Ending(),
            new ToDaemon(false, List.of()));
    List<String> all = new ArrayList<>(options);
    all.addAll(arguments);
    int status = ParticleUpdate.run(context, all.toArray(String[]::new));
    return new Done(new ByteArrayInputStream(out.toByteArray()), status);
  }

  /** A worker that has ended before anybody could stop it. */
  private record Done(InputStream output, int exitStatus) implements Worker {
    @Override
    public void terminate() {}

    @Override
    public void kill() {}
  }
}
