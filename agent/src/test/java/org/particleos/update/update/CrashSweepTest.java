package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.update.Updater.Goal;

/**
 * Counts the changes that an update makes to disk and file systems, then runs it again and again
 * and lets one after the other fail, with everything that comes after it. Whatever was left, the
 * running version is whole, nothing in the boot menu leads to something that is not, and the same
 * command completes the update.
 */
class CrashSweepTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

  /** Above any number of changes of an update of four parts; ends a sweep that would not. */
  private static final int CHANGES_MAX = 5000;

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

  /** What runs on a kernel that will fail. */
  private interface Command {
    void run(Laboratory machine, Kernel kernel) throws UpdateException;
  }

  private static void update(Laboratory machine, Kernel kernel) throws UpdateException {
    var _ = machine.apply(kernel, Optional.empty(), Goal.UPDATE);
  }

  private static IOException powerCut() {
    return new IOException("power cut");
  }

  private static IOException full() {
    return new LinuxException(Errno.ENOSPC.number(), "write", "something", "No space left");
  }

  private Laboratory fresh(String name) throws IOException {
    Path place = Files.createDirectory(home.resolve(name));
    return new Laboratory(place, server).holding(V1, 0).holding(V0, 1).build();
  }

  private int sweep(
      Command command, Supplier<IOException> failure, Class<? extends UpdateException> kind)
      throws Exception {
    int failed = 0;
    for (int change = 0; change < CHANGES_MAX; change++) {
      Laboratory machine = fresh(kind.getSimpleName() + change);
      Judge before = Judge.of(machine);
      var kernel = new FailingKernel(new UnhurriedKernel(), change, failure);
      Optional<UpdateException> error = Optional.empty();
      try {
        command.run(machine, kernel);
      } catch (UpdateException e) {
        error = Optional.of(e);
      }
      if (error.isEmpty()) {
        if (kernel.operations().size() <= change) {
          return failed;
        }
        assertTrue(
            machine.events().stream().anyMatch(UpdateEvent.Warning.class::isInstance),
            "a change failed and nobody noticed: " + change);
        delete(machine);
        continue; // a warning is enough for what the installation is no worse without
      }
      failed++;
      String at = "change " + change + ", " + kernel.operations().get(change);
      try {
        assertInstanceOf(kind, error.get());
        assertTrue(error.get().state().isPresent(), "the error does not tell the state");
        Judge after = Judge.of(machine);
        after.assertWhole(V1);
        after.assertSlotsUntouchedSince(before, 0);
        after.assertEveryEntryBoots(V0, V1, V2);

        var outcome = machine.apply();

        Judge completed = Judge.of(machine);
        completed.assertWhole(V1);
        completed.assertWhole(V2);
        completed.assertSlotsUntouchedSince(before, 0);
        completed.assertEveryEntryBoots(V1, V2);
        assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), completed.entries());
        assertEquals(List.of(), completed.hidden());
        Judge.assertLinked(machine, 1);
        if (outcome instanceof Outcome.NoUpdate) {
          after.assertWhole(V2);
        }
      } catch (UpdateException | AssertionError e) {
        e.addSuppressed(error.get());
        throw new AssertionError(at, e);
      }
      delete(machine);
    }
    throw new AssertionError("the update never ended well");
  }

  private static void delete(Laboratory machine) throws IOException {
    Files.delete(machine.disk());
  }

  @Test
  void losingPowerAtAnyChangeLeavesAWholeVersionAndCanBeContinued() throws Exception {
    int cases = sweep(CrashSweepTest::update, CrashSweepTest::powerCut, UpdateException.class);

    System.out.println("power cut before each of " + cases + " changes of an update");
    assertTrue(cases > 50, "an update makes more changes than " + cases);
  }

  @Test
  void noSpaceAtAnyChangeIsSaidSoAndCanBeContinued() throws Exception {
    int cases = sweep(CrashSweepTest::update, CrashSweepTest::full, UpdateException.NoSpace.class);

    System.out.println("no space at each of " + cases + " changes of an update");
    assertTrue(cases > 50, "an update makes more changes than " + cases);
  }

  @Test
  void acquiringThenInstallingSurvivesPowerCutsAsWell() throws Exception {
    int cases =
        sweep(
            (machine, kernel) -> {
              var _ = machine.apply(kernel, Optional.empty(), Goal.ACQUIRE);
              var _ = machine.apply(kernel, Optional.empty(), Goal.INSTALL_OFFLINE);
            },
            CrashSweepTest::powerCut,
            UpdateException.class);

    System.out.println("power cut before each of " + cases + " changes of acquire and install");
    assertTrue(cases > 50, "an update makes more changes than " + cases);
  }

  @Test
  void aVacuumThatLosesPowerLeavesNoEntryWithoutContent() throws Exception {
    int cases =
        sweep(
            (machine, kernel) -> {
              try (var updater = machine.updater(kernel)) {
                var _ = updater.vacuum("test");
              }
              var _ = machine.apply(kernel, Optional.empty(), Goal.UPDATE);
            },
            CrashSweepTest::powerCut,
            UpdateException.class);

    System.out.println("power cut before each of " + cases + " changes of vacuum and update");
  }
}
