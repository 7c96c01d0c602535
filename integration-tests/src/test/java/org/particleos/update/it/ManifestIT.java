package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a manifest may say (transfer-files.md 11) and what is made of the names in it. */
class ManifestIT {
  private SmallSystem system;

  @BeforeEach
  void aSystemWithAnOffer(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder).transfer("10-a", "a-@v.bin");
    system.offer().put("a-1.bin", "one").publish();
  }

  private void refused(String manifest, String fragment) throws Exception {
    String good = system.offer().manifest();
    system.offer().publish(manifest);
    system.run("update").expect(1).says(fragment);
    assertEquals(List.of(), system.target());
    system.offer().publish(good);
  }

  /** 23.12. */
  @Test
  void aDigestWithTabsIsTooShort() throws Exception {
    String line = system.offer().line("a-1.bin");
    refused(
        line.substring(0, 62) + "\t\t" + line.substring(64) + "\n",
        "Manifest hash at line 1 decoded to 31 bytes");
    system.run("update").expect(0);
  }

  /** 23.13. */
  @ParameterizedTest
  @ValueSource(strings = {"../a-1.bin", "x/../a-1.bin", "%2e%2e/a-1.bin", "/a-1.bin", "x//a-1.bin"})
  void aNameThatLeadsElsewhereIsRefused(String name) throws Exception {
    refused(system.offer().line("a-1.bin").replace("a-1.bin", name) + "\n", "Invalid filename");
  }

  @Test
  void aManifestMustBeWholeLines() throws Exception {
    String line = system.offer().line("a-1.bin");
    for (String broken :
        List.of(
            line, line + "\n\n", "# comment\n" + line + "\n", line + "\r\n", "\\" + line + "\n")) {
      system.offer().publish(broken);
      system.run("update").expect(1);
    }
    assertEquals(List.of(), system.target());
    system.offer().publish("");
    system.run("update").expect(0).says("No update needed");
    system
        .offer()
        .publish(
            line.replace(" *", "  ")
                    .toUpperCase(java.util.Locale.ROOT)
                    .replace("A-1.BIN", "a-1.bin")
                + "\n");
    system.run("update").expect(0);
  }

  // ---- Freshness ----

  private void bestBefore(LocalDate date) throws Exception {
    system.offer().publish();
    String empty = Offer.digest(new byte[0]);
    system.offer().publish(system.offer().manifest() + empty + " *BEST-BEFORE-" + date + "\n");
  }

  /** 23.9. */
  @Test
  void aStaleManifestIsRefusedUnlessFreshnessIsSwitchedOff() throws Exception {
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    bestBefore(today.minusMonths(1));
    system.run("update").expect(1);
    assertEquals(List.of(), system.target());

    system.with("SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS", "0").run("update").expect(0);
    assertEquals(List.of("a-1.bin"), system.target());

    system.offer().put("a-2.bin", "two");
    bestBefore(today.plusMonths(1));
    system.run("update").expect(0);
    assertEquals(List.of("a-1.bin", "a-2.bin"), system.target());
  }

  // ---- Names ----

  @Test
  void aPatternForAnyFolderTakesTheFileFromItsFolder() throws Exception {
    system
        .offer()
        .put("deep/er/b-2.bin", "b two")
        .put("deep/b-1.bin", "b one")
        .put("b-2.bin.other", "not this")
        .publish();
    system.delete("usr/lib/sysupdate.d/10-a.transfer");
    system.transfer("20-b", "**/b-@v.bin");

    system.run("update").expect(0);

    assertEquals(List.of("b-2.bin"), system.target());
    assertEquals("b two", system.text("target/b-2.bin"));
    system.run("list", "2").expect(0).says("b-2.bin");
  }

  @Test
  void aFolderOfThePatternIsPartOfTheName() throws Exception {
    system.offer().put("c_3/sub/file.bin", "c three").publish();
    system.delete("usr/lib/sysupdate.d/10-a.transfer");
    system.transfer("20-c", "c_@v/sub/file.bin");

    system.run("update").expect(0);
    assertEquals(List.of("c_3/sub/file.bin"), system.target());
    system.run("update").expect(0).says("No update needed");
  }

  /** 23.14: a pattern that needs two folders is found, wherever in the list it stands. */
  @ParameterizedTest
  @ValueSource(strings = {"a-@v.bin d/@v/file.bin d_@v.bin", "d/@v/file.bin a-@v.bin d_@v.bin"})
  void theOrderOfPatternsDoesNotMatterForDescending(String patterns) throws Exception {
    system.transfer("10-a", "a-@v.bin", "MatchPattern=" + patterns);
    system.write("target/d/7/file.bin", "seven");
    system.write("target/d_6.bin", "six");
    system.write("target/a-5.bin", "five");

    assertEquals(
        "{\"current\":\"7\",\"all\":[\"7\",\"6\",\"5\",\"1\"],\"appstreamUrls\":[]}\n",
        system.run("list", "--json=short").expect(0).out());
  }

  @Test
  void theDigestInANameMustBeTheOneOfItsLine() throws Exception {
    String digest = Offer.digest(system.offer().path("a-1.bin"));
    system.transfer("10-a", "a-@v-@h.bin", "MatchPattern=a-@v.bin");
    system.offer().put("a-1-" + digest + ".bin", "one").remove("a-1.bin").publish();
    system.run("update").expect(0);
    assertEquals(List.of("a-1.bin"), system.target());

    system.offer().put("a-2-" + digest + ".bin", "two").publish();
    system.run("update").expect(1);
  }

  @Test
  void anUnsignedManifestIsRefusedUnlessNoSignatureIsWanted() throws Exception {
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        SmallSystem.urlFile(system.offer().uri(), "a-@v.bin") + "[Transfer]\nVerify=yes\n");
    system.run("update").expect(1);
    // The variable is the service's; the command line does not know it (22).
    system.with("SYSTEMD_SYSUPDATE_NO_VERIFY", "1").run("update").expect(1);
    assertEquals(List.of(), system.target());
    system.run("update", "--verify=no").expect(0);
  }

  // ---- Definitions ----

  @Test
  void theOldSpellingOfDefinitionsIsReadOnlyIfThereIsNoOther() throws Exception {
    system.write(
        "usr/lib/sysupdate.d/20-b.conf", SmallSystem.urlFile(system.offer().uri(), "b-@v.bin"));
    assertEquals("1\n", system.run("check-new").expect(0).out(), "20-b is not read");

    system.delete("usr/lib/sysupdate.d/10-a.transfer");
    system.offer().put("b-9.bin", "nine").publish();
    Run run = system.run("update").expect(0).says(".transfer");
    assertEquals("", run.out());
    assertEquals(List.of("b-9.bin"), system.target());
  }

  @Test
  void aMaskedDefinitionIsNotThere() throws Exception {
    system.transfer("20-b", "b-@v.bin");
    system.run("check-new").expect(1); // there is no b
    java.nio.file.Files.createDirectories(system.path("etc/sysupdate.d"));
    java.nio.file.Files.createSymbolicLink(
        system.path("etc/sysupdate.d/20-b.transfer"), Path.of("/dev/null"));

    assertEquals("1\n", system.run("check-new").expect(0).out());
  }

  @Test
  void whatIsUnknownIsWarnedAboutAndWhatIsExperimentalIsNot() throws Exception {
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        SmallSystem.urlFile(system.offer().uri(), "a-@v.bin")
            + "Colour=red\nX-Colour=green\n[Neighbour]\nKey=1\n[X-Neighbour]\nKey=1\n");

    Run run = system.run("update").expect(0).says("Colour").says("Neighbour");

    assertEquals(-1, run.err().indexOf("X-"), run::err);
  }
}
