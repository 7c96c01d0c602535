package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.catalog.Stage;
import org.particleos.update.delta.SmallTree;
import org.particleos.update.update.Laboratory.Part;

/** Version 2 has most blocks of version 1, elsewhere; only the others are fetched. */
class SlotDeltaTest {
  private static final int BLOCK = SmallTree.BLOCK;
  private static final int BLOCKS = 40;
  private static final int NEW_BLOCKS = 4;

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;
  private byte[] oldUsr;
  private byte[] newUsr;

  @BeforeEach
  void start() throws Exception {
    server = new ReleaseServer();
    machine = new Laboratory(home, server);
    oldUsr = Release.noise("1", 1, BLOCKS * BLOCK);
    newUsr = Release.noise("2", 1, BLOCKS * BLOCK);
    int rest = (BLOCKS - NEW_BLOCKS - 1) * BLOCK;
    System.arraycopy(oldUsr, 0, newUsr, 0, BLOCK);
    System.arraycopy(oldUsr, BLOCK, newUsr, (1 + NEW_BLOCKS) * BLOCK, rest);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static Release release(String version, byte[] usr, SmallTree tree) {
    return release(version, usr, tree, tree.root().dataUuid(), tree.root().verityUuid());
  }

  private static Release release(
      String version, byte[] usr, SmallTree tree, UUID usrUuid, UUID verityUuid) {
    return new Release(
        version,
        usr,
        tree.bytes(),
        Release.signature(version, tree.root()),
        Release.uki(version, tree.root()),
        usrUuid,
        verityUuid);
  }

  private Release first() {
    return release("1", oldUsr, SmallTree.of(oldUsr, "aa"));
  }

  private Release second() {
    return release("2", newUsr, SmallTree.of(newUsr, "bb"));
  }

  private void applies(Release to) throws Exception {
    machine.holding(first(), 0).build();
    server.publish(to);
    Judge before = Judge.of(machine);

    machine.apply();

    Judge after = Judge.of(machine);
    after.assertWhole(to);
    after.assertSlotsUntouchedSince(before, 0);
  }

  /** What would not be installed: its parts do not belong together. */
  private void acquires(Release to) throws Exception {
    machine.holding(first(), 0).build();
    server.publish(to);
    Judge before = Judge.of(machine);

    machine.apply(new UnhurriedKernel(), Optional.empty(), Updater.Goal.ACQUIRE);

    Judge.of(machine).assertSlotsUntouchedSince(before, 0);
    byte[] disk = Files.readAllBytes(machine.disk());
    int at = Part.USR.offset(1);
    assertArrayEquals(to.usr(), Arrays.copyOfRange(disk, at, at + to.usr().length));
  }

  private void assertByParts(Release to) {
    long bytes = server.partBytes(to.usrName());
    assertTrue(bytes >= NEW_BLOCKS * BLOCK, "fetched " + bytes);
    assertTrue(bytes <= NEW_BLOCKS * BLOCK * 11 / 10, "fetched " + bytes);
    assertTrue(!server.fetched().contains(to.usrName()), server.fetched()::toString);
  }

  private void assertInFull(Release to, String why) {
    assertTrue(server.fetched().contains(to.usrName()), server.fetched()::toString);
    List<String> notices =
        machine.events().stream()
            .filter(UpdateEvent.Detail.class::isInstance)
            .map(event -> ((UpdateEvent.Detail) event).text())
            .filter(text -> text.contains("fetches all of its payload"))
            .toList();
    assertEquals(1, notices.size(), notices::toString);
    assertTrue(notices.getFirst().contains(why), notices::toString);
  }

  @Test
  void onlyWhatNoSlotHoldsIsFetched() throws Exception {
    server.sendingParts();

    applies(second());

    assertByParts(second());
    assertTrue(
        machine.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.TransferFinished finished
                    && finished.transferId().equals("10-usr")
                    && finished.bytesTransferred() < 2L * NEW_BLOCKS * BLOCK
                    && finished.bytesWritten() == newUsr.length));
  }

  @Test
  void anInterruptedUpdateKeepsWhatIsInPlace() throws Exception {
    server.sendingParts();
    byte[] begun = new byte[newUsr.length * 2];
    System.arraycopy(newUsr, 0, begun, 0, newUsr.length);
    var half = release("2", begun, SmallTree.of(newUsr, "bb"));
    machine.holding(first(), 0);
    machine.holding(Part.USR, 1, half, Stage.PARTIAL).build();
    server.publish(second());

    machine.apply();

    Judge.of(machine).assertWhole(second());
    assertTrue(server.partBytes(second().usrName()) < BLOCK);
  }

  @Test
  void uuidsThatAreMadeSomeOtherWayLeaveTheDigestOfTheTreeToVouch() throws Exception {
    server.sendingParts();
    var tree = SmallTree.of(newUsr, "");
    String line = "usrhash=" + tree.root() + " systemd.verity_usr_data=PARTLABEL=os_2";
    var to =
        release("2", newUsr, tree, new UUID(1, 2), new UUID(3, 4))
            .withUki(Release.kernel("2", line, 1000).bytes());

    applies(to);

    assertByParts(to);
  }

  @Test
  void withoutPartsFromTheServerAllIsFetched() throws Exception {
    applies(second());

    assertInFull(second(), "does not send parts");
  }

  @Test
  void whereNamesTellAnotherRootHashAllIsFetched() throws Exception {
    server.sendingParts();
    var tree = SmallTree.of(newUsr, "bb");
    var to = release("2", newUsr, tree, tree.root().dataUuid(), new UUID(3, 4));

    acquires(to);

    assertInFull(to, "root hash that the names");
  }

  @Test
  void aTreeThatIsDamagedIsNotUsed() throws Exception {
    server.sendingParts();
    var tree = SmallTree.of(newUsr, "bb");
    byte[] damaged = tree.bytes().clone();
    damaged[0] ^= 1;
    var to = release("2", newUsr, new SmallTree(damaged, tree.root()));

    acquires(to);

    assertInFull(to, "has no dm-verity superblock");
  }

  @Test
  void partsThatLieAreFoundOutAndTheWholeIsFetched() throws Exception {
    server.lyingInParts();

    applies(second());

    assertInFull(second(), "does not hold what its hash tree says");
  }

  @Test
  void whereNearlyAllIsNewAllIsFetched() throws Exception {
    server.sendingParts();
    new Random(7).nextBytes(newUsr);
    newUsr[0] = 'R';

    applies(second());

    assertInFull(second(), "% of its blocks are on this disk");
  }

  @Test
  void aTreeForAnotherImageThanTheListedOneIsFoundOut() throws Exception {
    server.sendingParts();
    byte[] other = Arrays.copyOf(newUsr, newUsr.length);
    other[BLOCK * 20] ^= 1; // a block that is copied, not fetched
    var to = release("2", other, SmallTree.of(newUsr, "bb"));

    acquires(to);

    assertInFull(to, "is for another image");
  }
}
