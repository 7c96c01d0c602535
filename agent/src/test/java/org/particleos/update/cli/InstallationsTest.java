package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Errno;

/** Runs over the system and its components, cleaning up, and switching. */
class InstallationsTest {
  @TempDir Path home;
  private Premises premises;

  @BeforeEach
  void start() throws IOException {
    premises = Premises.at(home).transfer("10-os", Premises.plainFiles("os")).offers("os", "1");
    for (String name : List.of("zeta", "app", "mid")) {
      premises.component(name, "10-" + name, Premises.plainFiles(name)).offers(name, "5");
    }
  }

  private static int at(CapturedRun run, String text) {
    int index = run.err().indexOf(text);
    assertTrue(index >= 0, text + " in " + run.err());
    return index;
  }

  @ParameterizedTest
  @ValueSource(strings = {"--component-all", "-A", "--all"})
  void theSystemComesFirstThenTheComponentsByName(String option) throws IOException {
    CapturedRun run = premises.run("update", option);

    assertEquals(0, run.status(), run.err());
    assertEquals("", run.out());
    assertTrue(at(run, "/var/os/os_1") < at(run, "/var/app/app_5"));
    assertTrue(at(run, "/var/app/app_5") < at(run, "/var/mid/mid_5"));
    assertTrue(at(run, "/var/mid/mid_5") < at(run, "/var/zeta/zeta_5"));
    assertEquals(
        List.of("app", "mid", "os", "zeta"),
        premises.names("/var").stream().filter(name -> !name.equals("lib")).toList());
  }

  @Test
  void withoutTheOptionOnlyTheSystemIsUpdated() throws IOException {
    premises.run("update");

    assertEquals(List.of("os_1"), premises.names("/var/os"));
    assertEquals(List.of(), premises.names("/var/app"));
  }

  @Test
  void aDisabledComponentIsPassedOver() throws IOException {
    premises.file("/etc/sysupdate.mid.component", "[Component]\nEnabled=no\n");

    CapturedRun run = premises.run("update", "-A");

    assertEquals(0, run.status(), run.err());
    assertEquals(List.of(), premises.names("/var/mid"));
    assertEquals(List.of("zeta_5"), premises.names("/var/zeta"));
    assertFalse(run.err().contains("disabled"), run.err());
  }

  @Test
  void aSystemWithoutTransfersIsPassedOver() throws IOException {
    Files.delete(premises.at("/etc/sysupdate.d/10-os.transfer"));

    CapturedRun run = premises.run("update", "-A");

    assertEquals(0, run.status(), run.err());
    assertEquals(List.of("app_5"), premises.names("/var/app"));
    assertEquals(1, premises.run("update").status());
  }

  @Test
  void theFirstFailureDecidesAndTheOthersAreStillUpdated() throws IOException {
    Files.createDirectories(premises.at("/etc/sysupdate.bare.d"));
    premises.component("mid", "10-mid", "[Source]\nType=nonsense\n");

    CapturedRun reference = premises.run("update", "-A");
    CapturedRun own = premises.run("apply", "-A");

    assertEquals(1, reference.status());
    assertEquals(Optional.of(Errno.ENOENT), reference.errno(), "bare comes before mid");
    assertTrue(at(reference, "In component \"bare\":") < at(reference, "In component \"mid\":"));
    assertEquals(List.of("zeta_5"), premises.names("/var/zeta"));
    assertEquals(6, own.status());
  }

  @Test
  void aVersionThatTheSystemDoesNotHaveIsAFailure() throws IOException {
    CapturedRun run = premises.run("update", "5", "-A"); // H-15

    assertEquals(1, run.status());
    assertTrue(run.err().contains("Update '5' not found."), run.err());
    assertEquals(Optional.of(Errno.ENOENT), run.errno());
    assertEquals(List.of("zeta_5"), premises.names("/var/zeta"));
    assertEquals(List.of(), premises.names("/var/os"));
  }

  // ---- Cleaning up ----

  private void undefine() throws IOException {
    premises.run("update", "-A");
    Files.delete(premises.at("/etc/sysupdate.d/10-os.transfer"));
    Files.delete(premises.at("/etc/sysupdate.app.d/10-app.transfer"));
    Files.delete(premises.at("/etc/sysupdate.app.d"));
  }

  @Test
  void anUpdateCleansUpAlsoWhenAllDefinitionsAreGoneAndFailsStill() throws IOException {
    undefine();

    CapturedRun keeping = premises.run("update", "--cleanup=no");
    List<String> kept = premises.names("/var/os");
    CapturedRun cleaning = premises.run("update", "--cleanup=yes");

    assertEquals(1, keeping.status());
    assertEquals(List.of("os_1"), kept);
    assertEquals(1, cleaning.status());
    assertEquals(Optional.of(Errno.ENOENT), cleaning.errno());
    assertTrue(cleaning.err().contains("no transfer definitions found"), cleaning.err());
    assertEquals(List.of(), premises.names("/var/os"));
    assertEquals(List.of("app_5"), premises.names("/var/app"));
  }

  @Test
  void withADefinitionLeftTheSameUpdateCleansUpAfterTheOthers() throws IOException {
    premises.transfer("20-more", Premises.plainFiles("more")).offers("more", "1");
    premises.run("update");
    Files.delete(premises.at("/etc/sysupdate.d/20-more.transfer"));

    CapturedRun own = premises.run("apply", "--cleanup=yes");

    assertEquals(0, own.status(), own.err());
    assertEquals(List.of(), premises.names("/var/more"));
    assertEquals(List.of("os_1"), premises.names("/var/os"));
  }

  @Test
  void cleanupIsForTheSystemUnlessAllComponentsAreMeant() throws IOException {
    undefine();

    assertEquals(0, premises.run("cleanup").status());
    assertEquals(List.of(), premises.names("/var/os"));
    assertEquals(List.of("app_5"), premises.names("/var/app"));
    assertEquals(0, premises.run("cleanup", "--component-all").status());

    assertEquals(List.of(), premises.names("/var/app"));
    assertEquals(List.of("mid_5"), premises.names("/var/mid"));
  }

  @Test
  void whereEverythingIsDefinedCleanupDoesNothing() throws IOException {
    premises.run("update", "-A");

    CapturedRun run = premises.run("cleanup", "-A");

    assertEquals(0, run.status(), run.err());
    assertEquals("", run.out() + run.err());
    assertEquals(List.of("os_1"), premises.names("/var/os"));
    assertEquals(List.of("app_5"), premises.names("/var/app"));
  }

  // ---- Switching ----

  private String dropIn(String path) throws IOException {
    return Files.readString(premises.at(path + "/50-systemd-sysupdate-enabled.conf"));
  }

  @Test
  void aFeatureIsSwitchedByADropInAndTheNextUpdateFollows() throws IOException {
    premises
        .file("/usr/lib/sysupdate.d/devel.feature", "[Feature]\n")
        .transfer("20-devel", Premises.plainFiles("devel", "Features=devel"))
        .offers("devel", "1");
    premises.run("update");

    CapturedRun enabled = premises.run("enable-feature", "devel");
    String written = dropIn("/etc/sysupdate.d/devel.feature.d");
    CapturedRun incomplete = premises.run("list");
    premises.run("update");
    List<String> installed = premises.names("/var/devel");
    CapturedRun disabled = premises.run("disable-feature", "devel");
    premises.run("vacuum");

    assertEquals(0, enabled.status(), enabled.err());
    assertEquals("", enabled.out());
    assertTrue(written.startsWith("#"), written);
    assertTrue(written.contains("enable-feature"), written);
    assertTrue(written.contains("\n[Feature]\nEnabled=yes\n"), written);
    assertTrue(incomplete.out().contains("current+incomplete"), incomplete.out());
    assertEquals(List.of("devel_1"), installed);
    assertEquals(0, disabled.status(), disabled.err());
    assertTrue(dropIn("/etc/sysupdate.d/devel.feature.d").contains("Enabled=no"));
    assertEquals(List.of(), premises.names("/var/devel"));
  }

  @Test
  void anUnknownFeatureIsAFailureAndTheOthersAreSwitched() throws IOException {
    premises.file("/usr/lib/sysupdate.d/devel.feature", "[Feature]\n");

    CapturedRun run = premises.run("enable-feature", "nothing", "devel", "nobody");

    assertEquals(1, run.status());
    assertEquals(Optional.of(Errno.ENOENT), run.errno());
    assertTrue(run.err().contains("nothing") && run.err().contains("nobody"), run.err());
    assertTrue(dropIn("/etc/sysupdate.d/devel.feature.d").contains("Enabled=yes"));
  }

  @Test
  void allFeaturesOfAllComponentsIncludeThoseOfADisabledDefault() throws IOException {
    premises
        .transfer("10-os", Premises.plainFiles("os", "Features=devel"))
        .file("/usr/lib/sysupdate.d/devel.feature", "[Feature]\n")
        .file("/usr/lib/sysupdate.app.d/extra.feature", "[Feature]\n");

    CapturedRun run = premises.run("enable-feature", "--component-all", "--feature-all");

    assertEquals(0, run.status(), run.err());
    assertTrue(dropIn("/etc/sysupdate.d/devel.feature.d").contains("Enabled=yes"));
    assertTrue(dropIn("/etc/sysupdate.app.d/extra.feature.d").contains("Enabled=yes"));
  }

  @Test
  void suggestedFeaturesArePickedAndWhatCannotBeToldIsPassedOver() throws IOException {
    premises
        .file("/usr/lib/sysupdate.d/good.feature", "[Feature]\nSuggest=yes\n")
        .file("/usr/lib/sysupdate.d/other.feature", "[Feature]\n")
        .file(
            "/usr/lib/sysupdate.d/odd.feature",
            "[Feature]\nSuggestOnFirmware=smbios-field(nonsense\n");

    CapturedRun run = premises.run("enable-feature", "--feature-suggested");

    assertEquals(0, run.status(), run.err());
    assertTrue(run.err().contains("odd"), run.err());
    assertEquals(List.of("10-os.transfer", "good.feature.d"), premises.names("/etc/sysupdate.d"));
  }

  @Test
  void aComponentIsSwitchedByADropIn() throws IOException {
    CapturedRun disabled = premises.run("disable-component", "app", "mid");
    CapturedRun update = premises.run("update", "-C", "app");
    CapturedRun enabled = premises.run("enable-component", "--component=app");

    assertEquals(0, disabled.status(), disabled.err());
    assertEquals(1, update.status());
    assertTrue(update.err().contains("Component is disabled"), update.err());
    assertEquals(0, enabled.status(), enabled.err());
    String written = dropIn("/etc/sysupdate.app.component.d");
    assertTrue(written.contains("\n[Component]\nEnabled=yes\n"), written);
    assertTrue(dropIn("/etc/sysupdate.mid.component.d").contains("Enabled=no"));
    assertEquals(
        "{\"default\":true,\"components\":[\"app\",\"mid\",\"zeta\"]}\n",
        premises.run("components", "--json=short").out());
  }

  @Test
  void noSuggestedComponentIsNoFailure() throws IOException {
    CapturedRun none = premises.run("disable-component", "-S");
    premises.file("/etc/sysupdate.mid.component", "[Component]\nSuggest=yes\n");
    CapturedRun one = premises.run("disable-component", "--component-suggested");

    assertEquals(0, none.status(), none.err());
    assertEquals(0, one.status(), one.err());
    assertTrue(dropIn("/etc/sysupdate.mid.component.d").contains("Enabled=no"));
    assertFalse(Files.exists(premises.at("/etc/sysupdate.app.component.d")));
  }

  @Test
  void belowAnotherRootNothingOfTheRunningSystemIsTouched() throws IOException {
    Path other = home.resolve("other");
    Files.createDirectories(other.resolve("etc/sysupdate.d"));
    Files.createDirectories(other.resolve("srv/os"));
    Files.writeString(other.resolve("etc/sysupdate.d/10-os.transfer"), Premises.plainFiles("os"));
    Files.writeString(other.resolve("srv/os/os_3"), "three");

    CapturedRun run = premises.run("update", "--root=" + other);

    assertEquals(0, run.status(), run.err());
    assertEquals("three", Files.readString(other.resolve("var/os/os_3")));
    assertEquals(List.of(), premises.names("/var/os"));
  }
}
