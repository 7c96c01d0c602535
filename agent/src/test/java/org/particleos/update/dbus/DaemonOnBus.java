package org.particleos.update.dbus;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.freedesktop.dbus.types.UInt64;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.service.AgentState;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;
import org.particleos.update.service.Job;
import org.particleos.update.service.JobRequest;
import org.particleos.update.service.JobType;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Log;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.ServiceContext;
import org.particleos.update.service.TargetId;
import org.particleos.update.service.Targets;
import org.particleos.update.service.UpdateAgent;
import org.particleos.update.service.Workers;
import org.particleos.update.update.Machine;

/**
 * A daemon within the test's own process on a message bus of its own, with the workers of the test,
 * a mind that does what it is told and an authority that decides as the test says.
 */
public final class DaemonOnBus implements AutoCloseable {
  private final PrivateBus bus;
  private final SystemBus connection;
  private final Jobs jobs;
  private final Mind mind;
  private final Clerk clerk = new Clerk();

  private DaemonOnBus(Path directory, Workers workers) throws IOException, InterruptedException {
    bus = PrivateBus.in(directory, "");
    connection = new SystemBus(List.of(bus.address()), _ -> {});
    jobs = new Jobs(workers);
    mind = new Mind(jobs);
    var machine =
        Machine.running(new LinuxKernel(), Clock.systemUTC(), Map.of(), directory.resolve("locks"));
    var context =
        new ServiceContext(
            machine,
            "1.2.3",
            jobs,
            new Targets(machine, _ -> false, _ -> {}),
            mind,
            new Log((_, _, _) -> {}));
    new Update1(clerk).export(connection, context);
    try {
      connection.open(_ -> {});
    } catch (IOException | InterruptedException e) {
      bus.close();
      throw e;
    }
  }

  /** Skips the test where there is no dbus-daemon. */
  public static DaemonOnBus in(Path directory, Workers workers)
      throws IOException, InterruptedException {
    return new DaemonOnBus(directory, workers);
  }

  public String address() {
    return bus.address();
  }

  public Mind mind() {
    return mind;
  }

  public Clerk clerk() {
    return clerk;
  }

  public Jobs jobs() {
    return jobs;
  }

  /** As if the daemon crashed: its connection is gone, its workers are not waited for. */
  public void vanish() {
    connection.close();
  }

  @Override
  public void close() {
    jobs.all().forEach(Job::cancel);
    connection.close();
    bus.close();
  }

  /** Nothing but that. */
  public static AgentState running(String version) {
    AgentState nothing = Mind.NOTHING;
    return new AgentState(
        nothing.phase(),
        Optional.of(version),
        nothing.installed(),
        nothing.pending(),
        nothing.available(),
        nothing.progress(),
        nothing.failure(),
        nothing.lastCheck(),
        nothing.nextCheck(),
        nothing.hold(),
        nothing.failedVersions(),
        nothing.waitingFor());
  }

  /** Somebody on the bus tells everybody there that a run has ended, with an answer of his own. */
  public static void pretend(String address, long job) throws Exception {
    try (var liar = BusConnection.open(List.of(address), new BusConnection.Receiver() {})) {
      List<?> names = (List<?>) liar.ask("ListNames", "").getFirst();
      String line = "{\"booted\":\"evil\",\"installed\":null,\"available\":null}";
      for (Object name : names) {
        String to = String.valueOf(name);
        if (to.startsWith(":") && !to.equals(liar.uniqueName())) {
          liar.signalTo(
              to, Update1.PATH, Update1.NAME, "Event", "ts", List.of(new UInt64(job), line));
          liar.signalTo(to, Update1.PATH, Update1.NAME, "Ended", "ti", List.of(new UInt64(job), 0));
        }
      }
      liar.ask("GetId", ""); // what was sent before was passed on before that is answered
    }
  }

  /** Decides as it was told, and remembers what it was asked. */
  public static final class Clerk implements Authority {
    /** What was asked. */
    public record Question(String action, Map<String, String> details, boolean interactive) {}

    private final BlockingQueue<Question> questions = new LinkedBlockingQueue<>();
    private volatile Verdict verdict = Verdict.ALLOWED;
    private volatile Verdict interactiveVerdict = Verdict.ALLOWED;

    public void decides(Verdict next) {
      decides(next, next);
    }

    /** One way without a password, another way with one. */
    public void decides(Verdict next, Verdict whenInteractive) {
      verdict = next;
      interactiveVerdict = whenInteractive;
    }

    public Question asked() throws InterruptedException {
      return questions.take();
    }

    @Override
    public Verdict decide(
        Caller caller, String action, Map<String, String> details, boolean interactive) {
      questions.add(new Question(action, Map.copyOf(details), interactive));
      return interactive ? interactiveVerdict : verdict;
    }
  }

  /** Has the state that it was given, and remembers what it was asked for. */
  public static final class Mind implements UpdateAgent {
    private static final AgentState NOTHING =
        new AgentState(
            AgentState.Phase.IDLE,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            List.of());

    private final Jobs jobs;
    private final List<Consumer<AgentState>> watchers = new ArrayList<>();
    private final BlockingQueue<String> wishes = new LinkedBlockingQueue<>();
    private volatile AgentState state = NOTHING;

    private Mind(Jobs jobs) {
      this.jobs = jobs;
    }

    public void becomes(AgentState next) {
      state = next;
      watchers.forEach(watcher -> watcher.accept(next));
    }

    public List<String> wishes() {
      return List.copyOf(wishes);
    }

    public String wish() throws InterruptedException {
      return wishes.take();
    }

    @Override
    public AgentState state() {
      return state;
    }

    @Override
    public void watch(Consumer<AgentState> consumer) {
      watchers.add(consumer);
    }

    private Job start(JobType type, Optional<String> version) throws UpdateException {
      var host = new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());
      return jobs.start(JobRequest.of(type, host).on(version), new Job.Observer() {});
    }

    @Override
    public Job check() throws UpdateException {
      wishes.add("check");
      return start(JobType.CHECK, Optional.empty());
    }

    @Override
    public Job apply(Optional<String> version) throws UpdateException {
      wishes.add("apply " + version.orElse("newest"));
      return start(JobType.APPLY, version);
    }

    @Override
    public void cancel() {
      wishes.add("cancel");
    }

    @Override
    public void hold(Instant until) {
      wishes.add("hold " + (until.equals(Instant.MAX) ? "for ever" : until));
    }

    @Override
    public void unhold() {
      wishes.add("unhold");
    }

    @Override
    public void reboot() {
      wishes.add("reboot");
    }

    @Override
    public List<String> explain() {
      return List.of("The next check is at noon.", "Nothing is held.");
    }
  }
}
