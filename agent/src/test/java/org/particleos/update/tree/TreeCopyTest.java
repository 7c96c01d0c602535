package org.particleos.update.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.acquire.Progress;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.FakeKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.MountedImage;
import org.particleos.update.linux.OpenFile;

class TreeCopyTest {
  private final FakeKernel kernel = new FakeKernel();
  @TempDir private Path folder;
  private Path source;
  private Path partial;

  @BeforeEach
  void aSource() throws IOException {
    source = Files.createDirectory(folder.resolve("source"));
    partial = folder.resolve("partial");
  }

  private CopiedTree copy() throws UpdateException {
    return copy(kernel, TreeKind.DIRECTORY);
  }

  private CopiedTree copy(Kernel with, TreeKind kind) throws UpdateException {
    return copier(with).run(source, partial, kind, Progress.unwatched(), new Cancellation());
  }

  private static TreeCopy copier(Kernel with) {
    return new TreeCopy(with, TreeLimits.defaults(), true);
  }

  private static void assertSame(Kernel kernel, Path wanted, Path found) throws IOException {
    assertEquals(
        String.join("\n", Trees.listing(kernel, wanted)),
        String.join("\n", Trees.listing(kernel, found)));
  }

  @Test
  void aTreeIsCopiedWithEverythingItHas() throws Exception {
    var real = new LinuxKernel();
    source = folder.resolve("full");
    TreeSamples.make(real, source, true, 100);

    var copied = copy(real, TreeKind.DIRECTORY);

    assertEquals(List.of(), copied.warnings());
    assertSame(real, source, partial);
    assertEquals(Trees.listing(real, source).size() - 1, copied.entries());
  }

  @Test
  void holesStayHoles() throws Exception {
    var real = new LinuxKernel();
    source = folder.resolve("full");
    TreeSamples.make(real, source, false, 100);

    copy(real, TreeKind.DIRECTORY);

    for (Path tree : List.of(source, partial)) {
      try (var file = real.open(tree.resolve("usr/sparse"), Set.of(OpenFlag.READ))) {
        assertTrue(file.nextHole(0) < 1 << 20);
        assertEquals(OptionalLong.of(1 << 20), file.nextData(1 << 19));
        assertEquals(OptionalLong.empty(), file.nextData(6 << 20));
        assertEquals(12 << 20, file.sizeBytes());
      }
    }
  }

  @Test
  void aFileIsReadPieceByPieceWhereBlocksCannotBeShared() throws Exception {
    byte[] content = Bytes.noise(5, (3 << 20) + 17);
    Files.write(source.resolve("file"), content);
    var states = new ArrayList<Progress.State>();

    new TreeCopy(kernel, TreeLimits.defaults(), false, ticking())
        .run(source, partial, TreeKind.DIRECTORY, states::add, new Cancellation());

    assertEquals(Bytes.sha256(content), Bytes.sha256(Files.readAllBytes(partial.resolve("file"))));
    assertEquals(
        new Progress.State(content.length, 0, OptionalLong.empty(), content.length),
        states.getLast());
    assertTrue(states.size() > 2);
  }

  private static LongSupplier ticking() {
    var time = new AtomicLong();
    return () -> time.addAndGet(60_000_000);
  }

  @Test
  void aSocketIsLeftOutWithAWarning() throws Exception {
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(source.resolve("socket")));

      var copied = copy();

      assertEquals(1, copied.warnings().size());
      assertTrue(copied.warnings().getFirst().contains("socket"));
      assertEquals(List.of(), kernel.list(partial));
    }
  }

  @Test
  void whatIsMountedInsideIsNotCopied() throws Exception {
    Path mounted = Files.createDirectory(source.resolve("mounted"));
    Files.writeString(mounted.resolve("file"), "x");
    kernel.fileSystem(mounted, new DeviceNumber(0, 99));

    var copied = copy();

    assertEquals(1, copied.warnings().size());
    assertTrue(copied.warnings().getFirst().contains(mounted.toString()));
    assertEquals(List.of("mounted"), kernel.list(partial));
    assertEquals(List.of(), kernel.list(partial.resolve("mounted")));
  }

  @Test
  void asASymbolicLinkNothingIsCopied() throws Exception {
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, source);
    source = link;

    var failure = assertThrows(UpdateException.WriteFailed.class, this::copy);

    assertTrue(failure.found().orElseThrow().contains("no directory"));
  }

  @Test
  void symbolicLinksInsideAreNeverFollowed() throws Exception {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.writeString(outside.resolve("file"), "x");
    Files.createSymbolicLink(source.resolve("link"), outside);

    copy();

    assertEquals(outside.toString(), kernel.readLink(partial.resolve("link")));
  }

  @Test
  void aMissingSourceIsSaidToBeMissing() {
    source = folder.resolve("missing");

    var failure = assertThrows(UpdateException.Unreachable.class, this::copy);

    assertEquals(Reason.SOURCE_MISSING, failure.reason());
  }

  @Test
  void aSourceIsNotCopiedIntoItself() {
    partial = source.resolve("partial");

    assertThrows(UpdateException.Configuration.class, this::copy);

    assertFalse(Files.exists(partial));
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws Exception {
    Path file = Files.writeString(source.resolve("locked"), "x");
    var locked =
        new DelegatingKernel(kernel) {
          @Override
          public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
            if (path.equals(file)) {
              throw new LinuxException(Errno.EACCES.number(), "open", path.toString(), "denied");
            }
            return super.open(path, flags);
          }
        };

    var failure =
        assertThrows(UpdateException.NotPermitted.class, () -> copy(locked, TreeKind.DIRECTORY));

    assertTrue(String.valueOf(failure.getMessage()).contains(file.toString()));
  }

  @TestFactory
  Stream<DynamicTest> aSourceThatChangesMeanwhileIsAFailure() {
    return Stream.of(
            new Change("a file removed", path -> delete(path.resolve("b"))),
            new Change("a file written", path -> write(path.resolve("a"), "longer")),
            new Change("a file added", path -> write(path.resolve("c"), "new")))
        .map(change ->
            DynamicTest.dynamicTest(
                change.name(),
                () -> {
                  source = Files.createDirectory(folder.resolve(change.name()));
                  partial = folder.resolve(change.name() + ".partial");
                  write(source.resolve("a"), "a");
                  write(source.resolve("b"), "b");
                  var changing =
                      new DelegatingKernel(kernel) {
                        private boolean done;

                        @Override
                        public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
                          var file = super.open(path, flags);
                          if (!done && path.equals(source.resolve("a"))) {
                            done = true;
                            change.action().accept(source);
                          }
                          return file;
                        }
                      };

                  var failure =
                      assertThrows(
                          UpdateException.WriteFailed.class,
                          () -> copy(changing, TreeKind.DIRECTORY));

                  assertEquals(Reason.SOURCE_CHANGED, failure.reason());
                }));
  }

  private record Change(String name, Consumer<Path> action) {}

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void cancellingStopsWithinALargeFile() throws Exception {
    Files.write(source.resolve("file"), Bytes.noise(5, 8 << 20));
    var cancellation = new Cancellation();

    assertThrows(
        UpdateException.Interrupted.class,
        () ->
            new TreeCopy(kernel, TreeLimits.defaults(), true, ticking())
                .run(
                    source, partial, TreeKind.DIRECTORY, _ -> cancellation.cancel(), cancellation));

    assertTrue(Files.size(partial.resolve("file")) < 8 << 20);
  }

  @Test
  void cancellingBeforeTheStartCopiesNothing() {
    var cancellation = new Cancellation();
    cancellation.cancel();

    assertThrows(
        UpdateException.Interrupted.class,
        () ->
            copier(kernel)
                .run(source, partial, TreeKind.DIRECTORY, Progress.unwatched(), cancellation));

    assertFalse(Files.exists(partial));
  }

  @Test
  void aSourceBeyondTheLimitsIsRefused() throws Exception {
    Files.createDirectories(source.resolve("a/b/c"));
    Files.writeString(source.resolve("file"), "xxxx");
    for (var limits :
        List.of(new TreeLimits(3, 100, 10), new TreeLimits(9, 3, 10), new TreeLimits(9, 100, 2))) {
      var refusal =
          assertThrows(
              UpdateException.NotTrusted.class,
              () ->
                  new TreeCopy(kernel, limits, true)
                      .run(
                          source,
                          partial,
                          TreeKind.DIRECTORY,
                          Progress.unwatched(),
                          new Cancellation()));
      assertEquals(Reason.PAYLOAD_TOO_LARGE, refusal.reason());
      Trees.delete(partial);
    }

    new TreeCopy(kernel, new TreeLimits(4, 4, 3), true)
        .run(source, partial, TreeKind.DIRECTORY, Progress.unwatched(), new Cancellation());
  }

  @TestFactory
  Stream<DynamicTest> aDiskThatFailsAnywhereFailsTheCopy() throws Exception {
    Files.createDirectories(source.resolve("inner/usr"));
    Files.writeString(source.resolve("inner/usr/file"), "content");
    Files.createLink(source.resolve("inner/same"), source.resolve("inner/usr/file"));
    Files.createSymbolicLink(source.resolve("inner/link"), Path.of("target"));
    kernel.makeSpecialFile(source.resolve("inner/pipe"), FileKind.FIFO, 0600, 0);
    var rehearsal = FailingKernel.recording(new FakeKernel());
    copy(rehearsal, TreeKind.DIRECTORY);
    assertEquals(List.of("link", "pipe", "same", "usr"), kernel.list(partial));
    int operations = rehearsal.operations().size();
    Trees.delete(partial);

    return IntStream.range(0, operations)
        .mapToObj(operation ->
            DynamicTest.dynamicTest(
                "operation " + operation + " of " + operations,
                () -> {
                  var failing =
                      new FailingKernel(
                          new FakeKernel(),
                          operation,
                          () -> new LinuxException(28, "a call", "a file", "no space"));

                  assertThrows(
                      UpdateException.NoSpace.class, () -> copy(failing, TreeKind.DIRECTORY));

                  if (Files.exists(partial)) {
                    Trees.delete(partial);
                  }
                }));
  }

  // --- btrfs

  @Test
  void onBtrfsASubvolumeBecomesASnapshotWithItsInnerSubvolumesFilled(@TempDir Path images)
      throws Exception {
    var real = new LinuxKernel();
    try (var image = MountedImage.btrfs(images)) {
      source = image.root().resolve("source");
      partial = image.root().resolve("partial");
      real.makeSubvolume(source);
      Files.createDirectories(source.resolve("usr/lib"));
      Files.write(source.resolve("usr/file"), Bytes.noise(1, 100_000));
      Path inner = source.resolve("usr/lib/inner");
      real.makeSubvolume(inner);
      Files.writeString(inner.resolve("file"), "inner");
      real.makeSubvolume(inner.resolve("innermost"));
      Files.writeString(inner.resolve("innermost/file"), "innermost");
      real.changeTimes(source.resolve("usr/lib"), 1_000_000_007L);
      real.changeTimes(source, 1_000_000_008L);
      real.changeSubvolumeReadOnly(source, true);

      var copied = copy(real, TreeKind.SUBVOLUME);

      assertTrue(copied.snapshot());
      assertTrue(real.isSubvolume(partial));
      assertFalse(real.subvolumeReadOnly(partial));
      assertFalse(real.isSubvolume(partial.resolve("usr/lib/inner")));
      assertSame(real, source, partial);
    }
  }

  @Test
  void onBtrfsADirectoryBecomesASubvolumeThatSharesItsBlocks(@TempDir Path images)
      throws Exception {
    var real = new LinuxKernel();
    try (var image = MountedImage.btrfs(images)) {
      source = image.root().resolve("source");
      partial = image.root().resolve("partial");
      TreeSamples.make(real, source, true, 100);
      Files.write(source.resolve("large"), Bytes.noise(1, 60 << 20));
      real.syncFileSystem(source);
      long before = real.space(source).availableBytes();

      var copied = copy(real, TreeKind.SUBVOLUME);

      assertFalse(copied.snapshot());
      assertTrue(real.isSubvolume(partial));
      assertSame(real, source, partial);
      assertTrue(before - real.space(source).availableBytes() < 30 << 20);
    }
  }

  @Test
  void aSubvolumeOfAnotherFileSystemIsCopied(@TempDir Path images) throws Exception {
    var real = new LinuxKernel();
    try (var image = MountedImage.btrfs(images)) {
      source = image.root().resolve("source");
      real.makeSubvolume(source);
      TreeSamples.make(real, source.resolve("tree"), true, 100);

      var copied = copy(real, TreeKind.SUBVOLUME);

      assertFalse(copied.snapshot());
      // There are no subvolumes on the file system of temporary files, or it is another btrfs.
      assertEquals(List.of("same", "secret", "usr"), real.list(partial));
      assertSame(real, source.resolve("tree"), partial);
    }
  }

  @Test
  void anArchiveIsUnpackedToEveryFileSystem(@TempDir Path images) throws Exception {
    var real = new LinuxKernel();
    byte[] archive =
        new TarBytes()
            .pax(
                'x',
                "SCHILY.xattr.user.x",
                "1",
                "SCHILY.xattr.security.capability",
                TreeSamples.CAPABILITY)
            .file("usr/file", "x")
            .ended();
    for (boolean btrfs : List.of(true, false)) {
      try (var image = btrfs ? MountedImage.btrfs(images) : MountedImage.ext4(images)) {
        partial = image.root().resolve("partial");
        try (var sink = new TreeSink(real, partial, TreeKind.SUBVOLUME, TreeLimits.defaults())) {
          sink.write(ByteBuffer.allocateDirect(archive.length).put(archive).flip());
          sink.finish(true);
          assertEquals(List.of(), sink.warnings());
        }
        assertEquals(btrfs, real.isSubvolume(partial));
        assertEquals(
            List.of("security.capability", "user.x"),
            real.attributeNames(partial.resolve("usr/file")));
      }
    }
  }
}
