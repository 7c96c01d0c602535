package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.MatchPattern;
import org.particleos.update.pattern.PatternList;

/** Several {@code [Source]} sections of one file, and {@code Decompress=}: both are ours alone. */
class SourceAlternativesTest {
  private static final String TARGET = DefinitionTree.MINIMAL_TARGET;
  private static final String TWO =
      """
      [Source]
      Type=url-file
      Path=https://one.example.org/
      MatchPattern=os_@v.raw os_@v.img
      [Source]
      Path=https://two.example.org/
      """;

  @TempDir private Path root;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyRoot() {
    tree = new DefinitionTree(root);
  }

  @Test
  void aFurtherSourceIsLikeTheOneBeforeInWhatItDoesNotSet() throws Exception {
    var transfer = tree.only(TWO + TARGET);

    assertEquals(List.of("https://one.example.org/", "https://two.example.org/"), urls(transfer));
    assertEquals(transfer.sources().getFirst(), transfer.source());
    assertEquals(
        List.of("os_@v.raw", "os_@v.img"), patterns(transfer.sources().getLast().patterns()));
    assertEquals(List.of(), tree.load().warnings());
  }

  @Test
  void whatAFurtherSourceSetsReplacesWhatItInherits() throws Exception {
    var transfer =
        tree.only(
            TWO
                + """
                Decompress=no
                [Source]
                MatchPattern=a_@v
                MatchPattern=b_@v
                Type=regular-file
                PathRelativeTo=esp
                Path=/images
                """
                + TARGET);

    assertEquals(List.of(true, false, false), decompress(transfer));
    var third = assertInstanceOf(Source.Local.class, transfer.sources().getLast());
    assertEquals(Anchor.ESP, third.anchor());
    assertEquals(List.of("a_@v", "b_@v"), patterns(third.patterns()));
    assertEquals(List.of("os_@v.raw", "os_@v.img"), patterns(transfer.source().patterns()));
  }

  @Test
  void aTargetWithoutPatternsRecognisesWhatAnySourceDelivers() throws Exception {
    var transfer = tree.only(TWO + "MatchPattern=**/new_@v.raw os_@v.raw\n" + TARGET);

    assertEquals(
        List.of("os_@v.raw", "os_@v.img", "new_@v.raw"), patterns(transfer.target().patterns()));
  }

  @Test
  void aSectionWithoutPathContinuesTheSourceBefore() throws Exception {
    var transfer =
        tree.only(TWO + "[Source]\nMatchPattern=x_@v\n[Source]\nDecompress=no\n" + TARGET);

    assertEquals(2, transfer.sources().size());
    assertEquals(List.of("x_@v"), patterns(transfer.sources().getLast().patterns()));
    assertEquals(List.of(true, false), decompress(transfer));
  }

  @Test
  void theFirstPathMayStandInALaterSection() throws Exception {
    var transfer =
        tree.only(
            "[Source]\n"
                + "Type=url-file\n"
                + "[Source]\n"
                + "MatchPattern=os_@v\n"
                + "[Source]\n"
                + "Path=https://one.org/\n"
                + TARGET);

    assertEquals(List.of("https://one.org/"), urls(transfer));
  }

  @Test
  void aPathTwiceInOneSectionIsStillOneSource() throws Exception {
    var transfer = tree.only(TWO + "Path=https://three.example.org/\n" + TARGET);

    assertEquals(List.of("https://one.example.org/", "https://three.example.org/"), urls(transfer));
  }

  // Drop-ins.

  @Test
  void aDropInWithoutPathIsAboutEverySource() throws Exception {
    tree.file(
        "etc/sysupdate.d/50-os.transfer.d/x.conf",
        "[Source]\nMatchPattern=more_@v\n[Source]\nDecompress=no\n");

    var transfer = tree.only(TWO + TARGET);

    assertEquals(2, transfer.sources().size());
    assertEquals(List.of(false, false), decompress(transfer));
    assertEquals(
        List.of("os_@v.raw", "os_@v.img", "more_@v"), patterns(transfer.source().patterns()));
    assertEquals(
        List.of("os_@v.raw", "os_@v.img", "more_@v"),
        patterns(transfer.sources().getLast().patterns()));
  }

  @Test
  void aPathInADropInReplacesAllSourcesByOne() throws Exception {
    tree.file(
        "etc/sysupdate.d/50-os.transfer.d/x.conf", "[Source]\nPath=https://mirror.example.org/\n");

    var transfer = tree.only(TWO + TARGET);

    assertEquals(List.of("https://mirror.example.org/"), urls(transfer));
    assertEquals(List.of("os_@v.raw", "os_@v.img"), patterns(transfer.source().patterns()));
  }

  @Test
  void aDropInMayListSourcesOfItsOwn() throws Exception {
    tree.file(
            "etc/sysupdate.d/50-os.transfer.d/10-mirrors.conf",
            "[Source]\nPath=https://a.org/\n[Source]\nPath=https://b.org/\n")
        .file("etc/sysupdate.d/50-os.transfer.d/20-raw.conf", "[Source]\nDecompress=no\n");

    var transfer = tree.only(TWO + TARGET);

    assertEquals(List.of("https://a.org/", "https://b.org/"), urls(transfer));
    assertEquals(List.of(false, false), decompress(transfer));
  }

  @Test
  void theLastDropInWithAPathWins() throws Exception {
    tree.file("etc/sysupdate.d/50-os.transfer.d/10-x.conf", "[Source]\nPath=https://a.org/\n")
        .file("usr/lib/sysupdate.d/50-os.transfer.d/20-x.conf", "[Source]\nPath=https://b.org/\n");

    assertEquals(List.of("https://b.org/"), urls(tree.only(TWO + TARGET)));
  }

  // Every source is as valid as a single one has to be.

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Type=url-tar",
        "Type=partition",
        "Type=regular-file",
        "Path=ftp://example.org/",
        "Path=auto",
        "Path=",
        "Path=https://example.org/%x",
        "PathRelativeTo=esp",
        "PathRelativeTo=explicit",
        "MatchPattern=",
      })
  void aFaultInALaterSourceIsFatal(String assignment) throws Exception {
    tree.only(TWO + TARGET);
    String bad =
        TWO.replace(
            "Path=https://two.example.org/\n",
            "Path=https://two.example.org/\n" + assignment + "\n");
    String text =
        assignment.equals("Path=https://example.org/%x")
            ? TWO + "[Source]\n" + assignment + "\n"
            : bad;
    tree.file("etc/sysupdate.d/50-os.transfer", text + TARGET);

    assertThrows(UpdateException.Configuration.class, tree::load);
  }

  @Test
  void anExplicitSourceMayBeOneOfSeveral() throws Exception {
    tree.file(
        "etc/sysupdate.d/50-os.transfer",
        TWO + "Type=regular-file\nPath=/images\nPathRelativeTo=explicit\n" + TARGET);

    var sources =
        new DefinitionLoader(DefinitionTree.facts(Map.of()))
            .withExplicitSource()
            .load(new DefinitionPlace.Host(root))
            .enabled()
            .getFirst()
            .sources();

    assertEquals(Anchor.EXPLICIT, assertInstanceOf(Source.Local.class, sources.getLast()).anchor());
  }

  // Decompress=

  @Test
  void filesAreUnpackedUnlessTheDefinitionSaysOtherwise() throws Exception {
    assertTrue(tree.only(DefinitionTree.MINIMAL).source().decompress());
    assertFalse(
        tree.only(DefinitionTree.MINIMAL_SOURCE + "Decompress=no\n" + TARGET)
            .source()
            .decompress());
    assertEquals(List.of(), tree.load().warnings());
  }

  @Test
  void aBadTruthValueChangesNothing() throws Exception {
    var transfer =
        tree.only(DefinitionTree.MINIMAL_SOURCE + "Decompress=no\nDecompress=never\n" + TARGET);

    assertFalse(transfer.source().decompress());
    assertEquals(1, tree.load().warnings().size());
  }

  @Test
  void anArchiveIsAlwaysUnpacked() throws Exception {
    var transfer =
        tree.only(
            "[Source]\nType=tar\nPath=/x\nMatchPattern=os_@v\nDecompress=no\n[Target]\nPath=/y\n");

    assertTrue(transfer.source().decompress());
    assertTrue(tree.load().warnings().getFirst().text().contains("url-file"));
  }

  private static List<String> urls(Transfer transfer) {
    return transfer.sources().stream()
        .map(source -> assertInstanceOf(Source.Url.class, source).base())
        .map(URI::toString)
        .toList();
  }

  private static List<Boolean> decompress(Transfer transfer) {
    return transfer.sources().stream().map(Source::decompress).toList();
  }

  private static List<String> patterns(PatternList list) {
    return list.patterns().stream().map(MatchPattern::toString).toList();
  }
}
