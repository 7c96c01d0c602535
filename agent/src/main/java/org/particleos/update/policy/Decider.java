package org.particleos.update.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.particleos.update.definition.TimeSpan;
import org.particleos.update.policy.Facts.Part;
import org.particleos.update.policy.Facts.Trouble;
import org.particleos.update.version.Version;

/**
 * Decides what the daemon does by itself and when. All the branching is here; the same facts give
 * the same decision.
 */
public final class Decider {
  /**
   * After a common start or wake-up checks are spread over so much at most: a notebook that is used
   * for an hour is to be updated as well.
   */
  static final Duration WAKE_SPREAD_MAX = Duration.ofHours(1);

  /** The network comes up first. */
  static final Duration WAKE_DELAY = Duration.ofMinutes(1);

  /**
   * A machine that has just been started is not restarted: it must be possible to get hold of it.
   */
  static final Duration UPTIME_BEFORE_REBOOT = Duration.ofMinutes(10);

  /** Before that this program was not written: nobody has set the clock yet. */
  private static final Instant CLOCK_IS_SET = Instant.parse("2025-01-01T00:00:00Z");

  /** How much longer or shorter than they should be waits after failures are. */
  private static final double RETRY_SPREAD = 0.25;

  /** Doubling more often says nothing new. */
  private static final int DOUBLINGS_MAX = 10;

  private final Policy policy;
  private final Facts facts;

  private Decider(Policy policy, Facts facts) {
    this.policy = policy;
    this.facts = facts;
  }

  public static Decision decide(Policy policy, Facts facts) {
    return decide(prospects(policy, facts));
  }

  /** From what was found out before. */
  public static Decision decide(List<Prospect> prospects) {
    Optional<Instant> until = Optional.empty();
    List<String> reasons = new ArrayList<>();
    for (Prospect prospect : prospects) {
      switch (prospect.when()) {
        case When.Now() -> {
          return new Decision.Act(
              prospect.step(), prospect.component(), prospect.version(), prospect.reasons());
        }
        case When.At(var instant) -> {
          if (until.isEmpty() || instant.isBefore(until.get())) {
            until = Optional.of(instant);
          }
        }
        case When.OnChange(), When.ByHand(), When.Nothing() -> {}
      }
    }
    prospects.stream()
        .filter(prospect -> prospect.step() != Step.CHECK)
        .filter(Prospect::awaited)
        .forEach(prospect -> reasons.addAll(prospect.reasons()));
    prospects.stream()
        .filter(prospect -> prospect.step() == Step.CHECK)
        .forEach(prospect -> reasons.addAll(prospect.reasons()));
    return new Decision.Wait(until, List.copyOf(reasons));
  }

  /** Every step of every part, in the order in which they are taken. */
  public static List<Prospect> prospects(Policy policy, Facts facts) {
    var decider = new Decider(policy, facts);
    List<Prospect> prospects = new ArrayList<>();
    prospects.add(decider.check());
    for (Part part : facts.parts()) {
      prospects.add(decider.download(part));
      prospects.add(decider.install(part));
    }
    facts.parts().stream()
        .filter(part -> part.component().isEmpty())
        .forEach(part -> prospects.add(decider.reboot(part)));
    return List.copyOf(prospects);
  }

  // ---- The steps ----

  private Prospect check() {
    var step = new Draft(Step.CHECK, Optional.empty(), Optional.empty());
    boolean wanted =
        policy.host().upTo() != UpTo.NONE
            || policy.components().values().stream().anyMatch(rules -> rules.upTo() != UpTo.NONE);
    if (!wanted) {
      return step.byHand("UpTo=none: checks are made by hand");
    }
    if (facts.parts().isEmpty()) {
      return step.nothing("nothing is defined that could be updated");
    }
    Duration due = sinceLastCheck(step);
    Optional<Duration> sinceAttempt = facts.lastAttempt().flatMap(facts::since);
    if (facts.checkFailure().isPresent()) {
      Trouble trouble = facts.checkFailure().get();
      Duration retry = untilRetry(trouble, "check");
      // However long ago the last good one is, how it went since decides.
      due = retry;
      step.because(
          "the last check failed"
              + times(trouble)
              + ": "
              + trouble.what()
              + (retry.isPositive() ? "; the next one is in " + TimeSpan.text(retry) : ""));
    }
    if (sinceAttempt.isPresent()) {
      due = longer(due, Policy.CHECK_FLOOR.minus(sinceAttempt.get()));
    }
    if (facts.connection().online() == Answer.NO) {
      return step.onChange("there is no network");
    }
    return step.in(due);
  }

  /** How long until the next check, if all goes well. */
  private Duration sinceLastCheck(Draft step) {
    Duration period = policy.period(facts.share());
    Optional<Duration> since = facts.lastCheck().flatMap(facts::since);
    // When it became due nobody may have been there; then it is made up for soon after the start.
    boolean missed = since.isEmpty() || period.minus(since.get()).plus(facts.awake()).isNegative();
    if (!missed) {
      step.because(
          "the last check was "
              + TimeSpan.text(since.get())
              + " ago; this machine makes one every "
              + TimeSpan.text(period));
      return period.minus(since.get());
    }
    Duration delay = facts.awake().compareTo(facts.uptime()) < 0 ? WAKE_DELAY : policy.bootDelay();
    Duration spread = shorter(policy.checkSpread(), WAKE_SPREAD_MAX);
    Duration settled =
        delay.plus(Policy.part(spread, facts.share().of("wake/" + facts.occasion())));
    step.because(
        since.isEmpty()
            ? "no check is known of"
            : "the last check was "
                + TimeSpan.text(since.get())
                + " ago, before the machine "
                + (facts.awake().compareTo(facts.uptime()) < 0 ? "woke up" : "was started"));
    return settled.minus(facts.awake());
  }

  private Prospect download(Part part) {
    Rules rules = policy.rules(part.component());
    var step = new Draft(Step.DOWNLOAD, part.component(), part.available());
    if (part.available().isEmpty() || !advances(part.available(), part.installed())) {
      return step.nothing("nothing newer is offered" + passedOver(part));
    }
    String version = part.available().get();
    if (part.acquired().filter(version::equals).isPresent()) {
      return step.nothing("version " + version + " is here already");
    }
    if (part.failedToStart().contains(version)) {
      return step.byHand("version " + version + " did not come up on this machine");
    }
    if (!rules.upTo().includes(Step.DOWNLOAD)) {
      return step.byHand("UpTo=" + rules.upTo().text() + ": downloads are made by hand");
    }
    hold(rules, step);
    troubles(part, Step.DOWNLOAD, version, step);
    if (facts.connection().online() == Answer.NO) {
      step.blocked("there is no network");
    } else if (facts.connection().metered() == Answer.YES && !rules.downloadMetered()) {
      step.blocked("the network is metered (Metered=check)");
    }
    if (facts.freeBytes().isPresent()
        && facts.freeBytes().getAsLong() < policy.minimumFreeBytes()) {
      step.blocked(
          "only "
              + facts.freeBytes().getAsLong() / MEBI
              + " MiB are free (MinimumFreeSpace="
              + policy.minimumFreeBytes() / MEBI
              + "M)");
    }
    return step.done("version " + version + " is offered");
  }

  /** Newer ones that nobody takes by himself any more. */
  private static String passedOver(Part part) {
    return part.failedToStart().stream()
        .filter(version -> advances(Optional.of(version), part.installed()))
        .sorted()
        .map(version -> "; version " + version + " did not come up and is not taken again")
        .collect(Collectors.joining());
  }

  private static final long MEBI = 1L << 20;

  private Prospect install(Part part) {
    Rules rules = policy.rules(part.component());
    var step = new Draft(Step.INSTALL, part.component(), part.acquired());
    if (part.acquired().isEmpty() || !advances(part.acquired(), part.installed())) {
      return step.nothing("nothing waits to be installed");
    }
    String version = part.acquired().get();
    if (part.failedToStart().contains(version)) {
      return step.byHand("version " + version + " did not come up on this machine");
    }
    if (!rules.upTo().includes(Step.INSTALL)) {
      return step.byHand("UpTo=" + rules.upTo().text() + ": installing is done by hand");
    }
    hold(rules, step);
    troubles(part, Step.INSTALL, version, step);
    rules.battery().objection(facts.energy()).ifPresent(step::blocked);
    window("install", rules.installWindows(), step);
    return step.done("version " + version + " is downloaded");
  }

  private Prospect reboot(Part part) {
    var step = new Draft(Step.REBOOT, part.component(), part.installed());
    if (part.installed().isEmpty()
        || part.booted().isEmpty()
        || !advances(part.installed(), part.booted())) {
      return step.nothing("a restart would bring nothing");
    }
    String version = part.installed().get();
    if (part.failedToStart().contains(version)) {
      return step.byHand("version " + version + " did not come up on this machine");
    }
    if (!policy.host().upTo().includes(Step.REBOOT)) {
      return step.byHand(
          "UpTo="
              + policy.host().upTo().text()
              + ": the machine is restarted by hand, which brings version "
              + version);
    }
    hold(policy.host(), step);
    troubles(part, Step.REBOOT, version, step);
    policy.host().battery().objection(facts.energy()).ifPresent(step::blocked);
    window("restart", policy.rebootWindows(), step);
    if (facts.uptime().compareTo(UPTIME_BEFORE_REBOOT) < 0) {
      step.after(UPTIME_BEFORE_REBOOT.minus(facts.uptime()), "the machine was started just now");
    }
    return step.done("version " + version + " is installed, and an older one runs");
  }

  // ---- What may be in the way ----

  /** Whether whatever changes the operating system is to be left alone for now. */
  public static boolean onHold(Policy policy, Facts facts) {
    return new Decider(policy, facts).heldUntil(policy.host()).isPresent();
  }

  private Optional<Instant> heldUntil(Rules rules) {
    Optional<Instant> configured = rules.hold().map(hold -> hold.until(facts.zone()));
    Optional<Instant> until =
        configured.isPresent() && facts.hold().isPresent()
            ? Optional.of(
                configured.get().isAfter(facts.hold().get())
                    ? configured.get()
                    : facts.hold().get())
            : configured.or(facts::hold);
    return until.filter(facts.now()::isBefore);
  }

  private void hold(Rules rules, Draft step) {
    Optional<Instant> until = heldUntil(rules);
    if (until.isEmpty()) {
      return;
    }
    if (until.get().equals(Instant.MAX)) {
      step.blocked("updates are on hold without end");
    } else {
      step.until(until.get(), "updates are on hold until " + local(until.get()));
    }
  }

  private void troubles(Part part, Step kind, String version, Draft step) {
    part.trouble(kind, version)
        .ifPresent(trouble -> {
          Duration retry = untilRetry(trouble, kind.text());
          if (retry.isPositive()) {
            step.after(
                retry,
                (trouble.kind() == Trouble.Kind.CANCELLED
                        ? "somebody stopped it"
                        : "the last attempt failed" + times(trouble) + ": " + trouble.what())
                    + "; the next one is in "
                    + TimeSpan.text(retry));
          }
        });
  }

  private void window(String what, Windows windows, Draft step) {
    if (windows.always()) {
      return;
    }
    if (windows.list().isEmpty()) {
      step.blocked("the " + what + " window in " + PolicyReader.FILE + " is not understood");
      return;
    }
    if (facts.now().isBefore(CLOCK_IS_SET)) {
      step.blocked("the clock is not set, and there is a window for it");
      return;
    }
    Optional<Window.Span> next = Optional.empty();
    Optional<Window> whose = Optional.empty();
    for (Window window : windows.list()) {
      Optional<Window.Span> span = window.at(facts.now(), facts.zone());
      if (span.isPresent() && (next.isEmpty() || span.get().from().isBefore(next.get().from()))) {
        next = span;
        whose = Optional.of(window);
      }
    }
    if (next.isEmpty()) {
      // All fall into hours that do not exist this time; a day later that is over.
      step.after(Duration.ofDays(1), "no " + what + " window is in sight");
    } else if (!next.get().contains(facts.now())) {
      step.until(
          next.get().from(),
          "the "
              + what
              + " window ("
              + whose.map(Window::toString).orElse("")
              + ") opens "
              + local(next.get().from()));
    }
  }

  /** How long from now until a failed step is tried again; zero or less for at once. */
  private Duration untilRetry(Trouble trouble, String purpose) {
    Duration first =
        switch (trouble.kind()) {
          case NETWORK, DIED -> Duration.ofMinutes(5);
          case BUSY -> Duration.ofMinutes(2);
          case TRUST, SPACE -> Duration.ofHours(1);
          case OTHER -> Duration.ofMinutes(30);
          case CANCELLED -> Duration.ofHours(6);
        };
    Duration longest =
        switch (trouble.kind()) {
          case NETWORK -> Duration.ofHours(6);
          case BUSY -> Duration.ofMinutes(30);
          case TRUST, SPACE, OTHER, CANCELLED, DIED -> Duration.ofDays(1);
        };
    int doublings = Math.min(trouble.count() - 1, DOUBLINGS_MAX);
    Duration wait = shorter(first.multipliedBy(1L << doublings), longest);
    // Machines that failed together do not come back together.
    double factor =
        1
            - RETRY_SPREAD
            + 2 * RETRY_SPREAD * facts.share().of("retry/" + purpose + "/" + trouble.count());
    Duration spread = Duration.ofMillis((long) (wait.toMillis() * factor));
    // Of a moment that cannot be told nothing is remembered that could hold anything back.
    return facts.since(trouble.last()).map(spread::minus).orElse(Duration.ZERO);
  }

  private static String times(Trouble trouble) {
    return trouble.count() > 1 ? " (" + trouble.count() + " times in a row)" : "";
  }

  private String local(Instant instant) {
    return LocalText.of(instant, facts.zone());
  }

  /** Whether one version is newer; anything is newer than nothing. */
  private static boolean advances(Optional<String> version, Optional<String> than) {
    Optional<Version> one = version.flatMap(Version::parse);
    Optional<Version> other = than.flatMap(Version::parse);
    return one.isPresent() && (other.isEmpty() || one.get().compareTo(other.get()) > 0);
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** A prospect in the making: what is in the way is collected, the last of it decides when. */
  private final class Draft {
    private final Step step;
    private final Optional<String> component;
    private final Optional<String> version;
    private final List<String> reasons = new ArrayList<>();
    private Optional<Instant> notBefore = Optional.empty();
    private boolean blocked;

    Draft(Step step, Optional<String> component, Optional<String> version) {
      this.step = step;
      this.component = component;
      this.version = version;
    }

    void because(String reason) {
      reasons.add(reason);
    }

    void blocked(String reason) {
      blocked = true;
      reasons.add(reason);
    }

    void until(Instant instant, String reason) {
      if (notBefore.isEmpty() || instant.isAfter(notBefore.get())) {
        notBefore = Optional.of(instant);
      }
      reasons.add(reason);
    }

    void after(Duration duration, String reason) {
      until(facts.now().plus(duration), reason);
    }

    private Prospect ends(When when) {
      return new Prospect(step, component, version, when, reasons);
    }

    Prospect nothing(String reason) {
      reasons.add(reason);
      return ends(new When.Nothing());
    }

    Prospect byHand(String reason) {
      reasons.add(reason);
      return ends(new When.ByHand());
    }

    Prospect onChange(String reason) {
      reasons.addFirst(reason);
      return ends(new When.OnChange());
    }

    Prospect in(Duration due) {
      return ends(due.isPositive() ? new When.At(facts.now().plus(due)) : new When.Now());
    }

    /**
     * @param reason for doing it, if nothing is in the way
     */
    Prospect done(String reason) {
      if (blocked) {
        return ends(new When.OnChange());
      }
      if (notBefore.isPresent()) {
        return ends(new When.At(notBefore.get()));
      }
      reasons.add(reason);
      return ends(new When.Now());
    }
  }
}
