package org.particleos.update.policy;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What the administrator decides about updates without being asked: the values of {@code
 * agent.conf}.
 *
 * @param checkInterval least time from one check to the next; at least {@link #CHECK_FLOOR}
 * @param checkSpread up to so much longer, on each machine always the same
 * @param bootDelay after the start of the machine nothing is asked for so long
 * @param host for the operating system
 * @param components where rules of components differ from those
 * @param rebootWindows when the machine may be restarted
 * @param rateLimit bytes per second for all downloads together; empty for none
 * @param minimumFreeBytes of the file system with the state, without which nothing is downloaded
 * @param bootLoader whether our boot loader is kept fresh
 */
public record Policy(
    Duration checkInterval,
    Duration checkSpread,
    Duration bootDelay,
    Rules host,
    Map<String, Rules> components,
    Windows rebootWindows,
    OptionalLong rateLimit,
    long minimumFreeBytes,
    boolean bootLoader) {
  /** No policy makes a machine ask its server oftener. */
  public static final Duration CHECK_FLOOR = Duration.ofMinutes(5);

  public Policy {
    components = Map.copyOf(new TreeMap<>(components));
    if (checkInterval.compareTo(CHECK_FLOOR) < 0
        || checkSpread.isNegative()
        || bootDelay.isNegative()
        || minimumFreeBytes < 0
        || rateLimit.orElse(1) < 1) {
      throw new IllegalArgumentException("spans and sizes are not negative");
    }
  }

  /**
   * What holds without any file. As often as the reference's timer, at most once in two hours and
   * at least once in six. Up to installing, since that touches nothing of what is running and the
   * next restart brings the new version; never a restart, which would cost somebody their work.
   */
  public static Policy defaults() {
    return new Policy(
        Duration.ofHours(2),
        Duration.ofHours(4),
        Duration.ofMinutes(15),
        new Rules(UpTo.INSTALL, Windows.ALWAYS, false, new Battery.AtLeast(30), Optional.empty()),
        Map.of(),
        Windows.ALWAYS,
        OptionalLong.empty(),
        0,
        true);
  }

  public Rules rules(Optional<String> component) {
    return component.map(name -> components.getOrDefault(name, forComponents())).orElse(host);
  }

  /** Nothing of a component is restarted into by itself. */
  Rules forComponents() {
    return host.upTo() == UpTo.REBOOT ? host.withUpTo(UpTo.INSTALL) : host;
  }

  /** The longest time from one check to the next on this machine, were nothing in the way. */
  Duration period(Share share) {
    return checkInterval.plus(part(checkSpread, share.of("check")));
  }

  static Duration part(Duration whole, double share) {
    return Duration.ofMillis((long) (whole.toMillis() * share));
  }

  Policy withCheckInterval(Duration other) {
    return new Policy(
        other,
        checkSpread,
        bootDelay,
        host,
        components,
        rebootWindows,
        rateLimit,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withCheckSpread(Duration other) {
    return new Policy(
        checkInterval,
        other,
        bootDelay,
        host,
        components,
        rebootWindows,
        rateLimit,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withBootDelay(Duration other) {
    return new Policy(
        checkInterval,
        checkSpread,
        other,
        host,
        components,
        rebootWindows,
        rateLimit,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withHost(Rules other) {
    return new Policy(
        checkInterval,
        checkSpread,
        bootDelay,
        other,
        components,
        rebootWindows,
        rateLimit,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withComponent(String name, Rules rules) {
    Map<String, Rules> more = new TreeMap<>(components);
    more.put(name, rules);
    return new Policy(
        checkInterval,
        checkSpread,
        bootDelay,
        host,
        more,
        rebootWindows,
        rateLimit,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withRebootWindows(Windows other) {
    return new Policy(
        checkInterval,
        checkSpread,
        bootDelay,
        host,
        components,
        other,
        rateLimit,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withRateLimit(OptionalLong other) {
    return new Policy(
        checkInterval,
        checkSpread,
        bootDelay,
        host,
        components,
        rebootWindows,
        other,
        minimumFreeBytes,
        bootLoader);
  }

  Policy withMinimumFreeBytes(long other) {
    return new Policy(
        checkInterval,
        checkSpread,
        bootDelay,
        host,
        components,
        rebootWindows,
        rateLimit,
        other,
        bootLoader);
  }

  /** The same with the boot loader kept fresh or not. */
  public Policy withBootLoader(boolean other) {
    return new Policy(
        checkInterval,
        checkSpread,
        bootDelay,
        host,
        components,
        rebootWindows,
        rateLimit,
        minimumFreeBytes,
        other);
  }
}
