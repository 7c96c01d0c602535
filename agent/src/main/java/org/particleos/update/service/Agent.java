package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.policy.Decider;
import org.particleos.update.policy.Decision;
import org.particleos.update.policy.Facts;
import org.particleos.update.policy.Facts.Trouble;
import org.particleos.update.policy.LocalText;
import org.particleos.update.policy.Policy;
import org.particleos.update.policy.Prospect;
import org.particleos.update.policy.Share;
import org.particleos.update.policy.Step;
import org.particleos.update.policy.UpTo;
import org.particleos.update.policy.When;
import org.particleos.update.version.Version;

/**
 * The daemon's mind: reads the facts, lets the policy decide, starts jobs and hears how they end.
 * One loop ({@link #run}) that sleeps until something happens: an alarm, the end of a job, a wish,
 * a change of network, power or policy. Nothing is looked at in between.
 *
 * <p>What others ask of the job table counts as well: a check that a desktop makes is a check, and
 * while somebody else installs, nothing is begun here.
 */
public final class Agent implements UpdateAgent {
  /** A line of a fast transfer comes every few milliseconds; nobody can look that often. */
  private static final long PROGRESS_NANOS_MIN = 500_000_000L;

  /** States that nobody has taken yet; of more the oldest go, since only the last one counts. */
  private static final int STATES_MAX = 256;

  /** A clock that ticks a little differently is no sleep. */
  private static final Duration SLEEP_MIN = Duration.ofSeconds(5);

  /** No calendar goes further, and nobody means it. */
  private static final Instant HOLD_MAX = Instant.parse("9999-12-31T00:00:00Z");

  /**
   * What the agent works with.
   *
   * @param machineId of machine-id(5), if the machine has one
   * @param freeBytes of the file system with the state, if it can be told
   * @param status is told one line for people each time it is another one
   */
  public record World(
      Jobs jobs,
      Parts parts,
      Moments moments,
      Optional<String> machineId,
      Network network,
      Power power,
      Reboot reboot,
      Supplier<OptionalLong> freeBytes,
      Log log,
      Consumer<String> status) {}

  /** A job that runs, and what it says. */
  private static final class Running {
    private final Job job;
    private AgentState.Phase phase;
    private Optional<AgentState.Transfer> progress = Optional.empty();
    private long toldNanos;

    Running(Job job, AgentState.Phase phase) {
      this.job = job;
      this.phase = phase;
    }
  }

  /**
   * What the agent does by itself now.
   *
   * @param jobId the job that does it
   * @param left of a check: parts to be asked for yet
   */
  private record Activity(
      Step step, Parts.Part part, Optional<String> version, long jobId, List<Parts.Part> left) {}

  /**
   * A step that ended well. Should it be decided on again at once, it did not do what it should.
   */
  private record DoneStep(Step step, Optional<String> component, Optional<String> version) {}

  /** How it stands about the boot loader since this process began. */
  private enum LoaderCare {
    /** To be looked at when nothing else is to be done. */
    DUE,
    RUNNING,
    /** Not possible now: to be looked at after the next check, or when the policy changes. */
    LATER,
    DONE
  }

  private final World world;
  private final MemoryFile file;
  private final List<Consumer<AgentState>> watchers = new CopyOnWriteArrayList<>();
  private final ThreadPoolExecutor teller;

  private Policy policy;
  private Memory memory;
  private Alarm alarm = new SilentAlarm();
  private List<Parts.Part> parts = List.of();
  private boolean partsAreOld = true;
  private final Map<Long, Running> running = new LinkedHashMap<>();
  private Optional<Activity> activity = Optional.empty();
  private @Nullable DoneStep lastDone;
  private LoaderCare loaderCare = LoaderCare.DUE;
  private List<Prospect> prospects = List.of();
  private boolean woken = true;
  private boolean stopping;
  private AgentState state;
  private String statusText = "";

  private Duration asleep;
  private Duration awakeSince = Duration.ZERO;
  private String occasion;

  /** Until the loop has one. */
  private static final class SilentAlarm implements Alarm {
    @Override
    public void at(Instant when) {}

    @Override
    public void off() {}

    @Override
    public void close() {}
  }

  Agent(World world, MemoryFile file, Policy policy) {
    this.world = world;
    this.file = file;
    this.policy = policy;
    this.memory = file.read();
    this.occasion = world.moments().bootId();
    this.asleep = world.moments().uptime().minus(world.moments().awake());
    this.teller =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(STATES_MAX),
            Thread.ofVirtual().name("states").factory(),
            new ThreadPoolExecutor.DiscardOldestPolicy());
    if (world.machineId().isEmpty() && memory.secret().isEmpty()) {
      memory = memory.withSecret(UUID.randomUUID().toString());
    }
    this.state = picture();
    world
        .jobs()
        .watch(
            new Jobs.Observer() {
              @Override
              public void started(Job job) {
                heedStarted(job);
              }
            });
    world.network().watch(this::wake);
    world.power().watch(this::wake);
  }

  /** For a machine; remembers in its {@code agent.json}. */
  public static Agent of(World world, org.particleos.update.update.Machine machine, Policy policy) {
    return new Agent(world, new MemoryFile(machine, world.log()::warning), policy);
  }

  // ---- The loop ----

  /** Shows that the loop is alive, for the watchdog of the service manager. */
  public interface Beat {
    void alive();
  }

  /** The agent's alarm; before {@link #run}. Rings by {@link #ring}. */
  public synchronized void alarm(Alarm other) {
    alarm = other;
  }

  /** The alarm has gone off. Much may have happened since the last time. */
  public synchronized void ring() {
    partsAreOld = true;
    wake();
  }

  /** Something has changed. */
  public synchronized void wake() {
    woken = true;
    notifyAll();
  }

  /** Ends {@link #run}. Jobs are those of whoever has the table. */
  public synchronized void stop() {
    stopping = true;
    notifyAll();
  }

  /** Holds from now on. */
  public synchronized void policy(Policy other) {
    policy = other;
    partsAreOld = true;
    if (loaderCare != LoaderCare.RUNNING) {
      loaderCare = LoaderCare.DUE;
    }
    wake();
  }

  /**
   * Does what the agent does, until it is stopped.
   *
   * @param beat is called at least that often
   * @param every empty if nobody wants to know
   */
  public void run(Beat beat, Optional<Duration> every) throws InterruptedException {
    while (true) {
      if (!pause(every)) {
        return;
      }
      beat.alive();
      if (takeWoken()) {
        step();
      }
    }
  }

  /** Waits until there is something to do; false at the end. */
  private synchronized boolean pause(Optional<Duration> every) throws InterruptedException {
    if (every.isEmpty()) {
      while (!woken && !stopping) {
        wait();
      }
    } else {
      long deadline = System.nanoTime() + every.get().toNanos();
      for (long left = every.get().toNanos(); !woken && !stopping && left > 0; ) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
        left = deadline - System.nanoTime();
      }
    }
    return !stopping;
  }

  private synchronized boolean takeWoken() {
    boolean was = woken;
    woken = false;
    return was;
  }

  /** Decides once, and begins what is decided. */
  void step() {
    boolean look;
    synchronized (this) {
      look = partsAreOld;
      partsAreOld = false;
    }
    // Outside of the lock: disks are read.
    List<Parts.Part> fresh = look ? world.parts().read() : List.of();
    synchronized (this) {
      if (look) {
        parts = fresh;
        learnOfRestart();
      }
      noticeSleep();
      think();
      tell();
    }
  }

  /** Decides without doing anything about it, for those who only want to know. */
  public List<Prospect> foresee() {
    List<Parts.Part> fresh = world.parts().read();
    synchronized (this) {
      parts = fresh;
      prospects = Decider.prospects(policy, facts());
      state = picture();
      return prospects;
    }
  }

  /** What the machine was restarted for runs now, or it does not. */
  private void learnOfRestart() {
    Optional<Memory.Restart> restart = memory.restartedInto();
    if (restart.isEmpty() || restart.get().bootId().equals(world.moments().bootId())) {
      return;
    }
    String version = restart.get().version();
    Optional<String> booted = host().flatMap(Parts.Part::booted);
    if (booted.equals(Optional.of(version))) {
      world.log().notice("restarted into version " + version);
      remember(memory.restarted(Optional.empty()));
    } else {
      world
          .log()
          .warning(
              "version "
                  + version
                  + " did not come up: version "
                  + booted.orElse("unknown")
                  + " runs; the machine is not restarted for it again");
      // What the boot loader has given up is in quarantine, which somebody or another build ends.
      // Only what nobody else knows is remembered here.
      boolean quarantined =
          host().map(Parts.Part::failed).orElse(List.of()).stream()
              .anyMatch(failed -> failed.version().text().equals(version));
      remember(memory.restarted(quarantined ? Optional.empty() : Optional.of(version)));
    }
  }

  private void noticeSleep() {
    Duration uptime = world.moments().uptime();
    Duration now = uptime.minus(world.moments().awake());
    if (now.minus(asleep).compareTo(SLEEP_MIN) > 0) {
      awakeSince = uptime;
      occasion = world.moments().bootId() + "/" + uptime.toSeconds();
    }
    asleep = now;
  }

  private void think() {
    // At most one round for each part and step: what did nothing is a trouble the next time.
    for (int rounds = 0; rounds <= Memory.PARTS_MAX; rounds++) {
      prospects = Decider.prospects(policy, facts());
      if (stopping || activity.isPresent() || somebodyElseIsAtWork()) {
        alarm.off();
        return;
      }
      switch (Decider.decide(prospects)) {
        case Decision.Act act -> {
          if (begin(act)) {
            alarm.off();
            return;
          }
        }
        case Decision.Wait(var until, _) -> {
          lastDone = null;
          freshenBootLoader();
          until.ifPresentOrElse(alarm::at, alarm::off);
          return;
        }
      }
    }
  }

  /**
   * Once for each start of the daemon, that is at least once for each boot, when nothing else is to
   * be done. Whether the boot was good, the worker finds out: it is asked again after each check
   * until it was.
   */
  private void freshenBootLoader() {
    boolean allowed =
        policy.bootLoader()
            && policy.host().upTo().compareTo(UpTo.INSTALL) >= 0
            && !Decider.onHold(policy, facts());
    Optional<Parts.Part> host = host();
    if (loaderCare != LoaderCare.DUE || !allowed || host.isEmpty()) {
      return;
    }
    try {
      loaderCare = LoaderCare.RUNNING;
      world
          .jobs()
          .start(
              JobRequest.of(JobType.BOOT_LOADER, host.get().target())
                  .with(List.of("--after-good-boot")),
              new Job.Observer() {});
    } catch (UpdateException e) {
      loaderCare = LoaderCare.LATER;
      world.log().info("the boot loader is looked after later: " + message(e));
    }
  }

  private void endOfLoaderCare(Job job, JobEnd end) {
    Optional<Fault> fault = Fault.of(end, job.cancelled());
    if (fault.isPresent()) {
      loaderCare = LoaderCare.LATER;
      if (!fault.get().passedOver() && !fault.get().withoutEsp()) {
        complain("looking after the boot loader failed", job, fault.get());
      }
      return;
    }
    JsonNode result = ((JobEnd.Done) end).result();
    loaderCare = result.path("onTrial").asBoolean() ? LoaderCare.LATER : LoaderCare.DONE;
    if (result.path("written").asInt() > 0) {
      world
          .log()
          .write(
              Log.Level.NOTICE,
              "the boot loader was replaced by a newer one",
              fields(job, Optional.empty()));
    }
  }

  private boolean somebodyElseIsAtWork() {
    return running.values().stream().anyMatch(each -> each.job.request().type().exclusive());
  }

  /**
   * Begins a step.
   *
   * @return false if there is nothing to wait for: it failed at once
   */
  private boolean begin(Decision.Act act) {
    var done = new DoneStep(act.step(), act.component(), act.version());
    if (done.equals(lastDone)) {
      lastDone = null;
      trouble(act, Trouble.Kind.OTHER, "it ended well, and yet nothing of it is to be seen");
      return false;
    }
    return switch (act.step()) {
      case CHECK -> beginCheck(act);
      case DOWNLOAD -> begin(act, JobType.ACQUIRE, List.of());
      case INSTALL -> begin(act, JobType.INSTALL, List.of("--cleanup=yes"));
      case REBOOT -> restart(act);
    };
  }

  private boolean beginCheck(Decision.Act act) {
    List<Parts.Part> asked =
        parts.stream().filter(part -> policy.rules(part.component()).upTo() != UpTo.NONE).toList();
    world.log().info("looking for updates: " + String.join("; ", act.reasons()));
    // Before it begins: a daemon that dies of it must not do so again at once.
    remember(memory.attempted(facts().present()));
    if (asked.isEmpty()) {
      remember(memory.checked(facts().present()));
      return false;
    }
    try {
      check(asked);
      return true;
    } catch (UpdateException e) {
      remember(memory.checkFailed(Trouble.Kind.BUSY, facts().present(), message(e)));
      return false;
    }
  }

  private Job check(List<Parts.Part> asked) throws UpdateException {
    Parts.Part first = asked.getFirst();
    Job job =
        world.jobs().start(JobRequest.of(JobType.CHECK_NEW, first.target()), new Job.Observer() {});
    activity =
        Optional.of(
            new Activity(
                Step.CHECK, first, Optional.empty(), job.id(), asked.subList(1, asked.size())));
    return job;
  }

  private boolean begin(Decision.Act act, JobType type, List<String> options) {
    Optional<Parts.Part> part =
        parts.stream().filter(each -> each.component().equals(act.component())).findFirst();
    if (part.isEmpty()) {
      return false; // facts have no other parts
    }
    world.log().info(verb(act.step()) + subject(act) + ": " + String.join("; ", act.reasons()));
    var request = JobRequest.of(type, part.get().target()).with(options);
    if (type == JobType.INSTALL) {
      request = request.on(act.version());
    }
    try {
      Job job = world.jobs().start(request, new Job.Observer() {});
      activity =
          Optional.of(new Activity(act.step(), part.get(), act.version(), job.id(), List.of()));
      return true;
    } catch (UpdateException e) {
      trouble(act, Trouble.Kind.BUSY, message(e));
      return false;
    }
  }

  private boolean restart(Decision.Act act) {
    String version = act.version().orElse("");
    world.log().notice("restarting the machine into version " + version);
    remember(memory.restarting(version, world.moments().bootId()));
    try {
      world.reboot().reboot();
      // Should the machine stay up all the same, it is asked again after a while.
      remember(
          memory.withTrouble(
              act.component(),
              Step.REBOOT,
              version,
              Trouble.Kind.BUSY,
              facts().present(),
              "the machine was asked to restart and is still here"));
    } catch (UpdateException e) {
      world.log().warning("the machine is not restarted: " + message(e));
      trouble(
          act,
          e instanceof UpdateException.Busy ? Trouble.Kind.BUSY : Trouble.Kind.OTHER,
          message(e));
    }
    return false;
  }

  private void trouble(Decision.Act act, Trouble.Kind kind, String what) {
    if (act.step() == Step.CHECK) {
      remember(memory.checkFailed(kind, facts().present(), what));
    } else {
      remember(
          memory.withTrouble(
              act.component(),
              act.step(),
              act.version().orElse(""),
              kind,
              facts().present(),
              what));
    }
  }

  private static String verb(Step step) {
    return switch (step) {
      case CHECK -> "looking for updates";
      case DOWNLOAD -> "downloading";
      case INSTALL -> "installing";
      case REBOOT -> "restarting into";
    };
  }

  private static String subject(Decision.Act act) {
    return act.version().map(version -> " version " + version).orElse("")
        + act.component().map(name -> " of component " + Quote.quote(name)).orElse("");
  }

  private static String message(UpdateException e) {
    return e.getMessage() + e.found().map(found -> " (" + found + ")").orElse("");
  }

  private void remember(Memory other) {
    if (!other.equals(memory)) {
      memory = other;
      file.write(memory);
    }
  }

  // ---- Facts ----

  private Optional<Parts.Part> host() {
    return parts.stream().filter(part -> part.component().isEmpty()).findFirst();
  }

  private Facts facts() {
    Moments moments = world.moments();
    Duration uptime = moments.uptime();
    List<Facts.Part> all = new ArrayList<>();
    for (Parts.Part part : parts) {
      Memory.OfPart known = memory.part(part.component());
      Set<String> failed = new HashSet<>();
      part.failed().forEach(each -> failed.add(each.version().text()));
      if (part.component().isEmpty()) {
        failed.addAll(memory.failedToStart());
        // What runs has come up, whatever happened before.
        part.booted().ifPresent(failed::remove);
      }
      all.add(
          new Facts.Part(
              part.component(),
              part.booted(),
              part.installed(),
              part.acquired(),
              known.available(),
              failed,
              known.troubles()));
    }
    return new Facts(
        moments.now(),
        moments.zone(),
        moments.bootId(),
        uptime,
        uptime.minus(awakeSince),
        occasion,
        new Share(world.machineId().or(memory::secret).orElse("none")),
        memory.lastCheck(),
        memory.lastAttempt(),
        memory.checkFailure(),
        world.network().connection(),
        world.power().energy(),
        memory.hold(),
        world.freeBytes().get(),
        all);
  }

  // ---- Jobs ----

  private void heedStarted(Job job) {
    TargetId target = job.request().target().id();
    boolean ours =
        target.targetClass() == TargetClass.HOST || target.targetClass() == TargetClass.COMPONENT;
    AgentState.Phase phase =
        switch (job.request().type()) {
          case CHECK_NEW, CHECK -> AgentState.Phase.CHECKING;
          case ACQUIRE, APPLY -> AgentState.Phase.DOWNLOADING;
          case INSTALL -> AgentState.Phase.INSTALLING;
          default -> AgentState.Phase.IDLE;
        };
    boolean exclusive = job.request().type().exclusive();
    if (!ours || (phase == AgentState.Phase.IDLE && !exclusive)) {
      return;
    }
    synchronized (this) {
      running.put(job.id(), new Running(job, phase));
      tell();
    }
    job.watch(
        new Job.Observer() {
          @Override
          public void said(Job who, JsonNode line) {
            heed(who, line);
          }

          @Override
          public void ended(Job who, JobEnd end) {
            heedEnd(who, end);
          }
        });
  }

  private synchronized void heed(Job job, JsonNode line) {
    Running known = running.get(job.id());
    if (known == null) {
      return;
    }
    switch (line.path("event").asText()) {
      case "warning" ->
          world
              .log()
              .write(Log.Level.WARNING, line.path("text").asText(), fields(job, Optional.empty()));
      case "install-started" -> known.phase = AgentState.Phase.INSTALLING;
      case "verification-started" -> known.phase = AgentState.Phase.VERIFYING;
      case "acquire-started", "transfer-started" -> known.phase = AgentState.Phase.DOWNLOADING;
      case "progress", "transfer-finished" -> {
        known.progress = Optional.of(transfer(line.path("all")));
        long now = System.nanoTime();
        if (now - known.toldNanos < PROGRESS_NANOS_MIN
            && !line.path("event").asText().equals("transfer-finished")) {
          return;
        }
        known.toldNanos = now;
      }
      default -> {
        return;
      }
    }
    tell();
  }

  private static AgentState.Transfer transfer(JsonNode all) {
    return new AgentState.Transfer(
        all.path("fetched").asLong() + all.path("reused").asLong(),
        number(all.path("total")),
        all.path("rate").asLong(),
        number(all.path("secondsLeft")));
  }

  private static OptionalLong number(JsonNode node) {
    return node.isIntegralNumber() ? OptionalLong.of(node.asLong()) : OptionalLong.empty();
  }

  private synchronized void heedEnd(Job job, JobEnd end) {
    running.remove(job.id());
    if (job.request().type().exclusive()) {
      partsAreOld = true;
    }
    if (!stopping) {
      switch (job.request().type()) {
        case CHECK_NEW, CHECK -> endOfCheck(job, end);
        case ACQUIRE -> endOfStep(Step.DOWNLOAD, job, end);
        case INSTALL -> endOfStep(Step.INSTALL, job, end);
        case APPLY -> endOfStep(phaseOf(job), job, end);
        case BOOT_LOADER -> endOfLoaderCare(job, end);
        default -> {}
      }
    }
    wake();
    tell();
  }

  /** What of both failed, should it have. */
  private Step phaseOf(Job job) {
    Optional<String> acquired = part(job).flatMap(Parts.Part::acquired);
    return acquired.isPresent() && acquired.equals(job.version()) ? Step.INSTALL : Step.DOWNLOAD;
  }

  private static Optional<String> component(Job job) {
    TargetId id = job.request().target().id();
    return id.targetClass() == TargetClass.HOST ? Optional.empty() : Optional.of(id.name());
  }

  private Optional<Parts.Part> part(Job job) {
    return parts.stream().filter(each -> each.component().equals(component(job))).findFirst();
  }

  /** What the agent does by itself with it, if it is its own job. */
  private Optional<Activity> own(Job job) {
    return activity.filter(each -> each.jobId() == job.id());
  }

  private void endOfCheck(Job job, JobEnd end) {
    if (loaderCare == LoaderCare.LATER) {
      loaderCare = LoaderCare.DUE;
    }
    Optional<String> component = component(job);
    Optional<Fault> fault = Fault.of(end, job.cancelled());
    if (fault.isEmpty()) {
      // A "no" is an answer as well.
      JsonNode result = ((JobEnd.Done) end).result();
      Optional<String> found =
          Optional.of(result.path("available")).filter(JsonNode::isTextual).map(JsonNode::asText);
      if (!found.equals(memory.part(component).available())) {
        world
            .log()
            .write(
                Log.Level.NOTICE,
                found
                        .map(version -> "version " + version + " is offered")
                        .orElse("nothing newer is offered")
                    + of(component),
                fields(job, found));
      }
      remember(memory.withAvailable(component, found));
    } else if (!fault.get().passedOver()) {
      complain("looking for updates" + of(component) + " failed", job, fault.get());
    }
    // The system decides how a check went; of what has none, its first component.
    boolean decides =
        component.isEmpty() || (host().isEmpty() && own(job).isPresent() && isFirstPart(component));
    if (decides && (fault.isEmpty() || fault.get().passedOver())) {
      remember(memory.checked(facts().present()).withFailure(Optional.empty()));
    } else if (decides) {
      Fault why = fault.get();
      remember(
          memory.checkFailed(why.kind(), facts().present(), why.what()).withFailure(why.failure()));
    }
    Optional<Activity> own = own(job);
    if (own.isPresent()) {
      List<Parts.Part> left = own.get().left();
      activity = Optional.empty();
      if (!left.isEmpty()
          && fault.map(Fault::kind).orElse(Trouble.Kind.OTHER) != Trouble.Kind.CANCELLED) {
        try {
          check(left);
        } catch (UpdateException e) {
          world.log().warning("components are not looked after this time: " + message(e));
        }
      }
    }
  }

  private boolean isFirstPart(Optional<String> component) {
    return !parts.isEmpty() && parts.getFirst().component().equals(component);
  }

  private void endOfStep(Step step, Job job, JobEnd end) {
    Optional<Activity> own = own(job);
    Optional<String> component = component(job);
    Optional<Fault> fault = Fault.of(end, job.cancelled());
    Optional<String> version =
        job.version().or(() -> own.flatMap(Activity::version)).or(job.request()::subject);
    if (fault.isEmpty()) {
      JsonNode result = ((JobEnd.Done) end).result();
      String outcome = result.path("outcome").asText();
      world
          .log()
          .write(
              Log.Level.NOTICE,
              switch (outcome) {
                    case "acquired" -> "version " + version.orElse("") + " is downloaded";
                    case "installed" -> "version " + version.orElse("") + " is installed";
                    case "already-installed" -> "it is installed already";
                    default -> "there was nothing to do";
                  }
                  + of(component),
              fields(job, version));
      Memory known = memory.withoutTrouble(component, Step.DOWNLOAD);
      if (step == Step.INSTALL || job.request().type() == JobType.APPLY) {
        known = known.withoutTrouble(component, Step.INSTALL);
      }
      if (outcome.equals("no-update")) {
        // What the last check found was taken back.
        known = known.withAvailable(component, Optional.empty());
      } else if (step == Step.DOWNLOAD && version.isPresent()) {
        known = known.withAvailable(component, version);
      }
      remember(known.withFailure(Optional.empty()));
      own.ifPresent(each -> lastDone = new DoneStep(step, component, each.version()));
    } else if (!fault.get().passedOver()) {
      complain(
          (step == Step.DOWNLOAD ? "downloading" : "installing")
              + version.map(text -> " version " + text).orElse("")
              + of(component)
              + " failed",
          job,
          fault.get());
      // Remembered for the version that was decided on, since that is asked for again.
      Optional<String> decided = own.isPresent() ? own.get().version() : version;
      remember(
          memory
              .withTrouble(
                  component,
                  step,
                  decided.or(() -> memory.part(component).available()).orElse(""),
                  fault.get().kind(),
                  facts().present(),
                  fault.get().what())
              .withFailure(fault.get().failure()));
    }
    if (own.isPresent()) {
      activity = Optional.empty();
    }
  }

  private static String of(Optional<String> component) {
    return component.map(name -> " for component " + Quote.quote(name)).orElse("");
  }

  private void complain(String what, Job job, Fault fault) {
    var fields = new LinkedHashMap<>(fields(job, job.version()));
    fault
        .failure()
        .ifPresent(failed -> {
          fields.put("PARTICLE_UPDATE_REASON", failed.reason().name());
          failed.state().ifPresent(text -> fields.put("PARTICLE_UPDATE_STATE", text));
          fields.put("PARTICLE_UPDATE_REMEDY", failed.remedy());
        });
    world
        .log()
        .write(
            fault.kind() == Trouble.Kind.CANCELLED ? Log.Level.NOTICE : Log.Level.WARNING,
            what + ": " + fault.what(),
            fields);
  }

  private static Map<String, String> fields(Job job, Optional<String> version) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("PARTICLE_UPDATE_JOB", Long.toString(job.id()));
    fields.put("PARTICLE_UPDATE_TARGET", job.request().target().id().toString());
    version.or(job::version).ifPresent(text -> fields.put("PARTICLE_UPDATE_VERSION", text));
    return fields;
  }

  // ---- The picture ----

  /** Makes the new state and hands it on, if it is another one. */
  private void tell() {
    AgentState now = picture();
    if (now.equals(state)) {
      return;
    }
    state = now;
    String text = StatusLine.of(now, world.moments().zone());
    if (!text.equals(statusText)) {
      statusText = text;
      world.status().accept(text);
    }
    if (!watchers.isEmpty()) {
      teller.execute(() -> watchers.forEach(watcher -> watcher.accept(now)));
    }
  }

  private AgentState picture() {
    Optional<Running> work = shownJob();
    Optional<Parts.Part> host = host();
    Optional<String> booted = host.flatMap(Parts.Part::booted);
    Optional<String> installed = host.flatMap(Parts.Part::installed);
    boolean restartBrings = isNewer(installed, booted);
    Optional<String> acquired = host.flatMap(Parts.Part::acquired);
    List<String> waiting =
        prospects.stream()
            .filter(prospect -> prospect.step() != Step.CHECK)
            .filter(prospect -> !(prospect.when() instanceof When.Nothing))
            .filter(prospect -> !(prospect.when() instanceof When.Now))
            .flatMap(
                prospect -> prospect.reasons().stream().map(reason -> sentence(prospect, reason)))
            .distinct()
            .toList();
    boolean awaited =
        prospects.stream()
            .filter(prospect -> prospect.step() == Step.DOWNLOAD || prospect.step() == Step.INSTALL)
            .filter(prospect -> prospect.component().isEmpty())
            .anyMatch(prospect ->
                prospect.when() instanceof When.At || prospect.when() instanceof When.OnChange);
    AgentState.Phase phase =
        work.map(each -> each.phase)
            .orElseGet(() ->
                restartBrings
                    ? AgentState.Phase.WAITING_FOR_REBOOT
                    : memory.failure().isPresent()
                        ? AgentState.Phase.FAILED
                        : awaited ? AgentState.Phase.WAITING_FOR_WINDOW : AgentState.Phase.IDLE);
    return new AgentState(
        phase,
        booted,
        installed,
        acquired.or(() -> restartBrings ? installed : Optional.empty()),
        memory
            .part(Optional.empty())
            .available()
            .filter(version -> isNewer(Optional.of(version), installed)),
        work.flatMap(each -> each.progress),
        memory.failure(),
        memory.lastCheck().map(Facts.Past::at),
        nextCheck(),
        hold(),
        failedVersions(),
        waiting);
  }

  /** Of the operating system: what boot entries tell, and what restarts did not bring. */
  private Map<String, String> failedVersions() {
    Map<String, String> failed = new LinkedHashMap<>();
    Optional<String> booted = host().flatMap(Parts.Part::booted);
    for (String version : memory.failedToStart()) {
      if (!booted.equals(Optional.of(version))) {
        failed.put(
            version,
            "version "
                + version
                + " did not come up when the machine was restarted for it"
                + booted.map(other -> "; version " + other + " runs").orElse(""));
      }
    }
    host()
        .map(Parts.Part::failed)
        .orElse(List.of())
        .forEach(
            each -> failed.put(each.version().text(), each.story() + "; reason: " + each.why()));
    return failed;
  }

  private Optional<Running> shownJob() {
    // What changes the machine is shown rather than a question.
    return running.values().stream()
        .filter(each -> each.phase != AgentState.Phase.IDLE)
        .filter(each -> each.job.request().type().exclusive())
        .findFirst()
        .or(() ->
            running.values().stream()
                .filter(each -> each.phase != AgentState.Phase.IDLE)
                .findFirst());
  }

  private static boolean isNewer(Optional<String> version, Optional<String> than) {
    Optional<Version> one = version.flatMap(Version::parse);
    Optional<Version> other = than.flatMap(Version::parse);
    return one.isPresent()
        && (than.isEmpty() || (other.isPresent() && one.get().compareTo(other.get()) > 0));
  }

  private Optional<Instant> nextCheck() {
    return prospects.stream()
        .filter(prospect -> prospect.step() == Step.CHECK)
        .map(prospect ->
            prospect.when() instanceof When.At(var instant)
                ? Optional.of(instant)
                : Optional.<Instant>empty())
        .flatMap(Optional::stream)
        .findFirst();
  }

  private Optional<Instant> hold() {
    Optional<Instant> configured =
        policy.host().hold().map(hold -> hold.until(world.moments().zone()));
    Optional<Instant> asked = memory.hold();
    Optional<Instant> later =
        configured.isPresent() && (asked.isEmpty() || configured.get().isAfter(asked.get()))
            ? configured
            : asked;
    return later.filter(until -> until.isAfter(world.moments().now()));
  }

  private static String sentence(Prospect prospect, String reason) {
    String text =
        prospect.component().map(name -> "component " + Quote.quote(name) + ": ").orElse("")
            + reason;
    return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
  }

  // ---- What others want ----

  @Override
  public synchronized AgentState state() {
    return state;
  }

  @Override
  public void watch(Consumer<AgentState> consumer) {
    watchers.add(consumer);
  }

  @Override
  public synchronized Job check() throws UpdateException {
    Optional<Job> underWay =
        running.values().stream()
            .map(each -> each.job)
            .filter(job -> job.request().type() == JobType.CHECK_NEW)
            .filter(job -> job.request().target().id().equals(TargetId.HOST))
            .findFirst();
    if (underWay.isPresent()) {
      return underWay.get();
    }
    // Whoever asks wants to hear of the system, and that there is none is an answer as well.
    var host = new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());
    remember(memory.attempted(facts().present()));
    return world.jobs().start(JobRequest.of(JobType.CHECK_NEW, host), new Job.Observer() {});
  }

  @Override
  public synchronized Job apply(Optional<String> version) throws UpdateException {
    if (version.isPresent() && !Version.isValid(version.get())) {
      throw UpdateException.because(
              Reason.VERSION_NOT_FOUND,
              "refused " + Quote.quote(version.get()) + ": it is no version")
          .state("nothing was changed")
          .remedy("see which there are: particle-update list")
          .notAvailable();
    }
    var host = new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());
    return world
        .jobs()
        .start(JobRequest.of(JobType.APPLY, host).on(version), new Job.Observer() {});
  }

  @Override
  public void cancel() {
    List<Job> jobs;
    synchronized (this) {
      jobs =
          running.values().stream()
              .map(each -> each.job)
              .filter(job -> job.request().target().id().equals(TargetId.HOST))
              .toList();
    }
    jobs.forEach(Job::cancel);
  }

  @Override
  public synchronized void hold(Instant until) throws UpdateException {
    if (!until.equals(Instant.MAX) && until.isAfter(HOLD_MAX)) {
      throw UpdateException.because(Reason.OPTION_INVALID, "refused to hold updates until " + until)
          .found("a time after " + HOLD_MAX)
          .state("nothing was changed")
          .remedy("hold them without end instead")
          .configuration();
    }
    world
        .log()
        .notice(
            until.equals(Instant.MAX)
                ? "updates are on hold until that is taken back"
                : "updates are on hold until " + LocalText.of(until, world.moments().zone()));
    remember(memory.withHold(Optional.of(until)));
    wake();
  }

  @Override
  public synchronized void unhold() {
    if (memory.hold().isPresent()) {
      world.log().notice("updates are not on hold any more");
    }
    remember(memory.withHold(Optional.empty()));
    wake();
  }

  @Override
  public void reboot() throws UpdateException {
    synchronized (this) {
      Optional<Parts.Part> host = host();
      if (isNewer(host.flatMap(Parts.Part::installed), host.flatMap(Parts.Part::booted))) {
        remember(
            memory.restarting(
                host.flatMap(Parts.Part::installed).orElse(""), world.moments().bootId()));
      }
    }
    world.log().notice("restarting the machine: somebody asked for it");
    world.reboot().reboot();
  }

  /** Every step with when and why, as it was decided last. */
  public synchronized List<Prospect> prospects() {
    return prospects;
  }

  @Override
  public synchronized List<String> explain() {
    return prospects.stream()
        .map(prospect -> PolicyText.sentence(prospect, world.moments().zone()))
        .toList();
  }

  /** Waits for what has still to be told; nothing is told afterwards. */
  public void close() {
    teller.shutdown();
    synchronized (this) {
      alarm.close();
    }
  }
}
