package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel.InodeFlag;

/** Removal of trees on a file system with flags and subvolumes. */
abstract class TreeRemovalContract {
  abstract Kernel kernel();

  abstract Path base();

  /** A tree with everything that forbids removal. */
  private Path stubbornTree() throws IOException {
    Path tree = base().resolve("tree");
    Files.createDirectories(tree.resolve("plain/deep"));
    Files.writeString(tree.resolve("plain/deep/file"), "x");
    Files.writeString(tree.resolve("locked"), "x");
    Files.createSymbolicLink(tree.resolve("link"), Path.of("/"));
    kernel().makeSubvolume(tree.resolve("outer"));
    Files.createDirectories(tree.resolve("outer/directory"));
    Files.writeString(tree.resolve("outer/locked"), "x");
    kernel().makeSubvolume(tree.resolve("outer/directory/inner"));
    Files.writeString(tree.resolve("outer/directory/inner/file"), "x");
    kernel().changeInodeFlag(tree.resolve("outer/locked"), InodeFlag.IMMUTABLE, true);
    kernel().changeInodeFlag(tree.resolve("outer/directory"), InodeFlag.APPEND_ONLY, true);
    kernel().changeSubvolumeReadOnly(tree.resolve("outer/directory/inner"), true);
    kernel().changeInodeFlag(tree.resolve("outer"), InodeFlag.IMMUTABLE, true);
    kernel().changeSubvolumeReadOnly(tree.resolve("outer"), true);
    kernel().changeInodeFlag(tree.resolve("locked"), InodeFlag.IMMUTABLE, true);
    kernel().changeMode(tree.resolve("plain/deep"), 0);
    kernel().changeInodeFlag(tree.resolve("plain"), InodeFlag.IMMUTABLE, true);
    kernel().changeInodeFlag(tree, InodeFlag.IMMUTABLE, true);
    return tree;
  }

  @Test
  void flagsModesAndSubvolumesDoNotKeepATree() throws IOException {
    Path tree = stubbornTree();

    TreeRemoval.remove(kernel(), tree);

    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void whateverStopsItOnTheWayASecondRunFinishes() throws IOException {
    var rehearsal = FailingKernel.recording(kernel());
    TreeRemoval.remove(rehearsal, stubbornTree());
    int operations = rehearsal.operations().size();

    for (int step = 0; step < operations; step++) {
      Path tree = stubbornTree();
      var failing = new FailingKernel(kernel(), step, () -> new IOException("power cut"));
      assertThrows(IOException.class, () -> TreeRemoval.remove(failing, tree), "step " + step);

      TreeRemoval.remove(kernel(), tree);

      assertEquals(List.of(), kernel().list(base()), "power cut before operation " + step);
    }
  }

  @Test
  void aReadOnlySubvolumeGoesInOneStep() throws IOException {
    Path subvolume = base().resolve("subvolume");
    kernel().makeSubvolume(subvolume);
    Files.writeString(subvolume.resolve("file"), "x");
    kernel().changeSubvolumeReadOnly(subvolume, true);
    var recording = FailingKernel.recording(kernel());

    TreeRemoval.remove(recording, subvolume);

    assertEquals(
        List.of("removeSubvolume"),
        recording.operations().stream().map(FailingKernel.Operation::name).toList());
    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void aLinkIsRemovedAndNotWhatItLeadsTo() throws IOException {
    Path outside = Files.createDirectories(base().resolve("outside/inner"));
    kernel().makeSymbolicLink("outside", base().resolve("link"));
    Path tree = Files.createDirectories(base().resolve("tree"));
    kernel().makeSymbolicLink(outside.toString(), tree.resolve("link"));

    TreeRemoval.remove(kernel(), base().resolve("link"));
    TreeRemoval.remove(kernel(), tree);

    assertEquals(List.of("outside"), kernel().list(base()));
    assertTrue(Files.exists(outside));
  }

  @Test
  void whatIsMissingIsFine() throws IOException {
    TreeRemoval.remove(kernel(), base().resolve("missing"));
    TreeRemoval.remove(kernel(), base().resolve("missing/deeper"));

    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void aTreeIsClosedToOthersBeforeItIsTakenApart() throws IOException {
    Path tree = Files.createDirectory(base().resolve("tree"));
    Files.createDirectory(tree.resolve("inner"));
    kernel().changeMode(tree, 0755);
    var recording = FailingKernel.recording(kernel());

    TreeRemoval.remove(recording, tree);

    assertEquals(
        List.of("changeMode", "remove", "remove"),
        recording.operations().stream().map(FailingKernel.Operation::name).toList());
  }

  @Test
  void aTreeThatIsEndlesslyDeepIsAFailure() throws IOException {
    Path tree = Files.createDirectory(base().resolve("tree"));
    var endless =
        new DelegatingKernel(kernel()) {
          @Override
          public Optional<FileStatus> status(Path path) throws IOException {
            return super.status(tree);
          }

          @Override
          public boolean isMountPoint(Path path) {
            return false;
          }

          @Override
          public boolean isSubvolume(Path path) {
            return false;
          }

          @Override
          public Set<InodeFlag> inodeFlags(Path path) {
            return Set.of();
          }

          @Override
          public List<String> list(Path directory) {
            return List.of("d");
          }

          @Override
          public void changeMode(Path path, int mode) {}
        };

    var failed = assertThrows(IOException.class, () -> TreeRemoval.remove(endless, tree));

    assertTrue(String.valueOf(failed.getMessage()).contains("nested deeper than 2048"));
  }

  @Test
  void anotherErrorIsNotMistakenForAMark() throws IOException {
    Path tree = Files.createDirectory(base().resolve("tree"));
    Files.writeString(tree.resolve("file"), "x");
    var busy =
        new DelegatingKernel(kernel()) {
          @Override
          public void remove(Path path) throws IOException {
            throw new LinuxException(Errno.EPERM.number(), "unlink", path.toString(), "no");
          }
        };

    var failed = assertThrows(LinuxException.class, () -> TreeRemoval.remove(busy, tree));

    assertTrue(failed.is(Errno.EPERM));
    assertTrue(Files.exists(tree.resolve("file")));
  }
}
