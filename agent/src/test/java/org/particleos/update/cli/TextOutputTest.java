package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What people read of each verb (update-algorithm.md 19), and the glyphs of versions. */
class TextOutputTest {
  @TempDir Path home;
  private Premises premises;

  @BeforeEach
  void start() throws IOException {
    premises = Premises.at(home).running("1");
  }

  private void everyKindOfVersion() throws IOException {
    premises
        .transfer(
            "10-os",
            Premises.plainFiles(
                "os", "MinVersion=1", "ProtectVersion=3", "ChangeLog=https://example.org/@v"))
        .holds("os", "0.5", "2", "3", "4")
        .offers("os", "4", "5", "3.5");
  }

  @Test
  void theTableOfVersionsIsNewestFirstWithAGlyphForEach() throws IOException {
    everyKindOfVersion();

    CapturedRun list = premises.run("list");

    assertEquals(
        """
          VERSION INSTALLED AVAILABLE ASSESSMENT
        ↻ 5                 ✓         candidate
        ● 4       ✓         ✓         current
          3.5               ✓         available
        ○ 3       ✓                   protected
          2       ✓                   installed
        × 0.5     ✓                   installed+obsolete
        """,
        list.out());
    assertEquals(
        "↻ 5     ✓ candidate\n● 4   ✓ ✓ current",
        premises
            .run("--no-legend")
            .out()
            .lines()
            .limit(2)
            .reduce("", (a, b) -> a + "\n" + b)
            .strip());
  }

  @Test
  void withoutUnicodeTheTableIsAscii() throws IOException {
    everyKindOfVersion();

    assertEquals(
        """
          VERSION INSTALLED AVAILABLE ASSESSMENT
        * 5                 +         candidate
        * 4       +         +         current
          3.5               +         available
        * 3       +                   protected
          2       +                   installed
        x 0.5     +                   installed+obsolete
        """,
        premises.ascii().run("list").out());
  }

  @ParameterizedTest
  @CsvSource({
    ".sysupdate.partial.os_7, current+partial",
    ".sysupdate.pending.os_7, current+pending"
  })
  void whatIsUnfinishedHasAGlyphOfItsOwn(String name, String assessment) throws IOException {
    premises.transfer("10-os", Premises.plainFiles("os")).file("/var/os/" + name, "7");

    assertEquals(
        "⤵\ufe0f 7 ✓  " + assessment + "\n", premises.run("--offline", "--no-legend").out());
    assertEquals(
        "\\ 7 +  " + assessment + "\n", premises.ascii().run("--offline", "--no-legend").out());
  }

  @Test
  void oneVersionIsShownInDetail() throws IOException {
    everyKindOfVersion();

    CapturedRun details = premises.run("list", "5");

    String path = premises.at("/srv/os/os_5").toString();
    assertTrue(
        details
            .out()
            .startsWith(
                """
                ↻ Version: 5
                    State: candidate
                Installed: no
                Available: yes (newest)
                Protected: no
                 Obsolete: no
                ChangeLog: https://example.org/5

                TYPE         PATH%sMTIME\
                """
                    .formatted(" ".repeat(path.length() - 3))),
        details.out());
    assertTrue(details.out().contains("\nregular-file " + path + " 2023-11-1"), details.out());
    assertTrue(details.out().endsWith(" 0644\n"), details.out());
    assertTrue(premises.run("list", "3").out().contains("\nProtected: yes\n"));
    assertTrue(premises.run("list", "4").out().contains("\nInstalled: yes (newest)\n"));
    assertTrue(premises.run("list", "0.5").out().contains("\n Obsolete: yes\n"));
  }

  @Test
  void sizesAreShownWhereTheyAreAskedFor() throws IOException {
    everyKindOfVersion();

    CapturedRun list = premises.run("list", "--sizes", "--no-legend");
    assertTrue(list.out().startsWith("↻ 5     ✓ candidate          3 B 3 B\n"), list.out());
    assertTrue(
        premises.run("list", "5", "--sizes").out().contains("\n Download: 3 B\n    Needs: 3 B\n"),
        premises.run("list", "5", "--sizes").out());
  }

  @Test
  void checkSaysWhatIsRunningInstalledAndOffered() throws IOException {
    premises.transfer("10-os", Premises.plainFiles("os")).holds("os", "1").offers("os", "2");

    assertEquals(
        """
        running    1
        installed  1
        offered    2
        download   3 B in 1 file
        needs      3 B

        Get it with: particle-update apply
        """,
        premises.run("check", "--sizes").out());
    premises.run("update");
    assertEquals(
        "running    1\ninstalled  2\noffered    nothing newer\n", premises.run("check").out());
  }

  @Test
  void featuresAreListedAndShown() throws IOException {
    premises.transfer("10-os", Premises.plainFiles("os", "Features=devel"));
    CapturedRun none = premises.run("features");
    premises
        .file(
            "/etc/sysupdate.d/devel.feature",
            "[Feature]\nDescription=For developers\nEnabled=yes\nSuggest=no\n")
        .file(
            "/etc/sysupdate.d/odd.feature", "[Feature]\nSuggestOnFirmware=smbios-field(nonsense\n");

    assertEquals("", none.out());
    assertEquals("No features.\n", none.err());
    assertEquals(
        """
        ENABLED SUGGESTED FEATURE DESCRIPTION    DOCUMENTATION
        ✓       ✗         devel   For developers -
        ✗       -         odd     -              -

        2 features listed.
        """,
        premises.run("features").out());
    assertEquals(
        """
                 Name: devel
              Enabled: yes
            Suggested: no
          Description: For developers
            Transfers: 10-os
        """,
        premises.run("features", "devel").out());
    assertTrue(
        premises.run("features", "odd").out().contains("Suggested: error (Invalid argument)"),
        premises.run("features", "odd").out());
  }

  @Test
  void componentsAreListed() throws IOException {
    CapturedRun none = premises.run("components");
    premises
        .transfer("10-os", Premises.plainFiles("os"))
        .component("app", "10-app", Premises.plainFiles("app"))
        .file("/etc/sysupdate.app.component", "[Component]\nEnabled=no\nDescription=An app\n");

    assertEquals("", none.out());
    assertEquals("No components defined.\n", none.err());
    assertEquals(
        """
        ENABLED SUGGESTED COMPONENT DESCRIPTION       DOCUMENTATION
        -       -         <default> Default Component -
        ✗       ✗         app       An app            -
        """,
        premises.run("components").out());
  }

  @Test
  void vacuumSaysInWordsWhatItRemoved() throws IOException {
    premises
        .transfer("10-os", Premises.plainFiles("os"))
        .holds("os", "2", "3")
        .file("/var/os/.sysupdate.partial.os_9", "9");

    CapturedRun some = premises.run("vacuum");
    CapturedRun none = premises.run("vacuum");

    assertEquals("", some.out());
    assertTrue(some.err().contains("Removing old partial '9'"), some.err());
    assertTrue(some.err().contains("Removed 1 instance"), some.err());
    assertEquals("Found nothing to remove.\n", none.err());
  }

  @Test
  void pendingAnswersWithItsStatus() throws IOException {
    premises.transfer("10-os", Premises.plainFiles("os")).holds("os", "1").offers("os", "2");

    CapturedRun same = premises.run("pending");
    premises.run("acquire");
    CapturedRun acquired = premises.run("pending");
    premises.run("update");
    CapturedRun newer = premises.run("pending");
    premises.running("9");
    CapturedRun older = premises.run("pending");

    assertEquals(1, same.status());
    assertEquals("The newest installed version 1 is running.\n", same.err());
    assertEquals(1, acquired.status(), "H-03: what is only acquired does not count");
    assertEquals(0, newer.status());
    assertTrue(newer.err().contains("Restart the machine"), newer.err());
    assertEquals(1, older.status());
    assertTrue(older.err().startsWith("Warning: "), older.err());
    Files.writeString(home.resolve("os-release"), "ID=test\n");
    assertEquals(1, premises.run("pending").status());
    assertEquals("", newer.out());
  }

  @Test
  void theDoctorEndsAsTheUpdateWould() throws IOException {
    premises.transfer("10-os", Premises.plainFiles("os")).holds("os", "1");

    CapturedRun good = premises.run("doctor");
    premises.transfer("10-os", "[Source]\nType=nonsense\n");
    CapturedRun bad = premises.run("doctor");

    assertEquals(0, good.status(), good.out());
    assertTrue(good.out().startsWith("✓  definitions          1 transfer\n"), good.out());
    assertEquals(6, bad.status());
    assertTrue(bad.out().startsWith("✗  definitions "), bad.out());
    assertTrue(bad.out().contains("\n   remedy: "), bad.out());
  }
}
