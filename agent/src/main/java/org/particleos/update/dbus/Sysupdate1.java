package org.particleos.update.dbus;

import static org.particleos.update.dbus.Interface.arg;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.particleos.update.definition.Enablement;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Job;
import org.particleos.update.service.JobEnd;
import org.particleos.update.service.JobRequest;
import org.particleos.update.service.JobType;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.OfflineReads;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.ServiceContext;
import org.particleos.update.service.TargetId;
import org.particleos.update.service.Targets;

/**
 * {@code org.freedesktop.sysupdate1}, the interface of the reference (dbus-varlink.md 3 to 7): the
 * manager, the targets and the jobs. Every job of the daemon is visible here, whoever started it.
 */
public final class Sysupdate1 implements BusService {
  static final String NAME = "org.freedesktop.sysupdate1";
  static final String PATH = "/org/freedesktop/sysupdate1";
  static final String TARGETS = PATH + "/target";
  static final String JOBS = PATH + "/job";

  /**
   * After so long without a call targets are looked for anew, as the reference does by ending then
   * (dbus-varlink.md 7.6).
   */
  private static final Duration IDLE = Duration.ofSeconds(30);

  static final Interface<Sysupdate1> MANAGER =
      Interface.<Sysupdate1>named(NAME + ".Manager")
          .method(
              "ListTargets",
              List.of(),
              List.of(arg("targets", "a(sso)")),
              (manager, _) -> List.of(manager.listTargets()))
          .method(
              "ListJobs",
              List.of(),
              List.of(arg("jobs", "a(tsuo)")),
              (manager, _) -> List.of(manager.listJobs()))
          .method(
              "ListAppStream",
              List.of(),
              List.of(arg("urls", "as")),
              (manager, _) -> List.of(manager.listAppStream()))
          .signal("JobRemoved", arg("id", "t"), arg("path", "o"), arg("status", "i"))
          .build();

  /** A version was asked for and could not be brought in. */
  private record FailedAcquire(Optional<String> version, BusException error) {}

  /** What there is once the daemon runs. */
  private record World(
      SystemBus bus, ServiceContext context, OfflineReads reads, Enablement enablement) {}

  private final Authority authority;
  private final Map<TargetId, FailedAcquire> failedAcquires = new ConcurrentHashMap<>();
  private Optional<World> world = Optional.empty();
  private long lastCallNanos = System.nanoTime();

  public Sysupdate1(Authority authority) {
    this.authority = authority;
  }

  @Override
  public void export(SystemBus bus, ServiceContext context) {
    world =
        Optional.of(
            new World(
                bus,
                context,
                new OfflineReads(context.machine(), context.jobs()),
                new Enablement(context.machine().kernel(), context.machine().root())));
    bus.export(PATH, new Served<>(MANAGER, this));
    bus.export(
        TARGETS,
        new Subtree() {
          @Override
          public List<String> names() throws InterruptedException {
            return targets().all().stream().map(Sysupdate1::element).toList();
          }

          @Override
          public List<Served<?>> find(String name) throws InterruptedException {
            Optional<TargetId> id = PathElement.unescape(name).flatMap(TargetId::parse);
            Optional<ServedTarget> target =
                id.isEmpty() ? Optional.empty() : targets().find(id.get());
            return target
                .<List<Served<?>>>map(each -> List.of(TargetObject.served(Sysupdate1.this, each)))
                .orElse(List.of());
          }
        });
    bus.export(
        JOBS,
        new Subtree() {
          @Override
          public List<String> names() {
            return jobs().all().stream().map(job -> "_" + job.id()).toList();
          }

          @Override
          public List<Served<?>> find(String name) {
            return jobs().all().stream()
                .filter(job -> name.equals("_" + job.id()))
                .findFirst()
                .<List<Served<?>>>map(job -> List.of(JobObject.served(Sysupdate1.this, job)))
                .orElse(List.of());
          }
        });
    bus.own(NAME);
    context.jobs().watch(new Table());
  }

  private World world() {
    return world.orElseThrow();
  }

  Authority authority() {
    return authority;
  }

  OfflineReads reads() {
    return world().reads();
  }

  Enablement enablement() {
    return world().enablement();
  }

  private Jobs jobs() {
    return world().context().jobs();
  }

  /** As they are now; what is new is found when everybody has been silent for a while. */
  private synchronized Targets targets() {
    Targets targets = world().context().targets();
    long now = System.nanoTime();
    if (now - lastCallNanos > IDLE.toNanos() && jobs().all().isEmpty()) {
      targets.forget();
    }
    lastCallNanos = now;
    return targets;
  }

  private static String element(ServedTarget target) {
    return PathElement.escape(target.id().toString());
  }

  static String path(Job job) {
    return JOBS + "/_" + job.id();
  }

  // ---- Manager ----

  private List<Object[]> listTargets() throws InterruptedException {
    return targets().all().stream()
        .map(target ->
            new Object[] {
              target.id().targetClass().text(), target.id().name(), TARGETS + "/" + element(target)
            })
        .toList();
  }

  private List<Object[]> listJobs() {
    return jobs().all().stream()
        .map(job ->
            new Object[] {
              new UInt64(job.id()),
              job.request().type().text(),
              new UInt32(job.percent()),
              path(job)
            })
        .toList();
  }

  /** Of all targets that can be asked; one that cannot does not hide the others. */
  private List<String> listAppStream() throws InterruptedException {
    Set<String> addresses = new LinkedHashSet<>();
    for (ServedTarget target : targets().all()) {
      try {
        addresses.addAll(reads().appStream(target));
      } catch (UpdateException failed) {
        world()
            .context()
            .log()
            .warning("AppStream of " + target.id() + " left out: " + failed.getMessage());
      }
    }
    return List.copyOf(addresses);
  }

  // ---- Jobs ----

  /** What starts a job, or the error of dbus-varlink.md 7.1. */
  Job start(JobRequest request, Job.Observer observer) throws BusException {
    try {
      return jobs().start(request, observer);
    } catch (UpdateException refused) {
      BusException error = ErrorNames.of(refused);
      throw new BusException(error.name(), "Failed to start job: " + error.text());
    }
  }

  /**
   * Deviation: P-05, clients of the reference install after a failed download as well, and take
   * "nothing to do" for success. They are told of the download instead.
   */
  Optional<BusException> failedAcquire(ServedTarget target, Optional<String> version) {
    return Optional.ofNullable(failedAcquires.remove(target.id()))
        .filter(failed -> failed.version().equals(version))
        .map(FailedAcquire::error);
  }

  /** Whether it brings a version in, so that its end is told to everybody. */
  static boolean bringsIn(JobType type) {
    return switch (type) {
      case ACQUIRE, INSTALL, APPLY -> true;
      case LIST,
          DESCRIBE,
          CHECK_NEW,
          VACUUM,
          DESCRIBE_FEATURE,
          LIST_FEATURES,
          CHECK,
          STATUS,
          HISTORY,
          BOOT_LOADER ->
          false;
    };
  }

  /** Tells everybody what becomes of the jobs. */
  private final class Table implements Jobs.Observer {
    @Override
    public void started(Job job) {
      job.watch(new Progress(world().bus(), JobObject.served(Sysupdate1.this, job)));
    }

    @Override
    public void removed(Job job, JobEnd end) {
      JobRequest request = job.request();
      if (request.type() == JobType.ACQUIRE) {
        if (end instanceof JobEnd.Done) {
          failedAcquires.remove(request.target().id());
        } else {
          failedAcquires.put(
              request.target().id(), new FailedAcquire(request.subject(), ErrorNames.of(end)));
        }
      }
      if (bringsIn(request.type())) {
        world()
            .bus()
            .signal(
                PATH,
                MANAGER,
                "JobRemoved",
                new UInt64(job.id()),
                path(job),
                ErrorNames.status(end));
      }
    }

    @Override
    public void idle() {
      world().context().targets().forget();
    }
  }

  /** Signals each new percentage. */
  private static final class Progress implements Job.Observer {
    private final SystemBus bus;
    private final Served<JobObject> served;
    private int told;

    Progress(SystemBus bus, Served<JobObject> served) {
      this.bus = bus;
      this.served = served;
    }

    @Override
    public void changed(Job job) {
      if (job.percent() != told) {
        told = job.percent();
        bus.changed(path(job), served, "Progress");
      }
    }
  }
}
