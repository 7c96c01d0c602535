package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.demo.Tool;

/** Help, completion, and what a wrong command line ends with. */
@ExtendWith(WithMachine.class)
class CommandLineIT {
  private static final String[] VERBS = {
    "check", "apply", "status", "list", "check-new", "update", "acquire", "vacuum", "pending"
  };

  @Test
  void helpNamesEveryVerbAndEveryExitStatus() throws Exception {
    Run help = Program.packaged().run("--help").expect(0);

    for (String verb : VERBS) {
      assertTrue(help.out().matches("(?s).*\n +" + verb + " .*"), help::out);
    }
    help.says("Exit statuses:").says("the server could not be reached");
    assertEquals("", help.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "check",
        "apply",
        "status",
        "list",
        "check-new",
        "update",
        "acquire",
        "vacuum",
        "pending"
      })
  void everyVerbExplainsItself(String verb) throws Exception {
    Run help = Program.packaged().run(verb, "--help").expect(0);

    help.says(verb).says("--definitions").says("--json").says("--offline");
    assertEquals("", help.err());
  }

  @Test
  void theVersionIsTold() throws Exception {
    Program.packaged().run("--version").expect(0).says("particle-update 0.");
  }

  @Test
  void theCompletionIsAScriptThatBashAccepts(Releases releases) throws Exception {
    String script = Program.packaged().run("generate-completion").expect(0).out();

    Tool.Result parsed = Tool.call(releases.scratch(), Map.of(), script, "bash", "-n");

    assertEquals("", parsed.output());
    assertEquals(0, parsed.status());
    assertTrue(script.contains("check-new") && script.contains("--definitions"));
  }

  @Test
  void anUnknownVerbOrOptionIsAUsageError(TestMachine machine) throws Exception {
    machine.run("aply").expect(2).says("aply");
    machine.run("apply", "--frobnicate").expect(2).says("--frobnicate");
    machine.run("apply", "2", "3").expect(2);
    machine.assertNothingNewIsBootable();
  }

  @Test
  void theVerbsOfTheReferenceEndWithOneForAWrongCommandLine(TestMachine machine) throws Exception {
    machine.run("update", "--frobnicate").expect(1).says("--frobnicate");
    machine.run("list", "2", "3").expect(1);
  }

  @Test
  void aWrongValueOfAnOptionIsRefused(TestMachine machine) throws Exception {
    machine.run("check", "--json=xml").failure(6, "--json=", "xml");
    machine.run("apply", "--verify=maybe").failure(6, "--verify=", "maybe");
    machine.run("apply", "--instances-max=1").failure(6, "--instances-max=", "1");
    machine.assertNothingNewIsBootable();
  }

  @Test
  void jsonHelpListsTheModes() throws Exception {
    assertEquals(
        "pretty\nshort\noff\n", Program.packaged().run("list", "--json=help").expect(0).out());
  }

  @Test
  void optionsMayComeBeforeTheVerb(TestMachine machine) throws Exception {
    machine
        .program()
        .run("--definitions=" + machine.demo().definitions(), "--json=short", "check-new")
        .expect(0)
        .says("\"available\":\"2\"");
  }

  @Test
  void verifyOffTakesAnUnsignedManifest(TestMachine machine) throws Exception {
    java.nio.file.Files.delete(machine.web().resolve("SHA256SUMS.gpg"));

    machine.run("apply").expect(5);
    machine.run("apply", "--verify=no").expect(0);

    machine.assertVersionInstalled("2");
  }
}
