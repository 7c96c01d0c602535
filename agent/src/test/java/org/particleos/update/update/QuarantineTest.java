package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.catalog.Stage;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Laboratory.Part;
import org.particleos.update.update.Updater.Goal;

/** Version 1 runs; version 2 was tried three times and did not come up. */
class QuarantineTest {
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");
  private static final Release V3 = Release.of("3");

  /** Another build of version 2, with images of its own. */
  private static final Release V2_AGAIN = Release.rebuilt("2");

  /** Above any number of changes of an update of four parts; ends a sweep that would not. */
  private static final int CHANGES_MAX = 5000;

  /** Every single change of an update is swept elsewhere; here it matters what goes first. */
  private static final int CHANGES_STRIDE = 3;

  @TempDir Path home;
  private ReleaseServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    server.publish(V2);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Laboratory fallenBack() throws IOException {
    return fallenBack(home);
  }

  private Laboratory fallenBack(Path place) throws IOException {
    return new Laboratory(place, server).holding(V1, 0).holding(V2, 1, "os_2+0-3.efi").build();
  }

  private static Overview overview(Laboratory machine, View view) throws UpdateException {
    try (var updater = machine.updater(new UnhurriedKernel())) {
      return updater.overview(view);
    }
  }

  private static Updater.Lifted lift(Laboratory machine, String version) throws UpdateException {
    try (var updater = machine.updater(new UnhurriedKernel())) {
      return updater.lift(version, "test");
    }
  }

  private static List<String> notices(Laboratory machine) {
    return machine.events().stream()
        .filter(UpdateEvent.Notice.class::isInstance)
        .map(event -> ((UpdateEvent.Notice) event).text())
        .toList();
  }

  private Path remembered() {
    return home.resolve("state/particle-update/quarantine.json");
  }

  // ---- Not again ----

  @Test
  void whatDidNotComeUpIsNotInstalledAgain() throws Exception {
    Laboratory machine = fallenBack();
    Judge before = Judge.of(machine);

    assertInstanceOf(Outcome.NoUpdate.class, machine.apply());

    Judge.of(machine).assertUnchangedSince(before);
    assertTrue(
        notices(machine).stream().anyMatch(text -> text.contains("version 2 did not come up")),
        notices(machine)::toString);
  }

  @Test
  void itIsNotAcquiredAgainEitherWhenItIsGone() throws Exception {
    Laboratory machine = fallenBack();
    machine.apply();
    Files.delete(machine.esp().resolve("EFI/Linux/os_2+0-3.efi"));
    Judge before = Judge.of(machine);

    assertInstanceOf(Outcome.NoUpdate.class, machine.apply());

    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void whenItWasNoticedIsRemembered() throws Exception {
    Laboratory machine = fallenBack().at(Instant.parse("2026-11-22T12:00:00Z"));
    machine.apply();
    machine.at(Instant.parse("2026-11-23T12:00:00Z"));

    FailedVersion failed = overview(machine, View.OFFLINE).failed().getFirst();

    assertEquals(Instant.parse("2026-11-22T12:00:00Z"), failed.since().orElseThrow());
    assertEquals(3, failed.tries().orElseThrow());
    assertEquals("1", failed.instead().orElseThrow());
  }

  @Test
  void aLookWithoutServerWritesNothing() throws Exception {
    Laboratory machine = fallenBack();

    assertEquals(1, overview(machine, View.OFFLINE).failed().size());

    assertTrue(Files.notExists(remembered()));
  }

  @Test
  void aDamagedMemoryIsSetAsideAndTheBootEntryStillTells() throws Exception {
    Laboratory machine = fallenBack();
    machine.apply();
    Files.writeString(remembered(), "{\"format\": 1, \"failed\": [{}]", StandardCharsets.UTF_8);

    assertInstanceOf(Outcome.NoUpdate.class, machine.apply());

    assertTrue(Files.exists(remembered().resolveSibling("quarantine.json.damaged")));
    assertEquals(1, overview(machine, View.OFFLINE).failed().size());
  }

  // ---- What comes instead ----

  @Test
  void theNextVersionGetsItsSlot() throws Exception {
    Laboratory machine = fallenBack();
    Judge before = Judge.of(machine);
    server.publish(V3);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertWhole(V3);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals(List.of("os_1.efi", "os_3+3-0.efi"), after.entries());
  }

  @Test
  void anOlderVersionThanItIsAnUpdateToo() throws Exception {
    Release between = Release.of("1.5");
    Laboratory machine = fallenBack();
    server.withdraw(V2);
    server.publish(between);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(between);
    assertEquals(List.of("os_1.5+3-0.efi", "os_1.efi"), Judge.of(machine).entries());
  }

  @Test
  void itsSlotIsGivenAwayEvenWhileTheRunningVersionIsNotConfirmed() throws Exception {
    Laboratory machine =
        new Laboratory(home, server)
            .holding(V1, 0, "os_1+2-1.efi")
            .holding(V2, 1, "os_2+0-3.efi")
            .build();
    server.publish(V3);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V1);
    Judge.of(machine).assertWhole(V3);
  }

  @Test
  void aFallbackThatIsNewerThanTheRunningVersionStaysAsWell() throws Exception {
    Laboratory machine =
        new Laboratory(home, server).holding(V1, 0, "os_1+2-1.efi").holding(V2, 1).build();
    server.publish(V3);
    Judge before = Judge.of(machine);

    var refused = assertThrows(UpdateException.NotAvailable.class, machine::apply);

    assertEquals(Reason.FALLBACK_NEEDED, refused.reason());
    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void anotherBuildOfItIsInstalled() throws Exception {
    Laboratory machine = fallenBack();
    machine.apply();
    server.withdraw(V2);
    server.publish(V2_AGAIN);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertWhole(V2_AGAIN);
    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), after.entries());
    assertEquals(List.of(), overview(machine, View.OFFLINE).failed());
  }

  @Test
  void whatWasInstalledHereIsTheBuildThatFailed() throws Exception {
    Laboratory machine = new Laboratory(home, server).holding(V1, 0).build();
    machine.apply();
    Files.move(
        machine.esp().resolve("EFI/Linux/os_2+3-0.efi"),
        machine.esp().resolve("EFI/Linux/os_2+0-3.efi"));
    server.withdraw(V2);
    server.publish(V2_AGAIN);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V2_AGAIN);
  }

  @Test
  void anotherBuildIsKnownWithoutAServerOnceItWasSeen() throws Exception {
    Laboratory machine = fallenBack();
    machine.apply();
    server.withdraw(V2);
    server.publish(V2_AGAIN);

    assertEquals(
        "2", overview(machine, View.ONLINE).sets().candidate().orElseThrow().version().toString());

    FailedVersion failed = overview(machine, View.OFFLINE).failed().getFirst();
    assertTrue(failed.rebuilt());
  }

  @Test
  void losingPowerAtAnyChangeOfTheOtherBuildLeavesTheRunningVersionAndCanBeContinued()
      throws Exception {
    int cases = 0;
    for (int change = 0; change < CHANGES_MAX; change += CHANGES_STRIDE) {
      server.withdraw(V2);
      server.publish(V2);
      Path place = Files.createDirectory(home.resolve("cut" + change));
      Laboratory machine = fallenBack(place);
      machine.apply();
      server.withdraw(V2);
      server.publish(V2_AGAIN);
      Judge before = Judge.of(machine);
      var kernel =
          new FailingKernel(new UnhurriedKernel(), change, () -> new IOException("power cut"));
      try {
        machine.apply(kernel, Optional.empty(), Goal.UPDATE);
        if (kernel.operations().size() <= change) {
          break;
        }
      } catch (UpdateException _) {
        cases++;
      }
      String at = "change " + change + ", " + kernel.operations().get(change);
      try {
        Judge after = Judge.of(machine);
        after.assertWhole(V1);
        after.assertSlotsUntouchedSince(before, 0);
        boolean old = after.entries().contains("os_2+0-3.efi");
        after.assertEveryEntryBoots(V1, old ? V2 : V2_AGAIN);

        machine.apply();

        Judge completed = Judge.of(machine);
        completed.assertWhole(V2_AGAIN);
        completed.assertSlotsUntouchedSince(before, 0);
        assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), completed.entries());
        assertEquals(List.of(), completed.hidden());
      } catch (UpdateException | AssertionError e) {
        throw new AssertionError(at, e);
      }
      Files.delete(machine.disk());
    }

    System.out.println("power cut before each of " + cases + " changes of another build");
    assertTrue(cases > 20, "an update makes more changes than " + cases * CHANGES_STRIDE);
  }

  // ---- Again after all ----

  @Test
  void whoNamesItGetsItAndIsToldWhatHappened() throws Exception {
    Laboratory machine = fallenBack();

    assertInstanceOf(Outcome.AlreadyInstalled.class, machine.apply("2"));

    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), Judge.of(machine).entries());
    Judge.of(machine).assertWhole(V2);
    assertTrue(notices(machine).getFirst().contains("3 tries"), notices(machine)::toString);
    assertEquals(List.of(), overview(machine, View.OFFLINE).failed());
  }

  @Test
  void aWholeVersionGetsItsTriesBackWhenItsQuarantineIsLifted() throws Exception {
    Laboratory machine = fallenBack();
    machine.apply();

    assertTrue(lift(machine, "2").startsNext());

    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), Judge.of(machine).entries());
    assertEquals(List.of(), overview(machine, View.OFFLINE).failed());
    assertEquals(
        "2", overview(machine, View.OFFLINE).sets().newestWhole().orElseThrow().version().text());
  }

  @Test
  void ofAVersionThatIsNotWholeTheEntryGoesAndTheRestIsFetched() throws Exception {
    Laboratory machine =
        new Laboratory(home, server)
            .holding(V1, 0)
            .holding(Part.USR, 1, V2, Stage.INSTALLED)
            .holding(Part.SIGNATURE, 1, V2, Stage.INSTALLED)
            .espFile("os_2+0-3.efi", V2.uki())
            .build();
    machine.apply();

    assertEquals(false, lift(machine, "2").startsNext());
    assertEquals(List.of("os_1.efi"), Judge.of(machine).entries());
    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V2);
  }

  @Test
  void whatIsInNoQuarantineCannotBeLifted() throws Exception {
    Laboratory machine = fallenBack();
    Judge before = Judge.of(machine);

    var refused = assertThrows(UpdateException.NotAvailable.class, () -> lift(machine, "1"));

    assertEquals(Reason.VERSION_NOT_FOUND, refused.reason());
    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void aRestartDoesNotBringWhatDidNotComeUp() throws Exception {
    Laboratory machine = fallenBack();

    try (var updater = machine.updater(new UnhurriedKernel())) {
      assertEquals(false, updater.pending().restartNeeded());
    }
  }
}
