package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.delta.SmallTree;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.update.Laboratory.Part;

/** Version 1 runs, version 2 is installed and damaged. */
class RepairTest {
  private static final int BLOCK = SmallTree.BLOCK;

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;
  private Release second;
  private byte[] sound;

  @BeforeEach
  void start() throws Exception {
    server = new ReleaseServer().sendingParts();
    second = release("2");
    machine = new Laboratory(home, server).holding(release("1"), 0).holding(second, 1).build();
    server.publish(second);
    sound = Files.readAllBytes(machine.disk());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static Release release(String version) {
    byte[] usr = Release.noise(version, 1, 40 * BLOCK);
    var tree = SmallTree.of(usr, "0a0b");
    return new Release(
        version,
        usr,
        tree.bytes(),
        ("{\"rootHash\":\"" + tree.root() + "\"}\0").getBytes(StandardCharsets.UTF_8),
        Release.noise(version, 4, 1000),
        tree.root().dataUuid(),
        tree.root().verityUuid());
  }

  private void flip(Part part, int at) throws Exception {
    byte[] disk = Files.readAllBytes(machine.disk());
    disk[part.offset(1) + at] ^= 1;
    Files.write(machine.disk(), disk);
  }

  private Verification repair(String version) throws UpdateException {
    try (var updater = machine.updater(new LinuxKernel())) {
      return updater.repair(Optional.of(version), "test");
    }
  }

  private void assertWarned(String text) {
    assertTrue(
        machine.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Warning warning && warning.text().contains(text)),
        machine.events()::toString);
  }

  @Test
  void damagedBlocksAreFetchedAndReplaced() throws Exception {
    flip(Part.USR, 7 * BLOCK + 3);
    flip(Part.USR, 30 * BLOCK);

    assertFalse(repair("2").damaged());

    assertArrayEquals(sound, Files.readAllBytes(machine.disk()));
    assertTrue(server.partBytes(second.usrName()) < 3 * BLOCK);
  }

  @Test
  void nothingIsFetchedWhereNothingIsDamaged() throws Exception {
    assertFalse(repair("2").damaged());

    assertEquals(0, server.partBytes(second.usrName()));
  }

  @Test
  void aVersionThatIsOfferedNoMoreStaysDamaged() throws Exception {
    flip(Part.USR, 7 * BLOCK);
    server.withdraw(second);
    server.publish(release("3"));

    assertTrue(repair("2").damaged());

    assertWarned("no server offers this version any more");
  }

  @Test
  void aServerWithoutPartsRepairsNothing() throws Exception {
    flip(Part.USR, 7 * BLOCK);
    server.close();
    server = new ReleaseServer();
    server.publish(second);
    machine = new Laboratory(home, server).holding(release("1"), 0).holding(second, 1);
    machine.build();
    flip(Part.USR, 7 * BLOCK);

    assertTrue(repair("2").damaged());

    assertWarned("does not send parts");
  }

  @Test
  void whatAServerSendsInsteadIsNotWritten() throws Exception {
    flip(Part.USR, 7 * BLOCK);
    byte[] before = Files.readAllBytes(machine.disk());
    server.lyingInParts();

    assertTrue(repair("2").damaged());

    assertArrayEquals(before, Files.readAllBytes(machine.disk()));
    assertWarned("does not hold what its hash tree says");
  }

  @Test
  void belowADamagedTreeNothingIsRepaired() throws Exception {
    flip(Part.USR, 7 * BLOCK);
    flip(Part.VERITY, BLOCK + 9 * 32);

    assertTrue(repair("2").damaged());
  }

  @Test
  void theRunningVersionIsNotTouched() throws Exception {
    var refused = assertThrows(UpdateException.NotAvailable.class, () -> repair("1"));

    assertEquals(Reason.VERSION_RUNNING, refused.reason());
    assertEquals(Optional.of("nothing was changed"), refused.state());
  }
}
