package org.particleos.update.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stock;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.version.Version;

/** Version 1 works, version 2 may not. */
class JudgementTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  private Quarantine quarantine = Quarantine.EMPTY;
  private HealthLog health = HealthLog.EMPTY;
  private Instant now = NOW;
  private String runs = "1";
  private Optional<String> offered = Optional.empty();

  private Inventory entries(String... names) {
    var stock =
        Stock.of(
            aTransfer("uki")
                .toFiles(
                    Path.of("/efi/EFI/Linux"), "os_@v+@l-@d.efi", "os_@v+@l.efi", "os_@v.efi"));
    for (String name : names) {
      stock.named(name);
    }
    offered.ifPresent(digest ->
        stock.offers(
            InstanceMetadata.of(new Version("2")).withSha256(Sha256.parse(digest).orElseThrow())));
    return stock.inventory();
  }

  private Judgement judge(String... names) {
    List<Inventory> enabled = List.of(entries(names));
    var running = RunningBoot.of(BootFacts.NONE, Optional.of(runs), enabled);
    return Judgement.of(
        new Judgement.Case("host", quarantine, running, health, now),
        enabled,
        offered.isPresent() ? View.ONLINE : View.OFFLINE);
  }

  private static List<String> versions(List<FailedVersion> failed) {
    return failed.stream().map(each -> each.version().text()).toList();
  }

  private static FailedVersion failed(String version, Map<String, Set<String>> digests) {
    return new FailedVersion(
        new Version(version),
        OptionalLong.of(3),
        Optional.of(NOW),
        Optional.of("why"),
        Optional.of("1"),
        digests,
        false);
  }

  private void remembering(Map<String, Set<String>> digests) {
    quarantine = Quarantine.EMPTY.with("host", List.of(failed("2", digests)));
  }

  @ParameterizedTest
  @CsvSource({
    "os_2+0-3.efi, 1, 2",
    "os_2+0-1.efi, 1, 2",
    // The last try is a try.
    "os_2+0-3.efi, 2, ''",
    "os_2+1-2.efi, 1, ''",
    "os_2.efi, 1, ''",
    // Whoever named it so meant it not to be tried, and it never was.
    "os_2+0-0.efi, 1, ''",
    "os_2+0.efi, 1, ''",
  })
  void aVersionFailsWhenItsTriesAreUsedUpAndAnotherOneRuns(
      String entry, String running, String expected) {
    runs = running;

    assertEquals(expected, String.join(" ", versions(judge("os_1.efi", entry).failed())));
  }

  @Test
  void whatHappenedIsWrittenDown() {
    var check = new CheckResult("10-net", CheckResult.Verdict.FAILED, "exit status 1", 10);
    health =
        HealthLog.EMPTY.with(
            new HealthRun(NOW, "b", Optional.of("2"), Optional.empty(), List.of(check)));
    quarantine =
        Quarantine.EMPTY.withBuild(
            "host", new Quarantine.Build(new Version("2"), Map.of("uki", Set.of(A))));

    FailedVersion failed = judge("os_1.efi", "os_2+0-3.efi").failed().getFirst();

    assertEquals(OptionalLong.of(3), failed.tries());
    assertEquals(Optional.of(NOW), failed.since());
    assertEquals("health check 10-net: exit status 1", failed.why());
    assertEquals(Map.of("uki", Set.of(A)), failed.digests());
    assertEquals(
        "version 2 did not come up in 3 tries; the machine went back to version 1", failed.story());
  }

  @Test
  void aClockThatNobodyHasSetGivesNoTime() {
    now = Instant.EPOCH;

    assertTrue(judge("os_1.efi", "os_2+0-3.efi").failed().getFirst().since().isEmpty());
  }

  @Test
  void itIsStillKnownWhenItsEntryIsGone() {
    remembering(Map.of());

    assertEquals(List.of("2"), versions(judge("os_1.efi").failed()));
  }

  @Test
  void whatWasNoticedOnceKeepsItsTime() {
    remembering(Map.of());
    now = NOW.plusSeconds(9);

    FailedVersion failed = judge("os_1.efi", "os_2+0-3.efi").failed().getFirst();

    assertEquals(Optional.of(NOW), failed.since());
    assertEquals(Optional.of("why"), failed.reason());
  }

  @ParameterizedTest
  @CsvSource({
    // what is installed, what runs
    "os_2.efi, 2",
    "os_3.efi, 3",
    "os_2+3-0.efi, 1",
    "os_2.efi, 1",
  })
  void itIsForgottenWhenItOrANewerOneCameUpOrSomebodyGaveItTries(String entry, String running) {
    remembering(Map.of());
    runs = running;

    Judgement judgement = judge("os_1.efi", entry);

    assertEquals(List.of(), versions(judgement.failed()));
    assertEquals(List.of(), versions(judgement.remembered()));
  }

  @Test
  void whileItRunsInItsLastTryItIsNoFailureButStaysRemembered() {
    remembering(Map.of());
    runs = "2";

    Judgement judgement = judge("os_1.efi", "os_2+0-4.efi");

    assertEquals(List.of(), versions(judgement.failed()));
    assertEquals(List.of("2"), versions(judgement.remembered()));
  }

  @Test
  void aNewerVersionThatIsStillTriedProvesNothing() {
    remembering(Map.of());
    runs = "3";

    assertEquals(List.of("2"), versions(judge("os_1.efi", "os_3+2-1.efi").failed()));
  }

  @Test
  void theSameBuildStaysAndAnotherOneIsTakenAgain() {
    remembering(Map.of("uki", Set.of(A)));
    offered = Optional.of(A);
    Judgement same = judge("os_1.efi", "os_2+0-3.efi");
    offered = Optional.of(B);
    Judgement other = judge("os_1.efi", "os_2+0-3.efi");

    assertTrue(same.quarantined(View.ONLINE).bars(new Version("2")));
    assertFalse(other.quarantined(View.ONLINE).bars(new Version("2")));
    assertTrue(other.quarantined(View.ONLINE).replaces(new Version("2")));
    // Without a source nobody knows where the other build is.
    assertTrue(other.quarantined(View.OFFLINE).bars(new Version("2")));
  }

  @Test
  void aBuildThatNobodyKnowsIsTheOneThatIsOfferedFirst() {
    remembering(Map.of());
    offered = Optional.of(A);
    Judgement first = judge("os_1.efi");
    quarantine = quarantine.with("host", first.remembered());
    offered = Optional.of(B);

    assertFalse(first.failed().getFirst().rebuilt());
    assertTrue(judge("os_1.efi").failed().getFirst().rebuilt());
  }

  @Test
  void anotherTargetHasItsOwnFailures() {
    quarantine = Quarantine.EMPTY.with("component:2", List.of(failed("2", Map.of())));

    assertEquals(List.of(), versions(judge("os_1.efi").failed()));
  }
}
