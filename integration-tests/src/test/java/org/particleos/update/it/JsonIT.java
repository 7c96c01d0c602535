package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.Tool;

/**
 * What each verb prints as JSON, byte by byte (update-algorithm.md 19): other programs parse it.
 */
class JsonIT {
  private static final String TIME = "2020-01-01T00:00:00.000123Z";
  private static final String TIME_MICROS = "1577836800000123";

  private SmallSystem system;

  @BeforeEach
  void aSystemWithAnOffer(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder);
    system.offer().put("a-1.bin", "one").put("a-2.bin", "two").publish();
  }

  /** Pretends that a file was installed at a known time. */
  private void installed(String name) throws Exception {
    system.write("target/" + name, "installed");
    Path file = system.path("target/" + name);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse(TIME)));
  }

  private void prints(String expected, int status, String... words) throws Exception {
    String[] all = java.util.Arrays.copyOf(words, words.length + 1);
    all[words.length] = "--json=short";
    Run run = system.run(all).expect(status);
    assertEquals(expected, run.out(), run::toString);
  }

  // ---- list ----

  @Test
  void listNamesTheCurrentVersionAllVersionsAndEachUrlOnce() throws Exception {
    installed("a-1.bin");
    installed("b-1.bin");
    system.offer().put("b-2.bin", "b two").publish();
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        "[Transfer]\nAppStream=https://example.org/one\nAppStream=https://example.org/two\n"
            + SmallSystem.urlFile(system.offer().uri(), "a-@v.bin"));
    system.write(
        "usr/lib/sysupdate.d/20-b.transfer",
        "[Transfer]\nAppStream=https://example.org/two\n"
            + SmallSystem.urlFile(system.offer().uri(), "b-@v.bin"));

    prints(
        "{\"current\":\"1\",\"all\":[\"2\",\"1\"],\"appstreamUrls\":"
            + "[\"https://example.org/one\",\"https://example.org/two\"]}\n",
        0);
  }

  @Test
  void listOfNothingInstalledHasNoCurrentVersion() throws Exception {
    system.transfer("10-a", "a-@v.bin");

    prints("{\"current\":null,\"all\":[\"2\",\"1\"],\"appstreamUrls\":[]}\n", 0, "list");
    prints("{\"current\":null,\"all\":[],\"appstreamUrls\":[]}\n", 0, "list", "--offline");
  }

  @Test
  void listOfAnOfferedVersionShowsWhatTheManifestSays() throws Exception {
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        "[Transfer]\nChangeLog=https://example.org/news/@v.html\n"
            + SmallSystem.urlFile(system.offer().uri(), "a-@v.bin"));

    prints(
        "{\"version\":\"2\",\"newest\":true,\"available\":true,\"installed\":false,"
            + "\"partial\":false,\"pending\":false,\"obsolete\":false,\"protected\":false,"
            + "\"incomplete\":false,\"changelogUrls\":[\"https://example.org/news/2.html\"],"
            + "\"contents\":[{\"type\":\"url-file\",\"path\":\""
            + system.offer().uri()
            + "/a-2.bin\",\"sha256\":\""
            + Offer.digest(system.offer().path("a-2.bin"))
            + "\"}]}\n",
        0,
        "list",
        "2");
  }

  @Test
  void listOfAnInstalledVersionShowsTheFiles() throws Exception {
    installed("a-1.bin");
    installed("k_1+3-0.efi");
    system.offer().put("k_1.efi", "kernel").publish();
    system.transfer("10-a", "a-@v.bin", "[Transfer]", "ProtectVersion=1");
    system.transfer("20-k", "k_@v.efi", "MatchPattern=k_@v+@l-@d.efi");

    prints(
        "{\"version\":\"1\",\"newest\":true,\"available\":true,\"installed\":true,"
            + "\"partial\":false,\"pending\":false,\"obsolete\":false,\"protected\":true,"
            + "\"incomplete\":false,\"changelogUrls\":[],\"contents\":["
            + "{\"type\":\"regular-file\",\"path\":\""
            + system.path("target/a-1.bin")
            + "\",\"mtime\":"
            + TIME_MICROS
            + ",\"mode\":420,\"tries-done\":null,\"tries-left\":null},"
            + "{\"type\":\"regular-file\",\"path\":\""
            + system.path("target/k_1+3-0.efi")
            + "\",\"mtime\":"
            + TIME_MICROS
            + ",\"mode\":420,\"tries-done\":0,\"tries-left\":3}]}\n",
        0,
        "list",
        "1");
  }

  @Test
  void listOfAnInstalledVersionShowsTheSlot() throws Exception {
    Path disk = system.path("disk.img");
    try (var channel =
        FileChannel.open(disk, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), (8 << 20) - 1);
    }
    Tool.Result made =
        Tool.call(
            system.root(),
            Map.of(),
            "label: gpt\nsize=1MiB, name=a_1, attrs=\"GUID:60\", type="
                + ReferenceMachine.ROOT_TYPE
                + ", uuid=11111111-2222-4333-8444-555555555555\nsize=1MiB, name=_empty, type="
                + ReferenceMachine.ROOT_TYPE
                + "\n",
            "sfdisk",
            "-q",
            disk.toString());
    assertEquals(0, made.status(), made.output());
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        SmallSystem.urlFile(system.offer().uri(), "a-@v.bin")
            + "Type=partition\n"
            + "Path=/disk.img\n"
            + "MatchPattern=a_@v\n"
            + "MatchPartitionType=root-x86-64\n");

    prints(
        "{\"version\":\"1\",\"newest\":true,\"available\":true,\"installed\":true,"
            + "\"partial\":false,\"pending\":false,\"obsolete\":false,\"protected\":false,"
            + "\"incomplete\":false,\"changelogUrls\":[],\"contents\":["
            + "{\"type\":\"partition\",\"path\":\""
            + disk
            + "1\",\"ptuuid\":\"11111111-2222-4333-8444-555555555555\","
            + "\"ptflags\":1152921504606846976,\"ro\":true}]}\n",
        0,
        "list",
        "1");
  }

  @Test
  void prettyIsTheSameWithLinesAndIndentation() throws Exception {
    system.transfer("10-a", "a-@v.bin");

    String pretty = system.run("list", "2", "--json=pretty").expect(0).out();
    String terse = system.run("list", "2", "--json=short").expect(0).out();

    JsonNode expected = new ObjectMapper().readTree(terse);
    assertEquals(expected, new ObjectMapper().readTree(pretty));
    assertEquals(1, terse.lines().count());
    assertTrue(pretty.lines().count() > expected.size(), pretty);
  }

  // ---- check-new, update, acquire, vacuum ----

  @Test
  void checkNewTellsTheCandidateOrNull() throws Exception {
    system.transfer("10-a", "a-@v.bin");
    prints("{\"available\":\"2\"}\n", 0, "check-new");

    installed("a-2.bin");
    prints("{\"available\":null}\n", 1, "check-new");
  }

  @Test
  void updateTellsWhatWasRemovedToMakeRoom() throws Exception {
    system.transfer("10-a", "a-@v.bin", "InstancesMax=2");
    prints("{\"removed\":0,\"disabledTransfers\":0}\n", 0, "update", "1");
    prints("{\"removed\":0,\"disabledTransfers\":0}\n", 0, "acquire");
    // Offline, and so with nothing to make room for.
    prints("", 0, "update", "--offline");

    system.offer().put("a-3.bin", "three").publish();
    prints("{\"removed\":1,\"disabledTransfers\":0}\n", 0, "update");
    prints("", 0, "update");
    assertEquals(java.util.List.of("a-2.bin", "a-3.bin"), system.target());
  }

  @Test
  void vacuumTellsHowMuchWasRemoved() throws Exception {
    installed("a-1.bin");
    installed("a-2.bin");
    installed("a-3.bin");
    installed("b-1.bin");
    installed("b-2.bin");
    system.transfer("10-a", "a-@v.bin", "InstancesMax=2");
    system.transfer("20-b", "b-@v.bin", "[Transfer]", "Features=none");

    prints("{\"removed\":1,\"disabledTransfers\":1}\n", 0, "vacuum");
    assertEquals(java.util.List.of("a-2.bin", "a-3.bin"), system.target());
    prints("{\"removed\":0,\"disabledTransfers\":0}\n", 0, "vacuum");
    prints("{\"removed\":1,\"disabledTransfers\":0}\n", 0, "vacuum", "-m", "1");
  }

  // ---- features ----

  @Test
  void featuresAreListedByName() throws Exception {
    system.transfer("10-a", "a-@v.bin");
    prints("{\"features\":[]}\n", 0, "features");

    system.write("usr/lib/sysupdate.d/one.feature", "[Feature]\nDescription=One\n");
    prints("{\"features\":[\"one\"]}\n", 0, "features");
  }

  @Test
  void aFeatureIsToldWithAllThatItSays() throws Exception {
    system.transfer("10-a", "a-@v.bin");
    system.transfer("20-b", "b-@v.bin", "[Transfer]", "Features=other", "RequisiteFeatures=one");
    system.transfer("30-c", "c-@v.bin", "[Transfer]", "Features=one");
    system.write(
        "usr/lib/sysupdate.d/one.feature",
        """
        [Feature]
        Description=The first
        Documentation=https://example.org/a
        Documentation=https://example.org/b
        AppStream=https://example.org/catalog.xml
        Enabled=yes
        Suggest=no
        """);

    prints(
        "{\"id\":\"one\",\"description\":\"The first\",\"documentation\":"
            + "[\"https://example.org/a\",\"https://example.org/b\"],"
            + "\"appStream\":\"https://example.org/catalog.xml\",\"enabled\":true,"
            + "\"suggested\":false,\"transfers\":[\"30-c\",\"20-b\"]}\n",
        0,
        "features",
        "one");
  }

  @Test
  void whatAFeatureDoesNotSayIsLeftOut() throws Exception {
    system.transfer("10-a", "a-@v.bin");
    system.write("usr/lib/sysupdate.d/one.feature", "[Feature]\n");
    prints("{\"id\":\"one\",\"enabled\":false,\"suggested\":false}\n", 0, "features", "one");

    // A condition that makes no sense leaves it open (23.22).
    system.write(
        "usr/lib/sysupdate.d/one.feature", "[Feature]\nSuggestOnFirmware=smbios-field(nonsense)\n");
    prints("{\"id\":\"one\",\"enabled\":false}\n", 0, "features", "one");
  }

  // ---- components ----

  @Test
  void componentsAreToldByNameInOrder() throws Exception {
    prints("{\"default\":false,\"components\":[]}\n", 0, "components");

    Files.createDirectories(system.path("etc/sysupdate.some-component.d"));
    prints("{\"default\":false,\"components\":[\"some-component\"]}\n", 0, "components");

    system.component("another", "10-a", "a-@v.bin").transfer("10-a", "a-@v.bin");
    prints("{\"default\":true,\"components\":[\"another\",\"some-component\"]}\n", 0, "components");
  }

  // ---- and those that print nothing ----

  @Test
  void verbsThatOnlyActPrintNothing() throws Exception {
    system.transfer("10-a", "a-@v.bin").component("extra", "10-a", "a-@v.bin");
    system.write("usr/lib/sysupdate.d/one.feature", "[Feature]\n");

    assertEquals("", system.run("update").expect(0).out());
    assertEquals("", system.run("vacuum").expect(0).out());
    assertEquals("", system.run("cleanup").expect(0).out());
    assertEquals("", system.run("enable-feature", "one").expect(0).out());
    assertEquals("", system.run("disable-component", "extra").expect(0).out());
  }
}
