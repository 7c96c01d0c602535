package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
  @TempDir Path folder;

  private CapturedRun run(String... arguments) {
    return CapturedRun.of(folder, arguments);
  }

  @Test
  void helpNamesEveryVerbAndEveryExitStatus() {
    CapturedRun help = run("--help");

    assertEquals(0, help.status());
    for (String verb :
        List.of(
            "check",
            "apply",
            "status",
            "list",
            "check-new",
            "update",
            "acquire",
            "vacuum",
            "verify")) {
      assertTrue(help.out().contains("\n  " + verb), verb);
    }
    for (ExitStatus status : ExitStatus.values()) {
      assertTrue(help.out().contains(status.meaning()), status.meaning());
    }
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
        "pending",
        "verify"
      })
  void everyVerbExplainsItself(String verb) {
    CapturedRun help = run(verb, "--help");

    assertEquals(0, help.status());
    assertTrue(help.out().contains("particle-update " + verb), help.out());
    assertTrue(help.out().contains("--definitions"), help.out());
  }

  @Test
  void anUnknownVerbIsAUsageErrorWithAHint() {
    CapturedRun run = run("aply");

    assertEquals(ExitStatus.USAGE.code(), run.status());
    assertTrue(run.err().contains("apply"), run.err());
  }

  @Test
  void noDefinitionsIsAConfigurationErrorForOurVerbsAndOneForTheReferences() {
    assertEquals(6, run("check", "--definitions=" + folder).status());
    assertEquals(1, run("check-new", "--definitions=" + folder).status());
  }

  @Test
  void aFailureSaysWhatFoundStateAndRemedy() {
    CapturedRun run = run("check", "--definitions=" + folder);

    assertTrue(run.err().startsWith("particle-update: no transfer definitions found\n"), run.err());
    assertTrue(run.err().contains("\n  found:  nothing in "), run.err());
    assertTrue(run.err().contains("\n  state:  nothing was changed\n"), run.err());
    assertTrue(run.err().contains("\n  remedy: "), run.err());
    assertEquals("", run.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"--verify=perhaps", "--sync=2", "--json=xml", "--instances-max=many"})
  void aBadOptionValueIsRefusedWithWhatIsAllowed(String option) {
    CapturedRun run = run("check", option);

    assertEquals(ExitStatus.BAD_CONFIGURATION.code(), run.status());
    assertTrue(
        run.err().contains("refused the option " + option.replaceAll("=.*", "=")), run.err());
  }

  @Test
  void optionsMayStandBeforeAndBehindTheVerb() {
    CapturedRun before = run("--definitions=" + folder, "check");
    CapturedRun behind = run("check", "--definitions=" + folder);

    assertEquals(before.err(), behind.err());
    assertTrue(before.err().contains(folder.toString()), before.err());
  }

  @Test
  void instancesMaxOfOneIsRefusedForUpdatesAndAcceptedForVacuum() throws IOException {
    Files.createDirectory(folder.resolve("target"));
    Files.writeString(
        folder.resolve("10-file.transfer"),
        """
        [Source]
        Type=regular-file
        Path=%1$s/source
        MatchPattern=f_@v
        [Target]
        Type=regular-file
        Path=%1$s/target
        """
            .formatted(folder));

    CapturedRun update = run("apply", "-m", "1", "--definitions=" + folder);
    CapturedRun vacuum = run("vacuum", "-m", "1", "--definitions=" + folder);

    assertEquals(6, update.status(), update.err());
    assertEquals(0, vacuum.status(), vacuum.err());
  }

  @Test
  void optionsMayBeAbbreviatedAsLongAsOnlyOneIsMeant() {
    assertEquals(run("list", "--json=help").out(), run("list", "--js=help").out());

    CapturedRun unclear = run("list", "--image=/x", "--feature");

    assertEquals(1, unclear.status());
    assertTrue(unclear.err().contains("--feature-all"), unclear.err());
  }

  @Test
  void jsonHelpListsTheModes() {
    assertEquals("pretty\nshort\noff\n", run("list", "--json=help").out());
  }

  @Test
  void localFilesAreListedCheckedAndApplied() throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Files.writeString(folder.resolve("source/f_1"), "one");
    Files.writeString(folder.resolve("source/f_2"), "two");
    Files.writeString(
        folder.resolve("10-file.transfer"),
        """
        [Transfer]
        AppStream=https://example.org/a.xml
        [Source]
        Type=regular-file
        Path=%1$s/source
        MatchPattern=f_@v
        [Target]
        Type=regular-file
        Path=%1$s/target
        Mode=0600
        """
            .formatted(folder));
    String definitions = "--definitions=" + folder;

    CapturedRun offered = run("check-new", definitions, "--json=short");
    CapturedRun check = run("check", definitions);
    CapturedRun apply = run("apply", definitions);
    CapturedRun list = run("list", definitions, "--json=short");
    CapturedRun details = run("list", "2", definitions, "--json=short");
    CapturedRun again = run("check", definitions, "--json=short");

    assertEquals("{\"available\":\"2\"}\n", offered.out());
    assertEquals(0, check.status());
    assertTrue(check.out().contains("offered    2"), check.out());
    assertTrue(check.out().contains("3 B in 1 file"), check.out());
    assertEquals(0, apply.status(), apply.err());
    assertEquals("two", Files.readString(folder.resolve("target/f_2")));
    assertEquals(
        "{\"current\":\"2\",\"all\":[\"2\",\"1\"],"
            + "\"appstreamUrls\":[\"https://example.org/a.xml\"]}\n",
        list.out());
    assertTrue(
        details.out().startsWith("{\"version\":\"2\",\"newest\":true,\"available\":true,"),
        details.out());
    assertTrue(details.out().contains("\"mode\":384"), details.out());
    assertEquals(ExitStatus.NO_UPDATE.code(), again.status());
    assertTrue(again.out().contains("\"available\":null"), again.out());
    assertFalse(again.out().contains("transfers"), again.out());
  }

  @Test
  void anUnknownVersionIsNotAvailable() throws IOException {
    Files.writeString(
        folder.resolve("10-file.transfer"),
        """
        [Source]
        Type=regular-file
        Path=%1$s/source
        MatchPattern=f_@v
        [Target]
        Type=regular-file
        Path=%1$s/target
        """
            .formatted(folder));

    CapturedRun run = run("apply", "7", "--definitions=" + folder);

    assertEquals(ExitStatus.NOT_AVAILABLE.code(), run.status());
    assertTrue(run.err().contains("Update '7' not found."), run.err());
  }
}
