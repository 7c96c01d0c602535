package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** transfer-files.md 17 and 1.6: which components there are and what is said about them. */
class ComponentsTest {
  private static final String MINIMAL = DefinitionTree.MINIMAL;

  @TempDir private Path directory;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyRoot() throws IOException {
    Files.createDirectories(directory.resolve("root"));
    tree = new DefinitionTree(directory.resolve("root"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"etc", "run", "usr/local/lib", "usr/lib"})
  void aDirectoryMakesAComponentEvenIfItIsEmpty(String parent) throws Exception {
    tree.directory(parent + "/sysupdate.webapp.d");

    assertEquals(new Components(List.of("webapp"), List.of()), Components.list(tree.root()));
  }

  @Test
  void aSystemWithoutAnyHasNoComponents() {
    assertEquals(new Components(List.of(), List.of()), Components.list(tree.root()));
  }

  @Test
  void componentsAreListedOnceAndInByteOrder() throws Exception {
    tree.directory("usr/lib/sysupdate.b.d")
        .directory("etc/sysupdate.a.d")
        .directory("etc/sysupdate.b.d")
        .directory("run/sysupdate.B.d")
        .directory("usr/local/lib/sysupdate.a-b.d")
        .directory("etc/sysupdate.a.b.d");

    assertEquals(List.of("B", "a", "a-b", "a.b", "b"), Components.list(tree.root()).names());
  }

  @Test
  void namesBeyondAsciiAreOrderedByTheirBytes() throws Exception {
    assumeTrue(
        "UTF-8".equals(System.getProperty("sun.jnu.encoding")),
        "file names beyond ASCII need a UTF-8 locale");
    tree.directory("etc/sysupdate.über.d")
        .directory("etc/sysupdate.\uff5e.d")
        .directory("etc/sysupdate.\ud83d\ude00.d");

    assertEquals(List.of("über", "\uff5e", "\ud83d\ude00"), Components.list(tree.root()).names());
  }

  @Test
  void whatOnlyLooksLikeAComponentIsNone() throws Exception {
    tree.directory("etc/sysupdate.d")
        .directory("etc/sysupdate..d")
        .directory("etc/sysupdate.foo.component.d")
        .directory("etc/sysupdate.a*b.d")
        .directory("etc/sysupdate.a\tb.d")
        .directory("etc/sysupdate.foo")
        .directory("etc/xsysupdate.foo.d")
        .file("etc/sysupdate.file.d", "")
        .link("etc/sysupdate.dangling.d", "/nowhere")
        .link("etc/sysupdate.null.d", "/dev/null")
        .file("etc/sysupdate.meta.component", "[Component]\nDescription=without directory\n");

    assertEquals(List.of(), Components.list(tree.root()).names());
  }

  @Test
  void aLinkToADirectoryCountsAsLongAsItStaysInsideTheRoot() throws Exception {
    Files.createDirectories(directory.resolve("outside"));
    tree.directory("srv/app")
        .link("etc/sysupdate.inside.d", "/srv/app")
        .link("etc/sysupdate.relative.d", "../srv/app")
        .link("etc/sysupdate.escape.d", directory.resolve("outside").toString())
        .link("etc/sysupdate.above.d", "../../outside");

    assertEquals(List.of("inside", "relative"), Components.list(tree.root()).names());
  }

  @ParameterizedTest
  @CsvSource({
    "'', is empty",
    "a/b, contains a slash",
    "a\u007fb, has control characters",
    "foo.component, ends in",
  })
  void aNameThatIsNoneSaysWhy(String name, String why) {
    var violation = SafeName.componentViolation(name);

    assertTrue(violation.orElse("").contains(why), violation.toString());
    assertEquals(Optional.empty(), SafeName.componentViolation("foo"));
  }

  // Metadata.

  @Test
  void aComponentWithoutMetadataIsEnabledAndDescribedByNothing() throws Exception {
    tree.file("etc/sysupdate.webapp.d/50-webapp.transfer", MINIMAL);

    var definitions = tree.loadComponent("webapp");

    assertEquals(
        Optional.of(
            new Component(
                "webapp",
                Optional.empty(),
                List.of(),
                true,
                new Suggestion(Optional.empty(), List.of()),
                List.of())),
        definitions.component());
    assertTrue(definitions.updatable());
    assertEquals(definitions.component(), Optional.of(tree.component("webapp")));
  }

  @Test
  void everyKeyOfAComponentIsRead() throws Exception {
    tree.file(
        "usr/lib/sysupdate.webapp.component",
        """
        [Component]
        Description=The %web application
        Documentation=https://example.org/%o
        Documentation=https://example.org/2
        Enabled=no
        Suggest=yes
        SuggestOnFraction=|! x 10%%
        """);

    var component = tree.component("webapp");

    assertEquals(List.of(), component.warnings());
    assertEquals(Optional.of("The %web application"), component.description());
    assertEquals(
        List.of("https://example.org/fedora", "https://example.org/2"), component.documentation());
    assertFalse(component.enabled());
    assertEquals(
        new Suggestion(
            Optional.of(true), List.of(new Condition(ConditionKind.FRACTION, true, true, "x 10%"))),
        component.suggestion());
  }

  @Test
  void aKeyThatOnlyFeaturesHaveIsIgnoredWithAWarning() throws Exception {
    tree.file("etc/sysupdate.webapp.component", "[Component]\nAppStream=https://example.org/\n");

    var definitions = tree.loadComponent("webapp");

    assertEquals(1, definitions.warnings().size());
    assertEquals(definitions.warnings(), definitions.component().orElseThrow().warnings());
  }

  @Test
  void theFirstMainFileWinsAndDropInsOfAllDirectoriesFollow() throws Exception {
    tree.file("usr/lib/sysupdate.webapp.component", "[Component]\nDescription=vendor\nEnabled=no\n")
        .file("etc/sysupdate.webapp.component", "[Component]\nDescription=local\n")
        .file("usr/lib/sysupdate.webapp.component.d/20-x.conf", "[Component]\nDescription=last\n")
        .file("run/sysupdate.webapp.component.d/10-x.conf", "[Component]\nEnabled=no\n");

    var component = tree.component("webapp");

    assertEquals(Optional.of("last"), component.description());
    assertFalse(component.enabled());
  }

  @Test
  void aDropInNeedsNoMainFile() throws Exception {
    tree.file("etc/sysupdate.webapp.component.d/x.conf", "[Component]\nEnabled=no\n");

    assertFalse(tree.component("webapp").enabled());
  }

  @Test
  void anEmptyMainFileBlanksLowerOnes() throws Exception {
    tree.file("usr/lib/sysupdate.webapp.component", "[Component]\nEnabled=no\n")
        .file("etc/sysupdate.webapp.component", "");

    assertTrue(tree.component("webapp").enabled());
  }

  /** D-10: the reference fails to load the component. */
  @Test
  void aMaskedMainFileIsAsIfThereWereNone() throws Exception {
    tree.file("usr/lib/sysupdate.webapp.component", "[Component]\nEnabled=no\n")
        .link("etc/sysupdate.webapp.component", "/dev/null")
        .file("etc/sysupdate.webapp.d/50-webapp.transfer", MINIMAL);

    var definitions = tree.loadComponent("webapp");

    assertTrue(definitions.updatable());
    assertEquals(List.of(), definitions.warnings());
    assertEquals(1, definitions.enabled().size());
  }

  @Test
  void aDisabledComponentIsStillLoadedWhole() throws Exception {
    tree.file("etc/sysupdate.webapp.component", "[Component]\nEnabled=no\n")
        .file("etc/sysupdate.webapp.d/50-webapp.transfer", MINIMAL);

    var definitions = tree.loadComponent("webapp");

    assertFalse(definitions.updatable());
    assertEquals(1, definitions.enabled().size());
  }

  @Test
  void brokenMetadataIsFatal() throws Exception {
    tree.file("etc/sysupdate.webapp.component", "[Component\n");

    var refusal = assertThrows(UpdateException.class, () -> tree.loadComponent("webapp"));

    assertEquals(Reason.DEFINITION_INVALID, refusal.reason());
  }

  @Test
  void theHostAndAGivenDirectoryHaveNoMetadata() throws Exception {
    tree.file("etc/sysupdate.d/50-os.transfer", MINIMAL)
        .file("etc/sysupdate..component", "[Component]\nEnabled=no\n");

    assertEquals(Optional.empty(), tree.load().component());
    assertTrue(tree.load().updatable());
    assertEquals(
        Optional.empty(),
        new DefinitionLoader(DefinitionTree.facts(Map.of()))
            .load(new DefinitionPlace.Directory(tree.path("etc/sysupdate.d")))
            .component());
  }

  // The same syntax everywhere.

  @ParameterizedTest
  @CsvSource({
    "Feature, Enabled, ''",
    "Feature, Enabled, maybe",
    "Feature, Suggest, maybe",
    "Feature, Documentation, ftp://example.org/",
    "Feature, Documentation, https://example.org/%x",
    "Feature, AppStream, https://",
    "Feature, Unknown, 1",
    "Component, Enabled, ''",
    "Component, Suggest, maybe",
    "Component, Documentation, example.org",
    "Component, SuggestOnHost, %x",
    "Component, Unknown, 1",
  })
  void aBadValueIsIgnoredWithAWarning(String section, String key, String value) throws Exception {
    String good = "[" + section + "]\nEnabled=yes\nDescription=x\n";
    String bad = good + key + "=" + value + "\nX-" + key + "=silent\n";
    tree.file("etc/sysupdate.webapp.component", section.equals("Component") ? bad : "")
        .file("etc/sysupdate.webapp.d/devel.feature", section.equals("Feature") ? bad : "");

    var definitions = tree.loadComponent("webapp");

    assertEquals(1, definitions.warnings().size(), definitions.warnings().toString());
    var warning = definitions.warnings().getFirst();
    assertEquals(4, warning.line());
    assertTrue(warning.text().contains("[" + section + "] " + key + "="), warning.text());
    assertTrue(definitions.updatable());
    assertTrue(definitions.features().stream().allMatch(Feature::enabled));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[Feature", "[Fea*ture]", "[Fea\\ture]", "[\u00ff]"})
  void aFeatureThatIsNotWellFormedIsFatal(String content) throws Exception {
    tree.bytes(
        "etc/sysupdate.d/devel.feature", (content + "\n").getBytes(StandardCharsets.ISO_8859_1));

    var refusal = assertThrows(UpdateException.Configuration.class, tree::load);

    assertEquals(Reason.DEFINITION_INVALID, refusal.reason());
    assertTrue(String.valueOf(refusal.getMessage()).contains("devel.feature:1"));
  }

  @Test
  void aFileThatIsNoDefinitionAtAllIsNotReadIntoMemory() throws Exception {
    tree.file("etc/sysupdate.d/devel.feature", "[Feature]\n");
    try (var file =
        new RandomAccessFile(tree.path("etc/sysupdate.d/devel.feature").toFile(), "rw")) {
      file.setLength((16 << 20) + 1);
    }

    var refusal = assertThrows(UpdateException.Configuration.class, tree::load);

    assertTrue(String.valueOf(refusal.getMessage()).contains("larger"), refusal.getMessage());
  }

  @Test
  void aFileThatCannotBeReadIsFatalAndNamed() throws Exception {
    Path file = tree.path("etc/sysupdate.d/devel.feature");
    tree.file("etc/sysupdate.d/devel.feature", "[Feature]\n");
    Files.setPosixFilePermissions(file, Set.of());
    assumeTrue(!Files.isReadable(file), "root reads everything");

    var failure = assertThrows(UpdateException.Configuration.class, tree::load);

    assertEquals(Reason.DEFINITION_UNREADABLE, failure.reason());
  }

  // Features without transfers, and transfers by feature.

  @Test
  void featuresAreListedWithoutAnyTransfer() throws Exception {
    tree.file("etc/sysupdate.webapp.d/devel.feature", "[Feature]\nSuggest=yes\n");

    var definitions = tree.loadComponent("webapp");

    assertEquals(List.of(), definitions.enabled());
    assertEquals(
        Optional.of(true), definitions.feature("devel").orElseThrow().suggestion().suggest());
    assertEquals(Optional.empty(), definitions.feature("other"));
  }

  @Test
  void theTransfersThatNameAFeatureAreToldEnabledOnesFirst() throws Exception {
    tree.file("etc/sysupdate.d/devel.feature", "[Feature]\nEnabled=yes\n")
        .file(
            "etc/sysupdate.d/10-off.transfer", "[Transfer]\nRequisiteFeatures=devel x\n" + MINIMAL)
        .file("etc/sysupdate.d/20-on.transfer", "[Transfer]\nFeatures=x devel\n" + MINIMAL)
        .file("etc/sysupdate.d/30-other.transfer", MINIMAL);

    assertEquals(
        List.of("20-on", "10-off"),
        tree.load().transfersNaming("devel").stream().map(Transfer::id).toList());
    assertEquals(List.of(), tree.load().transfersNaming("nothing"));
  }
}
