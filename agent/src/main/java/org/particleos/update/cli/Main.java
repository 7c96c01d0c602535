package org.particleos.update.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.particleos.update.dbus.BusAddresses;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.install.InstallDatabase;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.Signals;
import org.particleos.update.notify.ServiceManager;
import org.particleos.update.notify.ServiceMessage;
import org.particleos.update.service.WorkerProcesses;
import org.particleos.update.spool.SpoolPolicy;
import org.particleos.update.update.Machine;

/** Where the process begins. */
public final class Main {
  /** How long a signal waits for a running transfer to stop; what is then open is crash-safe. */
  private static final long STOP_SECONDS_MAX = 5;

  /** As if the signal had come. */
  private static final int ENDED_BY_SIGTERM = 143;

  private Main() {}

  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    var cancellation = new Cancellation();
    var finished = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cancellation, finished), "stop"));
    if (isWorker(environment)) {
      Thread.ofPlatform().daemon().name("parent").start(Main::endWithTheParent);
    }
    var machine =
        Machine.running(
                new LinuxKernel(), Clock.systemUTC(), environment, lockDirectory(environment))
            .remembering(stateDirectory(environment))
            .spooling(SpoolPolicy.defaults(spoolDirectory(environment)));
    var terminal = Terminal.ofProcess(environment, isTerminal(1), isTerminal(2));
    var context =
        new Context(
            machine,
            terminal,
            cancellation,
            System.getProperty("particle.program", ParticleUpdate.NAME),
            programVersion(),
            ServiceManager.of(environment),
            new Context.Ending(),
            new ToDaemon(!isRoot() && !isWorker(environment), BusAddresses.ofSystem(environment)));
    int status;
    try (ServiceManager manager = context.serviceManager()) {
      status = ParticleUpdate.run(context, args);
      manager.send(ServiceMessage.ended(context.ending().errno(), status));
    } finally {
      finished.countDown();
    }
    System.exit(status);
  }

  /** The daemon keeps the other end of a worker's standard input: when that ends, so did it. */
  private static void endWithTheParent() {
    try {
      while (System.in.read() >= 0) {
        // Nobody writes here; whoever does is not heard.
      }
    } catch (IOException _) {
      // As good as the end.
    }
    System.exit(ENDED_BY_SIGTERM);
  }

  private static boolean isWorker(Map<String, String> environment) {
    return environment.containsKey(WorkerProcesses.VARIABLE);
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private static void stop(Cancellation cancellation, CountDownLatch finished) {
    if (finished.getCount() > 0) {
      Signals.endAtOnceWhenInterrupted(); // whoever presses Ctrl-C again does not want to wait
    }
    cancellation.cancel();
    try {
      if (!finished.await(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
        System.err.println(
            "particle-update: stopped while still busy; the next run continues from here");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Elsewhere only for tests of the packaged program, which leave the system alone. */
  private static Path stateDirectory(Map<String, String> environment) {
    return Optional.ofNullable(environment.get("PARTICLE_UPDATE_STATE_DIRECTORY"))
        .filter(text -> text.startsWith("/"))
        .map(text -> Path.of(text).normalize())
        .orElse(InstallDatabase.PARENT);
  }

  /** Beside what else is remembered in tests; others than root have one of their own. */
  private static Path spoolDirectory(Map<String, String> environment) {
    if (environment.containsKey("PARTICLE_UPDATE_STATE_DIRECTORY")) {
      return stateDirectory(environment).resolve("spool");
    }
    if (isRoot()) {
      return SpoolPolicy.DIRECTORY;
    }
    return absolute(environment.get("XDG_STATE_HOME"))
        .or(() -> absolute(environment.get("HOME")).map(home -> home.resolve(".local/state")))
        .map(state -> state.resolve("particle-update/spool"))
        .orElse(SpoolPolicy.DIRECTORY);
  }

  private static Optional<Path> absolute(@Nullable String text) {
    return Optional.ofNullable(text).map(Path::of).filter(Path::isAbsolute).map(Path::normalize);
  }

  /** Root shares one directory with the service; others get one of their own. */
  private static Path lockDirectory(Map<String, String> environment) {
    // Elsewhere only for tests of the packaged program.
    Optional<Path> given = absolute(environment.get("PARTICLE_UPDATE_RUN_DIRECTORY"));
    if (given.isPresent()) {
      return given.get();
    }
    Path shared = Path.of("/run/particle-update");
    if (isRoot()) {
      return shared;
    }
    return Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
        .filter(text -> text.startsWith("/"))
        .map(Path::of)
        .orElseGet(() -> Path.of("/tmp"))
        .resolve("particle-update-" + System.getProperty("user.name"));
  }

  private static boolean isTerminal(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException _) {
      return false; // closed, or no /proc: then certainly nobody to draw for
    }
  }

  private static String programVersion() {
    return Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
