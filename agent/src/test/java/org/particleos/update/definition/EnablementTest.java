package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.definition.Enablement.Subject;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;

/** transfer-files.md 16.2, 17.4 */
class EnablementTest {
  private static final String NAME = "50-systemd-sysupdate-enabled.conf";
  private static final Subject DEVEL = new Subject.OfFeature("devel");

  @TempDir private Path directory;
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));
  private Enablement enablement = new Enablement(new LinuxKernel(), Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyRoot() throws IOException {
    Files.createDirectories(directory.resolve("root"));
    tree = new DefinitionTree(directory.resolve("root"));
    enablement = new Enablement(new LinuxKernel(), tree.root());
  }

  @Test
  void aFeatureIsSwitchedByADropInThatSaysWhoWroteIt() throws Exception {
    tree.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\n");

    var written = enablement.set(DEVEL, true, "particle-update enable-feature");

    Path file = tree.path("etc/sysupdate.d/devel.feature.d/" + NAME);
    assertEquals(new Enablement.Written(file, Optional.empty()), written);
    assertEquals(
        """
        # Written by particle-update enable-feature
        [Feature]
        Enabled=yes
        """,
        Files.readString(file));
    assertTrue(tree.load().features().getFirst().enabled());
  }

  @Test
  void theLastSettingReplacesTheOneBefore() throws Exception {
    tree.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\n");

    enablement.set(DEVEL, true, "enable-feature");
    enablement.set(DEVEL, false, "disable-feature");

    assertFalse(tree.load().features().getFirst().enabled());
    assertEquals(List.of(NAME), names("etc/sysupdate.d/devel.feature.d"));
  }

  @Test
  void aSettingThatIsForgottenLeavesNothingOfItself() throws Exception {
    enablement.set(DEVEL, true, "a test");
    tree.file("etc/sysupdate.d/devel.feature.d/60-mine.conf", "[Feature]\n");

    assertTrue(enablement.forget(DEVEL));

    Path file = tree.path("etc/sysupdate.d/devel.feature.d/" + NAME);
    assertFalse(Files.exists(file));
    assertTrue(Files.exists(tree.path("etc/sysupdate.d/devel.feature.d/60-mine.conf")));
    assertFalse(enablement.forget(DEVEL), "there is nothing left to forget");
    assertFalse(enablement.forget(new Subject.OfFeature("unheard-of")));
  }

  @Test
  void aSettingThatCannotBeForgottenStays() throws Exception {
    enablement.set(DEVEL, true, "a test");
    var kernel =
        new FailingKernel(
            new LinuxKernel(),
            0,
            () -> new LinuxException(Errno.EROFS.number(), "unlink", "/etc", "read-only"));

    var failed =
        assertThrows(
            UpdateException.class, () -> new Enablement(kernel, tree.root()).forget(DEVEL));

    assertEquals(Reason.READ_ONLY, failed.reason());
    assertTrue(Files.exists(tree.path("etc/sysupdate.d/devel.feature.d/" + NAME)));
  }

  @Test
  void aFeatureOfAComponentIsSwitchedInTheDirectoryOfTheComponent() throws Exception {
    tree.file("usr/lib/sysupdate.webapp.d/devel.feature", "[Feature]\n")
        .file("usr/lib/sysupdate.d/devel.feature", "[Feature]\n");

    enablement.set(new Subject.OfFeature(Optional.of("webapp"), "devel"), true, "enable-feature");

    assertTrue(tree.loadComponent("webapp").features().getFirst().enabled());
    assertFalse(tree.load().features().getFirst().enabled());
  }

  @Test
  void aComponentIsSwitchedBesideItsDirectoryAndDoesNotMakeAnother() throws Exception {
    tree.directory("usr/lib/sysupdate.webapp.d");

    var written = enablement.set(new Subject.OfComponent("webapp"), false, "disable-component");

    assertEquals(tree.path("etc/sysupdate.webapp.component.d/" + NAME), written.file());
    assertEquals(
        "# Written by disable-component\n[Component]\nEnabled=no\n",
        Files.readString(written.file()));
    assertFalse(tree.component("webapp").enabled());
    assertEquals(List.of("webapp"), Components.list(tree.root()).names());
  }

  @Test
  void whatIsCreatedCanBeReadByEverybody() throws Exception {
    var written = enablement.set(DEVEL, true, "enable-feature");

    assertEquals("rw-r--r--", permissions(written.file()));
    assertEquals("rwxr-xr-x", permissions(tree.path("etc/sysupdate.d/devel.feature.d")));
    assertEquals("rwxr-xr-x", permissions(tree.path("etc")));
  }

  // Who has the last word.

  @Test
  void aDropInThatSortsLaterAndSaysTheOppositeIsReported() throws Exception {
    tree.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\n")
        .file("etc/sysupdate.d/devel.feature.d/90-local.conf", "[Feature]\n\nEnabled=no\n");

    var overriding = enablement.set(DEVEL, true, "enable-feature").overriddenBy().orElseThrow();

    assertEquals(tree.path("etc/sysupdate.d/devel.feature.d/90-local.conf"), overriding.file());
    assertEquals(3, overriding.line());
    assertTrue(overriding.text().contains("no effect"), overriding.text());
  }

  @ParameterizedTest
  @CsvSource({
    "90-local.conf, Enabled=yes",
    "90-local.conf, Enabled=perhaps",
    "90-local.conf, Description=x",
    "10-local.conf, Enabled=no",
    "enabled, Enabled=no",
  })
  void aDropInThatAgreesOrComesEarlierIsNot(String name, String assignment) throws Exception {
    tree.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\nEnabled=no\n")
        .file("etc/sysupdate.d/devel.feature.d/" + name, "[Feature]\n" + assignment + "\n");

    assertEquals(Optional.empty(), enablement.set(DEVEL, true, "x").overriddenBy());
    assertTrue(tree.load().features().getFirst().enabled());
  }

  @Test
  void aDropInOfTheVendorThatSortsLaterIsReportedForAComponentToo() throws Exception {
    tree.file("usr/lib/sysupdate.webapp.component.d/60-off.conf", "[Component]\nEnabled=no\n");

    var written = enablement.set(new Subject.OfComponent("webapp"), true, "enable-component");

    assertEquals(
        tree.path("usr/lib/sysupdate.webapp.component.d/60-off.conf"),
        written.overriddenBy().orElseThrow().file());
  }

  // Links.

  @ParameterizedTest
  @ValueSource(strings = {"/srv/defs", "../srv/defs", "../../../../../srv/defs"})
  void aLinkedDirectoryIsFollowedInsideTheRoot(String target) throws Exception {
    tree.directory("srv/defs").link("etc/sysupdate.d", target);

    enablement.set(DEVEL, true, "enable-feature");

    assertTrue(Files.exists(tree.path("srv/defs/devel.feature.d/" + NAME)));
    assertEquals(List.of("root"), list(directory));
  }

  @Test
  void aLinkOutOfTheRootLeadsToANewDirectoryInside() throws Exception {
    Path outside = Files.createDirectories(directory.resolve("outside"));
    tree.link("etc/sysupdate.d", outside.toString());

    enablement.set(DEVEL, true, "enable-feature");

    assertEquals(List.of(), list(outside));
    String inside = outside.toString().substring(1) + "/devel.feature.d/" + NAME;
    assertTrue(Files.exists(tree.path(inside)));
  }

  @Test
  void aLinkInPlaceOfTheDropInIsReplacedAndNotFollowed() throws Exception {
    tree.file("srv/precious", "untouched")
        .link("etc/sysupdate.d/devel.feature.d/" + NAME, "/dev/null")
        .link("etc/sysupdate.d/devel.feature.d/." + NAME + ".new", "/srv/precious");

    var written = enablement.set(DEVEL, true, "enable-feature");

    assertTrue(Files.isRegularFile(written.file(), LinkOption.NOFOLLOW_LINKS));
    assertEquals("untouched", Files.readString(tree.path("srv/precious")));
    assertEquals(List.of(NAME), names("etc/sysupdate.d/devel.feature.d"));
  }

  // Failures.

  @Test
  void aReadOnlyEtcIsToldAsSuch() {
    var kernel =
        new FailingKernel(
            new LinuxKernel(),
            0,
            () -> new LinuxException(Errno.EROFS.number(), "mkdir", "/etc", "read-only"));

    var failure =
        assertThrows(
            UpdateException.class,
            () -> new Enablement(kernel, tree.root()).set(DEVEL, true, "enable-feature"));

    assertEquals(Reason.READ_ONLY, failure.reason());
    assertTrue(failure.toString().contains(NAME), failure.toString());
  }

  @Test
  void aFileInPlaceOfADirectoryIsToldAsAFailure() throws Exception {
    tree.file("etc/sysupdate.d", "not a directory");

    assertThrows(UpdateException.class, () -> enablement.set(DEVEL, true, "enable-feature"));
  }

  /** Whatever fails, the setting is the old one or the new one. */
  @TestFactory
  Stream<DynamicTest> afterAFailureAtAnyStepTheOldOrTheNewSettingIsInForce() throws Exception {
    tree.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\nEnabled=no\n");
    var rehearsal = FailingKernel.recording(new LinuxKernel());
    new Enablement(rehearsal, Files.createDirectories(directory.resolve("rehearsal")))
        .set(DEVEL, true, "enable-feature");

    return IntStream.range(0, rehearsal.operations().size())
        .mapToObj(step ->
            DynamicTest.dynamicTest(
                "failure instead of change " + step,
                () -> {
                  Path root = Files.createDirectories(directory.resolve("step-" + step));
                  var fresh = new DefinitionTree(root);
                  fresh.file("usr/lib/sysupdate.d/devel.feature", "[Feature]\n");
                  var kernel =
                      new FailingKernel(
                          new LinuxKernel(),
                          step,
                          () -> new LinuxException(Errno.EIO.number(), "x", "y", "failed"));

                  assertThrows(
                      UpdateException.class,
                      () -> new Enablement(kernel, root).set(DEVEL, true, "enable-feature"));

                  var definitions = fresh.load();
                  boolean published =
                      Files.exists(fresh.path("etc/sysupdate.d/devel.feature.d/" + NAME));
                  assertEquals(published, definitions.features().getFirst().enabled());
                  assertEquals(List.of(), definitions.warnings());
                  // And the next attempt succeeds whatever was left behind.
                  new Enablement(new LinuxKernel(), root).set(DEVEL, true, "enable-feature");
                  assertTrue(fresh.load().features().getFirst().enabled());
                }));
  }

  @Test
  void namesThatNobodyCheckedAreAMistakeOfTheProgram() {
    assertThrows(IllegalArgumentException.class, () -> new Subject.OfFeature("../x"));
    assertThrows(IllegalArgumentException.class, () -> new Subject.OfComponent("a/b"));
    assertThrows(IllegalArgumentException.class, () -> enablement.set(DEVEL, true, "two\nlines"));
  }

  private List<String> names(String inside) throws IOException {
    return list(tree.path(inside));
  }

  private static List<String> list(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
