package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.linux.Kernel.OpenFlag;

/** What root may expect of a btrfs: flags and subvolumes. */
abstract class ModernFileSystemContract extends KernelContract {
  /** A directory on such a file system. */
  abstract Path base();

  private void write(Path file) throws IOException {
    kernel().open(file, Set.of(OpenFlag.WRITE, OpenFlag.CREATE)).close();
  }

  private static void assertFails(Errno errno, Executable operation) {
    var failed = assertThrows(LinuxException.class, operation);
    assertTrue(failed.is(errno), failed.toString());
  }

  @Test
  void whatIsImmutableCannotBeRenamedRemovedOrChanged() throws IOException {
    Path file = base().resolve("file");
    Path directory = base().resolve("directory");
    write(file);
    kernel().makeDirectory(directory, 0755);
    write(directory.resolve("inner"));
    try {
      kernel().changeInodeFlag(file, InodeFlag.IMMUTABLE, true);
      kernel().changeInodeFlag(directory, InodeFlag.IMMUTABLE, true);

      assertEquals(Set.of(InodeFlag.IMMUTABLE), kernel().inodeFlags(file));
      assertFails(Errno.EPERM, () -> write(file));
      assertFails(Errno.EPERM, () -> kernel().remove(file));
      assertFails(Errno.EPERM, () -> kernel().changeMode(file, 0600));
      assertFails(Errno.EPERM, () -> kernel().makeHardLink(file, base().resolve("second")));
      assertFails(Errno.EPERM, () -> kernel().rename(directory, base().resolve("renamed")));
      assertFails(Errno.EPERM, () -> kernel().rename(base().resolve("file"), directory));
      assertFails(Errno.EPERM, () -> kernel().remove(directory.resolve("inner")));
      assertFails(Errno.EPERM, () -> write(directory.resolve("new")));
    } finally {
      kernel().changeInodeFlag(file, InodeFlag.IMMUTABLE, false);
      kernel().changeInodeFlag(directory, InodeFlag.IMMUTABLE, false);
    }

    kernel().rename(directory, base().resolve("renamed"));
    kernel().remove(file);
    assertEquals(List.of("renamed"), kernel().list(base()));
  }

  @Test
  void whatIsAppendOnlyGrowsAndDoesNotShrink() throws IOException {
    Path directory = base().resolve("directory");
    kernel().makeDirectory(directory, 0755);
    try {
      kernel().changeInodeFlag(directory, InodeFlag.APPEND_ONLY, true);

      write(directory.resolve("new"));
      assertFails(Errno.EPERM, () -> kernel().remove(directory.resolve("new")));
      assertFails(Errno.EPERM, () -> kernel().rename(directory, base().resolve("renamed")));
    } finally {
      kernel().changeInodeFlag(directory, InodeFlag.APPEND_ONLY, false);
    }
    kernel().remove(directory.resolve("new"));
  }

  @Test
  void aFlagIsTakenAwayAlone() throws IOException {
    Path file = base().resolve("file");
    write(file);
    kernel().changeInodeFlag(file, InodeFlag.NO_COPY_ON_WRITE, true);
    kernel().changeInodeFlag(file, InodeFlag.NO_COPY_ON_WRITE, true);
    kernel().changeInodeFlag(file, InodeFlag.APPEND_ONLY, true);
    assertEquals(
        Set.of(InodeFlag.NO_COPY_ON_WRITE, InodeFlag.APPEND_ONLY), kernel().inodeFlags(file));

    kernel().changeInodeFlag(file, InodeFlag.APPEND_ONLY, false);

    assertEquals(Set.of(InodeFlag.NO_COPY_ON_WRITE), kernel().inodeFlags(file));
  }

  @Test
  void aLinkHasNoFlagsAndDoesNotLeadToThoseOfItsTarget() throws IOException {
    write(base().resolve("file"));
    kernel().makeSymbolicLink("file", base().resolve("link"));

    assertEquals(Set.of(), kernel().inodeFlags(base().resolve("link")));
    assertFails(
        Errno.EOPNOTSUPP,
        () -> kernel().changeInodeFlag(base().resolve("link"), InodeFlag.IMMUTABLE, true));
    assertEquals(Set.of(), kernel().inodeFlags(base().resolve("file")));
  }

  @Test
  void aSubvolumeIsMadeFilledAndRemovedWithWhatItHolds() throws IOException {
    Path subvolume = base().resolve("größe");
    kernel().makeSubvolume(subvolume);
    kernel().makeDirectory(subvolume.resolve("directory"), 0755);
    write(subvolume.resolve("directory/file"));

    assertTrue(kernel().isSubvolume(subvolume));
    assertFalse(kernel().isSubvolume(subvolume.resolve("directory")));
    assertFalse(kernel().subvolumeReadOnly(subvolume));
    assertThrows(LinuxException.class, () -> kernel().makeSubvolume(subvolume));
    kernel().removeSubvolume(subvolume);

    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void aReadOnlySubvolumeRefusesChangesWithin() throws IOException {
    Path subvolume = base().resolve("subvolume");
    kernel().makeSubvolume(subvolume);
    write(subvolume.resolve("file"));

    kernel().changeSubvolumeReadOnly(subvolume, true);

    assertTrue(kernel().subvolumeReadOnly(subvolume));
    assertFails(Errno.EROFS, () -> kernel().remove(subvolume.resolve("file")));
    assertFails(Errno.EROFS, () -> write(subvolume.resolve("new")));
    assertFails(Errno.EROFS, () -> kernel().changeMode(subvolume, 0700));
    kernel().changeSubvolumeReadOnly(subvolume, false);
    kernel().remove(subvolume.resolve("file"));
    kernel().remove(subvolume);
    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void aReadOnlySubvolumeIsRemovedWhole() throws IOException {
    Path subvolume = base().resolve("subvolume");
    kernel().makeSubvolume(subvolume);
    write(subvolume.resolve("file"));
    kernel().changeSubvolumeReadOnly(subvolume, true);

    kernel().removeSubvolume(subvolume);

    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void aSnapshotIsWritableAndIndependent() throws IOException {
    Path source = base().resolve("source");
    Path snapshot = base().resolve("snapshot");
    kernel().makeSubvolume(source);
    write(source.resolve("file"));
    kernel().makeSubvolume(source.resolve("nested"));
    write(source.resolve("nested/file"));
    kernel().changeSubvolumeReadOnly(source, true);

    kernel().snapshotSubvolume(source, snapshot);

    assertTrue(kernel().isSubvolume(snapshot));
    assertFalse(kernel().subvolumeReadOnly(snapshot));
    kernel().remove(snapshot.resolve("file"));
    assertEquals(List.of("nested"), kernel().list(snapshot));
    assertEquals(List.of(), kernel().list(snapshot.resolve("nested")));
    assertEquals(List.of("file", "nested"), kernel().list(source));
  }

  @Test
  void aSubvolumeThatHoldsAnotherStays() throws IOException {
    Path outer = base().resolve("outer");
    kernel().makeSubvolume(outer);
    kernel().makeSubvolume(outer.resolve("inner"));

    assertThrows(LinuxException.class, () -> kernel().removeSubvolume(outer));

    assertTrue(kernel().isSubvolume(outer.resolve("inner")));
    kernel().removeSubvolume(outer.resolve("inner"));
    kernel().removeSubvolume(outer);
  }

  @Test
  void aPlainDirectoryIsNotRemovedAsASubvolume() throws IOException {
    kernel().makeDirectory(base().resolve("directory"), 0755);

    assertThrows(LinuxException.class, () -> kernel().removeSubvolume(base().resolve("directory")));

    assertEquals(List.of("directory"), kernel().list(base()));
  }
}
