package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Updater.Goal;

/** A machine with two disks: the ESP of the second one is kept in step with that of the first. */
class FurtherBootPartitionTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;
  private MountedKernel kernel;
  private Path further;

  @BeforeEach
  void start() throws IOException {
    home = home.toRealPath();
    server = new ReleaseServer();
    further = Files.createDirectories(home.resolve("esp2"));
    machine = new Laboratory(home, server).line("90-uki", "Target", "AlsoTo=" + further);
    kernel = new MountedKernel().mounted(machine.esp()).mounted(further);
    server.publish(V1);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private FurtherBootPartitionTest holding(Release release, int slot) {
    machine.holding(release, slot);
    return this;
  }

  private Path menu() {
    return further.resolve("EFI/Linux");
  }

  private void there(String name, byte[] bytes) throws IOException {
    Files.createDirectories(menu());
    Files.write(menu().resolve(name), bytes);
  }

  private List<String> names() throws IOException {
    return Files.exists(menu()) ? new UnhurriedKernel().list(menu()) : List.of();
  }

  private List<String> primary() throws IOException {
    return new UnhurriedKernel().list(machine.esp().resolve("EFI/Linux"));
  }

  private Outcome apply() throws UpdateException {
    return machine.apply(kernel, Optional.empty(), Goal.UPDATE);
  }

  private void vacuum() throws UpdateException {
    try (var updater = machine.updater(kernel)) {
      var _ = updater.vacuum("test");
    }
  }

  private FurtherState state() throws UpdateException {
    try (var updater = machine.updater(kernel)) {
      List<FurtherState> states = updater.furtherStates(updater.overview(View.OFFLINE));
      assertEquals(1, states.size());
      return states.getFirst();
    }
  }

  private List<String> warnings() {
    return machine.events().stream()
        .filter(UpdateEvent.Warning.class::isInstance)
        .map(event -> ((UpdateEvent.Warning) event).text())
        .filter(text -> text.contains(further.toString()))
        .toList();
  }

  // ---- Installing ----

  @Test
  void aVersionIsInstalledOnBothUnderTheSameName() throws Exception {
    holding(V1, 0).machine.build();
    server.publish(V2);

    assertEquals(Outcome.Installed.class, apply().getClass());

    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), primary());
    assertEquals(primary(), names());
    assertArrayEquals(V2.uki(), Files.readAllBytes(menu().resolve("os_2+3-0.efi")));
    assertArrayEquals(V1.uki(), Files.readAllBytes(menu().resolve("os_1.efi")));
    assertEquals(List.of(), warnings());
    assertTrue(state().inStep());
  }

  @Test
  void withoutTheKeyNothingIsWrittenElsewhere() throws Exception {
    machine = new Laboratory(home, server);
    holding(V1, 0).machine.build();
    server.publish(V2);

    apply();

    assertEquals(List.of(), names());
  }

  @Test
  void anEntryGoesEverywhereBeforeItsSlotIsWritten() throws Exception {
    holding(V1, 0).holding(V0, 1).machine.build();
    there("os_0.efi", V0.uki());
    there("os_1.efi", V1.uki());
    server.publish(V2);
    machine.watchedBy(event -> {
      if (event instanceof UpdateEvent.AcquireStarted) {
        try {
          assertEquals(List.of("os_1.efi"), names());
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    });

    apply();

    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), names());
  }

  @Test
  void aFurtherPartitionWithTheOldestOnlyGetsAnotherBeforeThatGoes() throws Exception {
    holding(V1, 0).holding(V0, 1).machine.build();
    there("os_0+0-3.efi", V0.uki());
    server.publish(V2);

    apply();

    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), names());
  }

  // ---- Keeping in step ----

  @Test
  void whatIsMissingOrWrongOrGoneIsMendedThoughNothingIsNew() throws Exception {
    holding(V1, 0).machine.build();
    byte[] wrong = V1.uki().clone();
    wrong[wrong.length / 2] ^= 1;
    there("os_1.efi", wrong);
    there("os_0+1-2.efi", V0.uki());
    there(".sysupdate.partial.os_1.efi", new byte[5]);
    there(".sysupdate.pending.os_0.efi", new byte[5]);

    assertEquals(new Outcome.NoUpdate(), apply());

    assertEquals(List.of("os_1.efi"), names());
    assertArrayEquals(V1.uki(), Files.readAllBytes(menu().resolve("os_1.efi")));
  }

  @Test
  void filesOfOthersAreLeftAlone() throws Exception {
    holding(V1, 0).machine.build();
    there("other-linux.efi", new byte[3]);
    there("arch.conf", new byte[3]);
    Files.write(further.resolve("mine"), new byte[1]);

    apply();
    vacuum();

    assertEquals(List.of("arch.conf", "os_1.efi", "other-linux.efi"), names());
    assertTrue(Files.exists(further.resolve("mine")));
  }

  @Test
  void aVacuumOfThePrimaryIsOneOfTheOtherToo() throws Exception {
    machine.espFile("os_0.efi", V0.uki()).espFile("os_0.5.efi", V0.uki());
    holding(V1, 0).machine.build();
    apply();
    assertEquals(3, names().size());

    vacuum();

    assertEquals(2, primary().size());
    assertEquals(primary(), names());
  }

  @ParameterizedTest
  @CsvSource({
    // primary, further, then
    "os_1.efi,      os_1+3-0.efi, os_1.efi",
    "os_1.efi,      os_1+2-1.efi, os_1.efi",
    "os_1+3-0.efi,  os_1.efi,     os_1.efi",
    "os_1+2-1.efi,  os_1+3-0.efi, os_1+2-1.efi",
    "os_1+3-0.efi,  os_1+2-1.efi, os_1+2-1.efi",
    "os_1.efi,      os_1+0-3.efi, os_1+0-3.efi",
    "os_1+3-0.efi,  os_1+0-3.efi, os_1+0-3.efi",
    "os_1+0-3.efi,  os_1+3-0.efi, os_1+0-3.efi",
    "os_1+0-3.efi,  os_1.efi,     os_1.efi",
  })
  void ofTwoCountersTheOneThatTellsMoreWins(String here, String there, String then)
      throws Exception {
    machine.holding(V1, 0, here).build();
    there(there, V1.uki());

    apply();

    assertEquals(List.of(here), primary());
    assertEquals(List.of(then), names());
  }

  @Test
  void aBlessedEntryIsRenamedAndNotCopied() throws Exception {
    holding(V1, 0).machine.build();
    server.publish(V2);
    apply();
    Files.move(
        machine.esp().resolve("EFI/Linux/os_2+3-0.efi"),
        machine.esp().resolve("EFI/Linux/os_2.efi"));
    Object before = Files.getAttribute(menu().resolve("os_2+3-0.efi"), "unix:ino");
    assertEquals(List.of("os_2.efi"), state().renamed());

    apply();

    assertEquals(List.of("os_1.efi", "os_2.efi"), names());
    assertEquals(before, Files.getAttribute(menu().resolve("os_2.efi"), "unix:ino"));
  }

  @Test
  void aVersionThatIsGivenItsTriesBackHasThemEverywhere() throws Exception {
    machine.holding(V2, 1, "os_2+0-3.efi");
    holding(V1, 0).machine.build();
    there("os_2+0-3.efi", V2.uki());

    try (var updater = machine.updater(kernel)) {
      assertTrue(updater.lift("2", "test").startsNext());
    }

    assertEquals(primary(), List.of("os_1.efi", "os_2+3-0.efi"));
    assertEquals(List.of("os_2+3-0.efi"), names());
  }

  @Test
  void theEntriesOfAFurtherPartitionStayWhenThePrimaryOneIsNew() throws Exception {
    holding(V1, 0).machine.build();
    Files.delete(machine.esp().resolve("EFI/Linux/os_1.efi"));
    there("os_1.efi", V1.uki());
    there("os_0.efi", V0.uki());

    vacuum();

    assertEquals(List.of("os_0.efi", "os_1.efi"), names());
  }

  // ---- Further places that fail ----

  private List<String> found() {
    return machine.examine(kernel, View.OFFLINE).stream()
        .filter(finding -> finding.about().equals("further boot partition"))
        .map(finding -> finding.level() + " " + finding.text())
        .toList();
  }

  @Test
  void theDoctorTellsWhetherItIsInStep() throws Exception {
    holding(V1, 0).machine.build();
    String what = "\"" + further + "\" for \"90-uki\"";
    assertEquals(List.of("WARNING " + what + " is not in step"), found());

    apply();
    assertEquals(List.of("GOOD " + what + " is in step"), found());

    kernel.unmounted(further);
    assertEquals(
        List.of("WARNING " + what + " is not in step: it has nothing mounted on it"), found());
  }

  private void tellsOf(String... words) {
    assertEquals(1, warnings().size(), () -> warnings().toString());
    for (String word : words) {
      assertTrue(warnings().getFirst().contains(word), () -> warnings().toString());
    }
  }

  @Test
  void whatIsNotMountedIsNotWrittenAndTheNextRunMakesUpForIt() throws Exception {
    holding(V1, 0).machine.build();
    server.publish(V2);
    kernel.unmounted(further);

    assertEquals(Outcome.Installed.class, apply().getClass());

    assertFalse(Files.exists(further.resolve("EFI")));
    tellsOf("is not written to", "has nothing mounted on it", "AlsoTo=");
    assertEquals(Optional.of("has nothing mounted on it"), state().why());

    kernel.mounted(further);
    apply();
    assertEquals(primary(), names());
    assertTrue(state().inStep());
  }

  @Test
  void thePrimaryOneItselfIsNotWrittenTwice() throws Exception {
    holding(V1, 0).machine.build();
    kernel.mountedAs(further, machine.esp());

    apply();

    assertFalse(Files.exists(further.resolve("EFI")));
    tellsOf("is the boot partition itself");
  }

  @Test
  void whatDoesNotExistIsNamed() throws Exception {
    holding(V1, 0).machine.build();
    Files.delete(further);

    apply();

    tellsOf("does not exist");
  }

  @ParameterizedTest
  @CsvSource({"EROFS, read-only", "EIO, kernel log"})
  void whatCannotBeWrittenDoesNotFailTheUpdate(Errno errno, String word) throws Exception {
    holding(V1, 0).holding(V0, 1).machine.build();
    there("os_0.efi", V0.uki());
    server.publish(V2);
    kernel.failing(further, errno);

    assertEquals(Outcome.Installed.class, apply().getClass());

    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), primary());
    assertEquals(List.of("os_0.efi"), names());
    assertTrue(warnings().stream().allMatch(text -> text.contains(word)), warnings()::toString);
    assertTrue(warnings().stream().allMatch(text -> text.contains("the next run tries again")));
    assertFalse(warnings().isEmpty());
    FurtherState state = state();
    assertFalse(state.inStep());
    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), state.missing());
    assertEquals(List.of("os_0.efi"), state.surplus());
    assertEquals(errno == Errno.EROFS, state.why().isPresent());

    kernel.healed(further);
    apply();
    assertEquals(primary(), names());
  }

  @Test
  void whereThereIsNoRoomNothingIsBegunAndNothingGoes() throws Exception {
    holding(V1, 0).machine.build();
    there("other.efi", new byte[2000]);
    there("os_0.efi", V0.uki());
    kernel.small(further, 2000 + V0.uki().length + 100);

    apply();

    assertEquals(List.of("os_0.efi", "other.efi"), names());
    tellsOf("bytes are needed", "remove what is not needed there");
    assertEquals(List.of("os_1.efi"), state().missing());

    kernel.healed(further);
    apply();
    assertEquals(List.of("os_1.efi", "other.efi"), names());
  }

  @Test
  void whatWasAwayForLongMakesRoomByItselfButNeverLosesItsLastEntry() throws Exception {
    holding(V1, 0).holding(V2, 1).machine.build();
    there("os_0.1.efi", V0.uki());
    there("os_0.2.efi", V0.uki());
    kernel.small(further, 2L * V0.uki().length + 1100);

    apply();

    assertEquals(List.of("os_1.efi", "os_2.efi"), names());
    assertEquals(List.of(), warnings());
  }
}
