package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Errno;

/** Options that contradict each other or the verb (update-algorithm.md 18.2, 18.3, 23). */
class ConflictTest {
  private static final String COMBINED = "may not be combined";

  @TempDir Path home;
  private Premises premises;

  @BeforeEach
  void start() throws IOException {
    premises =
        Premises.at(home)
            .running("1")
            .transfer("10-os", Premises.plainFiles("os"))
            .component("app", "10-app", Premises.plainFiles("app"))
            .file("/etc/sysupdate.d/devel.feature", "[Feature]\n")
            .offers("os", "1")
            .offers("app", "1");
  }

  private CapturedRun refused(String command, String fragment, Errno errno) throws IOException {
    CapturedRun run = premises.run(command.split(" "));

    assertEquals(1, run.status(), run.out() + run.err());
    assertTrue(run.err().contains(fragment), run.err());
    assertEquals("", run.out());
    assertEquals(Optional.of(errno), run.errno());
    assertFalse(premises.names("/var").contains("os"), "something was done");
    assertEquals(List.of("10-os.transfer", "devel.feature"), premises.names("/etc/sysupdate.d"));
    return run;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "list --image=/i --root=/r",
        "update --reboot --root=/r",
        "update --reboot --image=/i",
        "list --definitions=/d --root=/r",
        "list --definitions=/d --image=/i",
        "update --reboot -C app",
        "update --reboot -A",
        "enable-component --reboot -S",
        "list --definitions=/d --component=app",
        "update --definitions=/d --component-all",
        "enable-component --definitions=/d --component-suggested",
        "pending --root=/r",
        "pending --image=/i",
        "pending -C app",
        "pending -A",
        "pending -S",
        "pending -a",
        "pending -s",
        "reboot --root=/r",
        "reboot --image=/i",
        "reboot --component=app",
        "reboot --component-all",
        "reboot --feature-all",
        "components --definitions=/d",
        "enable-feature --definitions=/d devel",
        "disable-feature --definitions=/d devel",
        "enable-component --definitions=/d app",
        "disable-component --definitions=/d app"
      })
  void whatMayNotBeCombinedIsRefused(String command) throws IOException {
    refused(command, COMBINED, Errno.EINVAL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "list",
        "features",
        "check-new",
        "update",
        "acquire",
        "vacuum",
        "components",
        "enable-component",
        "disable-component",
        "cleanup"
      })
  void featureSelectorsAreForTheVerbsOfFeatures(String verb) throws IOException {
    refused(verb + " -a", "--feature-all is not supported for '" + verb + "'", Errno.EINVAL);
    refused(
        verb + " --feature-suggested",
        "--feature-suggested is not supported for '" + verb + "'",
        Errno.EINVAL);
  }

  @ParameterizedTest
  @ValueSource(strings = {"list", "features", "check-new", "vacuum", "components"})
  void thatAllComponentsAreMeantIsNotForEveryVerb(String verb) throws IOException {
    refused(verb + " -A", "--component-all is not supported for '" + verb + "'", Errno.EOPNOTSUPP);
    refused(
        verb + " --all", "--component-all is not supported for '" + verb + "'", Errno.EOPNOTSUPP);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "list",
        "features",
        "check-new",
        "update",
        "acquire",
        "vacuum",
        "components",
        "enable-feature",
        "disable-feature",
        "cleanup"
      })
  void suggestedComponentsAreForTheVerbsOfComponents(String verb) throws IOException {
    refused(
        verb + " -S",
        "--component-suggested is not supported for '" + verb + "'",
        Errno.EOPNOTSUPP);
  }

  @ParameterizedTest
  @CsvSource({
    "enable-feature -a devel, not both",
    "enable-feature -s devel, not both",
    "disable-feature -a -s, not both",
    "enable-feature, No feature specified.",
    "enable-component, No component specified.",
    "disable-component -A app, not both",
    "enable-component -C app app, not both",
    "enable-component -A -S, not both",
    "enable-component a/b, Component name invalid",
    "list -C a/b, Component name invalid",
    "enable-feature a/b, Feature name invalid",
    "update -m 1, --instances-max=",
    "acquire --instances-max=1, --instances-max=",
    "vacuum -m 0, --instances-max=",
    "cleanup --cleanup=no, contradictory",
    "list --json=xml, --json=",
    "update --sync=perhaps, --sync=",
    "update --verify=perhaps, --verify=",
    "update --cleanup=perhaps, --cleanup="
  })
  void whatMakesNoSenseIsRefused(String command, String fragment) throws IOException {
    refused(command, fragment, Errno.EINVAL);
  }

  @ParameterizedTest
  @CsvSource({
    "enable-component nothing, Component not found",
    "enable-component app nothing, Component not found",
    "enable-component -C nothing, Component not found",
    "list 7, Update '7' not found.",
    "features nothing, Feature not found",
    "list -C nothing, no transfer definitions found for component"
  })
  void whatIsNotThereIsNotFound(String command, String fragment) throws IOException {
    refused(command, fragment, Errno.ENOENT);
    assertEquals(List.of("sysupdate.app.d", "sysupdate.d"), premises.names("/etc"));
  }

  @Test
  void theLastValueOfAnOptionCountsAndAnEmptyOneResets() {
    for (String[] arguments :
        new String[][] {
          {"list", "--root=/nowhere", "--root="},
          {"list", "--image=/nowhere", "--image="},
          {"list", "--root=/nowhere", "--root="},
          {"list", "--definitions=/nowhere", "--definitions="},
          {"list", "-C", "nothing", "--component="},
          {"list", "--transfer-source=/nowhere", "--transfer-source="},
          {"list", "--instances-max=1", "-m", "3"},
          {"list", "--verify=perhaps", "--verify=no", "--sync=no", "--sync="},
          {"list", "--image-policy=nonsense", "--image-policy="}
        }) {
      CapturedRun run = premises.run(arguments);

      assertEquals(0, run.status(), String.join(" ", arguments) + ": " + run.err());
      assertEquals("", run.err());
      assertTrue(run.out().contains(" candidate"), run.out());
    }
  }

  @Test
  void aComponentThatIsNamedBesideAllOfThemIsOneOfAll() {
    CapturedRun run = premises.run("update", "-C", "app", "-A");

    assertEquals(0, run.status(), run.err());
    assertTrue(run.err().contains("/var/os/os_1"), run.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nonsense", "list 1 2", "vacuum 1", "check-new 1", "--nonsense", "pending 1"})
  void aWrongCommandLineIsToldToTheServiceManagerToo(String command) {
    CapturedRun reference = premises.named("systemd-sysupdate").run(command.split(" "));

    assertEquals(1, reference.status(), reference.err());
    assertEquals(Optional.of(Errno.EINVAL), reference.errno());
    assertEquals("", reference.out());
  }

  @Test
  void aNegativeAnswerIsNoFailure() {
    premises.run("update");

    CapturedRun none = premises.run("check-new");
    CapturedRun pending = premises.run("pending");

    assertEquals(1, none.status());
    assertEquals(Optional.empty(), none.errno());
    assertEquals(1, pending.status());
    assertEquals(Optional.empty(), pending.errno());
  }

  @Test
  void ownVerbsTellCausesApart() throws IOException {
    assertEquals(6, premises.run("check", "--root=/r", "--image=/i").status());
    assertEquals(6, premises.run("apply", "-S").status());
    assertEquals(6, premises.run("doctor", "-A").status());
    assertEquals(12, premises.run("apply", "7").status());
    assertEquals(2, premises.run("apply", "7", "8").status());
    premises.file("/etc/sysupdate.app.component", "[Component]\nEnabled=no\n");
    CapturedRun disabled = premises.run("apply", "-C", "app");
    assertEquals(6, disabled.status());
    assertTrue(disabled.err().contains("Component is disabled"), disabled.err());
    assertEquals(Optional.of(Errno.EHOSTDOWN), disabled.errno());
  }
}
