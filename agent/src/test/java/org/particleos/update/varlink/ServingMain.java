package org.particleos.update.varlink;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Log;
import org.particleos.update.service.NoAgent;
import org.particleos.update.service.ServiceContext;
import org.particleos.update.service.Targets;
import org.particleos.update.update.Machine;

/**
 * A process that serves the system below a directory over Varlink until its input ends. A check
 * finds version v7.
 */
final class ServingMain {
  private ServingMain() {}

  /** The command that runs it on {@code root}, with sockets below {@code run}. */
  static List<String> command(Path root, Path run) {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            ServingMain.class.getName(),
            root.toString(),
            run.toString()));
  }

  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]);
    var whole = Machine.running(new LinuxKernel(), InstantSource.system(), System.getenv(), root);
    var machine =
        new Machine(
            whole.kernel(),
            whole.clock(),
            whole.environment(),
            root,
            whole.below(root).scope(),
            whole.lockDirectory(),
            Path.of(arguments[1]),
            whole.stateDirectory(),
            whole.spool());
    var workers = new PlayedWorkers();
    Thread.ofVirtual().start(() -> answer(workers));
    var log = new Log((level, message, fields) -> System.err.println(message));
    var context =
        new ServiceContext(
            machine,
            "7",
            new Jobs(workers),
            new Targets(machine, image -> false, log::warning),
            new NoAgent(),
            log);
    var frontEnd = new VarlinkFrontEnd((c, a, d, i) -> Authority.Verdict.DENIED);
    frontEnd.start(context, cause -> System.err.println("lost: " + cause));
    System.out.println("serving");
    while (System.in.read() >= 0) {
      // Whoever started this keeps it open.
    }
    frontEnd.close();
    System.out.println("closed");
  }

  private static void answer(PlayedWorkers workers) {
    try {
      while (true) {
        workers.next().says("{'available':'v7'}").ends(0);
      }
    } catch (Exception over) {
      System.err.println(over);
    }
  }
}
