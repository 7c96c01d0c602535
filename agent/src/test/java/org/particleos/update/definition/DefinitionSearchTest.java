package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** transfer-files.md 1 and 16.3: which files count, in which order, and to which effect. */
class DefinitionSearchTest {
  private static final String MINIMAL = DefinitionTree.MINIMAL;

  @TempDir private Path directory;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyRoot() throws Exception {
    Files.createDirectories(directory.resolve("root"));
    tree = new DefinitionTree(directory.resolve("root"));
  }

  @Test
  void aSystemWithoutDefinitionsHasNone() throws Exception {
    var definitions = tree.load();

    assertEquals(
        new Definitions(Optional.empty(), List.of(), List.of(), List.of(), List.of()), definitions);
  }

  @ParameterizedTest
  @ValueSource(strings = {"etc", "run", "usr/local/lib", "usr/lib"})
  void eachOfTheFourDirectoriesIsSearched(String parent) throws Exception {
    tree.file(parent + "/sysupdate.d/50-os.transfer", MINIMAL);

    assertEquals(List.of("50-os"), ids(tree.load()));
    assertEquals(
        tree.path(parent + "/sysupdate.d/50-os.transfer"), tree.load().enabled().getFirst().file());
  }

  @Test
  void aFileOverridesItsNamesakeOfLowerPriority() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .file("etc/sysupdate.d/50-os.transfer", MINIMAL + "Mode=0600\n");

    var transfers = tree.load().enabled();

    assertEquals(1, transfers.size());
    assertEquals(0600, transfers.getFirst().target().newInstance().mode().orElseThrow());
  }

  @Test
  void theOrderIsThatOfFileNamesWhereverTheyAre() throws Exception {
    assumeTrue(
        "UTF-8".equals(System.getProperty("sun.jnu.encoding")),
        "file names beyond ASCII need a UTF-8 locale");
    tree.file("etc/sysupdate.d/90-z.transfer", MINIMAL)
        .file("usr/lib/sysupdate.d/10-a.transfer", MINIMAL)
        .file("run/sysupdate.d/50-B.transfer", MINIMAL)
        .file("usr/lib/sysupdate.d/50-a.transfer", MINIMAL)
        // In UTF-16 the second would come first.
        .file("usr/lib/sysupdate.d/50-\uff5e.transfer", MINIMAL)
        .file("usr/lib/sysupdate.d/50-\ud83d\ude00.transfer", MINIMAL);

    assertEquals(
        List.of("10-a", "50-B", "50-a", "50-\uff5e", "50-\ud83d\ude00", "90-z"), ids(tree.load()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/dev/null", "../../dev/null"})
  void aLinkToTheNullDeviceHidesLowerNamesEvenIfTheNodeDoesNotExist(String target)
      throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .link("etc/sysupdate.d/50-os.transfer", target);

    assertEquals(List.of(), ids(tree.load()));
  }

  @Test
  void anEmptyFileHidesLowerNames() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .file("etc/sysupdate.d/50-os.transfer", "");

    assertEquals(List.of(), ids(tree.load()));
  }

  @Test
  void aDanglingLinkOrADirectoryHidesNothing() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .link("etc/sysupdate.d/50-os.transfer", "/nowhere")
        .file("run/sysupdate.d/50-os.transfer/x", "");

    assertEquals(List.of("50-os"), ids(tree.load()));
  }

  @Test
  void aLinkLoopIsSkippedWithAWarning() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .link("etc/sysupdate.d/50-os.transfer", "50-os.transfer");

    var definitions = tree.load();

    assertEquals(List.of("50-os"), ids(definitions));
    assertEquals(1, definitions.warnings().size());
  }

  @Test
  void linksAreFollowedInsideTheRootAndNeverOutOfIt() throws Exception {
    Files.writeString(directory.resolve("secret.transfer"), MINIMAL);
    tree.file("srv/real.transfer", MINIMAL)
        .link("etc/sysupdate.d/10-absolute.transfer", "/srv/real.transfer")
        .link("etc/sysupdate.d/20-relative.transfer", "../../srv/real.transfer")
        .link("etc/sysupdate.d/30-above.transfer", "../../../../../../srv/real.transfer")
        .link("etc/sysupdate.d/40-escape.transfer", "../../../secret.transfer")
        .link(
            "etc/sysupdate.d/50-escape.transfer", directory.resolve("secret.transfer").toString());

    assertEquals(List.of("10-absolute", "20-relative", "30-above"), ids(tree.load()));
  }

  @Test
  void aSearchDirectoryMayBeALinkInsideTheRoot() throws Exception {
    tree.file("srv/defs/50-os.transfer", MINIMAL).link("etc/sysupdate.d", "/srv/defs");

    assertEquals(List.of("50-os"), ids(tree.load()));
  }

  @Test
  void aComponentHasItsOwnDirectories() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .file("usr/lib/sysupdate.webapp.d/50-webapp.transfer", MINIMAL)
        .file("etc/sysupdate.webapp.d/50-webapp.transfer.d/x.conf", "[Target]\nMode=0600\n");

    var component = tree.loadComponent("webapp");

    assertEquals(List.of("50-webapp"), ids(component));
    assertEquals(0600, component.enabled().getFirst().target().newInstance().mode().orElseThrow());
    assertEquals(List.of("50-os"), ids(tree.load()));
  }

  @Test
  void aGivenDirectoryIsTheOnlyOne() throws Exception {
    tree.file("defs/50-os.transfer", MINIMAL).file("etc/sysupdate.d/10-x.transfer", MINIMAL);

    var definitions =
        new DefinitionLoader(DefinitionTree.facts(Map.of()))
            .load(new DefinitionPlace.Directory(tree.path("defs")));

    assertEquals(List.of("50-os"), ids(definitions));
  }

  // Drop-ins.

  @Test
  void dropInsOfAllDirectoriesFollowTheMainFileByName() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL + "Mode=0600\nTriesLeft=1\n")
        .file("usr/lib/sysupdate.d/50-os.transfer.d/20-a.conf", "[Target]\nMode=0640\n")
        .file("etc/sysupdate.d/50-os.transfer.d/10-b.conf", "[Target]\nMode=0644\nTriesLeft=2\n")
        .file("run/sysupdate.d/50-os.transfer.d/notes.txt", "[Target]\nMode=0777\n");

    var instance = tree.load().enabled().getFirst().target().newInstance();

    assertEquals(0640, instance.mode().orElseThrow());
    assertEquals(2, instance.triesLeft().orElseThrow());
  }

  @Test
  void aDropInOverridesItsNamesakeOfLowerPriority() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .file("usr/lib/sysupdate.d/50-os.transfer.d/x.conf", "[Target]\nMode=0600\n")
        .file("etc/sysupdate.d/50-os.transfer.d/x.conf", "[Target]\nTriesLeft=5\n");

    var instance = tree.load().enabled().getFirst().target().newInstance();

    assertTrue(instance.mode().isEmpty());
    assertEquals(5, instance.triesLeft().orElseThrow());
  }

  @Test
  void anEmptyDropInOverridesWithNothing() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .file("usr/lib/sysupdate.d/50-os.transfer.d/x.conf", "[Target]\nMode=0600\n")
        .file("etc/sysupdate.d/50-os.transfer.d/x.conf", "");

    assertTrue(tree.load().enabled().getFirst().target().newInstance().mode().isEmpty());
  }

  /** D-01 */
  @Test
  void aLinkToTheNullDeviceHidesADropIn() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL)
        .file("usr/lib/sysupdate.d/50-os.transfer.d/x.conf", "[Target]\nMode=0600\n")
        .link("etc/sysupdate.d/50-os.transfer.d/x.conf", "/dev/null");

    assertTrue(tree.load().enabled().getFirst().target().newInstance().mode().isEmpty());
  }

  @Test
  void aMainFileThatIsAlsoADropInCountsOnceAtItsPlaceAmongThem() throws Exception {
    tree.file("usr/lib/sysupdate.d/50-os.transfer", MINIMAL + "Mode=0600\n")
        .file("etc/sysupdate.d/50-os.transfer.d/10-first.conf", "[Target]\nMode=0644\n")
        .link(
            "etc/sysupdate.d/50-os.transfer.d/20-main.conf", "/usr/lib/sysupdate.d/50-os.transfer");

    var target = tree.load().enabled().getFirst().target();

    assertEquals(0600, target.newInstance().mode().orElseThrow());
  }

  // The old suffix.

  @Test
  void oldNamesCountOnlyWithoutAnyNewOnesAndAreWarnedAbout() throws Exception {
    tree.file("etc/sysupdate.d/50-os.conf", MINIMAL)
        .file("etc/sysupdate.d/50-os.conf.d/x.conf", "[Target]\nMode=0600\n");

    var old = tree.load();
    tree.file("etc/sysupdate.d/60-new.transfer", MINIMAL);
    var mixed = tree.load();

    assertEquals(List.of("50-os"), ids(old));
    assertEquals(0600, old.enabled().getFirst().target().newInstance().mode().orElseThrow());
    assertTrue(old.warnings().getFirst().text().contains(".transfer"));
    assertEquals(List.of("60-new"), ids(mixed));
    assertEquals(List.of(), mixed.warnings());
  }

  @Test
  void aDisabledNewTransferIsEnoughToIgnoreOldNames() throws Exception {
    tree.file("etc/sysupdate.d/50-os.conf", MINIMAL)
        .file("etc/sysupdate.d/60-new.transfer", "[Transfer]\nFeatures=off\n" + MINIMAL);

    var definitions = tree.load();

    assertEquals(List.of(), definitions.enabled());
    assertEquals("60-new", definitions.disabled().getFirst().id());
  }

  // Features.

  @Test
  void aFeatureIsOffUnlessItSaysOtherwise() throws Exception {
    tree.file(
            "usr/lib/sysupdate.d/devel.feature",
            """
            [Feature]
            Description=Tools for %developers
            Documentation=https://example.org/%o
            Documentation=https://example.org/2
            AppStream=https://example.org/devel.xml
            Suggest=yes
            SuggestOnFraction=|! x 10%
            """)
        .file("usr/lib/sysupdate.d/on.feature", "[Feature]\nEnabled=yes\n");

    var definitions = tree.load();

    assertEquals(List.of(), definitions.warnings());
    var devel = definitions.features().get(0);
    assertEquals("devel", devel.id());
    assertEquals("Tools for %developers", devel.description().orElseThrow());
    assertEquals(
        List.of("https://example.org/fedora", "https://example.org/2"), devel.documentation());
    assertEquals("https://example.org/devel.xml", devel.appStream().orElseThrow());
    assertFalse(devel.enabled());
    assertTrue(definitions.features().get(1).enabled());
  }

  @Test
  void aDropInEnablesAFeature() throws Exception {
    tree.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\nDescription=Tools\n")
        .file(
            "etc/sysupdate.d/devel.feature.d/50-systemd-sysupdate-enabled.conf",
            "# by enable-feature\n[Feature]\nEnabled=yes\n");

    assertTrue(tree.load().features().getFirst().enabled());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a*b", "a?b", "a[b", "a\"b", "a'b", "a\\b", "a\tb"})
  void aBadFeatureNameIsFatal(String name) throws Exception {
    tree.file("etc/sysupdate.d/" + name + ".feature", "[Feature]\nEnabled=yes\n");

    var refusal = assertThrows(UpdateException.Configuration.class, tree::load);

    assertEquals(Reason.DEFINITION_INVALID, refusal.reason());
  }

  @ParameterizedTest
  @ValueSource(strings = {"foo", "foo-bar", "foo.bar", "0815", "über"})
  void ordinaryNamesAreFineForFeaturesAndComponents(String name) {
    assertTrue(SafeName.isFeature(name));
    assertTrue(SafeName.isComponent(name));
  }

  @Test
  void namesMustFitIntoTheFileNamesMadeOfThem() {
    assertTrue(SafeName.isFeature("x".repeat(245)));
    assertFalse(SafeName.isFeature("x".repeat(246)));
    assertTrue(SafeName.isComponent("x".repeat(233)));
    assertFalse(SafeName.isComponent("x".repeat(234)));
    assertFalse(SafeName.isComponent("foo.component"));
    assertFalse(SafeName.isComponent("foo/bar"));
    assertFalse(SafeName.isFeature("foo/bar"));
    assertFalse(SafeName.isFeature("a\u007fb"));
  }

  @Test
  void aTransferIsOnIfOneOfItsFeaturesAndAllItsRequisitesAre() throws Exception {
    tree.file("etc/sysupdate.d/on.feature", "[Feature]\nEnabled=yes\n")
        .file("etc/sysupdate.d/on2.feature", "[Feature]\nEnabled=1\n")
        .file("etc/sysupdate.d/off.feature", "[Feature]\nEnabled=no\n")
        .file("usr/lib/sysupdate.d/masked.feature", "[Feature]\nEnabled=yes\n")
        .link("etc/sysupdate.d/masked.feature", "/dev/null");
    transfer("none", "");
    transfer("one-of-two", "Features=off on\n");
    transfer("all", "RequisiteFeatures=on on2\n");
    transfer("both", "Features=on\nRequisiteFeatures=on2\n");
    transfer("x-off", "Features=off\n");
    transfer("x-undefined", "Features=nothing\n");
    transfer("x-masked", "Features=masked\n");
    transfer("x-lacks-requisite", "RequisiteFeatures=on off\n");
    transfer("x-requisite-beats-feature", "Features=on\nRequisiteFeatures=nothing\n");

    var definitions = tree.load();

    assertEquals(List.of("all", "both", "none", "one-of-two"), ids(definitions));
    assertEquals(
        List.of(
            "x-lacks-requisite", "x-masked", "x-off", "x-requisite-beats-feature", "x-undefined"),
        definitions.disabled().stream().map(Transfer::id).toList());
  }

  @Test
  void anInvalidTransferIsFatalEvenIfItIsDisabled() throws Exception {
    tree.file("etc/sysupdate.d/50-os.transfer", MINIMAL)
        .file("etc/sysupdate.d/60-bad.transfer", "[Transfer]\nFeatures=off\n");

    assertThrows(UpdateException.Configuration.class, tree::load);
  }

  private void transfer(String id, String keys) throws Exception {
    tree.file("etc/sysupdate.d/" + id + ".transfer", "[Transfer]\n" + keys + MINIMAL);
  }

  private static List<String> ids(Definitions definitions) {
    return definitions.enabled().stream().map(Transfer::id).toList();
  }
}
