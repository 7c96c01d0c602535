package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class FreshnessTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");
  private static final String OF_NOTHING =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  @Test
  void aMarkerOfNextMonthPassesWithANoteAndIsNoFile() throws Exception {
    var assessment = enforcedAt(NOON).assess(listing("a.efi", "BEST-BEFORE-2026-12-22"), "here");

    assertEquals(List.of("a.efi"), names(assessment));
    assertEquals(List.of("the manifest \"here\" is good until 2026-12-22"), assessment.notes());
    assertEquals(List.of(), assessment.warnings());
  }

  @Test
  void aMarkerOfLastMonthRefusesTheManifest() throws Exception {
    var manifest = listing("a.efi", "BEST-BEFORE-2026-10-22");

    var refusal =
        assertThrows(UpdateException.class, () -> enforcedAt(NOON).assess(manifest, "here"));

    assertInstanceOf(UpdateException.NotTrusted.class, refusal);
    assertEquals(Reason.MANIFEST_STALE, refusal.reason());
    assertEquals(
        "\"BEST-BEFORE-2026-10-22\", it is 2026-11-22T12:00:00Z now",
        refusal.found().orElseThrow());
  }

  @Test
  void aMarkerOfLastMonthIsAWarningIfFreshnessIsNotEnforced() throws Exception {
    var lenient = new Freshness(InstantSource.fixed(NOON), false);

    var assessment = lenient.assess(listing("a.efi", "BEST-BEFORE-2026-10-22"), "here");

    assertEquals(List.of("a.efi"), names(assessment));
    assertEquals(1, assessment.warnings().size());
    assertTrue(assessment.warnings().getFirst().contains("stale since 2026-10-22"));
  }

  @Test
  void oneStaleMarkerAmongFreshOnesIsEnough() throws Exception {
    var manifest = listing("BEST-BEFORE-2027-01-01", "BEST-BEFORE-2026-11-21", "a.efi");

    assertThrows(UpdateException.class, () -> enforcedAt(NOON).assess(manifest, "here"));
  }

  @TestFactory
  Stream<DynamicTest> theNamedDayIsStaleFromItsSecondMoment() {
    var manifest = listing("BEST-BEFORE-2026-11-22");
    return Stream.of(
        dynamicTest(
            "the day before is fresh",
            () -> enforcedAt(Instant.parse("2026-11-21T23:59:59.999Z")).assess(manifest, "here")),
        dynamicTest(
            "midnight itself is fresh",
            () -> enforcedAt(Instant.parse("2026-11-22T00:00:00Z")).assess(manifest, "here")),
        dynamicTest(
            "later on the day is stale",
            () ->
                assertThrows(
                    UpdateException.class,
                    () ->
                        enforcedAt(Instant.parse("2026-11-22T00:00:00.001Z"))
                            .assess(manifest, "here"))));
  }

  @TestFactory
  Stream<DynamicTest> aDayOrMonthOfOneDigitIsUnderstood() {
    return Stream.of("2027-1-2", "2027-01-2", "2027-1-02", "2028-02-29")
        .map(date ->
            dynamicTest(
                date,
                () -> {
                  var assessment = enforcedAt(NOON).assess(listing("BEST-BEFORE-" + date), "here");

                  assertEquals(List.of(), names(assessment));
                  assertEquals(1, assessment.notes().size());
                }));
  }

  @TestFactory
  Stream<DynamicTest> whatIsNoDateIsAnOrdinaryFileWithAWarning() {
    return Stream.of(
            "",
            "2026-02-30",
            "2027-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-01",
            "2026-01-01.txt",
            "2026-01-01 ",
            "26-01-01",
            "-2026-01-01",
            "2026-001-01",
            "٢٠٢٦-01-01",
            "2026-01-01/x")
        .map(date ->
            dynamicTest(
                "\"" + date + "\"",
                () -> {
                  var name = "BEST-BEFORE-" + date;

                  var assessment = enforcedAt(NOON).assess(listing(name), "here");

                  assertEquals(List.of(name), names(assessment));
                  assertEquals(1, assessment.warnings().size());
                }));
  }

  @Test
  void aMarkerInASubdirectoryIsNotHonoured() throws Exception {
    var assessment = enforcedAt(NOON).assess(listing("sub/BEST-BEFORE-2020-01-01"), "here");

    assertEquals(List.of("sub/BEST-BEFORE-2020-01-01"), names(assessment));
    assertTrue(assessment.warnings().getFirst().contains("subdirectory"));
  }

  @Test
  void aMarkerWithContentsCountsWithAWarning() throws Exception {
    var text = "0".repeat(64) + " *BEST-BEFORE-2026-12-22\n";
    var manifest = Manifest.parse(text.getBytes(StandardCharsets.UTF_8), "here");

    var assessment = enforcedAt(NOON).assess(manifest, "here");

    assertEquals(List.of(), assessment.entries());
    assertEquals(1, assessment.notes().size());
    assertTrue(assessment.warnings().getFirst().contains("empty file"));
  }

  private static Freshness enforcedAt(Instant now) {
    return new Freshness(InstantSource.fixed(now), true);
  }

  private static Manifest listing(String... names) {
    var text =
        Arrays.stream(names).map(n -> OF_NOTHING + " *" + n + "\n").collect(Collectors.joining());
    try {
      return Manifest.parse(text.getBytes(StandardCharsets.UTF_8), "here");
    } catch (UpdateException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> names(Freshness.Assessment assessment) {
    return assessment.entries().stream().map(Manifest.Entry::name).toList();
  }
}
