package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.catalog.Stage;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Laboratory.Part;
import org.particleos.update.update.Updater.Goal;

/** Version 1 runs, version 0 is what the machine goes back to, version 2 would take its place. */
class FallbackTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

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

  private Laboratory booted(String entry) {
    var machine = new Laboratory(home, server);
    for (Part part : Part.values()) {
      machine.holding(part, 0, V1, Stage.INSTALLED);
    }
    return machine.espFile(entry, V1.uki());
  }

  private static Outcome run(Laboratory machine, Goal goal) throws UpdateException {
    return machine.apply(new UnhurriedKernel(), Optional.empty(), goal);
  }

  @ParameterizedTest
  @EnumSource(
      value = Goal.class,
      names = {"ACQUIRE", "UPDATE"})
  void theFallbackOfAVersionThatIsStillTriedIsNotReplaced(Goal goal) throws Exception {
    Laboratory machine = booted("os_1+2-1.efi").holding(V0, 1).build();
    Judge before = Judge.of(machine);

    var refused = assertThrows(UpdateException.NotAvailable.class, () -> run(machine, goal));

    assertEquals(Reason.FALLBACK_NEEDED, refused.reason());
    assertEquals("nothing was changed", refused.state().orElseThrow());
    assertTrue(String.valueOf(refused.getMessage()).contains("version 0"), refused.getMessage());
    assertTrue(refused.remedy().contains("--force"), refused.remedy());
    Judge.of(machine).assertUnchangedSince(before);
  }

  @Test
  void itsLastTryIsATryToo() throws Exception {
    Laboratory machine = booted("os_1+0-3.efi").holding(V0, 1).build();

    var refused = assertThrows(UpdateException.NotAvailable.class, machine::apply);

    assertEquals(Reason.FALLBACK_NEEDED, refused.reason());
  }

  @Test
  void withForceItIsReplaced() throws Exception {
    Laboratory machine = booted("os_1+2-1.efi").holding(V0, 1).forcing().build();

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V1);
    Judge.of(machine).assertWhole(V2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"os_1.efi", "os_1+3-0.efi", "os_1+3.efi"})
  void aVersionThatWasFoundGoodOrIsNotTriedIsNoObstacle(String entry) throws Exception {
    Laboratory machine = booted(entry).holding(V0, 1).build();

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V2);
  }

  @Test
  void withAnEmptySlotTheFallbackStaysAnyway() throws Exception {
    Laboratory machine = booted("os_1+2-1.efi").build();

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V1);
    Judge.of(machine).assertWhole(V2);
  }

  @Test
  void whatIsPendingAlreadyIsInstalled() throws Exception {
    Laboratory machine = booted("os_1+2-1.efi").build();
    run(machine, Goal.ACQUIRE);

    assertInstanceOf(Outcome.Installed.class, run(machine, Goal.UPDATE));

    Judge.of(machine).assertWhole(V2);
  }
}
