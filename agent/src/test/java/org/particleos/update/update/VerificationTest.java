package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.disk.Disk;
import org.particleos.update.disk.PartitionChange;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.RetryLimits;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.update.Laboratory.Part;
import org.particleos.update.update.Verification.Assurance;
import org.particleos.update.update.Verification.Obstacle;
import org.particleos.update.verity.BlockRanges.Range;
import org.particleos.update.verity.RootHash;

/** Versions with hash trees made by {@code veritysetup}, in slots of a real partition table. */
class VerificationTest {
  private static final int BLOCK = 1024;
  private static final int BLOCKS = 150;

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;
  private byte[] usr;
  private byte[] verity;
  private RootHash root;

  @BeforeEach
  void start() throws Exception {
    server = new ReleaseServer();
    machine = new Laboratory(home, server);
    usr = Release.noise("1", 1, BLOCKS * BLOCK);
    format();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void format() throws Exception {
    Path data = Files.write(home.resolve("usr"), usr);
    Path tree = home.resolve("tree");
    Process process;
    try {
      process =
          new ProcessBuilder(
                  Files.isExecutable(Path.of("/usr/sbin/veritysetup"))
                      ? "/usr/sbin/veritysetup"
                      : "veritysetup",
                  "format",
                  "--data-block-size=" + BLOCK,
                  "--hash-block-size=" + BLOCK,
                  data.toString(),
                  tree.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException missing) {
      assumeTrue(false, "veritysetup is not installed: " + missing.getMessage());
      throw missing;
    }
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), printed);
    verity = Files.readAllBytes(tree);
    root =
        new RootHash(
            printed
                .lines()
                .filter(line -> line.startsWith("Root hash:"))
                .findFirst()
                .orElseThrow()
                .replaceAll(".*:\\s*", ""));
  }

  private static byte[] signature(RootHash named) {
    return ("{\"rootHash\":\"" + named + "\",\"signature\":\"AAAA\"}")
        .getBytes(StandardCharsets.UTF_8);
  }

  private Release release(byte[] signature, UUID usrUuid, UUID verityUuid) {
    return new Release(
        "1", usr, verity, signature, Release.noise("1", 4, 1000), usrUuid, verityUuid);
  }

  private Release release() {
    return release(signature(root), root.dataUuid(), root.verityUuid());
  }

  private Verification verify(Release release) throws Exception {
    machine.holding(release, 0).build();
    return verify();
  }

  private Verification verify() throws UpdateException {
    try (var updater = machine.updater(new LinuxKernel())) {
      return updater.verify(Optional.empty());
    }
  }

  private static Verification.Part part(Verification verification, int index) {
    return verification.parts().get(index);
  }

  private static Verification.Part.Sound sound(Verification.Part part) {
    return assertInstanceOf(Verification.Part.Sound.class, part);
  }

  private static Verification.Part.Damaged damaged(Verification.Part part, String fault) {
    var damaged = assertInstanceOf(Verification.Part.Damaged.class, part);
    assertTrue(damaged.faults().stream().anyMatch(text -> text.contains(fault)), damaged::toString);
    return damaged;
  }

  private static Obstacle obstacle(Verification.Part part) {
    return assertInstanceOf(Verification.Part.Unverified.class, part).obstacle();
  }

  // ---- Good ----

  @Test
  void aVersionThatIsAsPublishedIsSoundAndItsFilesAreNotVerified() throws Exception {
    var verification = verify(release());

    assertFalse(verification.damaged());
    var data = sound(part(verification, 0));
    assertEquals("10-usr", data.transferId());
    assertEquals(root, data.root());
    assertEquals(Assurance.PARTITION_UUIDS, data.assurance());
    assertEquals(BLOCKS, data.blocks().orElseThrow().blocks());
    assertEquals(
        verity.length / BLOCK - 1, sound(part(verification, 1)).blocks().orElseThrow().blocks());
    assertEquals(Optional.empty(), sound(part(verification, 2)).blocks());
    assertEquals(Obstacle.NO_DIGEST_KEPT, obstacle(part(verification, 3)));
  }

  @Test
  void watchersHearHowFarItIs() throws Exception {
    verify(release());

    long total = (long) BLOCKS * BLOCK + verity.length - BLOCK;
    var events = machine.events();
    assertTrue(
        events.contains(new UpdateEvent.VerificationStarted("10-usr", machine.disk() + "1", total)),
        events::toString);
    assertTrue(events.contains(new UpdateEvent.VerificationFinished("10-usr", total)));
    assertTrue(events.contains(new UpdateEvent.VerificationProgress("10-usr", total, total)));
  }

  @Test
  void aVersionWithoutUuidsAndSignatureIsSoundOnlyInItself() throws Exception {
    var release = release(signature(root), new UUID(1, 2), new UUID(3, 4));
    machine.holding(Part.USR, 0, release, Stage.INSTALLED);
    machine.holding(Part.VERITY, 0, release, Stage.INSTALLED).build();

    Verification verification;
    try (var updater = machine.updater(new LinuxKernel())) {
      verification = updater.verify(Optional.of("1"));
    }

    assertEquals(Assurance.ITSELF, sound(part(verification, 0)).assurance());
    assertEquals(Obstacle.MISSING, obstacle(part(verification, 2)));
    assertEquals(Obstacle.MISSING, obstacle(part(verification, 3)));
  }

  @Test
  void whereUuidsAreMadeSomeOtherWayTheSignatureCounts() throws Exception {
    var verification = verify(release(signature(root), new UUID(1, 2), new UUID(3, 4)));

    assertEquals(Assurance.SIGNATURE_PARTITION, sound(part(verification, 0)).assurance());
  }

  @Test
  void whereThePageCacheCannotBeBypassedItIsReadThrough() throws Exception {
    machine.holding(release(), 0).build();
    var kernel =
        new DelegatingKernel(new LinuxKernel()) {
          @Override
          public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
            if (flags.contains(OpenFlag.DIRECT)) {
              throw new LinuxException(
                  Errno.EINVAL.number(), "open", path.toString(), "Invalid argument");
            }
            return super.open(path, flags);
          }
        };

    try (var updater = machine.updater(kernel)) {
      assertFalse(updater.verify(Optional.empty()).damaged());
    }
  }

  // ---- Damaged ----

  @Test
  void wrongBitsInTheDataAreFound() throws Exception {
    var release = release();
    usr[10 * BLOCK] ^= 1;
    usr[11 * BLOCK + 1000] ^= 1;

    var verification = verify(release);

    var data = damaged(part(verification, 0), "2 of 150 blocks that are not what was published");
    assertEquals(List.of(new Range(10, 11)), data.blocks().orElseThrow().bad().first());
    sound(part(verification, 1));
    sound(part(verification, 2));
  }

  @Test
  void aWrongBitInTheTreeIsFound() throws Exception {
    var release = release();
    verity[verity.length - BLOCK] ^= 1;

    var verification = verify(release);

    damaged(part(verification, 0), "below a damaged part of the hash tree");
    damaged(part(verification, 1), "1 of ");
  }

  @Test
  void aWrongBitAtTheTopOfTheTreeIsFoundByTheRootHashOfUuidsAndSignature() throws Exception {
    var release = release();
    verity[BLOCK] ^= 1;

    var verification = verify(release);

    damaged(part(verification, 0), "150 of 150 blocks below");
    damaged(part(verification, 1), "1 of ");
    assertEquals(root, sound(part(verification, 2)).root());
  }

  @Test
  void aBrokenSuperblockIsFoundAndNothingIsSaidOfTheData() throws Exception {
    var release = release();
    verity[12] ^= 1;

    var verification = verify(release);

    assertTrue(verification.damaged());
    assertEquals(Obstacle.HASH_TREE_UNUSABLE, obstacle(part(verification, 0)));
    damaged(part(verification, 1), "hash type 0");
    assertEquals(Obstacle.HASH_TREE_UNUSABLE, obstacle(part(verification, 2)));
  }

  @Test
  void aWrongUuidIsFound() throws Exception {
    damaged(
        part(verify(release(signature(root), new UUID(1, 2), root.verityUuid())), 0),
        "UUID that is not the beginning");
    damaged(
        part(verify(release(signature(root), root.dataUuid(), new UUID(1, 2))), 1),
        "UUID that is not the end");
  }

  @Test
  void aSignatureOfSomethingElseIsFound() throws Exception {
    var other = new RootHash("ab".repeat(32));

    var verification = verify(release(signature(other), root.dataUuid(), root.verityUuid()));

    sound(part(verification, 0));
    sound(part(verification, 1));
    damaged(part(verification, 2), "names another root hash");
    damaged(
        part(
            verify(
                release("[]".getBytes(StandardCharsets.UTF_8), root.dataUuid(), root.verityUuid())),
            2),
        "names no root hash");
  }

  // ---- Not possible ----

  @Test
  void aPairOfWhichAPartIsUnfinishedIsNotVerified() throws Exception {
    machine.holding(release(), 0);
    machine.holding(Part.VERITY, 0, release(), Stage.PARTIAL).build();

    var refused =
        assertThrows(
            UpdateException.NotAvailable.class,
            () -> {
              try (var updater = machine.updater(new LinuxKernel())) {
                updater.verify(Optional.of("1"));
              }
            });

    assertEquals(Reason.NOTHING_TO_VERIFY, refused.reason());
  }

  @Test
  void anUnknownVersionIsRefused() throws Exception {
    machine.holding(release(), 0).build();

    try (var updater = machine.updater(new LinuxKernel())) {
      var refused =
          assertThrows(UpdateException.NotAvailable.class, () -> updater.verify(Optional.of("7")));
      assertEquals(Reason.VERSION_NOT_FOUND, refused.reason());
    }
  }

  @Test
  void withoutAnyWholeVersionThereIsNothingToVerify() throws Exception {
    machine.build();

    var refused = assertThrows(UpdateException.NotAvailable.class, this::verify);

    assertEquals(Reason.NOTHING_INSTALLED, refused.reason());
  }

  @Test
  void aSlotThatIsTakenMeanwhileIsNotCalledDamaged() throws Exception {
    var release = release();
    usr[10 * BLOCK] ^= 1;
    machine
        .watchedBy(event -> {
          if (event instanceof UpdateEvent.VerificationStarted) {
            relabel();
          }
        })
        .holding(release, 0)
        .build();

    var refused = assertThrows(UpdateException.Busy.class, this::verify);

    assertEquals("this process changed nothing", refused.state().orElseThrow());
  }

  private void relabel() {
    try (var disk = Disk.open(new LinuxKernel(), machine.disk())) {
      disk.change(1, PartitionChange.NOTHING.withLabel("_empty"));
    } catch (UpdateException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRequestToStopEndsIt() throws Exception {
    machine.holding(release(), 0).build();
    var cancellation = new Cancellation();
    cancellation.cancel();
    try (var updater =
        new Updater(
            machine.machine(new LinuxKernel()),
            Settings.of(new DefinitionPlace.Directory(home.resolve("definitions"))),
            new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), java.util.Map.of()),
            _ -> {},
            cancellation)) {

      assertThrows(UpdateException.Interrupted.class, () -> updater.verify(Optional.empty()));
    }
  }

  @Test
  void nothingIsWritten() throws Exception {
    usr[10 * BLOCK] ^= 1;
    machine.holding(release(), 0).build();
    byte[] before = Files.readAllBytes(machine.disk());

    verify();

    try (var channel = FileChannel.open(machine.disk(), StandardOpenOption.READ)) {
      var after = ByteBuffer.allocate((int) channel.size());
      channel.read(after);
      assertEquals(ByteBuffer.wrap(before), after.flip());
    }
  }
}
