package org.particleos.update.dbus;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.freedesktop.dbus.types.UInt64;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.AgentState;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;
import org.particleos.update.service.Job;
import org.particleos.update.service.JobEnd;
import org.particleos.update.service.RunFailure;
import org.particleos.update.service.ServiceContext;
import org.particleos.update.version.Version;

/**
 * {@code org.particleos.Update1}: what the daemon does with the operating system and why it does
 * nothing more now, wishes that it fulfils, and runs of verbs for the command line of people who
 * are not root. Described in {@code
 * systemd-units/share/dbus-1/interfaces/org.particleos.Update1.xml}.
 *
 * <p>Properties and {@code Explain} tell what everybody may know; everything else asks polkit. What
 * a run says is told to its caller alone.
 */
public final class Update1 implements BusService {
  public static final String NAME = "org.particleos.Update1";
  public static final String PATH = "/org/particleos/Update1";

  /** Of one user who is not root. What a desktop and some terminals ask for at a time fits. */
  static final int RUNS_PER_USER_MAX = 8;

  private static final long ROOT = 0;

  /** A time that never comes, or a number of seconds that nobody knows. */
  private static final UInt64 ENDLESS = new UInt64("18446744073709551615");

  private static final long MICROS_PER_SECOND = 1_000_000;
  private static final long NANOS_PER_MICRO = 1_000;

  /** Of a run that there is no job for, since it could not be started. */
  private static final long NO_JOB = 0;

  /** What shells make of SIGINT. */
  private static final int CANCELLED_STATUS = 130;

  /**
   * What is told of a state.
   *
   * @param type its signature
   */
  private record Shown(String name, String type, Function<AgentState, Object> value) {}

  private static final List<Shown> PROPERTIES =
      List.of(
          new Shown("State", "s", state -> state.phase().text()),
          new Shown("BootedVersion", "s", state -> state.booted().orElse("")),
          new Shown("InstalledVersion", "s", state -> state.installed().orElse("")),
          new Shown("PendingVersion", "s", state -> state.pending().orElse("")),
          new Shown("AvailableVersion", "s", state -> state.available().orElse("")),
          new Shown("BytesDone", "t", state -> number(state, AgentState.Transfer::done)),
          new Shown("BytesTotal", "t", state -> number(state, each -> each.total().orElse(0))),
          new Shown("Rate", "t", state -> number(state, AgentState.Transfer::rate)),
          new Shown("SecondsLeft", "t", Update1::secondsLeft),
          new Shown("WaitingFor", "as", state -> state.waitingFor().toArray(String[]::new)),
          new Shown("FailureReason", "s", state -> failure(state, f -> f.reason().name())),
          new Shown("FailureMessage", "s", state -> failure(state, RunFailure::message)),
          new Shown("FailureRemedy", "s", state -> failure(state, RunFailure::remedy)),
          new Shown("LastCheck", "t", state -> micros(state.lastCheck())),
          new Shown("NextCheck", "t", state -> micros(state.nextCheck())),
          new Shown("FailedVersions", "a{ss}", AgentState::failedVersions),
          new Shown("HoldUntil", "t", state -> micros(state.hold())));

  private static final Interface<Update1> DESCRIPTION = describe();

  /** A run for somebody, until its end was told. */
  private record Run(Caller.OnBus caller, long user, Job job) {}

  private final Authority authority;
  private final Served<Update1> served = new Served<>(DESCRIPTION, this);
  private final Map<Long, Run> runs = new HashMap<>();
  private final Map<Long, Integer> runsOfUsers = new HashMap<>();
  private final Object telling = new Object();
  private Map<String, Object> told = Map.of();
  private @Nullable SystemBus bus;
  private @Nullable ServiceContext context;

  public Update1(Authority authority) {
    this.authority = authority;
  }

  @Override
  public void export(SystemBus systemBus, ServiceContext serviceContext) {
    bus = systemBus;
    context = serviceContext;
    systemBus.own(NAME);
    systemBus.export(PATH, served);
    told = values(serviceContext.agent().state());
    serviceContext.agent().watch(this::tell);
  }

  private SystemBus bus() {
    return Objects.requireNonNull(bus, "exported");
  }

  private ServiceContext context() {
    return Objects.requireNonNull(context, "exported");
  }

  private static Interface<Update1> describe() {
    Interface.Builder<Update1> builder =
        Interface.<Update1>named(NAME)
            .method("Check", List.of(), List.of(), Update1::check)
            .method("Apply", List.of(Interface.arg("version", "s")), List.of(), Update1::apply)
            .method("Cancel", List.of(), List.of(), Update1::cancel)
            .method("Hold", List.of(Interface.arg("until", "t")), List.of(), Update1::hold)
            .method("Unhold", List.of(), List.of(), Update1::unhold)
            .method("Reboot", List.of(), List.of(), Update1::reboot)
            .method(
                "Explain", List.of(), List.of(Interface.arg("sentences", "as")), Update1::explain)
            .method(
                "Run",
                List.of(Interface.arg("verb", "s"), Interface.arg("options", "a{sv}")),
                List.of(Interface.arg("job", "t")),
                Update1::run)
            .method("CancelRun", List.of(Interface.arg("job", "t")), List.of(), Update1::cancelRun);
    for (Shown each : PROPERTIES) {
      builder.property(
          each.name(),
          each.type(),
          Interface.Change.SIGNALLED,
          update1 -> each.value().apply(update1.context().agent().state()));
    }
    return builder
        .signal("Event", Interface.arg("job", "t"), Interface.arg("line", "s"))
        .signal("Ended", Interface.arg("job", "t"), Interface.arg("exit_status", "i"))
        .build();
  }

  // ---- What is shown ----

  private static UInt64 number(AgentState state, Function<AgentState.Transfer, Long> what) {
    return new UInt64(state.progress().map(what).orElse(0L));
  }

  private static UInt64 secondsLeft(AgentState state) {
    return state.progress().isPresent() && state.progress().get().secondsLeft().isPresent()
        ? new UInt64(state.progress().get().secondsLeft().getAsLong())
        : ENDLESS;
  }

  private static String failure(AgentState state, Function<RunFailure, String> what) {
    return state.failure().map(what).orElse("");
  }

  /** Since 1970; 0 for a time that is not known. */
  private static UInt64 micros(Optional<Instant> time) {
    if (time.isEmpty()) {
      return new UInt64(0);
    }
    Instant instant = time.get();
    if (instant.getEpochSecond() >= Long.MAX_VALUE / MICROS_PER_SECOND) {
      return ENDLESS;
    }
    return new UInt64(
        Math.max(
            0, instant.getEpochSecond() * MICROS_PER_SECOND + instant.getNano() / NANOS_PER_MICRO));
  }

  private static Map<String, Object> values(AgentState state) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Shown each : PROPERTIES) {
      Object value = each.value().apply(state);
      values.put(each.name(), value instanceof String[] texts ? List.of(texts) : value);
    }
    return values;
  }

  /** What is other than it was told before. */
  private void tell(AgentState state) {
    synchronized (telling) {
      Map<String, Object> now = values(state);
      Map<String, Object> before = told;
      String[] changed =
          now.entrySet().stream()
              .filter(each -> !each.getValue().equals(before.get(each.getKey())))
              .map(Map.Entry::getKey)
              .toArray(String[]::new);
      told = now;
      if (changed.length > 0) {
        bus().changed(PATH, served, changed);
      }
    }
  }

  // ---- Wishes ----

  private void require(Invocation call, String action, Map<String, String> details)
      throws BusException, InterruptedException {
    String name = NAME + "." + action;
    Map<String, String> all = new LinkedHashMap<>(Map.of("class", "host", "name", "host"));
    all.putAll(details);
    Authority.Verdict verdict = authority.decide(call.caller(), name, all, call.interactive());
    switch (verdict) {
      case ALLOWED -> {}
      case DENIED -> throw new BusException(BusException.ACCESS_DENIED, name + " is not allowed");
      case NEEDS_INTERACTION ->
          throw new BusException(
              BusException.INTERACTION_REQUIRED, name + " takes a password or the like");
      case UNAVAILABLE ->
          throw new BusException(
              BusException.ACCESS_DENIED,
              name + " is for root alone as long as polkit does not answer");
    }
  }

  private List<Object> check(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    require(call, "check", Map.of("offline", "0"));
    context().agent().check();
    return List.of();
  }

  private List<Object> apply(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    String version = call.text(0);
    if (!version.isEmpty() && !Version.isValid(version)) {
      throw BusException.invalid("Invalid version");
    }
    requireUpdate(call, version, Map.of());
    context().agent().apply(version.isEmpty() ? Optional.empty() : Optional.of(version));
    return List.of();
  }

  /**
   * @param version empty for the newest
   */
  private void requireUpdate(Invocation call, String version, Map<String, String> details)
      throws BusException, InterruptedException {
    Map<String, String> all = new LinkedHashMap<>(details);
    all.put("version", version);
    require(call, version.isEmpty() ? "update" : "update-to-version", all);
  }

  private List<Object> cancel(Invocation call) throws BusException, InterruptedException {
    require(call, "cancel", Map.of());
    context().agent().cancel();
    return List.of();
  }

  private List<Object> hold(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    long micros = call.unsigned(0);
    Instant until;
    if (micros < 0) {
      until = Instant.MAX; // beyond what a signed number holds: without end
    } else {
      try {
        until =
            Instant.ofEpochSecond(
                micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND * NANOS_PER_MICRO);
      } catch (DateTimeException _) {
        throw BusException.invalid("no such time: " + micros);
      }
    }
    require(call, "hold", Map.of());
    context().agent().hold(until);
    return List.of();
  }

  private List<Object> unhold(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    require(call, "hold", Map.of());
    context().agent().unhold();
    return List.of();
  }

  private List<Object> reboot(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    require(call, "reboot", Map.of());
    context().agent().reboot();
    return List.of();
  }

  private List<Object> explain(Invocation call) {
    return List.of((Object) context().agent().explain().toArray(String[]::new));
  }

  // ---- Runs for the command line ----

  private List<Object> run(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    var wanted = WantedRun.of(call.text(0), call.value(1));
    switch (wanted.verb()) {
      case CHECK, STATUS, LIST -> require(call, "check", wanted.details());
      case HISTORY -> require(call, "history", wanted.details());
      case VACUUM -> require(call, "vacuum", wanted.details());
      case APPLY -> requireUpdate(call, wanted.version().orElse(""), wanted.details());
    }
    Caller.OnBus caller = call.caller();
    long user = bus().user(caller.uniqueName());
    enter(user);
    boolean started = false;
    try {
      var observer = new Teller(caller, user);
      try {
        Job job = context().jobs().start(wanted.request(user), observer);
        started = true;
        observer.begin(job, () -> call.reply(new UInt64(job.id())));
      } catch (UpdateException refused) {
        call.reply(new UInt64(NO_JOB));
        event(caller, NO_JOB, RunFailure.of(refused).line().toString());
        ended(caller, NO_JOB, 1);
      }
    } finally {
      if (!started) {
        leave(user);
      }
    }
    return List.of(new UInt64(NO_JOB)); // answered already
  }

  private void enter(long user) throws BusException {
    synchronized (runs) {
      int count = runsOfUsers.getOrDefault(user, 0);
      if (user != ROOT && count >= RUNS_PER_USER_MAX) {
        throw new BusException(
            BusException.LIMITS_EXCEEDED, "this user has " + count + " runs under way");
      }
      runsOfUsers.put(user, count + 1);
    }
  }

  private void leave(long user) {
    synchronized (runs) {
      runsOfUsers.computeIfPresent(user, (_, count) -> count == 1 ? null : count - 1);
    }
  }

  /** Who began a run may end it; others need a permission for that. */
  private List<Object> cancelRun(Invocation call) throws BusException, InterruptedException {
    Run run;
    synchronized (runs) {
      run = runs.get(call.unsigned(0));
    }
    if (run == null) {
      throw new BusException(BusException.FILE_NOT_FOUND, "there is no such run under way");
    }
    if (!run.caller().equals(call.caller())) {
      require(call, "cancel", Map.of());
    }
    run.job().cancel();
    return List.of();
  }

  private void event(Caller.OnBus to, long job, String line) {
    bus().signalTo(to.uniqueName(), PATH, DESCRIPTION, "Event", new UInt64(job), line);
  }

  private void ended(Caller.OnBus to, long job, int status) {
    bus().signalTo(to.uniqueName(), PATH, DESCRIPTION, "Ended", new UInt64(job), status);
  }

  /** Tells the caller of a run what it says, from the moment on at which it knows its number. */
  private final class Teller implements Job.Observer {
    private final Caller.OnBus caller;
    private final long user;
    private final CountDownLatch begun = new CountDownLatch(1);
    private boolean failureTold;
    private SystemBus.@Nullable Listening listening;

    Teller(Caller.OnBus caller, long user) {
      this.caller = caller;
      this.user = user;
    }

    void begin(Job job, Runnable reply) throws InterruptedException {
      try {
        synchronized (runs) {
          runs.put(job.id(), new Run(caller, user, job));
        }
        reply.run();
        if (!job.request().type().exclusive()) {
          // Nobody waits for the answer any more. What changes something is carried on.
          listening =
              bus()
                  .listen(
                      SystemBus.Match.ownerOf(caller.uniqueName()),
                      signal -> {
                        if (signal.values().getLast().equals("")) {
                          job.cancel();
                        }
                      });
        }
      } finally {
        begun.countDown();
      }
    }

    private void awaitBegin() {
      boolean interrupted = false;
      while (begun.getCount() > 0) {
        try {
          begun.await();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void said(Job job, JsonNode line) {
      awaitBegin();
      failureTold |= line.path("event").asText().equals("failed");
      event(caller, job.id(), line.toString());
    }

    @Override
    public void ended(Job job, JobEnd end) {
      awaitBegin();
      synchronized (runs) {
        runs.remove(job.id());
      }
      leave(user);
      if (listening != null) {
        listening.close();
      }
      int status =
          switch (end) {
            case JobEnd.Done(var exitStatus, var result) -> {
              // What has an event was told when it came.
              if (result.isObject() && !result.has("event")) {
                event(caller, job.id(), result.toString());
              }
              yield exitStatus;
            }
            case JobEnd.Failed(var failure) -> {
              tellUnlessTold(job, failure);
              yield failure.exitStatus();
            }
            case JobEnd.Died(_, var cancelled) when cancelled -> {
              tellUnlessTold(
                  job,
                  RunFailure.of(
                      UpdateException.because(Reason.INTERRUPTED, "the run was cancelled")
                          .state("the next run continues where this one stopped")
                          .remedy("run the command again")
                          .interrupted()));
              yield CANCELLED_STATUS;
            }
            case JobEnd.Died(var exitStatus, _) -> {
              tellUnlessTold(job, RunFailure.died(exitStatus));
              yield 1;
            }
          };
      Update1.this.ended(caller, job.id(), status);
    }

    private void tellUnlessTold(Job job, RunFailure failure) {
      if (!failureTold) {
        event(caller, job.id(), failure.line().toString());
      }
    }
  }

  /** For tests: who has runs under way. */
  List<Long> running() {
    synchronized (runs) {
      return new ArrayList<>(runs.keySet());
    }
  }
}
