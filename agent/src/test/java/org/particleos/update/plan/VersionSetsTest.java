package org.particleos.update.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.catalog.ATransfer.DISK;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;
import org.particleos.update.catalog.Stock;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.version.Version;

class VersionSetsTest {
  /**
   * Two transfers, separated by a slash. Of what they hold, {@code ~} marks a partial and {@code +}
   * a pending instance.
   */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "'nothing installed, server has v2, v1', /, 2 1/2 1, 2",
    "'v1 installed, server v2', 1/1, 2/2, 2",
    "'v2 installed, server v2, v1', 2/2, 2 1/2 1, none",
    "'v3 installed, server v2 only', 3/3, 2/2, none",
    "'v5 installed but one file missing, server v5', 5/, 5/5, 5",
    // Deviation H-01: the reference would take v4.
    "'v5 installed but one file missing, server only v4', 5/, 4/4, none",
    "'server newest v4 lacks a file, v3 complete, v2 installed', 2/2, 4 3/3, 3",
    "'v9 acquired, v8 installed, server v9', 8 +9/8 +9, 9/9, 9",
    "'v9 partial, server v9', 8 ~9/8, 9/9, 9",
    "'v9 partial, server v10', 8 ~9/8, 10/10, 10",
    "'v9 partly pending, server v9', 8 +9/8, 9/9, 9",
    "'v9 acquired, server gone back to v8', 8 +9/8 +9, 8/8, 9",
    "'v9 partial and withdrawn, server v8', 8 ~9/8, 8/8, none",
    "'v9 partial and withdrawn, nothing else', ~9/, 8/8, 8",
    "'v9 between renames and withdrawn', 8 9/8 +9, 8/8, 9",
    "'v9 partial and half withdrawn', 8 ~9/8, 9 8/8, none",
    "'v9 half installed, half partial, withdrawn', 8 9/8 ~9, 8/8, 9",
    "'server offers nothing', 1/1, /, none",
    "'nothing anywhere', /, /, none",
  })
  void theCandidateIsTheOneOfTheTable(
      String situation, String held, String offered, String expected) {
    var sets = VersionSets.of(inventories(held, offered), View.ONLINE);

    assertEquals(expected, candidate(sets), situation);
  }

  @ParameterizedTest
  @CsvSource({"8 +9/8 +9, 9", "8 ~9/8, 9", "8/8, none", "8/, none", "/, none"})
  void offlineOnlyWhatWasBegunIsACandidate(String held, String expected) {
    var sets = VersionSets.of(inventories(held, "/"), View.OFFLINE);

    assertEquals(expected, candidate(sets));
  }

  /** Version 3 is the one that did not come up. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "'it is installed, nothing else is newer', 2 3/2 3, 3 2/3 2, none",
    "'it is installed and withdrawn', 2 3/2 3, 2/2, none",
    "'it was removed and is still offered', 2/2, 3 2/3 2, none",
    "'the next one is offered', 2 3/2 3, 4 3/4 3, 4",
    "'a newer one that is older than it is offered', 2 3/2 3, 2.5/2.5, 2.5",
    "'the next one is incomplete', 2 3/2 3, 4 3/3, none",
    "'a part of it is gone', 2 3/2, 3/3, none",
    "'it was begun again', 2 ~3/2, 3/3, none",
    "'nothing else is installed', 3/3, 3 2/3 2, 2",
  })
  void whatDidNotComeUpIsNotChosen(String situation, String held, String offered, String expected) {
    var failed = new Quarantined(List.of(new Version("3")), List.of());

    var sets = VersionSets.of(inventories(held, offered), View.ONLINE, failed);

    assertEquals(expected, candidate(sets), situation);
  }

  @Test
  void whatDidNotComeUpIsNotTheNewestOfAnything() {
    var failed = new Quarantined(List.of(new Version("3")), List.of());

    var sets = VersionSets.of(inventories("2 3/2 3", "3/3"), View.ONLINE, failed);

    assertEquals("2", sets.newestInstalled().orElseThrow().version().text());
    assertEquals("2", sets.newestWhole().orElseThrow().version().text());
    assertEquals(
        List.of("installed+quarantined", "current"),
        sets.all().stream().map(VersionSet::assessment).toList());
  }

  @Test
  void anotherBuildOfWhatDidNotComeUpIsChosenAndNothingOfTheOldOneIsKept() {
    var rebuilt = new Quarantined(List.of(), List.of(new Version("3")));

    var sets = VersionSets.of(inventories("2 3/2 3", "3/3"), View.ONLINE, rebuilt);

    VersionSet chosen = sets.candidate().orElseThrow();
    assertEquals("3", chosen.version().text());
    assertTrue(chosen.members().stream().noneMatch(Member::acquired));
    assertEquals("2", sets.newestWhole().orElseThrow().version().text());
  }

  @Test
  void whatHasArrivedOfAnotherBuildIsKept() {
    var rebuilt = new Quarantined(List.of(), List.of(new Version("3")));

    var sets = VersionSets.of(inventories("2 +3/2 3", "3/3"), View.ONLINE, rebuilt);

    assertEquals(
        List.of(true, false),
        sets.candidate().orElseThrow().members().stream().map(Member::acquired).toList());
  }

  @Test
  void anObsoleteNewestVersionLeavesNoCandidate() {
    var transfer = aTransfer("a").minVersion("3");
    var obsolete = List.of(Stock.of(transfer).offers("2", "1").inventory());
    var fresh = List.of(Stock.of(transfer).offers("3", "2").inventory());

    assertEquals("none", candidate(VersionSets.of(obsolete, View.ONLINE)));
    assertEquals("3", candidate(VersionSets.of(fresh, View.ONLINE)));
  }

  /**
   * The table of update-algorithm.md 5, row by row, and what it lacks (H-02), each by a situation
   * that leads there. What is installed is called the same whether or not it is offered.
   */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    // name, held, offered, MinVersion=, ProtectVersion=, of which version
    "current, 1/1, /, 0, 9, 1",
    "current, 1/1, /, 0, 1, 1",
    "current+pending, 1 +2/1 +2, /, 0, 9, 2",
    "current+pending, 1 +2/1, /, 0, 9, 2",
    "current+partial, 1 ~2/1, /, 0, 9, 2",
    "current+partial, 1 ~2/1 +2, /, 0, 2, 2",
    "candidate, 1/1, 2/2, 0, 9, 2",
    "candidate, 1/1, 2/2, 0, 2, 2",
    "installed, 1 2/1 2, /, 0, 9, 1",
    "protected, 1 2/1 2, /, 0, 1, 1",
    "available, 2/2, 2 1/2 1, 0, 9, 1",
    "available, 2/2, 2 1/2 1, 0, 1, 1",
    "current+incomplete, 2/, /, 0, 9, 2",
    "current+incomplete, 2/, /, 0, 2, 2",
    "installed+incomplete, 1 2/2, /, 0, 9, 1",
    "protected+incomplete, 1 2/2, /, 0, 1, 1",
    "current+obsolete, 1/1, /, 2, 9, 1",
    "installed+obsolete, 1 2/1 2, /, 2, 9, 1",
    "protected+obsolete, 1 2/1 2, /, 2, 1, 1",
    "available+obsolete, 2/2, 1/1, 2, 9, 1",
    "available+obsolete, 2/2, 2 1/2 1, 2, 1, 1",
    "current+obsolete+incomplete, 1/, /, 2, 9, 1",
    "installed+obsolete+incomplete, 1 2/2, /, 2, 9, 1",
    "protected+obsolete+incomplete, 1 2/2, /, 2, 1, 1",
    // H-02
    "installed+pending, +1 2/+1 2, /, 0, 9, 1",
    "installed+partial, ~1 2/2, /, 0, 9, 1",
    "protected+pending, +1 2/+1 2, /, 0, 1, 1",
    "protected+partial, ~1 2/+1 2, /, 0, 1, 1",
    "current+obsolete+pending, +1/+1, /, 2, 9, 1",
    "current+obsolete+partial, ~1/, /, 2, 9, 1",
    "installed+obsolete+pending, +1 2/2, /, 2, 9, 1",
    "installed+obsolete+partial, ~1 2/2, /, 2, 9, 1",
    "protected+obsolete+pending, +1 2/2, /, 2, 1, 1",
    "protected+obsolete+partial, ~1 2/2, /, 2, 1, 1",
  })
  void everyNameIsReached(
      String name, String held, String offered, String min, String protect, String version) {
    var rule = aTransfer("t0").minVersion(min).protecting(protect);
    String[] holds = held.split("/", -1);
    String[] offers = offered.split("/", -1);
    for (String more : offered.equals("/") ? List.of("", "1 2") : List.of("")) {
      var sets =
          VersionSets.of(
              List.of(
                  inventory(Stock.of(rule), holds[0], offers[0] + more),
                  inventory(Stock.of(aTransfer("t1")), holds[1], offers[1] + more)),
              View.ONLINE);

      assertEquals(name, sets.named(version).orElseThrow().assessment(), "also offered: " + more);
    }
  }

  @Test
  void flagsAreThoseOfTheSection() {
    var inventories =
        List.of(
            Stock.of(aTransfer("a").minVersion("2").protecting("1"))
                .installed("1", "2")
                .offers("3", "4", "5")
                .inventory(),
            Stock.of(aTransfer("b")).installed("1").partial("3").offers("3", "4").inventory());

    var sets = VersionSets.of(inventories, View.ONLINE);

    assertEquals(
        List.of(
            "4 candidate", "3 current+partial", "2 installed+incomplete", "1 protected+obsolete"),
        sets.all().stream().map(set -> set.version() + " " + set.assessment()).toList());
    assertEquals("3", sets.newestInstalled().orElseThrow().version().text());
  }

  @Test
  void aVersionThatTheServerHasOnlyHalfIsNotShown() {
    var sets = VersionSets.of(inventories("1/1", "3 2/2"), View.ONLINE);

    assertEquals("2 1", versions(sets));
  }

  @Test
  void versionsOfOneOrderAreOneSetWithTheInstalledSpelling() {
    var sets = VersionSets.of(inventories("1.00/1.0", "1.0/1.00"), View.ONLINE);

    assertEquals("1.00", versions(sets));
    assertTrue(sets.named("1.00").isPresent());
    assertFalse(sets.named("1.0").isPresent(), "names are compared as text");
  }

  @Test
  void ofDuplicatesTheMostCompleteOneCounts() {
    var inventory =
        Stock.of(aTransfer("a").toPartitions(DISK, USR, "os_@v"))
            .partial("2")
            .installed("2")
            .pending("2")
            .inventory();

    var set = VersionSets.of(List.of(inventory), View.OFFLINE).all().getFirst();

    assertEquals("current", set.assessment());
    assertEquals(Stage.INSTALLED, set.members().getFirst().held().orElseThrow().stage());
  }

  @Test
  void aPendingPartitionOfAnotherBuildIsNotAcquired() {
    var other = InstanceMetadata.of(new Version("2")).withPartitionUuid(new UUID(1, 2));
    var transfer = aTransfer("a").toPartitions(DISK, USR, "os_@v");
    var replaced = Stock.of(transfer).pending("2").offers(other).inventory();
    var same =
        Stock.of(transfer)
            .pending("2")
            .offers(InstanceMetadata.of(new Version("2")).withPartitionUuid(new UUID(7, 1)))
            .inventory();

    var outdated = VersionSets.of(List.of(replaced), View.ONLINE).all().getFirst();
    var current = VersionSets.of(List.of(same), View.ONLINE).all().getFirst();

    assertFalse(outdated.acquired());
    assertTrue(current.acquired());
  }

  static List<Inventory> inventories(String held, String offered) {
    String[] holds = held.split("/", -1);
    String[] offers = offered.split("/", -1);
    List<Inventory> inventories = new ArrayList<>();
    for (int i = 0; i < holds.length; i++) {
      inventories.add(inventory(Stock.of(aTransfer("t" + i)), holds[i], offers[i]));
    }
    return inventories;
  }

  private static Inventory inventory(Stock stock, String held, String offered) {
    for (String word : words(held)) {
      switch (word.charAt(0)) {
        case '~' -> stock.partial(word.substring(1));
        case '+' -> stock.pending(word.substring(1));
        default -> stock.installed(word);
      }
    }
    return stock.offers(words(offered).toArray(String[]::new)).inventory();
  }

  private static List<String> words(String text) {
    return text.isBlank() ? List.of() : List.of(text.trim().split(" ", -1));
  }

  static String candidate(VersionSets sets) {
    return sets.candidate().map(set -> set.version().text()).orElse("none");
  }

  private static String versions(VersionSets sets) {
    return String.join(" ", sets.all().stream().map(set -> set.version().text()).toList());
  }
}
