package org.particleos.update.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.particleos.update.dbus.BusAddresses;
import org.particleos.update.dbus.BusFrontEnd;
import org.particleos.update.dbus.LogControl1;
import org.particleos.update.dbus.LoginManager;
import org.particleos.update.dbus.NetworkManager;
import org.particleos.update.dbus.PolkitAuthority;
import org.particleos.update.dbus.SystemBus;
import org.particleos.update.dbus.Sysupdate1;
import org.particleos.update.dbus.UPower;
import org.particleos.update.dbus.Update1;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.ReadablePages;
import org.particleos.update.notify.ServiceManager;
import org.particleos.update.notify.ServiceMessage;
import org.particleos.update.policy.Policy;
import org.particleos.update.service.Agent;
import org.particleos.update.service.FrontEnd;
import org.particleos.update.service.FrontEnds;
import org.particleos.update.service.ImageLooks;
import org.particleos.update.service.Job;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Log;
import org.particleos.update.service.PolicyFiles;
import org.particleos.update.service.ServiceContext;
import org.particleos.update.service.SysfsPower;
import org.particleos.update.service.Targets;
import org.particleos.update.service.WallClockAlarm;
import org.particleos.update.service.WorkerProcesses;
import org.particleos.update.update.LockFile;
import org.particleos.update.update.Machine;
import org.particleos.update.varlink.VarlinkFrontEnd;

/**
 * The daemon put together: its mind, the job table, the front ends, signals, the service manager
 * (daemon(7), sd_notify(3)). Runs in the thread that calls {@link #run}.
 */
final class Daemon {
  /** Workers are asked to stop, and have so long for it. */
  private static final Duration STOP_WAIT = Duration.ofMillis(1500);

  /** Then they are made to. */
  private static final Duration KILL_WAIT = Duration.ofMillis(400);

  /** How often a job has to be cancelled until its worker is killed, and once more. */
  private static final int CANCELS_TO_KILL = 4;

  /** Front ends that take longer to start do so while the daemon is ready. */
  private static final long FRONT_ENDS_SECONDS = 10;

  /** The service manager drops longer messages. */
  private static final int STATUS_LENGTH_MAX = 500;

  private static final int NAME_DIGITS = 16;

  private final Context context;
  private final Machine machine;
  private final Optional<Path> root;
  private final Object managerLock = new Object();
  private String status = "Starting.";
  private volatile Policy policy = Policy.defaults();

  /**
   * @param root {@code --root=}, handed on to workers
   */
  Daemon(Context context, Machine machine, Optional<Path> root) {
    this.context = context;
    this.machine = machine;
    this.root = root;
  }

  /**
   * Runs until SIGTERM or SIGINT.
   *
   * @throws UpdateException if another daemon serves this system, or the kernel gives no timer
   */
  void run() throws UpdateException {
    try (var _ = lock();
        var sink = DaemonLog.of(machine.environment(), context.terminal().err())) {
      serve(new Log(sink));
    } catch (IOException e) {
      throw IoFailure.writing("the daemon cannot run", e).inState("nothing was changed");
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private LockFile lock() throws IOException, UpdateException {
    String holder = "process " + ProcessHandle.current().pid();
    Path file =
        machine.lockDirectory().resolve("daemon" + root.map(Daemon::suffix).orElse("") + ".lock");
    return switch (LockFile.take(machine.kernel(), file, holder)) {
      case LockFile.Attempt.Taken(var lock) -> lock;
      case LockFile.Attempt.Held(var other) ->
          throw UpdateException.because(
                  Reason.LOCK_HELD, "refused to start: another daemon serves this system")
              .found(other.isEmpty() ? "held by an unknown process" : "held by " + other)
              .state("nothing was changed")
              .remedy("systemctl status particle-update shows the one that runs")
              .busy();
    };
  }

  /** Daemons of different systems do not exclude each other. */
  private static String suffix(Path directory) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(directory.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
      return "-" + HexFormat.of().formatHex(digest).substring(0, NAME_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private void serve(Log log) throws IOException, InterruptedException {
    var files = new PolicyFiles(machine, log);
    policy = files.read();
    var jobs =
        new Jobs(
            new ReadsHere(
                context.machine(),
                context.programVersion(),
                rootOption(),
                new WorkerProcesses(launcher(), this::workerOptions)));
    jobs.watch(
        new Jobs.Observer() {
          @Override
          public void idle() {
            // What a job leaves is garbage for hours otherwise: nothing else makes any. Most of the
            // class archive was needed at the start only.
            System.gc();
            try {
              ReadablePages.giveBack();
            } catch (IOException e) {
              log.debug("memory was not given back: " + e.getMessage());
            }
          }
        });
    var targets = new Targets(machine, new ImageLooks(jobs), log::warning);
    var bus = new SystemBus(BusAddresses.ofSystem(machine.environment()), log::warning);
    Agent agent =
        Agent.of(
            new AgentWorld(machine)
                .with(
                    jobs,
                    NetworkManager.on(bus),
                    UPower.on(bus).or(new SysfsPower()),
                    () -> LoginManager.ofSystem(machine.environment()).reboot(),
                    log,
                    this::status),
            machine,
            policy);
    try (var alarm = WallClockAlarm.ringing(agent::ring, log::error)) {
      agent.alarm(alarm);
      Signals.on("TERM", agent::stop);
      Signals.on("INT", agent::stop);
      Signals.on("HUP", () -> reload(files, agent, targets, log));
      var serviceContext =
          new ServiceContext(machine, context.programVersion(), jobs, targets, agent, log);
      var frontEnds = new FrontEnds(serviceContext);
      try {
        start(frontEnds, frontEnds(bus));
        log.info("particle-update " + context.programVersion() + " runs");
        send("READY=1", "STATUS=" + status);
        agent.run(this::beat, watchdog());
        log.info("stopping");
        send("STOPPING=1", "STATUS=Stopping.");
      } finally {
        frontEnds.close();
        stop(jobs);
        agent.close();
      }
    }
  }

  /** Ways in which others talk to this daemon. */
  private List<FrontEnd> frontEnds(SystemBus bus) {
    var authority = new PolkitAuthority(bus);
    List<FrontEnd> all = new ArrayList<>();
    // Who serves another system does not pose as the daemon of this machine, unless somebody says
    // which bus and which socket it is to be found at.
    if (root.isEmpty() || isSet("DBUS_SYSTEM_BUS_ADDRESS")) {
      all.add(
          new BusFrontEnd(
              bus,
              List.of(
                  new Sysupdate1(authority),
                  new Update1(authority),
                  new LogControl1(ParticleUpdate.NAME))));
    }
    if (root.isEmpty() || isSet("LISTEN_FDS")) {
      all.add(new VarlinkFrontEnd(authority));
    }
    return all;
  }

  private boolean isSet(String variable) {
    return !machine.environment().getOrDefault(variable, "").isEmpty();
  }

  private static void start(FrontEnds frontEnds, List<FrontEnd> all) throws InterruptedException {
    var tried = new CountDownLatch(all.size());
    all.forEach(each -> frontEnds.add(each, tried::countDown));
    // Whoever waits for this service wants to talk to it.
    boolean _ = tried.await(FRONT_ENDS_SECONDS, TimeUnit.SECONDS);
  }

  private static void stop(Jobs jobs) throws InterruptedException {
    if (!jobs.stop(STOP_WAIT)) {
      for (Job job : jobs.all()) {
        for (int i = 0; i < CANCELS_TO_KILL; i++) {
          job.cancel();
        }
      }
      jobs.stop(KILL_WAIT);
    }
  }

  private static Path launcher() throws IOException {
    String home = System.getProperty("particle.home", "");
    if (home.isEmpty()) {
      throw new IOException("the program was not started by its launcher, bin/particle-update");
    }
    return Path.of(home, "bin", "particle-update");
  }

  private List<String> rootOption() {
    return root.map(directory -> "--root=" + directory).stream().toList();
  }

  /** What every worker is told. */
  private List<String> workerOptions() {
    List<String> options = new ArrayList<>(rootOption());
    if (policy.rateLimit().isPresent()) {
      options.add("--rate-limit=" + policy.rateLimit().getAsLong());
    }
    return options;
  }

  private void reload(PolicyFiles files, Agent agent, Targets targets, Log log) {
    // The same clock as CLOCK_MONOTONIC, which is asked for.
    send("RELOADING=1", "MONOTONIC_USEC=" + TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    log.info("reading the configuration again");
    synchronized (files) {
      policy = files.read();
    }
    targets.forget();
    agent.policy(policy);
    send("READY=1", "STATUS=" + status);
  }

  // ---- The service manager ----

  private void beat() {
    if (watchdog().isPresent()) {
      send("WATCHDOG=1");
    }
  }

  /** Half of the time after which the service manager takes the daemon for dead. */
  private Optional<Duration> watchdog() {
    Map<String, String> environment = machine.environment();
    String pid = environment.getOrDefault("WATCHDOG_PID", "");
    String micros = environment.getOrDefault("WATCHDOG_USEC", "");
    boolean meant = pid.isEmpty() || pid.equals(Long.toString(ProcessHandle.current().pid()));
    return meant && micros.matches("[1-9][0-9]{0,17}")
        ? Optional.of(Duration.of(Long.parseLong(micros) / 2, java.time.temporal.ChronoUnit.MICROS))
        : Optional.empty();
  }

  private void status(String text) {
    synchronized (managerLock) {
      String line = text.replaceAll("\\p{Cntrl}", " ");
      status = line.length() > STATUS_LENGTH_MAX ? line.substring(0, STATUS_LENGTH_MAX) : line;
    }
    send("STATUS=" + status);
  }

  private void send(String... assignments) {
    ServiceManager manager = context.serviceManager();
    synchronized (managerLock) {
      manager.send(new ServiceMessage(List.of(assignments)));
    }
  }
}
