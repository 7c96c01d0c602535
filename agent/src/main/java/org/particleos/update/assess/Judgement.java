package org.particleos.update.assess;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.plan.Quarantined;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.version.Version;

/**
 * Which versions did not come up, from what boot entries count and what is remembered. Pure: the
 * same facts give the same judgement.
 *
 * @param failed of the target that was looked at, oldest first; without those that run now
 * @param remembered what is to be remembered from now on
 */
public record Judgement(List<FailedVersion> failed, List<FailedVersion> remembered) {
  /** Before that this program was not written: nobody has set the clock yet. */
  private static final Instant CLOCK_IS_SET = Instant.parse("2025-01-01T00:00:00Z");

  public static final Judgement NOTHING = new Judgement(List.of(), List.of());

  public Judgement {
    failed = List.copyOf(failed);
    remembered = List.copyOf(remembered);
  }

  /**
   * What it is judged by.
   *
   * @param target name of the definitions
   * @param quarantine what was remembered
   * @param running what runs
   * @param health how checks of earlier starts ended
   * @param now by the wall clock, which may be wrong
   */
  public record Case(
      String target, Quarantine quarantine, RunningBoot running, HealthLog health, Instant now) {}

  /** Judges what the enabled transfers hold and, unless offline, are offered. */
  public static Judgement of(Case facts, List<Inventory> enabled, View view) {
    Map<Version, OptionalLong> usedUp = usedUp(enabled);
    List<FailedVersion> all = new ArrayList<>();
    for (FailedVersion known : facts.quarantine().of(facts.target())) {
      if (!settled(known.version(), facts.running(), enabled)) {
        OptionalLong tries = counted(usedUp, known.version());
        all.add(tries.isPresent() ? known.withTries(tries) : known);
      }
    }
    usedUp.forEach((version, tries) -> {
      boolean news = all.stream().noneMatch(known -> known.version().sameOrder(version));
      if (news && !facts.running().runs(version)) {
        all.add(noticed(version, tries, facts));
      }
    });
    if (view == View.ONLINE) {
      all.replaceAll(each -> compared(each, enabled));
    }
    // What is running now has come up, though that may have been its last try.
    List<FailedVersion> failed =
        all.stream().filter(each -> !facts.running().runs(each.version())).toList();
    return new Judgement(failed, all);
  }

  private static FailedVersion noticed(Version version, OptionalLong tries, Case facts) {
    return new FailedVersion(
        version,
        tries,
        Optional.of(facts.now()).filter(now -> !now.isBefore(CLOCK_IS_SET)),
        facts.health().complaint(version.text()),
        facts.running().version().map(Version::text),
        facts
            .quarantine()
            .build(facts.target(), version)
            .map(Quarantine.Build::digests)
            .orElse(Map.of()),
        false);
  }

  /** Versions whose boot entry has no tries left, after some were made. */
  private static Map<Version, OptionalLong> usedUp(List<Inventory> enabled) {
    Map<Version, OptionalLong> usedUp = new HashMap<>();
    for (Instance.InDirectory entry : RunningBoot.entries(enabled)) {
      OptionalLong left = entry.metadata().triesLeft();
      OptionalLong done = entry.metadata().triesDone();
      // None left and none made: whoever named it so meant it not to be tried, and it never was.
      if (left.isPresent() && left.getAsLong() == 0 && done.orElse(0) > 0) {
        usedUp.put(entry.version(), done);
      }
    }
    return usedUp;
  }

  private static OptionalLong counted(Map<Version, OptionalLong> usedUp, Version version) {
    return usedUp.entrySet().stream()
        .filter(each -> each.getKey().sameOrder(version))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(OptionalLong.empty());
  }

  /** Whether a version that failed once need not be remembered any longer. */
  private static boolean settled(Version version, RunningBoot running, List<Inventory> enabled) {
    boolean confirmed = running.standing() instanceof Standing.Blessed;
    if (confirmed && running.version().filter(v -> v.compareTo(version) >= 0).isPresent()) {
      return true; // it came up after all, or a newer one did
    }
    // Somebody gave it tries again, or found it good.
    return RunningBoot.entries(enabled).stream()
        .filter(entry -> entry.version().sameOrder(version))
        .anyMatch(entry -> entry.metadata().triesLeft().orElse(1) > 0);
  }

  /** Whether the source offers another build by now. */
  private static FailedVersion compared(FailedVersion failed, List<Inventory> enabled) {
    Map<String, Set<String>> offered = digests(enabled, failed.version());
    if (offered.isEmpty()) {
      return failed;
    }
    if (failed.digests().isEmpty()) {
      return failed.withDigests(offered);
    }
    boolean other =
        offered.entrySet().stream()
            .anyMatch(each -> {
              Set<String> before = failed.digests().getOrDefault(each.getKey(), Set.of());
              return !before.isEmpty() && Collections.disjoint(before, each.getValue());
            });
    return failed.withRebuilt(other);
  }

  /** Digests of all that is offered of a version, by transfer. */
  public static Map<String, Set<String>> digests(List<Inventory> enabled, Version version) {
    Map<String, Set<String>> digests = new HashMap<>();
    for (Inventory inventory : enabled) {
      var values = new HashSet<String>();
      inventory.offered().stream()
          .filter(offer -> offer.version().sameOrder(version))
          .flatMap(offer -> offer.metadata().sha256().stream())
          .forEach(digest -> values.add(digest.toString()));
      if (!values.isEmpty()) {
        digests.put(inventory.transfer().id(), Set.copyOf(values));
      }
    }
    return digests;
  }

  /** What decisions have to heed. Only sources tell what is another build. */
  public Quarantined quarantined(View view) {
    return new Quarantined(
        failed.stream()
            .filter(each -> view == View.OFFLINE || !each.rebuilt())
            .map(FailedVersion::version)
            .toList(),
        failed.stream()
            .filter(each -> view == View.ONLINE && each.rebuilt())
            .map(FailedVersion::version)
            .toList());
  }
}
