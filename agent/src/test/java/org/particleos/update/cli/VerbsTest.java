package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only those verbs are described to picocli that a command line can mean; nobody notices. */
class VerbsTest {
  @Test
  void eachHasTheNameThatItGivesItself() {
    for (String name : Verbs.names()) {
      if (!name.equals(Verbs.COMPLETION)) {
        assertEquals(name, Verbs.named(name).name());
      }
    }
    assertThrows(IllegalArgumentException.class, () -> Verbs.named("chekc"));
  }

  @Test
  void aWordThatNamesAVerbCanMeanIt() {
    assertEquals(Set.of("status"), Verbs.meantBy("status", "--json=short"));
    assertEquals(Set.of("check", "status"), Verbs.meantBy("--component", "check", "status"));
  }

  @Test
  void wordsThatNameNoVerbAndThoseThatTellAboutAllMeanAll() {
    assertEquals(Verbs.names(), Verbs.meantBy());
    assertEquals(Verbs.names(), Verbs.meantBy("chekc"));
    assertEquals(Verbs.names(), Verbs.meantBy("--help"));
    assertEquals(Verbs.names(), Verbs.meantBy("generate-completion"));
  }

  @Test
  void helpNamesAllVerbsEvenBesideTheNameOfOne(@TempDir Path folder) {
    String all = CapturedRun.of(folder, "--help").out();
    assertEquals(all, CapturedRun.of(folder, "--help", "status").out());
    for (String name : Verbs.names()) {
      assertTrue(all.contains("\n  " + name), name);
    }
  }

  @Test
  void aMistypedVerbIsAnsweredTheSameBesideTheNameOfOne(@TempDir Path folder) {
    CapturedRun alone = CapturedRun.of(folder, "chekc");
    CapturedRun beside = CapturedRun.of(folder, "chekc", "status");
    assertEquals(ExitStatus.USAGE.code(), alone.status());
    assertEquals(alone.status(), beside.status());
    assertTrue(beside.err().contains("Did you mean: particle-update check"), beside.err());
  }

  @Test
  void theVersionIsThatOfTheProgram(@TempDir Path folder) {
    CapturedRun run = CapturedRun.of(folder, "--version");
    assertEquals("particle-update 1.2.3\n", run.out());
    assertEquals(run, CapturedRun.of(folder, "-V"));
    assertEquals(run, CapturedRun.of(folder, "--version", "status"));
  }
}
