package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.demo.PortableExecutable;

/** Where versions come from: several places, local ones, archives; and what is made of them. */
class SourcesIT {
  private SmallSystem system;
  private Path folder;

  @BeforeEach
  void aSystem(@TempDir Path temporary) throws Exception {
    folder = temporary;
    system = SmallSystem.in(folder);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  // ---- Local sources ----

  @Test
  void aLocalSourceLiesBelowTheRootToo() throws Exception {
    system.write("srv/a-1.bin", "one");
    system.write("srv/deep/a-2.bin", "two");
    system.write("usr/lib/sysupdate.d/10-a.transfer", local("/srv", "**/a-@v.bin", "root"));

    system.run("update").expect(0);

    assertEquals(List.of("a-2.bin"), system.target());
  }

  @Test
  void anExplicitSourceIsTheOneThatIsGiven() throws Exception {
    Path stick = Files.createDirectories(folder.resolve("stick/images"));
    Files.writeString(stick.resolve("a-1.bin"), "one");
    system.write("usr/lib/sysupdate.d/10-a.transfer", local("/images", "a-@v.bin", "explicit"));

    system.run("update").expect(1).says("--transfer-source");
    system.run("update", "--transfer-source=" + stick.getParent()).expect(0);

    assertEquals(List.of("a-1.bin"), system.target());
  }

  @Test
  void aSourceThatIsNotThereOffersNothing() throws Exception {
    system.write("usr/lib/sysupdate.d/10-a.transfer", local("/srv", "a-@v.bin", "root"));

    system.run("check-new").expect(1);
    system.run("update").expect(0).says("No update needed");
  }

  private static String local(String path, String pattern, String relativeTo) {
    return """
    [Source]
    Type=regular-file
    Path=%s
    PathRelativeTo=%s
    MatchPattern=%s
    [Target]
    Type=regular-file
    Path=/target
    """
        .formatted(path, relativeTo, pattern);
  }

  /** 23.11: shorter than anything that compression could be recognised by. */
  @ParameterizedTest
  @ValueSource(strings = {"", "x", "\u001f\u007f", "BZh91"})
  void tinyPayloadsArriveAsTheyAre(String content) throws Exception {
    system.offer().put("a-1.bin", content).publish();
    system.write("srv/b-1.bin", content);
    system.transfer("10-a", "a-@v.bin");
    system.write("usr/lib/sysupdate.d/20-b.transfer", local("/srv", "b-@v.bin", "root"));

    system.run("update").expect(0);

    assertEquals(content, system.text("target/a-1.bin"));
    assertEquals(content, system.text("target/b-1.bin"));
  }

  // ---- Boot partitions below a root ----

  @Test
  void bootPartitionsGivenByVariablesLieBelowTheRoot() throws Exception {
    Files.createDirectories(system.path("here/efi"));
    Files.createDirectories(system.path("here/xbootldr"));
    PortableExecutable.write(
        system.offer().path("k_1.efi"),
        new PortableExecutable.Section(".linux", "kernel"),
        new PortableExecutable.Section(".osrel", "ID=test"));
    PortableExecutable.write(
        system.offer().path("e_1.efi"), new PortableExecutable.Section(".text", "tool"));
    system.offer().publish();
    system.transfer("10-k", "k_@v.efi", "PathRelativeTo=boot", "Path=/EFI/Linux", "Mode=0640");
    system.transfer("20-e", "e_@v.efi", "PathRelativeTo=esp", "Path=/EFI/Tools");

    system
        .with("SYSTEMD_ESP_PATH", "/here/efi")
        .with("SYSTEMD_XBOOTLDR_PATH", "/here/xbootldr")
        .run("update")
        .expect(0);

    assertEquals(
        List.of("efi/EFI/Tools/e_1.efi", "xbootldr/EFI/Linux/k_1.efi"), system.files("here"));
    assertEquals(
        "rw-r-----",
        java.nio.file.attribute.PosixFilePermissions.toString(
            Files.getPosixFilePermissions(system.path("here/xbootldr/EFI/Linux/k_1.efi"))));
  }

  // ---- Trees ----

  @Test
  void anArchiveIsUnpackedAndALinkShowsTheNewestTree() throws Exception {
    Path tree = Files.createDirectories(folder.resolve("tree/etc"));
    Files.writeString(tree.resolve("name"), "first");
    Files.createSymbolicLink(tree.resolve("link"), Path.of("name"));
    system.offer().putTar("t-1.tar.gz", tree.getParent());
    Files.writeString(tree.resolve("name"), "second");
    system.offer().putTar("t-2.tar.zst", tree.getParent()).publish();
    system.write(
        "usr/lib/sysupdate.d/10-t.transfer",
        SmallSystem.urlFile(
                system.offer().uri(),
                "t-@v.tar.gz t-@v.tar.zst",
                "MatchPattern=t-@v",
                "CurrentSymlink=current")
            .replace("url-file", "url-tar")
            .replace("regular-file", "directory"));

    system.run("update", "1").expect(0);
    assertEquals("first", system.text("target/current/etc/name"));
    system.run("update").expect(0);

    assertEquals("second", system.text("target/current/etc/name"));
    assertEquals("first", system.text("target/t-1/etc/name"));
    assertEquals("t-2", Files.readSymbolicLink(system.path("target/current")).toString());
    assertEquals("name", Files.readSymbolicLink(system.path("target/t-2/etc/link")).toString());
  }

  @Test
  void anArchiveOfAnotherDigestIsNeverInItsPlace() throws Exception {
    Path tree = Files.createDirectories(folder.resolve("tree/etc"));
    Files.writeString(tree.resolve("name"), "first");
    system.offer().putTar("t-1.tar.gz", tree.getParent());
    system.offer().publish(Offer.digest(utf8("other")) + " *t-1.tar.gz\n");
    system.write(
        "usr/lib/sysupdate.d/10-t.transfer",
        SmallSystem.urlFile(system.offer().uri(), "t-@v.tar.gz", "MatchPattern=t-@v")
            .replace("url-file", "url-tar")
            .replace("regular-file", "directory"));

    system.run("update").expect(1);

    assertFalse(Files.exists(system.path("target/t-1")));
    assertFalse(Files.exists(system.path("target/.sysupdate.pending.t-1")));
    system.run("vacuum").expect(0);
    assertEquals(List.of(), system.target());
  }

  // ---- Wishes of the reference's users ----

  @Test
  void theNewestVersionOfSeveralSourcesWins() throws Exception {
    var mirror = new Offer(folder.resolve("mirror"));
    mirror.put("a-1.bin", "mirror one").put("a-3.bin", "mirror three").publish();
    system.offer().put("a-1.bin", "first one").put("a-2.bin", "first two").publish();
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        """
        [Transfer]
        Verify=no
        [Source]
        Type=url-file
        Path=%s
        MatchPattern=a-@v.bin
        [Source]
        Type=url-file
        Path=%s
        MatchPattern=a-@v.bin
        [Target]
        Type=regular-file
        Path=/target
        """
            .formatted(system.offer().uri(), mirror.uri()));

    // At equal versions the one that is listed first.
    system.run("update", "1").expect(0);
    assertEquals("first one", system.text("target/a-1.bin"));

    system.run("update").expect(0);
    assertEquals("mirror three", system.text("target/a-3.bin"));
    assertEquals(
        "{\"current\":\"3\",\"all\":[\"3\",\"2\",\"1\"],\"appstreamUrls\":[]}\n",
        system.run("list", "--json=short").expect(0).out());
  }

  @Test
  void decompressionCanBeSwitchedOff() throws Exception {
    system.offer().putPacked("a-1.bin.gz", utf8("unpacked")).publish();
    system.transfer("10-a", "a-@v.bin.gz");
    system.transfer("20-b", "a-@v.bin.gz", "MatchPattern=b-@v.bin.gz", "[Source]", "Decompress=no");

    system.run("update").expect(0);

    assertEquals("unpacked", system.text("target/a-1.bin.gz"));
    assertEquals(
        Offer.digest(system.offer().path("a-1.bin.gz")),
        Offer.digest(system.path("target/b-1.bin.gz")));
  }

  @Test
  void definitionsMayBeOneFile() throws Exception {
    Path place = Files.createDirectories(folder.resolve("place"));
    Path file = folder.resolve("single.transfer");
    Files.writeString(
        file,
        SmallSystem.urlFile(system.offer().uri(), "a-@v.bin").replace("/target", place.toString()));
    Files.writeString(folder.resolve("other.transfer"), "[nonsense");
    system.offer().put("a-1.bin", "one").publish();

    assertEquals(
        "1\n", Program.reference().run("check-new", "--definitions=" + file).expect(0).out());
  }

  @Test
  void sizesAreToldOnRequest() throws Exception {
    system.offer().put("a-1.bin", "12345").put("b-1.bin", "1234567").publish();
    system.transfer("10-a", "a-@v.bin").transfer("20-b", "b-@v.bin");
    var ours = system.by(Program.packaged());

    JsonNode one = ours.run("list", "1", "--sizes", "--json=short").expect(0).json();
    assertEquals(12, one.get("downloadBytes").asInt());
    JsonNode all = ours.run("list", "--sizes", "--json=short").expect(0).json();
    assertEquals("1", all.get("sizes").get(0).get("version").asText());
    assertEquals(12, all.get("sizes").get(0).get("downloadBytes").asInt());
    ours.run("check", "--sizes").expect(0).says("12 B");
    assertFalse(ours.run("list", "--json=short").expect(0).json().has("sizes"));
  }

  // ---- Doctor ----

  @Test
  void theDoctorFindsNothingWrongWithWhatIsGood() throws Exception {
    system.offer().put("a-1.bin", "one").publish();
    system.transfer("10-a", "a-@v.bin");

    Run run = system.by(Program.packaged()).run("doctor", "--json=short").expect(0);

    assertTrue(run.json().get("ok").asBoolean(), run::toString);
    assertTrue(run.json().get("findings").size() > 1, run::toString);
    assertEquals(List.of(), system.target());
    assertEquals(List.of(), system.records());
  }

  @Test
  void theDoctorSaysWhatIsWrongAndHowAnUpdateWouldEnd() throws Exception {
    system.transfer("10-a", "a-@v.bin"); // no manifest there

    Run run = system.by(Program.packaged()).run("doctor");

    assertEquals(4, run.status(), run::toString);
    run.says("SHA256SUMS").says("remedy:");
    assertEquals(4, system.by(Program.packaged()).run("apply").status());

    system.write("usr/lib/sysupdate.d/10-a.transfer", "[Transfer\n");
    assertEquals(6, system.by(Program.packaged()).run("doctor").status());
  }
}
