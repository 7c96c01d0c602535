package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** The key for further boot partitions. */
class AlsoToTest {
  private static final String ON_ESP =
      DefinitionTree.MINIMAL_SOURCE
          + "[Target]\nType=regular-file\nPath=/EFI/Linux\nPathRelativeTo=esp\n";

  @TempDir private Path root;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyRoot() {
    tree = new DefinitionTree(root);
  }

  private AlsoTo read(String text) throws Exception {
    return assertInstanceOf(Target.FileSystem.class, tree.only(text).target()).alsoTo();
  }

  private void assertRefused(String text, String... words) {
    var refused = assertThrows(UpdateException.Configuration.class, () -> tree.only(text));
    assertEquals(Reason.DEFINITION_INVALID, refused.reason());
    String message = String.valueOf(refused.getMessage());
    assertTrue(
        message.contains(tree.path("etc/sysupdate.d/50-os.transfer") + ":9: [Target] AlsoTo="),
        message);
    for (String word : words) {
      assertTrue((message + " " + refused.remedy()).contains(word), message);
    }
  }

  @Test
  void withoutTheKeyThereIsNowhereElse() throws Exception {
    assertEquals(AlsoTo.NOWHERE, read(ON_ESP));
  }

  @Test
  void placesAddUpAndAnEmptyValueForgetsThem() throws Exception {
    assertEquals(
        new AlsoTo(false, List.of(Path.of("/efi2"), Path.of("/boot/efi3"), Path.of("/efi-fedora"))),
        read(ON_ESP + "AlsoTo=/efi2 /boot/efi3/\nAlsoTo=/efi2 /efi-%o\n"));
    assertEquals(
        new AlsoTo(false, List.of(Path.of("/efi3"))),
        read(ON_ESP + "AlsoTo=auto /efi2\nAlsoTo=\nAlsoTo=/efi3\n"));
  }

  @Test
  void theyCanBeFoundByThemselves() throws Exception {
    assertEquals(new AlsoTo(true, List.of()), read(ON_ESP + "AlsoTo=auto\n"));
    assertEquals(new AlsoTo(true, List.of(Path.of("/efi2"))), read(ON_ESP + "AlsoTo=/efi2 auto\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"esp", "xbootldr", "boot"})
  void itIsForEveryKindOfBootPartition(String anchor) throws Exception {
    assertTrue(
        read(ON_ESP.replace("=esp", "=" + anchor) + "AlsoTo=/efi2\n").anywhere(), () -> anchor);
  }

  @Test
  void aBootLoaderLiesAnywhereAndGoesToBootPartitions() throws Exception {
    assertTrue(read(DefinitionTree.MINIMAL + "BootLoader=yes\nAlsoTo=auto\n").anywhere());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          efi2          | "efi2" is not absolute
          /a/../efi2    | has the component ".."
          //efi2        | has an empty component
          /             | the root directory
          AUTO          | is not absolute
          /%x           | %x
          """)
  void aPathThatIsNoneRefusesTheFileAndNamesTheLine(String value, String why) {
    assertRefused(ON_ESP + "AlsoTo=/good " + value + "\n", why, "or auto.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          url-file | partition    | auto | root | not a target of type partition
          url-tar  | directory    | /x   | boot | not a target of type directory
          url-tar  | subvolume    | /x   | root | not a target of type subvolume
          url-file | regular-file | /x   | root | is not on a boot partition
          """)
  void itIsRefusedWhereItMakesNoSense(
      String source, String type, String path, String anchor, String why) throws Exception {
    String text =
        DefinitionTree.MINIMAL_SOURCE.replace("url-file", source)
            + "[Target]\nType=%s\nPath=%s\nPathRelativeTo=%s\n".formatted(type, path, anchor);
    tree.only(text);

    assertRefused(text + "AlsoTo=/efi2\n", why, "BootLoader=yes");
    tree.only(text + "AlsoTo=/efi2\nAlsoTo=\n");
  }

  @Test
  void moreThanAMachineHasAreRefused() throws Exception {
    var places = new StringBuilder();
    for (int i = 0; i < AlsoTo.MOUNT_POINTS_MAX; i++) {
      places.append(" /efi").append(i);
    }
    assertEquals(16, read(ON_ESP + "AlsoTo=" + places + "\n").mountPoints().size());

    assertRefused(ON_ESP + "AlsoTo=" + places + " /more\n", "more than 16");
  }
}
