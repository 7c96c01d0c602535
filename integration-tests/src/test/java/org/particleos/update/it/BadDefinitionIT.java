package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A definition that cannot be followed is named by file, line and key. */
@ExtendWith(WithMachine.class)
class BadDefinitionIT {
  private static final int BAD_CONFIGURATION = 6;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Target | Type=directory | Type",
        "Target | Type=subvolume | Type",
        "Target | Path=../disk | Path",
        "Target | MatchPattern=ParticleOS | MatchPattern",
        "Target | MatchPattern=ParticleOS_@v_@q | MatchPattern",
        "Target | PathRelativeTo=esp | PathRelativeTo",
        "Source | Path=gopher://example.org/ | Path",
        "Source | Type=partition | Type",
        "Source | MatchPattern=@v/../@v | MatchPattern",
      })
  void aContradictionIsNamedWithFileLineAndKey(
      String section, String line, String key, TestMachine machine) throws Exception {
    Path file = machine.dropIn("30-usr", "# a comment", "[" + section + "]", line);

    Run.Report report = machine.run("apply").failure(BAD_CONFIGURATION);

    assertTrue(report.what().contains(file + ":3"), report::what);
    assertTrue(report.what().contains(key + "="), report::what);
    assertEquals("nothing was changed", report.state());
    machine.assertNothingNewIsBootable();
  }

  @Test
  void oneDefinitionThatIsWrongStopsEveryVerbUntilItIsCorrected(TestMachine machine)
      throws Exception {
    machine.dropIn("30-usr", "[Target]", "Type=directory");

    machine.run("check").failure(BAD_CONFIGURATION);
    machine.run("status").failure(BAD_CONFIGURATION);
    machine.run("list").expect(1);
    machine.run("vacuum").expect(1);
    machine.assertNothingNewIsBootable();
    machine.removeDropIn("30-usr");
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aDirectoryWithoutDefinitionsIsNamed(TestMachine machine) throws Exception {
    Path empty = Files.createDirectories(machine.folder().resolve("empty"));

    machine
        .program()
        .run("apply", "--definitions=" + empty)
        .failure(BAD_CONFIGURATION, "no transfer definitions", empty.toString());
  }

  @Test
  void aMissingBootPartitionIsNamed(TestMachine machine) throws Exception {
    Files.move(machine.demo().esp(), machine.folder().resolve("elsewhere"));

    machine.run("apply").failure(BAD_CONFIGURATION);

    Files.move(machine.folder().resolve("elsewhere"), machine.demo().esp());
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aMissingDiskIsNamed(TestMachine machine) throws Exception {
    Path disk = machine.folder().resolve("no-such.img");
    machine.dropIn("30-usr", "[Target]", "Path=" + disk);

    Run run = machine.run("apply");
    Run.Report report = run.failure(run.status());

    assertTrue(report.what().contains(disk.toString()), report::what);
    assertTrue(run.status() == BAD_CONFIGURATION || run.status() == 9, run::toString);
    machine.assertNothingNewIsBootable();
  }

  @Test
  void anUnknownKeyIsOnlyWarnedOf(TestMachine machine) throws Exception {
    machine.dropIn("30-usr", "[Target]", "Colour=blue");

    machine.run("apply").expect(0).says("Warning: ").says("Colour");
  }
}
