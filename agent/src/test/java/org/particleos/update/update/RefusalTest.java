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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.update.Laboratory.Part;
import org.particleos.update.update.Updater.Goal;

/** Updates that must not happen, or cannot, and what is left of the machine afterwards. */
class RefusalTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;
  private Judge before;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    server.publish(V2);
    machine = new Laboratory(home, server).holding(V1, 0).holding(V0, 1);
    before = Judge.of(machine.build());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private interface Attempt {
    Object run() throws UpdateException;
  }

  /** Builds the machine as it is described now. */
  private void built() throws IOException {
    machine.build();
    before = Judge.of(machine);
  }

  /** Decided before anything is destroyed: not one byte of the machine changes. */
  private UpdateException refuses(
      Class<? extends UpdateException> kind, Reason reason, Attempt attempt) throws IOException {
    var refused = assertThrows(kind, attempt::run);
    assertEquals(reason, refused.reason(), refused.getMessage());
    assertTrue(
        List.of("nothing was changed", "this process changed nothing")
            .contains(refused.state().orElse("")),
        "state: " + refused.state());
    Judge.of(machine).assertUnchangedSince(before);
    return refused;
  }

  private UpdateException refuses(Class<? extends UpdateException> kind, Reason reason)
      throws IOException {
    return refuses(kind, reason, machine::apply);
  }

  /** Found out on the way: the running version is as it was, and no entry boots half a version. */
  private UpdateException fails(
      Class<? extends UpdateException> kind, Reason reason, Attempt attempt) throws IOException {
    var failed = assertThrows(kind, attempt::run);
    assertEquals(reason, failed.reason(), failed.getMessage());
    assertTrue(
        failed.state().orElse("").contains("version 1 stays as it was"),
        "state: " + failed.state());
    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertSlotsUntouchedSince(before, 0);
    after.assertEveryEntryBoots(V0, V1, V2);
    return failed;
  }

  private UpdateException fails(Class<? extends UpdateException> kind, Reason reason)
      throws IOException {
    return fails(kind, reason, machine::apply);
  }

  private void completes() throws Exception {
    assertInstanceOf(Outcome.Installed.class, machine.apply());
    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertWhole(V2);
    after.assertEveryEntryBoots(V1, V2);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals(List.of(), after.hidden());
  }

  // ---- Versions ----

  @Test
  void anUnknownVersionIsNotFound() throws Exception {
    built();

    refuses(UpdateException.NotAvailable.class, Reason.VERSION_NOT_FOUND, () -> machine.apply("7"));
    refuses(
        UpdateException.NotAvailable.class, Reason.VERSION_NOT_FOUND, () -> machine.apply("2.0"));
    completes();
  }

  @Test
  void anObsoleteVersionIsRefusedEvenIfItIsAskedFor() throws Exception {
    machine.line("30-signature", "Transfer", "MinVersion=3");
    built();

    refuses(UpdateException.NotAvailable.class, Reason.VERSION_OBSOLETE, () -> machine.apply("2"));
    assertEquals(new Outcome.NoUpdate(), machine.apply());
    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void aPendingVersionThatBecameObsoleteIsNotInstalled() throws Exception {
    built();
    var _ = machine.apply(new UnhurriedKernel(), Optional.empty(), Goal.ACQUIRE);
    machine.line("10-usr", "Transfer", "MinVersion=3");
    byte[] disk = Files.readAllBytes(machine.disk());
    machine.build();
    Files.write(machine.disk(), disk);
    Files.delete(machine.esp().resolve("EFI/Linux/os_0.efi")); // build brought it back
    before = Judge.of(machine);

    refuses(UpdateException.NotAvailable.class, Reason.VERSION_OBSOLETE);
  }

  @Test
  void offlineAnUnfinishedVersionIsNotInstalled() throws Exception {
    machine.holding(Part.USR, 1, V2, Stage.PARTIAL);
    built();

    refuses(
        UpdateException.NotAvailable.class,
        Reason.VERSION_INCOMPLETE,
        () -> machine.apply(new UnhurriedKernel(), Optional.empty(), Goal.INSTALL_OFFLINE));
  }

  // ---- Other processes ----

  @Test
  void aSecondProcessIsToldWhoIsAtWork() throws Exception {
    List<UpdateException> second = new ArrayList<>();
    machine.watchedBy(event -> {
      if (event instanceof UpdateEvent.AcquireStarted) {
        second.add(
            assertThrows(UpdateException.Busy.class, () -> new Laboratory(home, server).apply()));
      }
    });
    built();

    completes();

    assertEquals(Reason.LOCK_HELD, second.getFirst().reason());
    assertEquals(
        "held by process " + ProcessHandle.current().pid() + " (test)",
        second.getFirst().found().orElseThrow());
    assertEquals(Optional.of("this process changed nothing"), second.getFirst().state());
  }

  @Test
  void aLockHeldOnOneTargetIsEnoughToBeBusy() throws Exception {
    built();
    var places = List.<Place>of(new Place.Directory(machine.esp().resolve("EFI/Linux")));

    try (var _ =
        InstallationLock.take(machine.machine(new UnhurriedKernel()), places, "process 9 (x)")) {
      var refused = refuses(UpdateException.Busy.class, Reason.LOCK_HELD);
      assertEquals("held by process 9 (x)", refused.found().orElseThrow());
    }
    completes();
  }

  // ---- Room ----

  @Test
  void aReadOnlyTargetIsRefusedBeforeAnythingGoes() throws Exception {
    built();
    var readOnly =
        new UnhurriedKernel() {
          @Override
          public SpaceStatus space(Path path) throws IOException {
            var space = super.space(path);
            return path.startsWith(machine.esp())
                ? new SpaceStatus(space.magic(), 1, 1, 4096, true)
                : space;
          }
        };

    refuses(
        UpdateException.WriteFailed.class,
        Reason.READ_ONLY,
        () -> machine.apply(readOnly, Optional.empty(), Goal.UPDATE));
    completes();
  }

  /** The size of the boot entry stands in its name. */
  private void sizedUki() {
    server.withdraw(V2.ukiName());
    server.publish("sized_" + V2.uki().length + "_os_2.efi", V2.uki());
  }

  private Kernel withSpaceOnEsp(long availableBytes) {
    return new UnhurriedKernel() {
      @Override
      public SpaceStatus space(Path path) throws IOException {
        var space = super.space(path);
        return path.startsWith(machine.esp())
            ? new SpaceStatus(space.magic(), 1 << 20, availableBytes, 512, false)
            : space;
      }
    };
  }

  @Test
  void aFullBootPartitionIsRefusedBeforeAnythingGoes() throws Exception {
    sizedUki();
    built();
    long blocks = Math.ceilDiv(V2.uki().length, 512) * 512L;

    var refused =
        refuses(
            UpdateException.NoSpace.class,
            Reason.FILE_SYSTEM_FULL,
            () ->
                machine.apply(
                    withSpaceOnEsp(blocks - V0.uki().length - 1), Optional.empty(), Goal.UPDATE));

    assertTrue(refused.found().orElseThrow().endsWith(" bytes available"));
    assertInstanceOf(
        Outcome.Installed.class,
        machine.apply(withSpaceOnEsp(blocks - V0.uki().length), Optional.empty(), Goal.UPDATE));
  }

  @Test
  void noSpaceWhileWritingLeavesThingsToBeContinued() throws Exception {
    built();
    var full =
        new UnhurriedKernel() {
          @Override
          public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
            if (flags.contains(OpenFlag.CREATE) && path.startsWith(machine.esp())) {
              throw new LinuxException(Errno.ENOSPC.number(), "open", path.toString(), "full");
            }
            return super.open(path, flags);
          }
        };

    fails(
        UpdateException.NoSpace.class,
        Reason.FILE_SYSTEM_FULL,
        () -> machine.apply(full, Optional.empty(), Goal.UPDATE));
    completes();
  }

  @Test
  void anImageThatSaysItIsLargerThanTheSlotIsRefused() throws Exception {
    server.withdraw(V2.usrName());
    server.publish("sized_" + (Part.USR.bytes() + 1) + "_os_2.usr.raw", V2.usr());
    built();

    refuses(UpdateException.NoSpace.class, Reason.PAYLOAD_EXCEEDS_SLOT);
    assertEquals(List.of(), server.fetched());
  }

  @Test
  void anImageWhoseLengthExceedsTheSlotIsRefusedBeforeAnythingGoes() throws Exception {
    server.publish(V2.signatureName(), Release.noise("2", 3, Part.SIGNATURE.bytes() + 1));
    built();

    refuses(UpdateException.NoSpace.class, Reason.PAYLOAD_EXCEEDS_SLOT);
    assertEquals(List.of(), server.fetched());
  }

  /** What gzip unpacks to is not known before. */
  @Test
  void anImageThatTurnsOutToBeLargerThanTheSlotEndsAtItsEnd() throws Exception {
    server.publish(
        V2.signatureName(), Release.gzip(Release.noise("2", 3, Part.SIGNATURE.bytes() + 1)));
    built();

    fails(UpdateException.NoSpace.class, Reason.PAYLOAD_EXCEEDS_SLOT);
    server.publish(V2.signatureName(), V2.signature());
    completes();
  }

  @Test
  void withoutSlotThatMayBeEmptiedTheUpdateIsRefused() throws Exception {
    machine.line("20-verity", "Transfer", "ProtectVersion=0");
    built();

    refuses(UpdateException.NoSpace.class, Reason.NO_EMPTY_SLOT);
  }

  /** The definitions do not protect it; the os-release says that it runs. */
  @Test
  void theRunningVersionIsKeptEvenIfItIsTheOldest() throws Exception {
    machine = new Laboratory(home, server).holding(V1, 0);
    Release later = Release.of("1.5");
    machine.holding(later, 1);
    built();

    completes();

    assertTrue(Judge.of(machine).lacking(later).isPresent());
  }

  @Test
  void aLabelThatIsTooLongIsRefused() throws Exception {
    Release longest = Release.of("2." + "1".repeat(31));
    Release tooLong = Release.of("2." + "1".repeat(32));
    server.publish(tooLong);
    built();

    refuses(UpdateException.Configuration.class, Reason.LABEL_TOO_LONG);
    server.withdraw(tooLong);
    server.publish(longest);
    assertInstanceOf(Outcome.Installed.class, machine.apply());
  }

  // ---- The disk ----

  @Test
  void aDiskWithoutPartitionTableIsRefused() throws Exception {
    machine.build();
    byte[] disk = Files.readAllBytes(machine.disk());
    Arrays.fill(disk, 0, 34 * 512, (byte) 0);
    Arrays.fill(disk, disk.length - 34 * 512, disk.length, (byte) 0);
    Files.write(machine.disk(), disk);

    var refused = assertThrows(UpdateException.DiskDamaged.class, machine::apply);

    assertEquals(Reason.NO_PARTITION_TABLE, refused.reason());
    assertEquals(Optional.of("nothing was changed"), refused.state());
    assertEquals(-1, Arrays.mismatch(disk, Files.readAllBytes(machine.disk())));
  }

  @Test
  void aDiskWithTwoDamagedTablesIsRefusedWithOneItIsRepaired() throws Exception {
    machine.build();
    byte[] good = Files.readAllBytes(machine.disk());
    byte[] one = good.clone();
    one[512 + 24] ^= 1;
    byte[] both = one.clone();
    both[both.length - 512 + 24] ^= 1;
    Files.write(machine.disk(), both);

    var refused = assertThrows(UpdateException.DiskDamaged.class, machine::apply);
    assertEquals(Reason.PARTITION_TABLE_DAMAGED, refused.reason());

    Files.write(machine.disk(), one);
    before = Judge.of(machine);
    completes();
    assertTrue(
        machine.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Warning(var text)
                    && text.contains("primary partition table")));
  }

  // ---- The server ----

  @Test
  void aServerThatIsDownIsNotTheSameAsNoUpdate() throws Exception {
    built();
    server.close();

    refuses(UpdateException.Unreachable.class, Reason.CONNECTION_FAILED);
  }

  @Test
  void aManifestThatIsMissingOrFailsIsUnreachable() throws Exception {
    built();

    server.manifestAnswering(404);
    refuses(UpdateException.Unreachable.class, Reason.HTTP_NOT_FOUND);
    server.manifestAnswering(500);
    refuses(UpdateException.Unreachable.class, Reason.HTTP_STATUS);
    server.manifestAnswering(401);
    refuses(UpdateException.Unreachable.class, Reason.HTTP_UNAUTHORISED);
    server.healed();
    completes();
  }

  @Test
  void aPayloadThatIsNotThereIsFoundOutBeforeAnythingGoes() throws Exception {
    built();

    server.answering(V2.ukiName(), 404);
    refuses(UpdateException.Unreachable.class, Reason.HTTP_NOT_FOUND);
    server.answering(V2.ukiName(), 500);
    refuses(UpdateException.Unreachable.class, Reason.HTTP_STATUS);
    server.healed();
    completes();
  }

  @Test
  void aConnectionThatBreaksIsContinuedBySayingApplyAgain() throws Exception {
    built();

    for (String name : V2.files().keySet()) {
      server.cutting(name, 1500);
      fails(UpdateException.Unreachable.class, Reason.BODY_TRUNCATED);
      server.healed();
    }
    completes();
  }

  @Test
  void otherBytesThanTheManifestPromisesAreNotInstalled() throws Exception {
    built();

    for (var file : V2.files().entrySet()) {
      byte[] flipped = file.getValue().clone();
      flipped[flipped.length / 2] ^= 1;
      server.swap(file.getKey(), flipped);
      fails(UpdateException.NotTrusted.class, Reason.DIGEST_MISMATCH);
      server.swap(file.getKey(), Arrays.copyOf(file.getValue(), file.getValue().length + 1));
      fails(UpdateException.NotTrusted.class, Reason.DIGEST_MISMATCH);
      server.swap(file.getKey(), Arrays.copyOf(file.getValue(), file.getValue().length - 1));
      fails(UpdateException.NotTrusted.class, Reason.DIGEST_MISMATCH);
      server.swap(file.getKey(), file.getValue());
    }
    completes();
  }

  @Test
  void aManifestThatIsStaleIsRefusedAndAFreshOneIsNot() throws Exception {
    server.publish("BEST-BEFORE-2026-11-21", new byte[0]);
    machine.at(Instant.parse("2026-12-22T00:00:00Z"));
    built();

    refuses(UpdateException.NotTrusted.class, Reason.MANIFEST_STALE);
    machine.at(Instant.parse("2026-11-20T00:00:00Z"));
    completes();
  }

  @Test
  void aMalformedManifestIsRefused() throws Exception {
    built();
    server.swap("SHA256SUMS", "x *y\n".getBytes(StandardCharsets.UTF_8));

    refuses(UpdateException.NotTrusted.class, Reason.MANIFEST_MALFORMED);
  }

  @Test
  void withoutDefinitionsThereIsNothingToUpdate() throws Exception {
    built();
    try (var files = Files.list(home.resolve("definitions"))) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }

    refuses(UpdateException.Configuration.class, Reason.NO_DEFINITIONS);
  }
}
