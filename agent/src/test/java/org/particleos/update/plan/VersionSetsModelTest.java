package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.catalog.Stage;
import org.particleos.update.catalog.Stock;
import org.particleos.update.plan.VersionSets.View;

/**
 * Compares the version sets with a slow model that follows the steps of update-algorithm.md 4.1 one
 * by one, as they are written. Where the program means to differ there is a {@link Deviation}, and
 * each of them has to turn up.
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

  /** On purpose other than the steps. */
  private enum Deviation {
    /** H-01: an older version is never the candidate, also if the newest one is incomplete. */
    NEVER_BACKWARDS,
    /** An unfinished download that no server completes is as good as not there. */
    STRANDED
  }

  @ParameterizedTest
  @EnumSource(View.class)
  void setsAndFlagsAreThoseOfTheModel(View view) {
    for (int number = 0; number < CASES; number++) {
      List<Shelf> shelves = shelves(new Random(SEED + number), view);

      assertEquals(
          new Passes(shelves, Set.of()).sets.toString(),
          flags(sets(shelves, view)).toString(),
          given(number, shelves));
    }
  }

  @ParameterizedTest
  @EnumSource(View.class)
  void theCandidateIsThatOfTheModelExceptForTheDeviations(View view) {
    var turnedUp = EnumSet.noneOf(Deviation.class);
    for (int number = 0; number < CASES; number++) {
      List<Shelf> shelves = shelves(new Random(SEED + number), view);

      OptionalInt candidate =
          sets(shelves, view)
              .candidate()
              .map(set -> OptionalInt.of(Integer.parseInt(set.version().text())))
              .orElse(OptionalInt.empty());

      String given = given(number, shelves);
      OptionalInt literal = new Passes(shelves, Set.of()).candidate;
      if (candidate.equals(literal)) {
        continue;
      }
      var why = deviation(shelves, view);
      turnedUp.add(
          why.orElseThrow(
              () -> new AssertionError(given + ": " + candidate + " instead of " + literal)));
      List<Shelf> judged =
          why.equals(Optional.of(Deviation.STRANDED)) ? withoutStranded(shelves, view) : shelves;
      assertEquals(
          new Passes(judged, Set.of(Deviation.NEVER_BACKWARDS)).candidate, candidate, given);
    }

    // Offline no server completes anything, so nothing is stranded, and nothing older is offered.
    assertEquals(view == View.ONLINE ? EnumSet.allOf(Deviation.class) : Set.of(), turnedUp);
  }

  /** Each deviation for itself, in its smallest case. */
  @Test
  void theModelIsTheReferenceAndTheProgramIsNot() {
    var incomplete = List.of(shelf(Map.of(5, Stage.INSTALLED), 4), shelf(Map.of(), 4));
    var stranded = List.of(shelf(Map.of(9, Stage.PARTIAL), 8), shelf(Map.of(), 8));

    assertEquals(OptionalInt.of(4), new Passes(incomplete, Set.of()).candidate);
    assertEquals(Optional.empty(), sets(incomplete, View.ONLINE).candidate());
    assertEquals(OptionalInt.of(9), new Passes(stranded, Set.of()).candidate);
    assertEquals("8", sets(stranded, View.ONLINE).candidate().orElseThrow().version().text());
  }

  /** What there must be for the program to differ; empty if it must not. */
  private static Optional<Deviation> deviation(List<Shelf> shelves, View view) {
    if (!withoutStranded(shelves, view).equals(shelves)) {
      return Optional.of(Deviation.STRANDED);
    }
    var newest =
        shelves.stream().flatMap(shelf -> shelf.held.keySet().stream()).max(Integer::compare);
    boolean incomplete =
        newest.isPresent()
            && shelves.stream().anyMatch(shelf -> !shelf.held.containsKey(newest.get()));
    return incomplete ? Optional.of(Deviation.NEVER_BACKWARDS) : Optional.empty();
  }

  private static List<Shelf> withoutStranded(List<Shelf> shelves, View view) {
    List<Shelf> rest = new ArrayList<>();
    for (Shelf shelf : shelves) {
      var held = new TreeMap<>(shelf.held);
      held.keySet().removeIf(version -> view == View.ONLINE && stranded(shelves, version));
      rest.add(new Shelf(held, shelf.offered, shelf.minVersion, shelf.protects));
    }
    return rest;
  }

  private static boolean stranded(List<Shelf> shelves, int version) {
    var stages = shelves.stream().map(s -> Optional.ofNullable(s.held.get(version))).toList();
    boolean partial = stages.contains(Optional.of(Stage.PARTIAL));
    boolean begun = partial || stages.contains(Optional.of(Stage.PENDING));
    boolean lacking = partial || stages.contains(Optional.<Stage>empty());
    boolean offered = shelves.stream().allMatch(s -> s.offered.contains(version));
    return begun && lacking && !offered && !stages.contains(Optional.of(Stage.INSTALLED));
  }

  private static Shelf shelf(Map<Integer, Stage> held, Integer... offered) {
    return new Shelf(held, Set.of(offered), 0, Set.of());
  }

  private static String given(int number, List<Shelf> shelves) {
    return "seed " + (SEED + number) + ": " + shelves;
  }

  private static VersionSets sets(List<Shelf> shelves, View view) {
    return VersionSets.of(shelves.stream().map(VersionSetsModelTest::stock).toList(), view);
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

  /** The passes with their boundary, cursor and the candidate on the way. */
  private static final class Passes {
    private final List<Shelf> shelves;
    private final Set<Deviation> deviations;
    private final Map<Integer, Set<Flag>> sets = new TreeMap<>();
    private OptionalInt newestInstalled = OptionalInt.empty();
    private OptionalInt candidate = OptionalInt.empty();

    Passes(List<Shelf> shelves, Set<Deviation> deviations) {
      this.shelves = shelves;
      this.deviations = deviations;
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
      // After the pass.
      if (newestInstalled.isPresent()) {
        int newest = newestInstalled.getAsInt();
        Set<Flag> flags = sets.getOrDefault(newest, Set.of());
        boolean incomplete = flags.contains(Flag.INCOMPLETE);
        boolean older = candidate.isPresent() && candidate.getAsInt() < newest;
        boolean same = candidate.isPresent() && candidate.getAsInt() == newest;
        if ((!incomplete && (older || same))
            || (older && deviations.contains(Deviation.NEVER_BACKWARDS))) {
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
