package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** {@code --definitions=} may name one file; the reference takes directories only. */
class SingleDefinitionTest {
  private static final String MINIMAL = DefinitionTree.MINIMAL;

  @TempDir private Path root;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void neighbours() throws Exception {
    tree =
        new DefinitionTree(root)
            .file("defs/10-other.transfer", "[Transfer]\nnot even valid")
            .file("defs/on.feature", "[Feature]\nEnabled=yes\n")
            .file("defs/50-os.transfer.d/x.conf", "[Target]\nMode=0600\n")
            .file("defs/50-os.transfer", "[Transfer]\nFeatures=on\n" + MINIMAL);
  }

  @Test
  void oneFileIsLoadedAloneWithItsDropInsAndTheFeaturesBesideIt() throws Exception {
    var definitions = load("defs/50-os.transfer");

    assertEquals(List.of("50-os"), definitions.enabled().stream().map(Transfer::id).toList());
    assertEquals(
        0600, definitions.enabled().getFirst().target().newInstance().mode().orElseThrow());
    assertEquals("on", definitions.features().getFirst().id());
  }

  @Test
  void anOldNameIsTakenToo() throws Exception {
    tree.file("defs/50-os.conf", MINIMAL);

    var definitions = load("defs/50-os.conf");

    assertEquals("50-os", definitions.enabled().getFirst().id());
    assertTrue(definitions.warnings().getFirst().text().contains(".transfer"));
  }

  @Test
  void aFileThatIsCalledOtherwiseIsRefused() throws Exception {
    tree.file("defs/os.txt", MINIMAL);

    var refusal = assertThrows(UpdateException.Configuration.class, () -> load("defs/os.txt"));

    assertEquals(Reason.OPTION_INVALID, refusal.reason());
    assertTrue(refusal.remedy().contains(".transfer"), refusal.remedy());
  }

  @Test
  void aMissingFileIsNotTakenForAnEmptyDirectory() {
    var failure =
        assertThrows(UpdateException.Configuration.class, () -> load("defs/60-os.transfer"));

    assertEquals(Reason.NO_DEFINITIONS, failure.reason());
  }

  @Test
  void aFileThatHoldsNothingDefinesNothing() throws Exception {
    tree.file("defs/60-os.transfer", "");

    assertEquals(List.of(), load("defs/60-os.transfer").enabled());
  }

  @ParameterizedTest
  @ValueSource(strings = {"defs", "missing", "missing.d"})
  void whatIsOrLooksLikeADirectoryIsOne(String name) {
    assertInstanceOf(DefinitionPlace.Directory.class, DefinitionPlace.given(tree.path(name)));
  }

  @Test
  void aDirectoryThatIsCalledLikeAFileIsADirectory() throws Exception {
    tree.directory("odd.transfer");

    assertInstanceOf(
        DefinitionPlace.Directory.class, DefinitionPlace.given(tree.path("odd.transfer")));
  }

  private Definitions load(String inside) throws UpdateException {
    return new DefinitionLoader(DefinitionTree.facts(Map.of()))
        .load(
            assertInstanceOf(DefinitionPlace.File.class, DefinitionPlace.given(tree.path(inside))));
  }
}
