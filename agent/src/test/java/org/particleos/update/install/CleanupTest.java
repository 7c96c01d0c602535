package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.Cleanup.Dropped;
import org.particleos.update.install.Cleanup.Why;
import org.particleos.update.linux.FakeKernel;
import org.particleos.update.linux.Kernel.InodeFlag;

class CleanupTest {
  private final FakeKernel kernel = new FakeKernel().btrfs();
  @TempDir private Path root;
  private InstallDatabase database;
  private Path target;

  @BeforeEach
  void start() throws IOException {
    database = new InstallDatabase(kernel, root, InstallDatabase.PARENT, Optional.empty());
    target = Files.createDirectories(root.resolve("target"));
  }

  private ResolvedTransfer transfer(String... patterns) {
    return aTransfer("a").toFiles(target, patterns).build();
  }

  private Path file(String name) throws IOException {
    Path file = target.resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    return Files.writeString(file, name);
  }

  /** A record that is well-formed, whatever it says. */
  private void recorded(String content) throws IOException {
    Path records = Files.createDirectories(root.resolve("var/lib/systemd/sysupdate/installdb"));
    kernel.makeSymbolicLink(content, records.resolve(InstallDatabase.nameOf(content)));
  }

  private Cleanup.Outcome clean(ResolvedTransfer... enabled) throws UpdateException {
    return clean(Set.of(), enabled);
  }

  private Cleanup.Outcome clean(Set<String> running, ResolvedTransfer... enabled)
      throws UpdateException {
    return Cleanup.run(kernel, root, database, Arrays.asList(enabled), running);
  }

  private List<Path> relative(List<Path> paths) {
    return paths.stream().map(root::relativize).toList();
  }

  private List<String> records() throws UpdateException {
    return database.entries().stream().map(InstallDatabase.Entry::content).toList();
  }

  @Test
  void withoutADatabaseThereIsNothingToDo() throws Exception {
    file("os_1.raw");

    var outcome = clean();

    assertEquals(new Cleanup.Outcome(List.of(), List.of(), List.of()), outcome);
  }

  @Test
  void whatAnEnabledTransferOwnsStaysWithItsRecord() throws Exception {
    file("os_1.raw");
    database.record(transfer("os_@v.raw"));

    var outcome = clean(transfer("os_@v.raw"));

    assertEquals(new Cleanup.Outcome(List.of(), List.of(), List.of()), outcome);
    assertEquals(List.of("/target/./os_@v.raw"), records());
  }

  @Test
  void whatNoTransferOwnsIsRemovedWithItsRecord() throws Exception {
    file("os_1.raw");
    file("os_2.raw");
    file("other_1.raw");
    file(".sysupdate.partial.os_3.raw");
    file(".sysupdate.pending.os_3.raw");
    database.record(transfer("os_@v.raw"));

    var outcome = clean();

    assertEquals(
        List.of(Path.of("target/os_1.raw"), Path.of("target/os_2.raw")),
        relative(outcome.removed()));
    assertEquals(List.of(new Dropped("/target/./os_@v.raw", Why.NOTHING_LEFT)), outcome.dropped());
    assertEquals(List.of(), records());
    assertEquals(
        List.of(".sysupdate.partial.os_3.raw", ".sysupdate.pending.os_3.raw", "other_1.raw"),
        kernel.list(target));
  }

  @Test
  void anotherPatternOfTheSameDirectoryOwnsToo() throws Exception {
    file("os_1.raw");
    database.record(transfer("os_@v.raw"));

    clean(aTransfer("b").toFiles(target, "x_@v", "os_@v.raw").build());
    assertTrue(Files.exists(target.resolve("os_1.raw")));

    clean(aTransfer("b").toFiles(root.resolve("elsewhere"), "os_@v.raw").build());
    assertFalse(Files.exists(target.resolve("os_1.raw")));
  }

  /** transfer-files.md 9.5, the last line. */
  @Test
  void aDirectoryThatAPatternWouldDescendIntoIsOwned() throws Exception {
    file("os_1.d/extra.efi");
    database.record(transfer("os_@v.d"));

    clean(transfer("os_@v.d/extra.efi"));

    assertTrue(Files.exists(target.resolve("os_1.d/extra.efi")));
  }

  @Test
  void nestedFilesAreFoundAndTheirDirectoriesStay() throws Exception {
    file("os_1.d/extra.efi");
    file("os_1.d/other.efi");
    file("os_2.d/extra.efi");
    database.record(transfer("os_@v.d/extra.efi"));

    var outcome = clean();

    assertEquals(
        List.of(Path.of("target/os_1.d/extra.efi"), Path.of("target/os_2.d/extra.efi")),
        relative(outcome.removed()));
    assertEquals(List.of("other.efi"), kernel.list(target.resolve("os_1.d")));
    assertEquals(List.of(), kernel.list(target.resolve("os_2.d")));
  }

  @Test
  void treesAreRemovedWholeWhateverProtectsThem() throws Exception {
    file("os_1/usr/lib/file");
    kernel.changeInodeFlag(target.resolve("os_1"), InodeFlag.IMMUTABLE, true);
    kernel.makeSubvolume(target.resolve("os_2"));
    kernel.changeSubvolumeReadOnly(target.resolve("os_2"), true);
    Files.createSymbolicLink(target.resolve("os_3"), root);
    database.record(transfer("os_@v"));

    var outcome = clean();

    assertEquals(
        List.of(Path.of("target/os_1"), Path.of("target/os_2")), relative(outcome.removed()));
    assertEquals(List.of("os_3"), kernel.list(target));
  }

  /** H-13. */
  @Test
  void theRunningVersionStaysWithItsRecordUntilItRunsNoMore() throws Exception {
    file("os_1.raw");
    file("os_2.raw");
    database.record(transfer("os_@v.raw"));

    clean(Set.of("2"));
    assertEquals(List.of("os_2.raw"), kernel.list(target));
    assertEquals(1, records().size());

    clean(Set.of("3"));
    assertEquals(List.of(), kernel.list(target));
    assertEquals(List.of(), records());
  }

  @Test
  void theSameDirectoryUnderAnotherNameOwns() throws Exception {
    file("os_1.raw");
    database.record(transfer("os_@v.raw"));
    Path other = Files.createSymbolicLink(root.resolve("other"), target);

    clean(aTransfer("b").toFiles(other, "os_@v.raw").build());

    assertTrue(Files.exists(target.resolve("os_1.raw")));
  }

  @Test
  void aTransferFromFurtherUpOwnsAndOneFurtherDownKeepsItsDirectory() throws Exception {
    file("os_1.raw");
    file("os_2/inner/x_1");
    database.record(transfer("os_@v.raw", "os_@v"));

    clean(
        aTransfer("b").toFiles(root, "target/os_@v.raw").build(),
        aTransfer("c").toFiles(target.resolve("os_2/inner"), "x_@v").build());

    assertEquals(List.of("os_1.raw", "os_2"), kernel.list(target));
  }

  @Test
  void aRecordOfADirectoryThatIsGoneIsDropped() throws Exception {
    recorded("/gone/./os_@v");

    var outcome = clean();

    assertEquals(List.of(new Dropped("/gone/./os_@v", Why.DIRECTORY_MISSING)), outcome.dropped());
    assertEquals(List.of(), records());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/target/os_@v",
        "target/./os_@v",
        "/target/../target/./os_@v",
        "//target/./os_@v",
        "/target//./os_@v",
        "./os_@v"
      })
  void aRecordThatNobodyWritesIsDroppedAndNothingElseHappens(String content) throws Exception {
    file("os_1");
    recorded(content);

    var outcome = clean();

    assertEquals(List.of(new Dropped(content, Why.MALFORMED)), outcome.dropped());
    assertEquals(List.of("os_1"), kernel.list(target));
  }

  @Test
  void aRecordUnderAnotherNameIsDroppedAndNothingElseHappens() throws Exception {
    file("os_1");
    Path records = Files.createDirectories(root.resolve("var/lib/systemd/sysupdate/installdb"));
    Files.createSymbolicLink(records.resolve("0".repeat(64)), Path.of("/target/./os_@v"));
    Files.writeString(records.resolve("README"), "no record");

    var outcome = clean();

    assertEquals(List.of(new Dropped("/target/./os_@v", Why.MALFORMED)), outcome.dropped());
    assertEquals(List.of("os_1"), kernel.list(target));
    assertEquals(List.of("README"), kernel.list(records));
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-wildcard", "../os_@v", "**/os_@v", "os_@v/../x", "@Z@v", ""})
  void aPatternThatIsNoneIsRememberedAndItsRecordStays(String pattern) throws Exception {
    file("os_1");
    recorded("/target/./" + pattern);

    var outcome = clean();

    assertEquals(1, outcome.failures().size());
    assertEquals(Reason.NOT_SUPPORTED, outcome.failures().getFirst().reason());
    assertEquals(1, records().size());
    assertEquals(List.of("os_1"), kernel.list(target));
  }

  @Test
  void aLinkOnTheWayIsNotFollowed(@TempDir Path outside) throws Exception {
    Files.writeString(outside.resolve("os_1"), "x");
    Files.createSymbolicLink(root.resolve("link"), outside);
    Files.createSymbolicLink(target.resolve("inner_1"), outside);
    recorded("/link/./os_@v");
    recorded("/target/./inner_@v/os_1");

    var outcome = clean();

    assertTrue(Files.exists(outside.resolve("os_1")));
    assertEquals(1, outcome.failures().size());
    assertEquals(List.of("/link/./os_@v"), records());
  }

  @Test
  void whatCannotBeRemovedIsRememberedAndTheRestGoesOn() throws Exception {
    file("os_1.raw");
    file("os_2.raw");
    database.record(transfer("os_@v.raw"));
    recorded("/gone/./os_@v");
    kernel.failing(target.resolve("os_1.raw"), Errno.EIO);

    var outcome = clean();

    assertEquals(1, outcome.failures().size());
    assertEquals(List.of("/target/./os_@v.raw"), records(), "the other one is dropped");
  }

  @Test
  void aDatabaseThatCannotBeReadIsAFailure() throws Exception {
    Files.createDirectories(root.resolve("var/lib/systemd/sysupdate"));
    Files.writeString(root.resolve("var/lib/systemd/sysupdate/installdb"), "no directory");

    assertThrows(UpdateException.class, this::clean);
  }
}
