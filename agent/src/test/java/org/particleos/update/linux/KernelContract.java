package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile.LockMode;

/** What every kernel promises, the real one and those of tests. */
abstract class KernelContract {
  private static final Set<OpenFlag> NEW =
      Set.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE);

  @TempDir Path folder;

  abstract Kernel kernel();

  private static ByteBuffer bytes(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static String text(ByteBuffer buffer) {
    return StandardCharsets.UTF_8.decode(buffer.flip()).toString();
  }

  private void create(Path file, String content) throws IOException {
    try (var open = kernel().open(file, NEW)) {
      open.write(bytes(content), 0);
    }
  }

  private String content(Path file) throws IOException {
    try (var open = kernel().open(file, Set.of(OpenFlag.READ))) {
      var buffer = ByteBuffer.allocateDirect(100);
      open.read(buffer, 0);
      return text(buffer);
    }
  }

  private static Errno errnoOf(LinuxException failed) {
    for (Errno errno : Errno.values()) {
      if (failed.is(errno)) {
        return errno;
      }
    }
    throw new AssertionError("errno " + failed.errno() + " has no name here");
  }

  @Test
  void whatIsWrittenAtAnOffsetIsReadThere() throws IOException {
    try (var file = kernel().open(folder.resolve("größe"), NEW)) {
      file.write(bytes("payload"), 5L << 30);
      var buffer = ByteBuffer.allocateDirect(7);

      int count = file.read(buffer, 5L << 30);

      assertEquals(7, count);
      assertEquals("payload", text(buffer));
      assertEquals((5L << 30) + 7, file.sizeBytes());
      assertFalse(file.blockDevice());
      assertEquals(512, file.sectorBytes());
    }
  }

  @Test
  void aBufferIsUsedFromItsPositionToItsLimit() throws IOException {
    try (var file = kernel().open(folder.resolve("file"), NEW)) {
      var source = bytes("0123456789").position(2).limit(6);
      file.write(source, 0);
      var target = ByteBuffer.allocateDirect(10).position(3).limit(8);

      int count = file.read(target, 0);

      assertEquals(6, source.position());
      assertEquals(4, count);
      assertEquals(7, target.position());
      byte[] read = new byte[4];
      target.get(3, read);
      assertArrayEquals("2345".getBytes(StandardCharsets.UTF_8), read);
    }
  }

  @Test
  void readingBehindTheEndGivesNothing() throws IOException {
    create(folder.resolve("file"), "abc");
    try (var file = kernel().open(folder.resolve("file"), Set.of(OpenFlag.READ))) {

      int count = file.read(ByteBuffer.allocateDirect(10), 3);

      assertEquals(0, count);
    }
  }

  @Test
  void aHeapBufferIsRefused() throws IOException {
    try (var file = kernel().open(folder.resolve("file"), NEW)) {
      assertThrows(IllegalArgumentException.class, () -> file.read(ByteBuffer.allocate(1), 0));
      assertThrows(IllegalArgumentException.class, () -> file.write(ByteBuffer.allocate(1), 0));
    }
  }

  @Test
  void creatingExclusivelyFailsIfTheNameIsTaken() throws IOException {
    create(folder.resolve("file"), "abc");

    var failed =
        assertThrows(
            LinuxException.class, () -> kernel().open(folder.resolve("file"), NEW).close());

    assertEquals(Errno.EEXIST, errnoOf(failed));
  }

  @Test
  void openingWhatIsMissingFailsAndNamesIt() {
    var failed =
        assertThrows(
            LinuxException.class,
            () -> kernel().open(folder.resolve("missing"), Set.of(OpenFlag.READ)).close());

    assertEquals(Errno.ENOENT, errnoOf(failed));
    assertTrue(failed.toString().contains("missing"), failed.toString());
    assertTrue(failed.toString().contains("No such file or directory"), failed.toString());
  }

  @Test
  void aLinkIsFollowedByOpenUnlessForbidden() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeSymbolicLink("file", folder.resolve("link"));

    assertEquals("abc", content(folder.resolve("link")));
    assertThrows(
        LinuxException.class,
        () ->
            kernel()
                .open(folder.resolve("link"), Set.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))
                .close());
  }

  @Test
  void truncatingOnOpenEmptiesTheFile() throws IOException {
    create(folder.resolve("file"), "abc");

    kernel().open(folder.resolve("file"), Set.of(OpenFlag.WRITE, OpenFlag.TRUNCATE)).close();

    assertEquals("", content(folder.resolve("file")));
  }

  @Test
  void truncateShortensAndExtends() throws IOException {
    try (var file = kernel().open(folder.resolve("file"), NEW)) {
      file.write(bytes("abcdef"), 0);

      file.truncate(3);
      file.truncate(5);

      var buffer = ByteBuffer.allocateDirect(10);
      file.read(buffer, 0);
      assertEquals("abc\0\0", text(buffer));
    }
  }

  @Test
  void aZeroedRangeReadsAsZeroesAndTheSizeStays() throws IOException {
    try (var file = kernel().open(folder.resolve("file"), NEW)) {
      file.write(bytes("abcdef"), 0);

      file.zeroRange(1, 3);

      var buffer = ByteBuffer.allocateDirect(10);
      file.read(buffer, 0);
      assertEquals("a\0\0\0ef", text(buffer));
      assertThrows(IndexOutOfBoundsException.class, () -> file.zeroRange(5, 2));
    }
  }

  @Test
  void whatIsWrittenAroundThePageCacheIsFoundThroughIt() throws IOException {
    int unit = OpenFile.DIRECT_ALIGNMENT_BYTES;
    try (var arena = Arena.ofConfined();
        var file = kernel().open(folder.resolve("file"), NEW)) {
      var aligned = arena.allocate(3L * unit, unit).fill((byte) 'x').asByteBuffer();
      file.write(ByteBuffer.allocateDirect(4 * unit), 0);
      var before = ByteBuffer.allocateDirect(unit);
      file.read(before, unit);

      aligned.limit(2 * unit).position(unit);
      boolean done = file.writeDirect(aligned, unit);

      // Not every file system can; then nothing is written.
      assertEquals(done ? 2 * unit : unit, aligned.position());
      var after = ByteBuffer.allocateDirect(4 * unit);
      file.read(after, 0);
      for (int at = 0; at < 4 * unit; at++) {
        boolean written = done && at / unit == 1;
        assertEquals(written ? 'x' : 0, after.get(at), "byte " + at);
      }
      assertEquals(4L * unit, file.sizeBytes());
    }
  }

  @Test
  void whatIsNotAlignedCannotBeWrittenAroundThePageCache() throws IOException {
    int unit = OpenFile.DIRECT_ALIGNMENT_BYTES;
    try (var arena = Arena.ofConfined();
        var file = kernel().open(folder.resolve("file"), NEW)) {
      var aligned = arena.allocate(2L * unit, unit).asByteBuffer();

      assertThrows(IllegalArgumentException.class, () -> file.writeDirect(aligned, 512));
      assertThrows(
          IllegalArgumentException.class,
          () -> file.writeDirect(aligned.slice(0, unit + 512), unit));
      assertThrows(
          IllegalArgumentException.class, () -> file.writeDirect(aligned.slice(512, unit), unit));
      assertEquals(0, file.sizeBytes());
    }
  }

  @Test
  void aFileThatIsOpenForReadingIsNotWrittenAroundThePageCacheEither() throws IOException {
    int unit = OpenFile.DIRECT_ALIGNMENT_BYTES;
    create(folder.resolve("file"), "abc");
    try (var arena = Arena.ofConfined();
        var file = kernel().open(folder.resolve("file"), Set.of(OpenFlag.READ))) {
      var aligned = arena.allocate(unit, unit).asByteBuffer();

      assertFalse(file.writeDirect(aligned, 0));
    }
    assertEquals("abc", content(folder.resolve("file")));
  }

  @Test
  void syncAndFlushSucceedOnARegularFile() throws IOException {
    try (var file = kernel().open(folder.resolve("file"), NEW)) {
      file.write(bytes("abc"), 0);

      file.flushRange(0, 3);
      file.sync();
    }
    kernel().syncDirectory(folder);
    kernel().syncFileSystem(folder);
    assertEquals("abc", content(folder.resolve("file")));
  }

  @Test
  void anExclusiveLockKeepsOthersOutUntilItIsClosed() throws IOException {
    create(folder.resolve("file"), "");
    try (var second = kernel().open(folder.resolve("file"), Set.of(OpenFlag.READ))) {
      try (var first = kernel().open(folder.resolve("file"), Set.of(OpenFlag.READ))) {
        assertTrue(first.tryLock(LockMode.EXCLUSIVE));

        assertFalse(second.tryLock(LockMode.SHARED));
        assertFalse(second.lock(LockMode.EXCLUSIVE, 1));
      }
      assertTrue(second.lock(LockMode.EXCLUSIVE, 0));
    }
  }

  @Test
  void sharedLocksAreShared() throws IOException {
    create(folder.resolve("file"), "");
    try (var first = kernel().open(folder.resolve("file"), Set.of(OpenFlag.READ));
        var second = kernel().open(folder.resolve("file"), Set.of(OpenFlag.READ))) {
      assertTrue(first.tryLock(LockMode.SHARED));

      assertTrue(second.tryLock(LockMode.SHARED));
    }
  }

  @Test
  void closingTwiceIsHarmlessAndUseAfterwardsFails() throws IOException {
    var file = kernel().open(folder.resolve("file"), NEW);
    file.close();

    file.close();

    assertThrows(IOException.class, () -> file.read(ByteBuffer.allocateDirect(1), 0));
  }

  @Test
  void statusTellsKindModeSizeAndTime() throws IOException {
    Path path = folder.resolve("file");
    create(path, "abc");
    kernel().changeMode(path, 04640);
    kernel().changeTimes(path, 1_700_000_000_123_456_789L);

    var status = kernel().status(path).orElseThrow();

    assertEquals(FileKind.REGULAR, status.kind());
    assertEquals(04640, status.mode());
    assertEquals(3, status.sizeBytes());
    assertEquals(1_700_000_000_123_456_789L, status.mtimeNanos());
    assertEquals(1_700_000_000_123_456L, status.mtimeMicros());
    assertEquals(1, status.links());
    assertEquals(kernel().status(folder).orElseThrow().device(), status.device());
    assertEquals(0, status.specialDevice());
  }

  @Test
  void timesBeforeTheEpochAreKept() throws IOException {
    Path path = folder.resolve("file");
    create(path, "abc");

    kernel().changeTimes(path, -1);

    var status = kernel().status(path).orElseThrow();
    assertEquals(-1, status.mtimeNanos());
    assertEquals(-1, status.mtimeMicros());
  }

  @Test
  void statusOfALinkIsItsOwnUnlessFollowed() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeSymbolicLink("file", folder.resolve("link"));
    kernel().makeSymbolicLink("nowhere", folder.resolve("dangling"));

    assertEquals(
        FileKind.SYMBOLIC_LINK, kernel().status(folder.resolve("link")).orElseThrow().kind());
    assertEquals(
        FileKind.REGULAR, kernel().statusFollowing(folder.resolve("link")).orElseThrow().kind());
    assertTrue(kernel().statusFollowing(folder.resolve("dangling")).isEmpty());
    assertEquals("file", kernel().readLink(folder.resolve("link")));
  }

  @Test
  void whatIsMissingOrBelowAFileHasNoStatus() throws IOException {
    create(folder.resolve("file"), "abc");

    assertTrue(kernel().status(folder.resolve("missing")).isEmpty());
    assertTrue(kernel().status(folder.resolve("file/below")).isEmpty());
  }

  @Test
  void namesAreListedInTheOrderOfTheirBytes() throws IOException {
    for (String name : List.of("b", "a", "ä", "B", "..c", ".d")) {
      create(folder.resolve(name), "");
    }

    var names = kernel().list(folder);

    assertEquals(List.of("..c", ".d", "B", "a", "b", "ä"), names);
  }

  @Test
  void aLongDirectoryIsListedWhole() throws IOException {
    for (int i = 0; i < 2000; i++) {
      create(folder.resolve("a-name-that-takes-some-room-in-the-buffer-" + i), "");
    }

    assertEquals(2000, kernel().list(folder).size());
  }

  @Test
  void listingFollowsNoLink() throws IOException {
    kernel().makeDirectory(folder.resolve("directory"), 0755);
    kernel().makeSymbolicLink("directory", folder.resolve("link"));

    assertEquals(List.of(), kernel().list(folder.resolve("directory")));
    assertThrows(LinuxException.class, () -> kernel().list(folder.resolve("link")));
  }

  @Test
  void renameReplacesAFile() throws IOException {
    create(folder.resolve("old"), "old");
    create(folder.resolve("new"), "new");

    kernel().rename(folder.resolve("new"), folder.resolve("old"));

    assertEquals("new", content(folder.resolve("old")));
    assertEquals(List.of("old"), kernel().list(folder));
  }

  @Test
  void exchangeSwapsAFileAndADirectory() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeDirectory(folder.resolve("directory"), 0700);

    kernel().exchange(folder.resolve("file"), folder.resolve("directory"));

    assertEquals("abc", content(folder.resolve("directory")));
    assertEquals(FileKind.DIRECTORY, kernel().status(folder.resolve("file")).orElseThrow().kind());
  }

  @Test
  void removeTakesFilesLinksAndEmptyDirectories() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeSymbolicLink("file", folder.resolve("link"));
    kernel().makeDirectory(folder.resolve("directory"), 0755);

    kernel().remove(folder.resolve("link"));
    kernel().remove(folder.resolve("directory"));
    assertEquals(List.of("file"), kernel().list(folder));
    kernel().remove(folder.resolve("file"));

    assertEquals(List.of(), kernel().list(folder));
  }

  @Test
  void removeRefusesAFullDirectory() throws IOException {
    kernel().makeDirectory(folder.resolve("directory"), 0755);
    create(folder.resolve("directory/file"), "abc");

    assertThrows(LinuxException.class, () -> kernel().remove(folder.resolve("directory")));
  }

  @Test
  void spaceIsPlausible() throws IOException {
    var space = kernel().space(folder);

    assertTrue(space.totalBytes() > 0, space.toString());
    assertTrue(space.availableBytes() <= space.totalBytes(), space.toString());
    assertTrue(space.blockBytes() >= 512, space.toString());
    assertFalse(space.readOnly());
  }

  @Test
  void aHardLinkIsASecondNameOfTheSameFile() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeSymbolicLink("file", folder.resolve("link"));

    kernel().makeHardLink(folder.resolve("file"), folder.resolve("second"));
    kernel().makeHardLink(folder.resolve("link"), folder.resolve("linked"));

    var first = kernel().status(folder.resolve("file")).orElseThrow();
    var second = kernel().status(folder.resolve("second")).orElseThrow();
    assertEquals(first.inode(), second.inode());
    assertEquals(2, second.links());
    assertEquals(
        FileKind.SYMBOLIC_LINK, kernel().status(folder.resolve("linked")).orElseThrow().kind());
  }

  @Test
  void fifosAndSocketsAreMadeAndKnown() throws IOException {
    kernel().makeSpecialFile(folder.resolve("fifo"), FileKind.FIFO, 0600, 77);
    kernel().makeSpecialFile(folder.resolve("socket"), FileKind.SOCKET, 0600, 0);

    var fifo = kernel().status(folder.resolve("fifo")).orElseThrow();
    assertEquals(FileKind.FIFO, fifo.kind());
    assertEquals(0600, fifo.mode());
    assertEquals(0, fifo.specialDevice());
    assertEquals(FileKind.SOCKET, kernel().status(folder.resolve("socket")).orElseThrow().kind());
    assertEquals(Set.of(), kernel().inodeFlags(folder.resolve("fifo")), "it is not waited for");
    assertThrows(
        IllegalArgumentException.class,
        () -> kernel().makeSpecialFile(folder.resolve("x"), FileKind.REGULAR, 0600, 0));
  }

  @Test
  void timesAndOwnersOfALinkAreItsOwn() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeSymbolicLink("file", folder.resolve("link"));
    var before = kernel().status(folder.resolve("file")).orElseThrow();

    kernel().changeTimes(folder.resolve("link"), 1);
    kernel().changeOwner(folder.resolve("link"), before.user(), before.group());

    assertEquals(1, kernel().status(folder.resolve("link")).orElseThrow().mtimeNanos());
    assertEquals(
        before.mtimeNanos(), kernel().status(folder.resolve("file")).orElseThrow().mtimeNanos());
    assertEquals(before.user(), kernel().status(folder.resolve("link")).orElseThrow().user());
  }

  @Test
  void attributesAreKeptReadListedAndRemoved() throws IOException {
    Path file = folder.resolve("file");
    create(file, "abc");
    assertEquals(List.of(), kernel().attributeNames(file));
    try {
      kernel().setAttribute(file, "user.b", "value\0x".getBytes(StandardCharsets.UTF_8));
    } catch (LinuxException unsupported) {
      assumeFalse(unsupported.is(Errno.EOPNOTSUPP), "no user attributes on the temporary folder");
      throw unsupported;
    }
    kernel().setAttribute(file, "user.a", new byte[0]);

    assertEquals(List.of("user.a", "user.b"), kernel().attributeNames(file));
    assertArrayEquals(
        "value\0x".getBytes(StandardCharsets.UTF_8),
        kernel().attribute(file, "user.b").orElseThrow());
    assertArrayEquals(new byte[0], kernel().attribute(file, "user.a").orElseThrow());
    assertTrue(kernel().attribute(file, "user.none").isEmpty());
    kernel().removeAttribute(file, "user.a");
    assertEquals(List.of("user.b"), kernel().attributeNames(file));
    var failed = assertThrows(LinuxException.class, () -> kernel().removeAttribute(file, "user.a"));
    assertEquals(Errno.ENODATA, errnoOf(failed));
  }

  @Test
  void attributesOfALinkAreNotThoseOfItsTarget() throws IOException {
    create(folder.resolve("file"), "abc");
    kernel().makeSymbolicLink("file", folder.resolve("link"));

    assertEquals(List.of(), kernel().attributeNames(folder.resolve("link")));
    assertTrue(kernel().attribute(folder.resolve("link"), "user.a").isEmpty());
  }

  @Test
  void dataAndHolesAreFoundInOrder() throws IOException {
    int block = 1 << 16;
    try (var file = kernel().open(folder.resolve("sparse"), NEW)) {
      file.truncate(8L * block);
      file.write(ByteBuffer.allocateDirect(block), 4L * block);
      file.sync();

      long data = file.nextData(0).orElseThrow();
      long hole = file.nextHole(data);

      // A file system that knows no holes says that all is data.
      assertTrue(data == 4L * block || data == 0, "data at " + data);
      assertTrue(hole == 5L * block || hole == 8L * block, "hole at " + hole);
      assertEquals(8L * block, file.nextHole(8L * block));
      assertTrue(file.nextData(8L * block).isEmpty());
      assertTrue(data == 0 || file.nextData(hole).isEmpty());
    }
  }

  @Test
  void aCloneHoldsTheSameOrIsRefusedWithNothingDone() throws IOException {
    create(folder.resolve("source"), "abc");
    try (var source = kernel().open(folder.resolve("source"), Set.of(OpenFlag.READ));
        var target = kernel().open(folder.resolve("target"), NEW)) {

      boolean cloned = target.cloneFrom(source);

      assertEquals(cloned ? 3 : 0, target.sizeBytes());
      assertEquals(cloned ? "abc" : "", content(folder.resolve("target")));
    }
  }

  @Test
  void aPlainDirectoryIsNoSubvolume() throws IOException {
    kernel().makeDirectory(folder.resolve("directory"), 0755);

    assertFalse(kernel().isSubvolume(folder.resolve("directory")));
    assertFalse(kernel().isSubvolume(folder.resolve("missing")));
  }
}
