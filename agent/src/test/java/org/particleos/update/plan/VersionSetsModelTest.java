package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.catalog.Stage;
import org.particleos.update.catalog.Stock;
import org.particleos.update.plan.VersionSets.View;

/**
 * Compares the version sets with a slow model that follows the steps of update-algorithm.md 4.1 one
 * by one.
 */
class VersionSetsModelTest {
  private static final long SEED = 20261122;
  private static final int CASES = 4000;
  private static final int VERSIONS = 4;

  /** What one made-up transfer has. */
  private record Shelf(
      Map<Integer, Stage> held, Set<Integer> offered, int minVersion, Set<Integer> protects) {}

  private enum Flag {
    NEWEST,
    AVAILABLE,
    INSTALLED,
    OBSOLETE,
    PROTECTED,
    INCOMPLETE,
    PARTIAL,
    PENDING
  }

  @ParameterizedTest
  @EnumSource(View.class)
  void setsFlagsAndCandidateAreThoseOfTheModel(View view) {
    for (int number = 0; number < CASES; number++) {
      var random = new Random(SEED + number);
      List<Shelf> shelves = shelves(random, view);

      VersionSets sets =
          VersionSets.of(shelves.stream().map(VersionSetsModelTest::stock).toList(), view);

      String given = "seed " + (SEED + number) + ": " + shelves;
      var model = new Model(shelves, view);
      assertEquals(model.sets().toString(), flags(sets).toString(), given);
      assertEquals(
          model.candidate().toString(),
          sets.candidate()
              .map(set -> OptionalInt.of(Integer.parseInt(set.version().text())))
              .orElse(OptionalInt.empty())
              .toString(),
          given);
    }
  }

  private static List<Shelf> shelves(Random random, View view) {
    List<Shelf> shelves = new ArrayList<>();
    int transfers = 1 + random.nextInt(3);
    for (int i = 0; i < transfers; i++) {
      var held = new TreeMap<Integer, Stage>();
      var offered = new TreeSet<Integer>();
      for (int version = 1; version <= VERSIONS; version++) {
        switch (random.nextInt(6)) {
          case 0, 1 -> held.put(version, Stage.INSTALLED);
          case 2 -> held.put(version, random.nextBoolean() ? Stage.PARTIAL : Stage.PENDING);
          default -> {}
        }
        if (view == View.ONLINE && random.nextInt(4) > 0) {
          offered.add(version);
        }
      }
      int minVersion = random.nextInt(3) == 0 ? 1 + random.nextInt(VERSIONS + 1) : 0;
      Set<Integer> protects =
          random.nextInt(3) == 0 ? Set.of(1 + random.nextInt(VERSIONS)) : Set.of();
      shelves.add(new Shelf(held, offered, minVersion, protects));
    }
    return shelves;
  }

  private static org.particleos.update.catalog.Inventory stock(Shelf shelf) {
    var transfer =
        aTransfer("t")
            .protecting(shelf.protects.stream().map(String::valueOf).toArray(String[]::new));
    if (shelf.minVersion > 0) {
      transfer.minVersion(String.valueOf(shelf.minVersion));
    }
    Stock stock = Stock.of(transfer);
    shelf.held.forEach((version, stage) -> stock.holds(stage, String.valueOf(version)));
    shelf.offered.forEach(version -> stock.offers(String.valueOf(version)));
    return stock.inventory();
  }

  private static Map<Integer, Set<Flag>> flags(VersionSets sets) {
    return sets.all().stream()
        .collect(
            Collectors.toMap(
                set -> Integer.valueOf(set.version().text()),
                set -> flags(set.flags()),
                (a, b) -> {
                  throw new AssertionError("one version twice: " + a + b);
                },
                TreeMap::new));
  }

  private static Set<Flag> flags(VersionSet.Flags flags) {
    var on = EnumSet.noneOf(Flag.class);
    var values =
        Map.of(
            Flag.NEWEST, flags.newest(),
            Flag.AVAILABLE, flags.available(),
            Flag.INSTALLED, flags.installed(),
            Flag.OBSOLETE, flags.obsolete(),
            Flag.PROTECTED, flags.protectedVersion(),
            Flag.INCOMPLETE, flags.incomplete(),
            Flag.PARTIAL, flags.partial(),
            Flag.PENDING, flags.pending());
    values.forEach((flag, value) -> {
      if (value) {
        on.add(flag);
      }
    });
    return on;
  }

  /** The passes of section 4.1 with their boundary, cursor and the candidate on the way. */
  private static final class Model {
    private final List<Shelf> shelves;
    private final View view;

    Model(List<Shelf> shelves, View view) {
      this.shelves = shelves;
      this.view = view;
    }

    Map<Integer, Set<Flag>> sets() {
      return new Passes(shelves).sets;
    }

    /**
     * Of the passes over what is not stranded: unfinished downloads that no server completes are as
     * good as not there.
     */
    OptionalInt candidate() {
      List<Shelf> rest = new ArrayList<>();
      for (Shelf shelf : shelves) {
        var held = new HashMap<>(shelf.held);
        held.keySet().removeIf(this::stranded);
        rest.add(new Shelf(held, shelf.offered, shelf.minVersion, shelf.protects));
      }
      return new Passes(rest).candidate;
    }

    private boolean stranded(int version) {
      var stages = shelves.stream().map(s -> Optional.ofNullable(s.held.get(version))).toList();
      boolean begun =
          stages.contains(Optional.of(Stage.PARTIAL))
              || stages.contains(Optional.of(Stage.PENDING));
      boolean lacking =
          stages.contains(Optional.of(Stage.PARTIAL)) || stages.contains(Optional.<Stage>empty());
      boolean offered = shelves.stream().allMatch(s -> s.offered.contains(version));
      boolean installed = stages.contains(Optional.of(Stage.INSTALLED));
      return view == View.ONLINE && begun && lacking && !offered && !installed;
    }
  }

  private static final class Passes {
    private final List<Shelf> shelves;
    private final Map<Integer, Set<Flag>> sets = new TreeMap<>();
    private OptionalInt newestInstalled = OptionalInt.empty();
    private OptionalInt candidate = OptionalInt.empty();

    Passes(List<Shelf> shelves) {
      this.shelves = shelves;
      pass(Flag.INSTALLED);
      pass(Flag.AVAILABLE);
    }

    private Set<Integer> versions(Shelf shelf, Flag direction) {
      return direction == Flag.INSTALLED ? shelf.held.keySet() : shelf.offered;
    }

    private void pass(Flag direction) {
      int boundary = Integer.MAX_VALUE;
      boolean newestSeen = false;
      while (true) {
        // 1 and 2: the cursor.
        int limit = boundary;
        OptionalInt cursor =
            shelves.stream()
                .flatMap(shelf -> versions(shelf, direction).stream())
                .mapToInt(Integer::intValue)
                .filter(version -> version < limit)
                .max();
        if (cursor.isEmpty()) {
          break;
        }
        int version = cursor.getAsInt();
        boundary = version; // 5
        // 3 and 4: the instances and their flags.
        var flags = EnumSet.noneOf(Flag.class);
        boolean dropped = false;
        for (Shelf shelf : shelves) {
          boolean has = versions(shelf, direction).contains(version);
          if (!has && direction == Flag.AVAILABLE) {
            dropped = true;
          }
          if (!has && !flags.contains(Flag.PARTIAL) && !flags.contains(Flag.PENDING)) {
            flags.add(Flag.INCOMPLETE);
          }
          if (version < shelf.minVersion) {
            flags.add(Flag.OBSOLETE);
          }
          if (shelf.protects.contains(version)) {
            flags.add(Flag.PROTECTED);
          }
          if (direction == Flag.INSTALLED && has && shelf.held.get(version) != Stage.INSTALLED) {
            flags.remove(Flag.INCOMPLETE);
            flags.add(shelf.held.get(version) == Stage.PARTIAL ? Flag.PARTIAL : Flag.PENDING);
          }
        }
        if (dropped) {
          continue;
        }
        var existing = sets.get(version);
        if (existing != null) {
          // 6: what is there and offered, too.
          existing.add(direction);
          existing.addAll(flags);
          newestSeen = true;
          if (existing.containsAll(EnumSet.of(Flag.NEWEST, Flag.INSTALLED, Flag.INCOMPLETE))
              && !existing.contains(Flag.OBSOLETE)
              && candidate.isEmpty()) {
            candidate = OptionalInt.of(version);
          }
          continue;
        }
        // 7: a new set.
        flags.add(direction);
        if (!newestSeen) {
          flags.add(Flag.NEWEST);
        }
        newestSeen = true;
        sets.put(version, flags);
        if (flags.contains(Flag.NEWEST) && direction == Flag.INSTALLED) {
          newestInstalled = OptionalInt.of(version);
        }
        if (flags.contains(Flag.NEWEST)
            && direction == Flag.AVAILABLE
            && !flags.contains(Flag.OBSOLETE)) {
          candidate = OptionalInt.of(version);
        }
      }
      // After the pass. H-01: an older candidate goes, also if the newest one is incomplete.
      if (newestInstalled.isPresent()) {
        int newest = newestInstalled.getAsInt();
        Set<Flag> flags = sets.getOrDefault(newest, Set.of());
        boolean incomplete = flags.contains(Flag.INCOMPLETE);
        if (candidate.isPresent()
            && (newest > candidate.getAsInt() || (newest == candidate.getAsInt() && !incomplete))) {
          candidate = OptionalInt.empty();
        }
        boolean begun = flags.contains(Flag.PARTIAL) || flags.contains(Flag.PENDING);
        if (begun && candidate.isEmpty()) {
          candidate = newestInstalled;
        }
      }
    }
  }
}
