package org.particleos.update.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.version.Version;

class AssessmentFilesTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  @TempDir Path root;
  private final List<String> warnings = new ArrayList<>();

  private AssessmentFiles files() {
    return new AssessmentFiles(new LinuxKernel(), root, Path.of("/var/lib/particle-update"));
  }

  private Path file(String name) {
    return root.resolve("var/lib/particle-update").resolve(name);
  }

  private static FailedVersion failed(String version) {
    return new FailedVersion(
        new Version(version),
        OptionalLong.of(3),
        Optional.of(NOW),
        Optional.of("why"),
        Optional.of("1"),
        Map.of("uki", Set.of("a", "b")),
        true);
  }

  @Test
  void whatIsWrittenIsReadAgain() throws Exception {
    var quarantine =
        Quarantine.EMPTY
            .with("host", List.of(failed("2"), failed("3")))
            .withBuild("host", new Quarantine.Build(new Version("4"), Map.of("uki", Set.of("c"))));
    var bare =
        new FailedVersion(
            new Version("5"),
            OptionalLong.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            false);
    var all = quarantine.with("component:x", List.of(bare));

    files().quarantine(_ -> all, warnings::add);

    assertEquals(all, files().quarantine(warnings::add));
    assertEquals(List.of(), warnings);
  }

  @Test
  void howChecksEndedIsReadAgain() throws Exception {
    var run =
        new HealthRun(
            NOW,
            "boot",
            Optional.of("2"),
            Optional.of("os_2+2-1.efi"),
            List.of(
                new CheckResult("10-a", CheckResult.Verdict.PASSED, "", 5),
                new CheckResult("20-b", CheckResult.Verdict.TIMED_OUT, "said nothing", 1500)));

    files().add(run, warnings::add);

    assertEquals(Optional.of(run), files().health(warnings::add).last());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{\"format\":2}",
        "{\"format\":1,\"failed\":[{\"target\":\"host\"}]}",
        "{\"format\":1,\"failed\":[{\"target\":\"host\",\"version\":\"../x\"}]}",
        "{\"format\":1,\"failed\":[{\"target\":\"host\",\"version\":\"1\",\"since\":\"now\"}]}",
      })
  void aDamagedFileIsSetAsideAndNothingFails(String content) throws Exception {
    Files.createDirectories(file(""));
    Files.writeString(file("quarantine.json"), content);

    Quarantine read = files().quarantine(warnings::add);

    assertEquals(Quarantine.EMPTY, read);
    assertEquals(1, warnings.size(), warnings::toString);
    assertTrue(Files.exists(file("quarantine.json.damaged")));
    assertFalse(Files.exists(file("quarantine.json")));
  }

  @Test
  void nothingIsWrittenWhereNothingChanges() throws Exception {
    files().quarantine(quarantine -> quarantine, warnings::add);

    assertFalse(Files.exists(file("quarantine.json")));
  }

  @Test
  void theOldestVersionsAndRunsAreForgotten() {
    var many = IntStream.range(0, 40).mapToObj(number -> failed(Integer.toString(number))).toList();
    var log = HealthLog.EMPTY;
    for (int i = 0; i < 40; i++) {
      log = log.with(new HealthRun(NOW, "" + i, Optional.of("" + i), Optional.empty(), List.of()));
    }

    List<FailedVersion> kept = Quarantine.EMPTY.with("host", many).of("host");

    assertEquals(Quarantine.VERSIONS_MAX, kept.size());
    assertEquals("39", kept.getLast().version().text());
    assertEquals(HealthLog.RUNS_MAX, log.runs().size());
    assertEquals("39", log.last().orElseThrow().bootId());
  }
}
