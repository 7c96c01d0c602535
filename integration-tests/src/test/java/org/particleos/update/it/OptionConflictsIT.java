package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Options that exclude each other, and verbs that do not take them (update-algorithm.md 18), under
 * the reference's name: refused with its words and its exit status before anything is looked at.
 */
class OptionConflictsIT {
  private static final String NO_SUCH = "/nonexistent";

  private static SmallSystem system;

  @BeforeAll
  static void aSystem(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder).transfer("10-a", "a-@v.bin");
    system.component("extra", "10-a", "a-@v.bin");
    system.write("usr/lib/sysupdate.d/one.feature", "[Feature]\n");
    system.offer().put("a-1.bin", "one").publish();
  }

  private static Run refused(String words) throws Exception {
    // No version to compare with and nobody to ask: nothing here can restart the machine.
    Run run =
        Program.reference()
            .with("SYSTEMD_OS_RELEASE", NO_SUCH)
            .with("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + NO_SUCH)
            .run(words.split(" ", -1))
            .expect(1);
    assertEquals("", run.out(), run::toString);
    return run;
  }

  /** Whatever the words: what was refused must not have done anything. */
  private static void assertUntouched() throws Exception {
    assertEquals(List.of(), system.target());
    assertEquals(List.of("os-release"), system.files("etc"));
  }

  // ---- Options against each other (18.2) ----

  @ParameterizedTest
  @ValueSource(
      strings = {
        "list --image=/nonexistent --root=/nonexistent",
        "update --reboot --root=/nonexistent",
        "update --reboot --image=/nonexistent",
        "list --definitions=/nonexistent --root=/nonexistent",
        "list --definitions=/nonexistent --image=/nonexistent",
        "update --component=extra --reboot",
        "update --component-all --reboot",
        "update -C extra --definitions=/nonexistent",
        "update -A --definitions=/nonexistent",
        "enable-component -S --definitions=/nonexistent",
        "enable-component -S --reboot",
      })
  void optionsThatContradictEachOtherAreRefused(String words) throws Exception {
    refused(words).says("may not be combined");
  }

  // ---- Verbs and the selectors they do not take (18.3) ----

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
        "cleanup"
      })
  void featureSelectorsAreForFeatures(String verb) throws Exception {
    refused(verb + " --feature-all --root=" + NO_SUCH).says("not supported for '" + verb + "'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"list", "features", "check-new", "vacuum", "components"})
  void verbsForOneInstallationDoNotTakeAll(String verb) throws Exception {
    refused(verb + " --component-all --root=" + NO_SUCH).says("not supported for '" + verb + "'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "list",
        "features",
        "enable-feature",
        "check-new",
        "update",
        "acquire",
        "vacuum",
        "components",
        "cleanup"
      })
  void suggestedComponentsAreForEnablingComponents(String verb) throws Exception {
    String words = verb.equals("enable-feature") ? verb + " one" : verb;
    refused(words + " -S --root=" + NO_SUCH).says("not supported for '" + verb + "'");
  }

  @ParameterizedTest
  @CsvSource({
    "pending --root=/nonexistent",
    "pending --image=/nonexistent",
    "pending --component=extra",
    "pending --component-all",
    "pending --feature-all",
    "reboot --root=/nonexistent",
    "reboot --component=extra",
    "reboot -S",
  })
  void whatRunsIsTheSystemItself(String words) throws Exception {
    refused(words).says("may not be combined");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "enable-feature one",
        "disable-feature one",
        "components",
        "enable-component extra",
        "disable-component extra"
      })
  void definitionsOfOnesOwnHaveNothingToSwitch(String words) throws Exception {
    refused(words + " --definitions=" + system.path("usr/lib/sysupdate.d"));
    assertUntouched();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "enable-feature one --feature-all",
        "disable-feature one --feature-suggested",
        "enable-component extra --component-all",
        "disable-component extra --component-suggested",
        "enable-component extra --component=extra",
      })
  void namesAndSelectorsAreNotBothGiven(String words) throws Exception {
    Run run = system.run(words.split(" ", -1)).expect(1);

    assertTrue((run.out() + run.err()).contains("not both"), run::toString);
    assertUntouched();
  }

  @Test
  void somethingMustBeSelected() throws Exception {
    system.run("enable-feature").expect(1);
    system.run("disable-component").expect(1).says("No component specified");
    assertUntouched();
  }

  @Test
  void cleanupWithoutCleaningUpIsContradictory() throws Exception {
    system.run("cleanup", "--cleanup=no").expect(1).says("contradictory");
    system.run("cleanup", "--cleanup=yes").expect(0);
  }

  // ---- Values and arguments ----

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update -m 1",
        "acquire --instances-max=1",
        "vacuum --instances-max=0",
        "vacuum -m many",
        "update --sync=perhaps",
        "update --verify=perhaps",
        "update --cleanup=perhaps",
        "list --json=xml",
        "check-new 1",
        "update 1 2",
        "acquire 1 2",
        "list 1 2",
        "vacuum 1",
        "pending 1",
        "features one two",
        "components one",
        "cleanup one",
        "update --frobnicate",
        "frobnicate",
      })
  void wrongValuesAndArgumentsEndWithOne(String words) throws Exception {
    system.run(words.split(" ", -1)).expect(1);
    assertUntouched();
  }

  @Test
  void aMistypedVerbGetsAHint() throws Exception {
    Run run = Program.reference().run("check-nw").expect(1);

    assertTrue(
        run.err().toLowerCase(java.util.Locale.ROOT).contains("did you mean"), run::toString);
    run.says("check-new");
  }

  @ParameterizedTest
  @ValueSource(strings = {"foo/bar", "foo.component", "a*"})
  void aMalformedComponentIsNamed(String name) throws Exception {
    system.run("list", "--component=" + name).expect(1).says("Component name invalid");
    system.run("enable-component", name).expect(1).says("Component name invalid");
    assertUntouched();
  }

  @Test
  void anEmptyValueTakesAnOptionBack() throws Exception {
    system
        .run("--component=extra", "--component=", "list", "--json=short", "--definitions=")
        .expect(0)
        .says("\"all\":[\"1\"]");
  }

  @Test
  void helpVersionAndJsonModesAreAnswersAndNoErrors() throws Exception {
    Program.reference().run("--help").expect(0).says("systemd-sysupdate").says("check-new");
    Program.reference().run("--version").expect(0);
    assertEquals("pretty\nshort\noff\n", Program.reference().run("--json=help").expect(0).out());
  }

  // ---- The name (issue: a drop-in) ----

  @ParameterizedTest
  @ValueSource(strings = {"check", "apply", "status", "doctor"})
  void ownVerbsAreUnknownUnderTheReferencesName(String verb) throws Exception {
    system.run(verb).expect(1);
    assertUntouched();
    Program.packaged().run(verb, "--help").expect(0);
  }

  @Test
  void aLinkOfThatNameIsEnough(@TempDir Path folder) throws Exception {
    Path link = folder.resolve("systemd-sysupdate");
    java.nio.file.Files.createSymbolicLink(
        link, Program.distribution().resolve("bin/particle-update"));

    system.by(Program.packaged().at(link)).run("check").expect(1);
    assertEquals("1\n", system.by(Program.packaged().at(link)).run("check-new").expect(0).out());
  }
}
