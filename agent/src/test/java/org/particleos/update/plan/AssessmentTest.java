package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.plan.VersionSet.Flags;

class AssessmentTest {
  private static final List<String> FLAGS =
      List.of(
          "newest",
          "available",
          "installed",
          "obsolete",
          "protected",
          "incomplete",
          "partial",
          "pending");

  /** The table of update-algorithm.md 5: flags that are set, flags that may be, and the string. */
  @ParameterizedTest
  @CsvSource({
    "'', '', n/a",
    "installed newest, protected available, current",
    "installed newest pending, protected available, current+pending",
    "installed newest partial, protected available pending, current+partial",
    "available newest, protected, candidate",
    "installed, available, installed",
    "installed protected, available, protected",
    "available, protected, available",
    "installed incomplete newest, protected available, current+incomplete",
    "installed incomplete, available, installed+incomplete",
    "installed incomplete protected, available, protected+incomplete",
    "installed obsolete newest, protected available, current+obsolete",
    "installed obsolete, available, installed+obsolete",
    "installed obsolete protected, available, protected+obsolete",
    "available obsolete, protected newest, available+obsolete",
    "installed obsolete incomplete newest, protected available, current+obsolete+incomplete",
    "installed obsolete incomplete, available, installed+obsolete+incomplete",
    "installed obsolete incomplete protected, available, protected+obsolete+incomplete",
  })
  void theTableOfTheSpecificationIsKept(String set, String optional, String expected) {
    var always = words(set);
    var maybe = new ArrayList<>(words(optional));

    assertAll(
        IntStream.range(0, 1 << maybe.size())
            .mapToObj(bits -> {
              var on = new TreeSet<>(always);
              IntStream.range(0, maybe.size())
                  .filter(i -> ((bits >> i) & 1) != 0)
                  .forEach(i -> on.add(maybe.get(i)));
              return (Executable)
                  () -> assertEquals(expected, Assessment.of(flags(on)), on.toString());
            }));
  }

  /** H-02: the reference aborts on these. */
  @ParameterizedTest
  @CsvSource({
    "installed pending, installed+pending",
    "installed partial, installed+partial",
    "installed partial pending, installed+partial",
    "installed obsolete newest pending, current+obsolete+pending",
    "installed obsolete partial, installed+obsolete+partial",
    "installed protected pending, protected+pending",
  })
  void combinationsWithoutNameInTheReferenceHaveOne(String set, String expected) {
    assertEquals(expected, Assessment.of(flags(words(set))));
  }

  @Test
  void everyCombinationHasANameOfKnownWordsAndOneMeaning() {
    var known =
        Set.of(
            "n/a",
            "current",
            "candidate",
            "installed",
            "protected",
            "available",
            "obsolete",
            "incomplete",
            "partial",
            "pending");
    var meanings = new TreeMap<String, Set<Boolean>>();

    for (int bits = 0; bits < 1 << FLAGS.size(); bits++) {
      Flags flags = flags(bits);
      String name = Assessment.of(flags);

      for (String word : name.split("\\+", -1)) {
        assertTrue(known.contains(word), name + " for " + flags);
      }
      meanings.computeIfAbsent(name, _ -> new TreeSet<>()).add(flags.installed());
    }

    // A name says whether anything of the version is on this machine.
    meanings.forEach((name, installed) -> assertEquals(1, installed.size(), name));
  }

  @Test
  void aVersionThatDidNotComeUpIsSaidToBeQuarantined() {
    var held = new Flags(false, true, true, false, false, false, false, false, true);
    var offered = new Flags(false, true, false, false, false, false, false, false, true);

    assertEquals("installed+quarantined", Assessment.of(held));
    assertEquals("available+quarantined", Assessment.of(offered));
  }

  private static Set<String> words(String text) {
    return new TreeSet<>(Stream.of(text.split(" ", -1)).filter(w -> !w.isEmpty()).toList());
  }

  private static Flags flags(Set<String> on) {
    return flags(
        IntStream.range(0, FLAGS.size())
            .filter(i -> on.contains(FLAGS.get(i)))
            .map(i -> 1 << i)
            .sum());
  }

  private static Flags flags(int bits) {
    var on = new boolean[FLAGS.size()];
    for (int i = 0; i < on.length; i++) {
      on[i] = ((bits >> i) & 1) != 0;
    }
    return new Flags(on[0], on[1], on[2], on[3], on[4], on[5], on[6], on[7], false);
  }
}
