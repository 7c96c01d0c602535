package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;

/** Repeated [Source] sections are alternatives, and what a source says about decompression. */
class SourcesTest {
  @TempDir Path home;
  private ReleaseServer first;
  private ReleaseServer second;
  private SmallSystem system;

  @BeforeEach
  void start() throws IOException {
    first = new ReleaseServer();
    second = new ReleaseServer();
    system = new SmallSystem(home);
    define(first.url(), second.url());
  }

  @AfterEach
  void stop() {
    first.close();
    second.close();
  }

  private void define(String... urls) throws IOException {
    var text = new StringBuilder();
    for (String url : urls) {
      text.append("[Source]\nType=url-file\nPath=" + url + "\nMatchPattern=f_@v\n");
    }
    text.append("[Target]\nType=regular-file\nPath=/var/f\n");
    system.transfer("10-file", text.toString());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private String installed(String version) throws IOException {
    return Files.readString(system.at("/var/f/f_" + version));
  }

  @Test
  void theNewestVersionWinsWhereverItIs() throws Exception {
    first.publish("f_1", bytes("one"));
    second.publish("f_2", bytes("two"));

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertEquals("two", installed("2"));
    assertEquals(List.of("f_2"), system.names("/var/f"));
  }

  @Test
  void atEqualVersionsTheSourceThatIsListedFirstWins() throws Exception {
    first.publish("f_2", bytes("first"));
    second.publish("f_2", bytes("second"));

    system.apply();
    assertEquals("first", installed("2"));
    define(second.url(), first.url());
    Files.delete(system.at("/var/f/f_2"));
    system.apply();

    assertEquals("second", installed("2"));
    assertEquals(List.of("f_2"), first.fetched());
  }

  @Test
  void aSourceThatIsDownIsPassedOverWithAWarning() throws Exception {
    first.manifestAnswering(500);
    second.publish("f_2", bytes("two"));

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertEquals("two", installed("2"));
    assertEquals(1, system.warnings().size(), system.warnings().toString());
    assertTrue(
        system
            .warnings()
            .getFirst()
            .startsWith("transfer \"10-file\" goes on without one of its sources: "),
        system.warnings().getFirst());
  }

  @Test
  void withEverySourceDownTheServerIsUnreachableAndNotUpToDate() throws Exception {
    first.manifestAnswering(500);
    second.manifestAnswering(404);

    var failed = assertThrows(UpdateException.Unreachable.class, system::apply);

    assertEquals(Reason.HTTP_STATUS, failed.reason());
    assertEquals("nothing was changed", failed.state().orElseThrow());
    assertEquals(List.of(), system.warnings());
    assertEquals(List.of(), system.names("/var/f"));
  }

  @Test
  void aLocalDirectoryCanBeTheAlternativeToAServer() throws Exception {
    first.publish("f_1", bytes("one"));
    system.transfer(
        "10-file",
        """
        [Source]
        Type=url-file
        Path=%s
        MatchPattern=f_@v
        [Source]
        Type=regular-file
        Path=/srv/f
        MatchPattern=f_@v
        [Target]
        Type=regular-file
        Path=/var/f
        """
            .formatted(first.url()));
    system.offers("f", "3");

    system.apply();

    assertEquals("f 3", installed("3"));
  }

  private Cost cost(String version) throws UpdateException {
    try (Updater updater = system.updater(system.settings())) {
      Overview overview = updater.overview(VersionSets.View.ONLINE);
      VersionSet set = overview.named(version);
      return updater.cost(set);
    }
  }

  private void defineDecompressing(String line) throws IOException {
    system.transfer(
        "10-file",
        """
        [Source]
        Type=url-file
        Path=%s
        MatchPattern=f_@v
        %s
        [Target]
        Type=regular-file
        Path=/var/f
        """
            .formatted(first.url(), line));
  }

  @Test
  void withDecompressNoACompressedFileStaysAsItIsAndItsSizesAreItsOwn() throws Exception {
    byte[] packed = Release.gzip(new byte[10_000]);
    first.publish("f_1", packed);
    defineDecompressing("Decompress=no");
    var size = OptionalLong.of(packed.length);

    assertEquals(new Cost(size, size), cost("1"));
    system.apply();

    assertArrayEquals(packed, Files.readAllBytes(system.at("/var/f/f_1")));
  }

  @Test
  void otherwiseACompressedFileIsUnpackedAndNobodyKnowsHowLargeItGets() throws Exception {
    byte[] packed = Release.gzip(new byte[10_000]);
    first.publish("f_1", packed);
    defineDecompressing("");

    assertEquals(new Cost(OptionalLong.of(packed.length), OptionalLong.empty()), cost("1"));
    system.apply();

    assertArrayEquals(new byte[10_000], Files.readAllBytes(system.at("/var/f/f_1")));
  }
}
