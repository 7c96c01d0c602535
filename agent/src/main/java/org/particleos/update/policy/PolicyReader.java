package org.particleos.update.policy;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.definition.Assignment;
import org.particleos.update.definition.ByteSize;
import org.particleos.update.definition.SafeName;
import org.particleos.update.definition.TimeSpan;
import org.particleos.update.definition.Warnings;
import org.particleos.update.pattern.FieldText;

/**
 * Makes a policy of the assignments in {@code agent.conf}. What is not understood is ignored with a
 * warning: a misspelled preference must not keep a machine from its updates.
 */
public final class PolicyReader {
  public static final String FILE = "agent.conf";

  private static final String AGENT = "Agent";
  private static final String COMPONENT = "Component ";

  /** The sections that there are. */
  public static final Set<String> SECTIONS = Set.of(AGENT, COMPONENT + "*");

  /** One for each day of the week, several times over. */
  static final int WINDOWS_MAX = 64;

  private final Warnings warnings;

  /** Components that have windows of their own, which replace those of [Agent]. */
  private final Set<String> ownWindows = new HashSet<>();

  private PolicyReader(Warnings warnings) {
    this.warnings = warnings;
  }

  /** Assignments in the order in which they take effect. Components take from [Agent]. */
  public static Policy read(List<Assignment> assignments, Warnings warnings) {
    var reader = new PolicyReader(warnings);
    Policy policy = Policy.defaults();
    for (Assignment assignment : assignments) {
      if (assignment.section().equals(AGENT)) {
        policy = reader.agent(policy, assignment);
      }
    }
    for (Assignment assignment : assignments) {
      if (assignment.section().startsWith(COMPONENT)) {
        policy = reader.component(policy, assignment);
      }
    }
    return policy;
  }

  private Policy agent(Policy policy, Assignment assignment) {
    return switch (assignment.key()) {
      case "CheckInterval" -> policy.withCheckInterval(interval(assignment, policy));
      case "CheckSpread" -> policy.withCheckSpread(span(assignment, policy.checkSpread()));
      case "BootDelay" -> policy.withBootDelay(span(assignment, policy.bootDelay()));
      case "RebootWindow" -> policy.withRebootWindows(windows(assignment, policy.rebootWindows()));
      case "RateLimit" ->
          policy.withRateLimit(ByteSize.rate(policy.rateLimit(), assignment, warnings));
      case "MinimumFreeSpace" ->
          policy.withMinimumFreeBytes(size(assignment, policy.minimumFreeBytes()));
      case "BootLoader" ->
          policy.withBootLoader(
              understood(
                  assignment,
                  FieldText.bool(assignment.value()),
                  policy.bootLoader(),
                  "it is yes or no"));
      default -> policy.withHost(rules(policy.host(), assignment));
    };
  }

  private Policy component(Policy policy, Assignment assignment) {
    String name = assignment.section().substring(COMPONENT.length()).strip();
    if (!SafeName.isComponent(name)) {
      warnings.ignored(assignment, "the section names no component");
      return policy;
    }
    Rules present = policy.components().getOrDefault(name, policy.forComponents());
    if (assignment.key().equals("InstallWindow") && ownWindows.add(name)) {
      present = present.withInstallWindows(Windows.ALWAYS);
    }
    Rules rules = rules(present, assignment);
    if (rules.upTo() == UpTo.REBOOT) {
      warnings.ignored(assignment, "of a component the daemon goes up to install");
      return policy;
    }
    return policy.withComponent(name, rules);
  }

  private Rules rules(Rules rules, Assignment assignment) {
    String value = assignment.value();
    return switch (assignment.key()) {
      case "UpTo" ->
          rules.withUpTo(
              understood(
                  assignment,
                  UpTo.parse(value),
                  rules.upTo(),
                  "it is none, check, download, install or reboot"));
      case "InstallWindow" -> rules.withInstallWindows(windows(assignment, rules.installWindows()));
      case "Metered" ->
          rules.withDownloadMetered(
              understood(
                  assignment,
                  switch (value) {
                    case "check" -> Optional.of(false);
                    case "download" -> Optional.of(true);
                    default -> Optional.empty();
                  },
                  rules.downloadMetered(),
                  "it is check or download"));
      case "OnBattery" ->
          rules.withBattery(
              understood(
                  assignment, Battery.parse(value), rules.battery(), "it is yes, no or as 30%"));
      case "HoldUntil" ->
          rules.withHold(value.isEmpty() ? Optional.empty() : hold(assignment).or(rules::hold));
      default -> {
        warnings.ignored(assignment, "[" + assignment.section() + "] has no such key");
        yield rules;
      }
    };
  }

  private Optional<Hold> hold(Assignment assignment) {
    Optional<Hold> hold = Hold.parse(assignment.value());
    if (hold.isEmpty()) {
      warnings.ignored(
          assignment, "it is a date as 2026-12-24, with a time as 2026-12-24 08:00, or forever");
    }
    return hold;
  }

  private <T> T understood(Assignment assignment, Optional<T> read, T present, String allowed) {
    if (read.isEmpty()) {
      warnings.ignored(assignment, allowed);
    }
    return read.orElse(present);
  }

  private Duration span(Assignment assignment, Duration present) {
    return understood(
        assignment,
        TimeSpan.parse(assignment.value()),
        present,
        "expected a span of time, as 90min or 6h");
  }

  private Duration interval(Assignment assignment, Policy policy) {
    Duration read = span(assignment, policy.checkInterval());
    if (read.compareTo(Policy.CHECK_FLOOR) < 0) {
      warnings.ignored(
          assignment, "checks are at least " + TimeSpan.text(Policy.CHECK_FLOOR) + " apart");
      return policy.checkInterval();
    }
    return read;
  }

  private long size(Assignment assignment, long present) {
    OptionalLong bytes = ByteSize.parse(assignment.value());
    if (bytes.isEmpty()) {
      warnings.ignored(assignment, "expected a number of bytes, as 500M or 2G");
    }
    return bytes.orElse(present);
  }

  /** Adds one; an empty value clears. */
  private Windows windows(Assignment assignment, Windows present) {
    if (assignment.value().isEmpty()) {
      return Windows.ALWAYS;
    }
    Optional<Window> window = Window.parse(assignment.value());
    if (window.isEmpty() || present.list().size() >= WINDOWS_MAX) {
      warnings.ignored(
          assignment,
          window.isEmpty()
              ? "expected a window, as Mon-Fri 22:00-04:00 or Sun 02:00-05:00 Europe/Berlin;"
                  + " outside of the other windows nothing is done"
              : "there are " + WINDOWS_MAX + " windows already");
      return present.andUnknown();
    }
    return present.and(window.get());
  }
}
