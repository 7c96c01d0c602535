package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.catalog.Stage;
import org.particleos.update.disk.PartitionAttributes;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Laboratory.Part;
import org.particleos.update.update.Updater.Goal;
import org.particleos.update.version.Version;

/** Whole updates that end well, from a real server into a real partition table. */
class UpdateTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");
  private static final Release V3 = Release.of("3");
  private static final long BYTES =
      V2.files().values().stream().mapToLong(bytes -> bytes.length).sum();

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    server.publish(V1);
    machine = new Laboratory(home, server).holding(V1, 0);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Outcome run(Goal goal) throws UpdateException {
    return machine.apply(new UnhurriedKernel(), Optional.empty(), goal);
  }

  private void assertUpdated(Judge before) throws IOException {
    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertWhole(V2);
    after.assertEveryEntryBoots(V1, V2);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), after.entries());
    assertEquals(List.of(), after.hidden());
  }

  @Test
  void anUpdateBringsTheNewVersionBesideTheOldOne() throws Exception {
    server.publish(V2);
    machine.holding(V0, 1).build();
    Judge before = Judge.of(machine);

    var outcome = machine.apply();

    assertEquals(new Outcome.Installed(new Version("2"), false, BYTES), outcome);
    assertUpdated(before);
    Judge after = Judge.of(machine);
    assertEquals(PartitionAttributes.READ_ONLY, after.attributes(Part.USR, 1));
    // Mode=0444 is what the definition says; the boot loader could not count then.
    assertEquals(
        "rw-r--r--",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(machine.esp().resolve("EFI/Linux/os_2+3-0.efi"))));
    assertEquals(new Outcome.NoUpdate(), machine.apply());
  }

  @Test
  void theBootEntryIsPublishedLastAndTheOldOneRemovedFirst() throws Exception {
    server.publish(V2);
    machine.holding(V0, 1).build();

    machine.apply();

    List<String> order = new ArrayList<>();
    for (UpdateEvent event : machine.events()) {
      switch (event) {
        case UpdateEvent.Removing(var removal) -> order.add("-" + removal.transfer().id());
        case UpdateEvent.MemberInstalled(var id, var _) -> order.add("+" + id);
        default -> {}
      }
    }
    assertEquals(
        List.of(
            "-90-uki",
            "-30-signature",
            "-20-verity",
            "-10-usr",
            "+10-usr",
            "+20-verity",
            "+30-signature",
            "+90-uki"),
        order);
  }

  @Test
  void acquiringAndInstallingOfflineGiveTheSameAsAnUpdate() throws Exception {
    server.publish(V2);
    machine.build();
    Judge before = Judge.of(machine);

    assertEquals(new Outcome.Acquired(new Version("2"), BYTES), run(Goal.ACQUIRE));
    Judge acquired = Judge.of(machine);
    assertEquals(List.of("os_1.efi"), acquired.entries());
    assertTrue(acquired.lacking(V2).isPresent());
    assertEquals(new Outcome.Acquired(new Version("2"), 0), run(Goal.ACQUIRE));
    server.close();
    assertEquals(new Outcome.Installed(new Version("2"), false, 0), run(Goal.INSTALL_OFFLINE));

    assertUpdated(before);
    assertEquals(new Outcome.NoUpdate(), run(Goal.INSTALL_OFFLINE));
  }

  @Test
  void withoutNewerVersionNothingChanges() throws Exception {
    server.publish(V0);
    machine.build();
    Judge before = Judge.of(machine);

    assertEquals(new Outcome.NoUpdate(), machine.apply());
    assertEquals(new Outcome.AlreadyInstalled(new Version("1")), machine.apply("1"));

    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void aMissingBootEntryIsFetchedAndNothingElse() throws Exception {
    server.publish(V2);
    machine.holding(V2, 1).build();
    Files.delete(machine.esp().resolve("EFI/Linux/os_2.efi"));
    Judge before = Judge.of(machine);

    var outcome = machine.apply();

    assertEquals(new Outcome.Installed(new Version("2"), true, V2.uki().length), outcome);
    assertEquals(List.of(V2.ukiName()), server.fetched());
    assertUpdated(before);
    Judge.of(machine).assertSlotsUntouchedSince(before, 1);
  }

  /**
   * Every combination of what an interruption, or an administrator, can leave of four parts. One of
   * them trips the reference with EUCLEAN, another with H-08.
   */
  @Test
  void whateverIsThereOfAVersionAPlainApplyCompletesIt() throws Exception {
    server.publish(V2);
    List<Optional<Stage>> stages =
        List.of(
            Optional.empty(),
            Optional.of(Stage.PARTIAL),
            Optional.of(Stage.PENDING),
            Optional.of(Stage.INSTALLED));
    int cases = 0;
    for (int number = 0; number < 256; number++) {
      Path place = Files.createDirectory(home.resolve("case" + number));
      machine = new Laboratory(place, server).holding(V1, 0);
      String given = "";
      for (Part part : Part.values()) {
        var stage = stages.get((number >> (2 * part.row)) & 3);
        stage.ifPresent(there -> machine.holding(part, 1, V2, there));
        given += part + " " + stage + ", ";
      }
      var uki = stages.get(number >> 6);
      uki.ifPresent(there -> {
        switch (there) {
          case PARTIAL -> machine.espFile(".sysupdate.partial.os_2+3-0.efi", new byte[99]);
          case PENDING -> machine.espFile(".sysupdate.pending.os_2+3-0.efi", V2.uki());
          case INSTALLED -> machine.espFile("os_2+3-0.efi", V2.uki());
          case OFFERED -> throw new AssertionError();
        }
      });
      machine.build();
      Judge before = Judge.of(machine);

      Outcome outcome;
      try {
        outcome = machine.apply();
        assertUpdated(before);
      } catch (UpdateException | AssertionError e) {
        throw new AssertionError(given + "uki " + uki, e);
      }

      boolean whole = number == 255;
      assertEquals(whole, outcome instanceof Outcome.NoUpdate, given + "uki " + uki);
      cases++;
    }
    System.out.println("completed from " + cases + " states");
  }

  @Test
  void aPendingSetIsInstalledAlsoIfItWasWithdrawn() throws Exception {
    server.publish(V2);
    machine.build();
    Judge before = Judge.of(machine);
    run(Goal.ACQUIRE);
    server.withdraw(V2);

    assertEquals(new Outcome.Installed(new Version("2"), false, 0), machine.apply());

    assertUpdated(before);
  }

  @Test
  void anUnfinishedVersionThatWasWithdrawnHoldsNothingUp() throws Exception {
    machine.holding(Part.USR, 1, V2, Stage.PARTIAL).build();
    Judge before = Judge.of(machine);

    assertEquals(new Outcome.NoUpdate(), machine.apply());
    var refused = assertThrows(UpdateException.NotAvailable.class, () -> machine.apply("2"));

    assertEquals(Reason.VERSION_NOT_OFFERED, refused.reason());
    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void aNewerVersionReplacesAnUnfinishedOne() throws Exception {
    server.publish(V3);
    machine
        .holding(Part.USR, 1, V2, Stage.PENDING)
        .holding(Part.VERITY, 1, V2, Stage.PARTIAL)
        .espFile(".sysupdate.partial.os_2+3-0.efi", new byte[99])
        .build();
    Judge before = Judge.of(machine);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge after = Judge.of(machine);
    after.assertWhole(V3);
    after.assertEveryEntryBoots(V1, V3);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals(List.of(), after.hidden());
  }

  @Test
  void anIncompleteVersionOnTheServerIsPassedOver() throws Exception {
    server.publish(V2);
    server.publish(V3);
    server.withdraw(V3.verityName());
    machine.build();

    assertEquals(new Version("2"), ((Outcome.Installed) machine.apply()).version());
  }

  @Test
  void anOlderVersionIsTakenIfItIsAskedFor() throws Exception {
    server.publish(V0);
    machine.build();

    var outcome = machine.apply("0");

    assertInstanceOf(Outcome.Installed.class, outcome);
    Judge after = Judge.of(machine);
    after.assertWhole(V0);
    after.assertWhole(V1);
    assertTrue(
        machine.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Notice(var text)
                    && text.contains("older than the installed version 1")));
  }

  @Test
  void linksStayWithAnOlderVersionThatIsAskedForTwice() throws Exception {
    server.publish(V0);
    machine.build();
    machine.apply("0");

    assertEquals(new Outcome.AlreadyInstalled(new Version("0")), machine.apply("0"));

    Judge.assertLinked(machine, 1);
  }

  @Test
  void linksOfAnOlderVersionThatIsAskedForCatchUp() throws Exception {
    server.publish(V0);
    machine.build();
    machine.apply("0");
    Path link = machine.link(Part.VERITY);
    Files.delete(link);
    Files.createSymbolicLink(link, Path.of("disk.raw" + Part.VERITY.number(0)));

    machine.apply("0");

    Judge.assertLinked(machine, 1);
  }

  /** The pending slot has the right label, but the UUID of a build that is offered no longer. */
  @Test
  void aBuildThatWasReplacedIsFetchedAgain() throws Exception {
    var rebuilt = Release.rebuilt("2");
    server.publish(rebuilt);
    machine.holding(Part.USR, 1, V2, Stage.PENDING).holding(Part.VERITY, 1, V2, Stage.PENDING);
    machine.build();

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(rebuilt);
  }

  @Test
  void vacuumRemovesWhatIsUnfinishedAndKeepsWhatRuns() throws Exception {
    machine
        .holding(Part.USR, 1, V2, Stage.PENDING)
        .espFile(".sysupdate.pending.os_2+3-0.efi", V2.uki())
        .espFile(".sysupdate.partial.os_3.efi", new byte[9])
        .build();
    Judge before = Judge.of(machine);

    try (var updater = machine.updater(new UnhurriedKernel())) {
      var vacuumed = updater.vacuum("test");

      assertEquals(2, vacuumed.removed());
    }
    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals("_empty", after.label(Part.USR, 1));
    assertEquals(List.of(), after.hidden());
  }

  @Test
  void theOverviewTellsWhatIsInstalledAndOffered() throws Exception {
    server.publish(V2);
    machine.holding(V0, 1).build();

    try (var updater = machine.updater(new UnhurriedKernel())) {
      var online = updater.overview(View.ONLINE);
      var offline = updater.overview(View.OFFLINE);

      assertEquals(
          List.of("2 candidate", "1 current", "0 installed"),
          online.sets().all().stream().map(s -> s.version() + " " + s.assessment()).toList());
      assertEquals(
          List.of("1 current", "0 installed"),
          offline.sets().all().stream().map(s -> s.version() + " " + s.assessment()).toList());
      assertEquals(Optional.of("1"), online.bootedVersion());
      assertEquals(
          BYTES,
          updater.cost(online.sets().candidate().orElseThrow()).downloadBytes().orElseThrow());
    }
  }

  @Test
  void aTargetDirectoryMayBeReachedThroughALink() throws Exception {
    Path real = Files.createDirectories(home.resolve("elsewhere"));
    Path link = Files.createSymbolicLink(home.resolve("images"), real);
    machine.build();
    Files.writeString(
        home.resolve("definitions/95-extra.transfer"),
        """
        [Source]
        Type=url-file
        Path=%s
        MatchPattern=os_@v.efi
        [Target]
        Type=regular-file
        Path=%s
        MatchPattern=extra_@v.bin
        CurrentSymlink=current
        """
            .formatted(server.url(), link));
    server.publish(V2);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    assertArrayEquals(V2.uki(), Files.readAllBytes(real.resolve("extra_2.bin")));
    assertEquals("extra_2.bin", Files.readSymbolicLink(real.resolve("current")).toString());
  }

  /** Deviation H-03. */
  @Test
  void onlyAWholeNewerVersionAsksForARestart() throws Exception {
    machine.holding(Part.USR, 1, V2, Stage.PENDING).build();
    var whole =
        new Laboratory(Files.createDirectory(home.resolve("w")), server)
            .holding(V1, 0)
            .holding(V2, 1)
            .build();

    try (var one = machine.updater(new UnhurriedKernel());
        var two = whole.updater(new UnhurriedKernel())) {
      assertEquals(false, one.pending().restartNeeded());
      assertEquals(true, two.pending().restartNeeded());
    }
  }
}
