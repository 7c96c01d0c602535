package org.particleos.update.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.Transfer;
import org.particleos.update.plan.VersionSet.Flags;
import org.particleos.update.version.Version;

/**
 * All versions that are installed or offered, newest first, and the one an update without argument
 * would choose (update-algorithm.md 4).
 *
 * @param newestInstalled newest set of which some target holds something
 * @param candidate what {@code apply} would go for
 */
public record VersionSets(
    List<VersionSet> all, Optional<VersionSet> newestInstalled, Optional<VersionSet> candidate) {

  public VersionSets {
    all = List.copyOf(all);
  }

  /** Whether the sources were asked. Offline nothing is known of what they offer. */
  public enum View {
    ONLINE,
    OFFLINE
  }

  /** From what each enabled transfer has, in transfer order. */
  public static VersionSets of(List<Inventory> inventories, View view) {
    return of(inventories, view, Quarantined.NONE);
  }

  /**
   * The same on a machine where some versions did not come up.
   *
   * <p>Deviation: the reference knows of no failed start. Here what failed is neither chosen nor
   * the newest of anything, so that an older version that works can be followed by the next one.
   */
  public static VersionSets of(List<Inventory> inventories, View view, Quarantined quarantined) {
    List<Version> versions = new ArrayList<>();
    for (Inventory inventory : inventories) {
      inventory.held().forEach(instance -> versions.add(instance.version()));
      inventory.offered().forEach(instance -> versions.add(instance.version()));
    }
    versions.sort(Comparator.reverseOrder());

    List<VersionSet> sets = new ArrayList<>();
    boolean newestInstalledSeen = false;
    boolean newestOfferedSeen = false;
    Optional<Version> previous = Optional.empty();
    for (Version version : versions) {
      if (previous.isPresent() && previous.get().sameOrder(version)) {
        continue;
      }
      previous = Optional.of(version);
      List<Member> members =
          inventories.stream().map(inventory -> member(inventory, version, quarantined)).toList();
      boolean installed = members.stream().anyMatch(member -> member.held().isPresent());
      boolean available =
          !members.isEmpty() && members.stream().allMatch(member -> member.offered().isPresent());
      if (!installed && !available) {
        continue; // incomplete on the server: never shown
      }
      // "newest" is per direction; an installed set keeps what its own direction says.
      boolean barred = quarantined.bars(version);
      boolean newest = !barred && (installed ? !newestInstalledSeen : !newestOfferedSeen);
      newestInstalledSeen |= installed && !barred;
      newestOfferedSeen |= available && !barred;
      Version spelled = spelling(members, version, installed);
      sets.add(
          new VersionSet(
              spelled, members, flags(members, spelled, newest, available, installed, barred)));
    }
    Optional<VersionSet> newestInstalled =
        sets.stream()
            .filter(set -> set.flags().installed() && !set.flags().quarantined())
            .findFirst();
    return new VersionSets(sets, newestInstalled, candidate(sets, view));
  }

  /** The set of exactly this spelling (update-algorithm.md 6.1). */
  public Optional<VersionSet> named(String version) {
    return all.stream().filter(set -> set.version().text().equals(version)).findFirst();
  }

  /** The newest version that is in place as a whole and did not fail to come up. */
  public Optional<VersionSet> newestWhole() {
    return all.stream()
        .filter(VersionSet::whole)
        .filter(set -> !set.flags().quarantined())
        .findFirst();
  }

  private static Member member(Inventory inventory, Version version, Quarantined quarantined) {
    return new Member(
        inventory,
        // Of duplicates the most complete one counts, so that a leftover hides nothing.
        inventory.held().stream()
            .filter(instance -> instance.version().sameOrder(version))
            .filter(
                instance -> instance.stage() != Stage.INSTALLED || !quarantined.replaces(version))
            .max(Comparator.comparing(Instance::stage)),
        inventory.offered().stream()
            .filter(instance -> instance.version().sameOrder(version))
            .findFirst());
  }

  /**
   * The spelling first met: the installed one if there is one, of the first transfer that has it.
   */
  private static Version spelling(List<Member> members, Version fallback, boolean installed) {
    return members.stream()
        .flatMap(member -> (installed ? member.held() : member.offered()).stream())
        .map(Instance::version)
        .findFirst()
        .orElse(fallback);
  }

  private static Flags flags(
      List<Member> members,
      Version version,
      boolean newest,
      boolean available,
      boolean installed,
      boolean quarantined) {
    boolean partial = members.stream().anyMatch(Member::partial);
    boolean pending = members.stream().anyMatch(Member::pending);
    boolean missing = members.stream().anyMatch(member -> member.held().isEmpty());
    return new Flags(
        newest,
        available,
        installed,
        members.stream().map(VersionSets::transfer).anyMatch(t -> obsolete(t, version)),
        members.stream()
            .map(VersionSets::transfer)
            .anyMatch(t -> t.protectVersions().contains(version.text())),
        installed && missing && !partial && !pending,
        partial,
        pending,
        quarantined);
  }

  private static Transfer transfer(Member member) {
    return member.inventory().transfer().transfer();
  }

  private static boolean obsolete(Transfer transfer, Version version) {
    return transfer.minVersion().filter(min -> version.compareTo(min) < 0).isPresent();
  }

  /**
   * The newest offered version if it is newer than what is installed, or repairs it; else what was
   * begun and can be finished.
   *
   * <p>Deviation: H-01, a version older than the newest installed one is never the candidate, also
   * when that one is incomplete. Deviation: an unfinished download whose version is offered no
   * longer does not hold back others, since it can never be finished.
   */
  private static Optional<VersionSet> candidate(List<VersionSet> all, View view) {
    List<VersionSet> sets = all.stream().filter(set -> !set.flags().quarantined()).toList();
    Optional<VersionSet> newestOffered =
        sets.stream().filter(set -> set.flags().available()).findFirst();
    Optional<VersionSet> standing =
        sets.stream()
            .filter(set -> set.flags().installed())
            .filter(set -> view == View.OFFLINE || !stranded(set))
            .findFirst();
    Optional<VersionSet> offered =
        newestOffered
            .filter(set -> !set.flags().obsolete())
            .filter(set -> standing.isEmpty() || advances(set, standing.get()));
    if (offered.isPresent()) {
      return offered;
    }
    return standing.filter(set -> set.flags().pending() || set.flags().partial());
  }

  private static boolean advances(VersionSet offered, VersionSet standing) {
    int order = offered.version().compareTo(standing.version());
    if (order != 0) {
      return order > 0;
    }
    Flags flags = standing.flags();
    return flags.incomplete() || flags.partial() || flags.pending();
  }

  /** Begun, and what is missing is to be had nowhere. */
  private static boolean stranded(VersionSet set) {
    boolean unfinished =
        set.members().stream().anyMatch(m -> m.held().isEmpty() || m.partial() || m.outdated());
    return unfinished
        && (set.flags().partial() || set.flags().pending())
        && !set.flags().available()
        && set.members().stream().noneMatch(m -> m.is(Stage.INSTALLED));
  }
}
