package org.particleos.update.update;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BinaryOperator;
import org.particleos.update.install.CountedEntry;
import org.particleos.update.version.Version;

/**
 * What brings the entries of one transfer on a further boot partition into step with those on the
 * primary one. Decides by names and sizes; touches nothing.
 *
 * <p>Entries are the same if their names are, but for the counter of tries. Of two counters the one
 * that tells more of a boot loader's experience wins, whichever partition the machine was started
 * from:
 *
 * <ol>
 *   <li>an entry on the further partition that was found good (no counter) stays so;
 *   <li>one whose tries are used up there stays so: nothing is ever revived in passing;
 *   <li>one that was found good on the primary one is so on the further one, too;
 *   <li>else the counter with fewer tries left wins: no entry gets tries back.
 * </ol>
 *
 * The names on the primary partition are never changed by this.
 *
 * @param copies in the order in which they are to be made: what was found good first, then the
 *     newest
 * @param renames of entries that hold the right thing
 * @param surplus what the primary partition does not have (any more), and further names of what it
 *     has, oldest first
 * @param kept what holds the right thing, as far as names and sizes tell
 */
record StepPlan(List<Copy> copies, List<Rename> renames, List<Entry> surplus, List<Kept> kept) {
  /**
   * A file that is installed.
   *
   * @param name relative to the directory of the target
   */
  record Entry(String name, Version version, long sizeBytes) {
    String key() {
      return CountedEntry.withoutCounter(name);
    }
  }

  /**
   * Something that is missing, or whose content is another one.
   *
   * @param outdated what is there instead, under whatever name
   */
  record Copy(Entry primary, Optional<Entry> outdated) {}

  /** A name with another counter than the one that is to be there. */
  record Rename(Entry primary, Entry further) {}

  record Kept(Entry primary, Entry further) {}

  StepPlan {
    copies = List.copyOf(copies);
    renames = List.copyOf(renames);
    surplus = List.copyOf(surplus);
    kept = List.copyOf(kept);
  }

  /** Whether nothing is to be done. */
  boolean inStep() {
    return copies.isEmpty() && renames.isEmpty() && surplus.isEmpty();
  }

  /**
   * Plans.
   *
   * @param different names on the further partition of which it is known that their content is
   *     another one, though names and sizes are right
   */
  static StepPlan of(List<Entry> primary, List<Entry> further, Set<String> different) {
    Map<String, Entry> wanted = byKey(primary);
    Map<String, Entry> there = byKey(further);
    List<Copy> copies = new ArrayList<>();
    List<Rename> renames = new ArrayList<>();
    List<Kept> kept = new ArrayList<>();
    for (Map.Entry<String, Entry> each : wanted.entrySet()) {
      Entry ours = each.getValue();
      Optional<Entry> theirs = Optional.ofNullable(there.get(each.getKey()));
      if (theirs.isEmpty()
          || theirs.get().sizeBytes() != ours.sizeBytes()
          || different.contains(theirs.get().name())) {
        copies.add(new Copy(ours, theirs));
        continue;
      }
      kept.add(new Kept(ours, theirs.get()));
      if (!name(ours.name(), theirs.get().name()).equals(theirs.get().name())) {
        renames.add(new Rename(ours, theirs.get()));
      }
    }
    copies.sort(
        Comparator.comparing(
                (Copy copy) -> CountedEntry.triesLeft(copy.primary().name()).isPresent())
            .thenComparing(copy -> copy.primary().version(), Comparator.reverseOrder()));
    List<Entry> surplus =
        further.stream()
            .filter(entry -> !wanted.containsKey(entry.key()) || !there.containsValue(entry))
            .sorted(Comparator.comparing(Entry::version).thenComparing(Entry::name))
            .toList();
    return new StepPlan(copies, renames, surplus, kept);
  }

  /**
   * One for each: half a rename leaves two names of the same. What was found good comes first, then
   * what has the fewest tries left.
   */
  private static Map<String, Entry> byKey(List<Entry> entries) {
    BinaryOperator<Entry> first =
        BinaryOperator.minBy(
            Comparator.comparingLong(entry -> CountedEntry.triesLeft(entry.name()).orElse(-1)));
    Map<String, Entry> byKey = new LinkedHashMap<>();
    entries.forEach(entry -> byKey.merge(entry.key(), entry, first));
    return byKey;
  }

  /** The name that an entry is to have on the further partition, by the rules above. */
  static String name(String primary, String further) {
    OptionalLong there = CountedEntry.triesLeft(further);
    OptionalLong here = CountedEntry.triesLeft(primary);
    if (there.isEmpty() || there.getAsLong() == 0) {
      return further;
    }
    return here.isEmpty() || here.getAsLong() <= there.getAsLong() ? primary : further;
  }
}
