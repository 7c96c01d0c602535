package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.version.Version;

/** The keys of a transfer and their cross-validation (transfer-files.md 3 to 9). */
class TransferFileTest {
  private static final String MINIMAL = DefinitionTree.MINIMAL;
  private static final String SOURCE = DefinitionTree.MINIMAL_SOURCE;
  private static final String TARGET = DefinitionTree.MINIMAL_TARGET;
  private static final String PARTITION = SOURCE + "[Target]\nType=partition\nPath=auto\n";

  @TempDir private Path root;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyRoot() {
    tree = new DefinitionTree(root);
  }

  // Good files.

  @Test
  void aMinimalTransferHasTheDefaultsOfTheSpecification() throws Exception {
    var transfer = tree.only(MINIMAL);

    assertEquals("50-os", transfer.id());
    assertTrue(transfer.verify());
    assertEquals(Optional.empty(), transfer.minVersion());
    assertEquals(List.of(), transfer.protectVersions());
    var source = assertInstanceOf(Source.Url.class, transfer.source());
    assertEquals(URI.create("https://example.org/images/"), source.base());
    var target = assertInstanceOf(Target.FileSystem.class, transfer.target());
    assertEquals(Anchor.ROOT, target.anchor());
    assertEquals("os_@v.raw", target.patterns().toString());
    assertEquals(NewInstance.UNCHANGED, target.newInstance());
    assertEquals(OptionalLong.of(3), target.instancesMax());
    assertTrue(target.removeTemporary());
    assertEquals(Optional.empty(), target.currentSymlink());
    assertEquals(List.of(), tree.load().warnings());
  }

  @Test
  void aPartitionTargetHasUnlimitedInstancesAndAGenericType() throws Exception {
    var target = assertInstanceOf(Target.Partition.class, tree.only(PARTITION).target());

    assertEquals(new PartitionPlace.Auto(), target.place());
    assertEquals(PartitionType.LINUX_GENERIC, target.partitionType());
    assertEquals(OptionalLong.empty(), target.instancesMax());
  }

  @Test
  void everyKeyOfATransferIsRead() throws Exception {
    tree.file(
        "etc/sysupdate.d/50-os.transfer",
        """
        [Transfer]
        MinVersion=%w.1
        ProtectVersion=1
        ProtectVersion=2 3
        Verify=off
        ChangeLog=https://example.org/@v.html
        ChangeLog=http://example.org/2
        AppStream=https://example.org/%o.xml
        Features=a 'b c' d"e f"g \\
                 h
        RequisiteFeatures=x
        RequisiteFeatures=y
        """
            + SOURCE
            + """
            [Target]
            Type=partition
            Path=/dev/disk/by-id/x
            MatchPattern=os_@v old_@v
            MatchPattern=older_@v os_@v
            MatchPartitionType=usr
            PartitionUUID=8b8186b1-2b4e-4eb6-ad39-8d4d18d2a8fb
            PartitionFlags=0x1000000000000000
            PartitionNoAuto=yes
            PartitionGrowFileSystem=no
            ReadOnly=1
            Mode=0644
            TriesLeft=5
            TriesDone=1
            InstancesMax=4
            CurrentSymlink=//run/./os//current
            """);

    var transfer = tree.load().disabled().getFirst();

    assertEquals(List.of(), tree.load().warnings());
    assertEquals(Optional.of(new Version("43.1")), transfer.minVersion());
    assertEquals(List.of("1", "2", "3"), transfer.protectVersions());
    assertFalse(transfer.verify());
    assertEquals(
        List.of("https://example.org/@v.html", "http://example.org/2"), transfer.changeLog());
    assertEquals(List.of("https://example.org/fedora.xml"), transfer.appStream());
    assertEquals(List.of("a", "b c", "de fg", "h"), transfer.features());
    assertEquals(List.of("x", "y"), transfer.requisiteFeatures());
    var target = assertInstanceOf(Target.Partition.class, transfer.target());
    assertEquals(new PartitionPlace.At(Path.of("/dev/disk/by-id/x")), target.place());
    assertEquals("os_@v old_@v older_@v", target.patterns().toString());
    assertEquals(
        PartitionType.parse("usr", Architecture.X86_64).orElseThrow(), target.partitionType());
    assertEquals(
        new NewInstance(
            Optional.of(UUID.fromString("8b8186b1-2b4e-4eb6-ad39-8d4d18d2a8fb")),
            OptionalLong.of(1L << 60),
            Optional.of(true),
            Optional.of(false),
            Optional.of(true),
            OptionalInt.of(0644),
            OptionalLong.of(5),
            OptionalLong.of(1)),
        target.newInstance());
    assertEquals(OptionalLong.of(4), target.instancesMax());
    assertEquals(Optional.of(Path.of("/run/os/current")), target.currentSymlink());
  }

  @Test
  void emptyValuesResetWhatMayBeReset() throws Exception {
    var transfer =
        tree.only(
            """
            [Transfer]
            MinVersion=1
            MinVersion=
            ProtectVersion=1
            ProtectVersion=
            ChangeLog=https://example.org/
            ChangeLog=
            Features=a
            Features=
            """
                + SOURCE
                + """
                [Source]
                MatchPattern=
                MatchPattern=new_@v
                """
                + PARTITION.substring(SOURCE.length())
                + """
                MatchPartitionType=usr
                MatchPartitionType=
                PartitionUUID=8b8186b1-2b4e-4eb6-ad39-8d4d18d2a8fb
                PartitionUUID=
                PartitionFlags=1
                PartitionFlags=
                ReadOnly=1
                ReadOnly=
                InstancesMax=5
                InstancesMax=
                CurrentSymlink=/x
                CurrentSymlink=
                PathRelativeTo=esp
                PathRelativeTo=
                """);

    assertEquals(List.of(), tree.load().warnings());
    assertEquals(Optional.empty(), transfer.minVersion());
    assertEquals(List.of(), transfer.protectVersions());
    assertEquals(List.of(), transfer.changeLog());
    assertEquals("new_@v", transfer.source().patterns().toString());
    var target = assertInstanceOf(Target.Partition.class, transfer.target());
    assertEquals(PartitionType.LINUX_GENERIC, target.partitionType());
    assertEquals(NewInstance.UNCHANGED, target.newInstance());
    assertEquals(OptionalLong.empty(), target.instancesMax());
    assertEquals(Optional.empty(), target.currentSymlink());
  }

  @ParameterizedTest
  @CsvSource({
    "Transfer, MinVersion, 1 2",
    "Transfer, MinVersion, %x",
    "Transfer, ProtectVersion, a/b",
    "Transfer, ProtectVersion, %x",
    "Transfer, Verify, ''",
    "Transfer, Verify, maybe",
    "Transfer, ChangeLog, ftp://example.org/",
    "Transfer, ChangeLog, https://",
    "Transfer, ChangeLog, https://exämple.org/",
    "Transfer, ChangeLog, https://example.org/%3A",
    "Transfer, AppStream, example.org",
    "Transfer, Features, 'a \"b'",
    "Transfer, Unknown, 1",
    "Source, Type, url",
    "Source, Path, /%x",
    "Source, PathRelativeTo, usr",
    "Source, MatchPattern, x_@v_%x",
    "Source, MatchPattern, x_@v\\ y_@v",
    "Source, Decompress, ''",
    "Source, Decompress, maybe",
    "Source, Mode, 0644",
    "Target, MatchPartitionType, rootfs",
    "Target, PartitionUUID, 1",
    "Target, PartitionFlags, xyz",
    "Target, PartitionNoAuto, maybe",
    "Target, PartitionGrowFileSystem, maybe",
    "Target, ReadOnly, maybe",
    "Target, Mode, ''",
    "Target, Mode, 0888",
    "Target, Mode, 10000",
    "Target, Mode, -1",
    "Target, TriesLeft, ''",
    "Target, TriesLeft, -1",
    "Target, TriesLeft, 08",
    "Target, TriesDone, 18446744073709551616",
    "Target, TriesDone, 18446744073709551615",
    "Target, InstancesMax, many",
    "Target, RemoveTemporary, ''",
    "Target, CurrentSymlink, ../x",
    "Target, CurrentSymlink, a/../b",
    "Target, CurrentSymlink, /%x",
    "Target, Unknown, 1",
  })
  void aBadValueIsIgnoredWithAWarningThatNamesFileLineAndKey(
      String section, String key, String value) throws Exception {
    var good = tree.only(MINIMAL);

    tree.file(
        "etc/sysupdate.d/50-os.transfer.d/x.conf",
        "[" + section + "]\n" + key + "=" + value + "\n");
    var definitions = tree.load();

    assertEquals(good, definitions.enabled().getFirst());
    assertEquals(1, definitions.warnings().size(), definitions.warnings().toString());
    var warning = definitions.warnings().getFirst();
    assertEquals(tree.path("etc/sysupdate.d/50-os.transfer.d/x.conf"), warning.file());
    assertEquals(2, warning.line());
    assertTrue(warning.text().contains("[" + section + "] " + key + "="), warning.text());
  }

  @ParameterizedTest
  @CsvSource({
    "Transfer, MinVersion, 255",
    "Transfer, ProtectVersion, 255",
    "Target, Path, 4095",
    "Target, CurrentSymlink, 4095",
  })
  void anExpandedTextThatIsTooLongIsIgnoredWithAWarning(String section, String key, int max)
      throws Exception {
    // What is written is short; what it stands for is not.
    String start = key.equals("Path") || key.equals("CurrentSymlink") ? "/%o" : "%o";
    String dropIn = "[" + section + "]\n" + key + "=" + start + "\n";
    var good = tree.only(MINIMAL);
    tree.withOsRelease(Map.of("ID", "a/".repeat(max / 2) + "bcd"));
    tree.file("etc/sysupdate.d/50-os.transfer.d/x.conf", dropIn);

    var definitions = tree.load();

    assertEquals(good, definitions.enabled().getFirst());
    assertTrue(
        definitions.warnings().getFirst().text().contains("longer than " + max),
        definitions.warnings().toString());
  }

  @ParameterizedTest
  @CsvSource({"8,8", "010,8", "0x10,16", "0o10,8", "0b11,3", "+7,7"})
  void numbersInFilesHaveTheBaseOfTheirPrefix(String text, long expected) throws Exception {
    var target = tree.only(MINIMAL + "TriesLeft=" + text + "\n").target();

    assertEquals(expected, target.newInstance().triesLeft().orElseThrow());
  }

  @ParameterizedTest
  @CsvSource({"0", "1"})
  void fewerThanTwoInstancesAreRaisedToTwoWithAWarning(String count) throws Exception {
    var target = tree.only(MINIMAL + "InstancesMax=" + count + "\n").target();

    assertEquals(OptionalLong.of(2), target.instancesMax());
    assertTrue(tree.load().warnings().getFirst().text().contains("raised"));
  }

  @Test
  void theLargestNumberOfInstancesIsUnlimited() throws Exception {
    var target = tree.only(MINIMAL + "InstancesMax=18446744073709551615\n").target();

    assertEquals(OptionalLong.empty(), target.instancesMax());
  }

  /** D-02 */
  @Test
  void protectionByAnImageVersionThatIsMissingIsWarnedAboutLoudly() throws Exception {
    String text = "[Transfer]\nProtectVersion=%A\n" + MINIMAL;
    tree.withOsRelease(Map.of("IMAGE_VERSION", "42"));
    assertEquals(List.of("42"), tree.only(text).protectVersions());
    assertEquals(List.of(), tree.load().warnings());

    tree.withOsRelease(Map.of("ID", "fedora"));
    var definitions = tree.load();

    assertEquals(List.of(), definitions.enabled().getFirst().protectVersions());
    var warning = definitions.warnings().getFirst();
    assertEquals(2, warning.line());
    assertTrue(warning.text().contains("NOTHING IS PROTECTED"), warning.text());
    assertTrue(warning.text().contains("IMAGE_VERSION"), warning.text());
  }

  @Test
  void aPatternWordThatDoesNotExpandEndsItsLine() throws Exception {
    var transfer =
        tree.only(SOURCE + "MatchPattern=a_@v b_@v_%x c_@v\nMatchPattern=d_@v\n" + TARGET);

    assertEquals("os_@v.raw a_@v d_@v", transfer.source().patterns().toString());
    assertEquals(1, tree.load().warnings().size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          a\\x20b_@v    | a b_@v
          a\\040b_@v    | a b_@v
          a\\u0020b_@v  | a b_@v
          "a"_@v        | "a"_@v
          os-%o_@v      | os-fedora_@v
          a%%b_@v       | a%b_@v
          """)
  void patternsAreUnescapedAndExpandedWordByWord(String written, String read) throws Exception {
    var transfer =
        tree.only("[Source]\nType=tar\nPath=/x\nMatchPattern=" + written + "\n[Target]\nPath=/y\n");

    assertEquals(read, transfer.source().patterns().first().text());
    assertEquals(1, transfer.source().patterns().patterns().size());
  }

  @Test
  void anExpandedPatternWordHasAtMost255Bytes() throws Exception {
    String longest = "x".repeat(253) + "@v";

    assertEquals(
        2,
        tree.only(SOURCE + "MatchPattern=" + longest + "\n" + TARGET)
            .source()
            .patterns()
            .patterns()
            .size());
    assertEquals(
        1,
        tree.only(SOURCE + "MatchPattern=x" + longest + "\n" + TARGET)
            .source()
            .patterns()
            .patterns()
            .size());
  }

  @ParameterizedTest
  @CsvSource({
    "url-file, /dev/sda, PARTITION",
    "url-file, /var/lib/x, REGULAR_FILE",
    "regular-file, /dev/sda, PARTITION",
    "regular-file, /var/lib/x, REGULAR_FILE",
    "url-tar, /var/lib/x, DIRECTORY",
    "tar, /var/lib/x, DIRECTORY",
    "directory, /var/lib/x, DIRECTORY",
    "subvolume, /var/lib/x, SUBVOLUME",
  })
  void anOmittedTargetTypeIsDerived(String sourceType, String path, ResourceType expected)
      throws Exception {
    var transfer = tree.only(sourceOf(sourceType) + "[Target]\nPath=" + path + "\n");

    assertEquals(expected, transfer.target().type());
  }

  @ParameterizedTest
  @CsvSource({
    "url-file, true, false",
    "regular-file, true, false",
    "url-tar, false, true",
    "tar, false, true",
    "directory, false, true",
    "subvolume, false, true",
  })
  void typesFitAsTheMatrixSays(String sourceType, boolean files, boolean trees) throws Exception {
    for (String targetType : List.of("partition", "regular-file", "directory", "subvolume")) {
      String text = sourceOf(sourceType) + "[Target]\nType=" + targetType + "\nPath=/var/lib/x\n";
      boolean expected = List.of("partition", "regular-file").contains(targetType) ? files : trees;

      if (expected) {
        assertEquals(targetType, tree.only(text).target().type().text());
      } else {
        var refusal = assertThrows(UpdateException.Configuration.class, () -> tree.only(text));
        assertTrue(String.valueOf(refusal.getMessage()).contains(sourceType), refusal.getMessage());
      }
    }
  }

  @Test
  void aTargetInheritsTheSourcePatternsWithoutPrefix() throws Exception {
    var transfer = tree.only(SOURCE + "MatchPattern=**/x_@v x_@v\n" + TARGET);

    assertTrue(transfer.source().patterns().anywhere());
    assertEquals("os_@v.raw x_@v", transfer.target().patterns().toString());
  }

  @Test
  void bootPartitionsHoldFilesAndDirectories() throws Exception {
    var target =
        assertInstanceOf(
            Target.FileSystem.class, tree.only(MINIMAL + "PathRelativeTo=xbootldr\n").target());

    assertEquals(Anchor.XBOOTLDR, target.anchor());
  }

  @Test
  void anExplicitSourceNeedsASourceDirectory() throws Exception {
    String text =
        with(sourceOf("tar") + "[Target]\nPath=/y\n", "Source", "PathRelativeTo=explicit");
    tree.file("etc/sysupdate.d/50-os.transfer", text);
    var loader = new DefinitionLoader(DefinitionTree.facts(Map.of()));
    var place = new DefinitionPlace.Host(root);

    assertThrows(UpdateException.Configuration.class, () -> loader.load(place));
    var source = loader.withExplicitSource().load(place).enabled().getFirst().source();

    assertEquals(Anchor.EXPLICIT, assertInstanceOf(Source.Local.class, source).anchor());
  }

  @Test
  void aFileUrlIsASourceForTests() throws Exception {
    var transfer = tree.only(MINIMAL.replace("https://example.org/images/", "file:/srv/images"));

    assertEquals(
        URI.create("file:/srv/images"),
        assertInstanceOf(Source.Url.class, transfer.source()).base());
  }

  @Test
  void aRelativeSymlinkIsBelowTheTarget() throws Exception {
    assertEquals(
        Optional.of(Path.of("current")),
        tree.only(MINIMAL + "CurrentSymlink=current\n").target().currentSymlink());
  }

  // Fatal faults, by the rows of transfer-files.md 8.1 and 8.4. Each is one key away from a good
  // file.

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1  | Source | Type=partition                   | partition cannot be a source
          2  | Target | Type=url-file                    | cannot be a target
          2  | Target | Type=tar                         | cannot be a target
          4  | Target | Type=directory                   | does not fit
          5  | Source | Path=                            | no http or https URL
          5  | Source | Path=auto                        | automatically
          6  | Source | PathRelativeTo=explicit          | no source directory
          7  | Target | PathRelativeTo=explicit          | for sources only
          9  | Source | Path=ftp://example.org/          | no http or https URL
          9  | Source | Path=/srv/images                 | no http or https URL
          9  | Source | Path=https://exämple.org/        | no http or https URL
          9  | Source | Path=https://example.org/a b     | malformed
          10 | Source | MatchPattern=                    | lacks
          12 | Target | Path=                            | is empty
          12 | Target | Path=auto                        | only a partition
          12 | Target | Path=var/lib                     | not absolute
          12 | Target | Path=/var/../lib                 | component ".."
          12 | Target | Path=/var/./lib                  | component "."
          12 | Target | Path=/var//lib                   | empty component
          16 | Source | PathRelativeTo=esp               | cannot be on a boot partition
          p  | Source | MatchPattern=no-version          | lacks @v
          p  | Source | MatchPattern=x_@v@s              | @v and @s
          p  | Source | MatchPattern=x_@v_@x             | no wildcard
          p  | Source | MatchPattern=x_@v_@v             | twice
          p  | Source | MatchPattern=x_@v_$              | not allowed
          p  | Source | MatchPattern=a/**/x_@v           | not allowed
          p  | Target | MatchPattern=**/x_@v             | source only
          """)
  void aContradictionIsFatalAndNamesFileLineKeyAndRemedy(
      String rule, String section, String assignment, String why) throws Exception {
    tree.only(MINIMAL);
    tree.file("etc/sysupdate.d/50-os.transfer.d/x.conf", "[" + section + "]\n" + assignment + "\n");

    assertRefused(
        rule,
        tree.path("etc/sysupdate.d/50-os.transfer.d/x.conf") + ":2: [" + section + "] ",
        assignment.substring(0, assignment.indexOf('=') + 1),
        why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          4  | Target | Type=regular-file                | does not fit
          8  | Source | Path=relative                    | not absolute
          8  | Source | Path=/a/../b                     | component ".."
          8  | Source | Path=https://example.org/        | not absolute
          11 | Source | MatchPattern=**/x_@v             | not for sources of type directory
          """)
  void aContradictionOfADirectorySourceIsFatal(
      String rule, String section, String assignment, String why) throws Exception {
    tree.only(sourceOf("directory") + "[Target]\nType=directory\nPath=/y\n");
    tree.file("etc/sysupdate.d/50-os.transfer.d/x.conf", "[" + section + "]\n" + assignment + "\n");

    assertRefused(
        rule,
        tree.path("etc/sysupdate.d/50-os.transfer.d/x.conf") + ":2: [" + section + "] ",
        assignment.substring(0, assignment.indexOf('=') + 1),
        why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          7  | Target | PathRelativeTo=explicit          | for sources only
          14 | Target | CurrentSymlink=current           | relative
          16 | Target | PathRelativeTo=boot              | cannot be on a boot partition
          """)
  void aContradictionOfAPartitionTargetIsFatal(
      String rule, String section, String assignment, String why) throws Exception {
    tree.only(PARTITION);
    tree.file("etc/sysupdate.d/50-os.transfer.d/x.conf", "[" + section + "]\n" + assignment + "\n");

    assertRefused(
        rule,
        tree.path("etc/sysupdate.d/50-os.transfer.d/x.conf") + ":2: [" + section + "] ",
        assignment.substring(0, assignment.indexOf('=') + 1),
        why);
  }

  @ParameterizedTest
  @CsvSource({
    "1, Source, Type",
    "5, Source, Path",
    "10, Source, MatchPattern",
    "12, Target, Path",
  })
  void aMissingMandatoryKeyIsFatal(String rule, String section, String key) throws Exception {
    String without =
        MINIMAL.replaceFirst("(?m)(\\[" + section + "\\](?:\\n.+)*?)\\n" + key + "=.*", "$1");

    tree.file("etc/sysupdate.d/50-os.transfer", without);

    assertRefused(
        rule,
        tree.path("etc/sysupdate.d/50-os.transfer") + ": [" + section + "] ",
        key + "=",
        "lacks");
  }

  @Test
  void aMandatoryKeyThatWasIgnoredIsMissingAndItsLineIsNamed() throws Exception {
    tree.file(
        "etc/sysupdate.d/50-os.transfer",
        MINIMAL.replace("Path=https://example.org/images/", "Path=https://example.org/%x/"));

    assertRefused(
        "8.4", tree.path("etc/sysupdate.d/50-os.transfer") + ":3: [Source] ", "Path=", "lacks");
  }

  @ParameterizedTest
  @ValueSource(ints = {255, 256})
  void aPathComponentHasAtMost255Bytes(int length) throws Exception {
    String text = with(MINIMAL, "Target", "Path=/" + "x".repeat(length));

    if (length <= 255) {
      assertEquals("50-os", tree.only(text).id());
    } else {
      assertThrows(UpdateException.Configuration.class, () -> tree.only(text));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[Target", "[Tar*get]"})
  void aBadSectionHeaderInATransferIsFatal(String header) throws Exception {
    tree.file("etc/sysupdate.d/50-os.transfer", MINIMAL + header + "\n");

    assertRefused("8.4", tree.path("etc/sysupdate.d/50-os.transfer") + ":8:", "", "section");
  }

  @Test
  void aTransferThatIsNoUtf8IsFatal() throws Exception {
    byte[] text = (MINIMAL + "Mode=\u00e4\n").getBytes(StandardCharsets.ISO_8859_1);
    tree.bytes("etc/sysupdate.d/50-os.transfer", text);

    assertRefused("8.4", tree.path("etc/sysupdate.d/50-os.transfer") + ":8:", "", "UTF-8");
  }

  @Test
  void aNullCharacterInAPathIsRefusedAndNotACrash() throws Exception {
    tree.file("etc/sysupdate.d/50-os.transfer", with(MINIMAL, "Target", "Path=/a\u0000b"));

    assertRefused("12", "[Target] ", "Path=", "NUL");
  }

  /** Whatever is in the file: a result or a refusal, never a crash. */
  @Test
  void aDamagedFileIsReadOrRefusedAndNothingElse() throws Exception {
    long seed = 20261122;
    var random = new Random(seed);
    byte[] good =
        (PARTITION + "MatchPattern=a_@v b_@v_@u\nCurrentSymlink=/a/b\nInstancesMax=4\n")
            .getBytes(StandardCharsets.UTF_8);
    byte[] interesting = "[]=\\\"'@%/*\n\0 -x9\u00e4".getBytes(StandardCharsets.UTF_8);

    int loaded = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] damaged = good.clone();
      for (int i = 0; i <= random.nextInt(4); i++) {
        damaged[random.nextInt(damaged.length)] = interesting[random.nextInt(interesting.length)];
      }
      tree.bytes("etc/sysupdate.d/50-os.transfer", damaged);
      try {
        loaded += tree.load().enabled().size();
      } catch (UpdateException.Configuration refusal) {
        assertEquals(Reason.DEFINITION_INVALID, refusal.reason(), "seed " + seed);
      }
    }

    assertTrue(loaded > 0 && loaded < 2000, "seed " + seed + ": " + loaded);
  }

  private static String sourceOf(String type) {
    String path = type.startsWith("url") ? "https://example.org/" : "/srv";
    return "[Source]\nType=" + type + "\nPath=" + path + "\nMatchPattern=os_@v\n";
  }

  private static String with(String text, String section, String assignment) {
    return text + "[" + section + "]\n" + assignment + "\n";
  }

  private void assertRefused(String rule, String place, String key, String why) {
    var refusal = assertThrows(UpdateException.Configuration.class, tree::load, rule);

    assertEquals(Reason.DEFINITION_INVALID, refusal.reason());
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(place), message);
    assertTrue(message.contains(key), message);
    assertTrue(message.contains(why), message);
    assertFalse(refusal.remedy().isEmpty());
  }
}
