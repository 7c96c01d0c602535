package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.definition.Configuration.Loaded;
import org.particleos.update.failure.UpdateException;

class ConfigurationTest {
  @TempDir Path root;

  private void write(String path, String text) throws Exception {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Configuration good() throws Exception {
    Loaded loaded = Configuration.read(root);
    assertEquals(List.of(), loaded.warnings());
    return loaded.configuration();
  }

  @Test
  void withoutFilesTheDefaultsHold() throws Exception {
    assertEquals(Configuration.defaults(), good());
  }

  @Test
  void everyKeyIsRead() throws Exception {
    write(
        "etc/particle-update/particle-update.conf",
        """
        [Download]
        Spool=no
        SpoolMaxUse=300M
        SpoolKeepFree=7K
        Delta=0
        Mirrors=off
        RateLimit=2M
        [Health]
        TimeLimit=1min 30s
        [Install]
        ReadBack=no
        SecureBoot=refuse
        """);

    assertEquals(
        new Configuration(
            false,
            300L << 20,
            7L << 10,
            false,
            false,
            OptionalLong.of(2 << 20),
            Duration.ofSeconds(90),
            new Checks(false, Checks.SecureBoot.REFUSE, false)),
        good());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "soon", ""})
  void aTimeLimitThatIsNoneIsIgnoredWithAWarning(String text) throws Exception {
    write("etc/particle-update/particle-update.conf", "[Health]\nTimeLimit=" + text + "\n");

    Configuration.Loaded loaded = Configuration.read(root);

    assertEquals(Configuration.defaults(), loaded.configuration());
    assertEquals(1, loaded.warnings().size(), loaded.warnings()::toString);
  }

  @Test
  void theAdministratorsFileReplacesTheShippedOneAndDropInsCountOverBoth() throws Exception {
    write("usr/lib/particle-update/particle-update.conf", "[Download]\nDelta=no\nSpool=no\n");
    write("usr/lib/particle-update/particle-update.conf.d/10.conf", "[Download]\nMirrors=no\n");
    assertEquals(
        Configuration.defaults().withDelta(false).withSpool(false).withMirrors(false), good());

    write("etc/particle-update/particle-update.conf", "[Download]\nSpoolMaxUse=1G\n");
    assertEquals(Configuration.defaults().withSpoolBytesMax(1L << 30).withMirrors(false), good());

    write("etc/particle-update/particle-update.conf.d/20.conf", "[Download]\nMirrors=yes\n");
    assertEquals(Configuration.defaults().withSpoolBytesMax(1L << 30), good());
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "4096, 4096", "2K, 2048", "3T, 3298534883328"})
  void sizesAreBytesOrPowersOf1024(String text, long expected) throws Exception {
    write("etc/particle-update/particle-update.conf", "[Download]\nSpoolMaxUse=" + text + "\n");

    assertEquals(expected, good().spoolBytesMax());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SpoolMaxUse=-1",
        "SpoolMaxUse=2X",
        "SpoolMaxUse=",
        "SpoolMaxUse=999999999999999T",
        "Spool=perhaps",
        "Spool=",
        "Delta=2",
        "RateLimit=fast",
        "Unknown=1"
      })
  void whatIsNotUnderstoodIsIgnoredWithAWarning(String line) throws Exception {
    write("etc/particle-update/particle-update.conf", "[Download]\n" + line + "\n");

    Loaded loaded = Configuration.read(root);

    assertEquals(Configuration.defaults(), loaded.configuration());
    assertEquals(1, loaded.warnings().size());
    assertTrue(
        loaded.warnings().getFirst().toString().contains(line.substring(0, line.indexOf('='))),
        loaded.warnings()::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ReadBack=perhaps", "SecureBoot=yes", "SecureBoot=", "Delta=no"})
  void whatIsNotUnderstoodOfInstallingIsIgnoredWithAWarning(String line) throws Exception {
    write("etc/particle-update/particle-update.conf", "[Install]\n" + line + "\n");

    Loaded loaded = Configuration.read(root);

    assertEquals(Configuration.defaults(), loaded.configuration());
    assertEquals(1, loaded.warnings().size());
  }

  @ParameterizedTest
  @CsvSource({"ignore, IGNORE", "report, REPORT", "refuse, REFUSE"})
  void whatTheFirmwareWouldNotStartIsTreatedAsConfigured(String text, Checks.SecureBoot expected)
      throws Exception {
    write("etc/particle-update/particle-update.conf", "[Install]\nSecureBoot=" + text + "\n");

    assertEquals(expected, good().checks().secureBoot());
  }

  @Test
  void aFileThatIsNotWellFormedIsRefused() throws Exception {
    write("etc/particle-update/particle-update.conf", "[Download\nSpool=no\n");

    assertThrows(UpdateException.Configuration.class, () -> Configuration.read(root));
  }

  @Test
  void oneFileCanBeReadInsteadOfAllOthers() throws Exception {
    write("etc/particle-update/particle-update.conf", "[Download]\nSpool=no\n");
    write("other.conf", "[Download]\nDelta=no\n");
    write("other.conf.d/1.conf", "[Download]\nMirrors=no\n");

    assertEquals(
        Configuration.defaults().withDelta(false).withMirrors(false),
        Configuration.readFile(root.resolve("other.conf")).configuration());
    var missing =
        assertThrows(
            UpdateException.Configuration.class,
            () -> Configuration.readFile(root.resolve("missing.conf")));
    assertTrue(
        String.valueOf(missing.getMessage()).endsWith("there is no such file"), missing::toString);
    var folder =
        assertThrows(
            UpdateException.Configuration.class,
            () -> Configuration.readFile(root.resolve("other.conf.d")));
    assertTrue(
        String.valueOf(folder.getMessage()).endsWith("it is not a regular file"), folder::toString);
  }

  @Test
  void nothingIsDecidedInTheNullDevice() throws Exception {
    write("etc/particle-update/particle-update.conf", "[Download]\nSpool=no\n");

    assertEquals(
        Configuration.defaults(), Configuration.readFile(Path.of("/dev/null")).configuration());
  }
}
