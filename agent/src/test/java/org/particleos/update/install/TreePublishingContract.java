package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.linux.TreeRemoval;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Step.TargetPaths;
import org.particleos.update.version.Version;

/** The publishing of directory trees where there are flags and subvolumes. */
abstract class TreePublishingContract {
  private static final InstanceMetadata PLAIN = InstanceMetadata.of(new Version("2"));

  abstract Kernel kernel();

  abstract Path base();

  /** What is published. */
  enum Kind {
    FILE,
    DIRECTORY,
    SUBVOLUME
  }

  private static IOException powerCut() {
    return new IOException("power cut");
  }

  private TargetPaths paths() {
    return new TargetPaths(base(), base().resolve("os_2"));
  }

  private void make(Kind kind, Path path, String content) throws IOException {
    switch (kind) {
      case FILE -> Files.writeString(path, content);
      case DIRECTORY -> {
        Files.createDirectories(path.resolve("usr"));
        Files.writeString(path.resolve("usr/content"), content);
      }
      case SUBVOLUME -> {
        kernel().makeSubvolume(path);
        Files.createDirectories(path.resolve("usr"));
        Files.writeString(path.resolve("usr/content"), content);
      }
    }
  }

  private static Optional<String> content(Path path) throws IOException {
    Path inner = path.resolve("usr/content");
    if (Files.isRegularFile(path)) {
      return Optional.of(Files.readString(path));
    }
    return Files.exists(inner) ? Optional.of(Files.readString(inner)) : Optional.empty();
  }

  private boolean marked(Path path) throws IOException {
    if (kernel().isSubvolume(path)) {
      return kernel().subvolumeReadOnly(path);
    }
    var status = kernel().status(path).orElseThrow();
    return status.kind() == FileKind.DIRECTORY
        ? kernel().inodeFlags(path).contains(InodeFlag.IMMUTABLE)
        : (status.mode() & 0222) == 0;
  }

  private static void install(Kernel kernel, TargetPaths paths) throws UpdateException {
    var publisher = new FilePublisher(kernel);
    publisher.markPending(paths, PLAIN.withReadOnly(true));
    assertEquals(Optional.empty(), publisher.publish(paths, true));
  }

  private void clear() throws IOException {
    for (String name : kernel().list(base())) {
      TreeRemoval.remove(kernel(), base().resolve(name));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsPublishedReadOnlyIsMarkedAfterItsLastRename(Kind kind) throws Exception {
    make(kind, paths().partial(), "two");

    install(kernel(), paths());

    assertEquals(Optional.of("two"), content(paths().installed()));
    assertTrue(marked(paths().installed()));
    assertEquals(List.of("os_2"), kernel().list(base()));
  }

  @ParameterizedTest
  @EnumSource
  void withoutTheWishNothingIsMarked(Kind kind) throws Exception {
    make(kind, paths().partial(), "two");
    var publisher = new FilePublisher(kernel());

    publisher.markPending(paths(), PLAIN);
    publisher.publish(paths(), false);

    assertFalse(marked(paths().installed()));
  }

  @Test
  void theTopDirectoryGetsModeAndTimeAndTheBarrierIsSyncfs() throws Exception {
    make(Kind.DIRECTORY, paths().partial(), "two");
    var recording = FailingKernel.recording(kernel());

    new FilePublisher(recording)
        .markPending(
            paths(),
            PLAIN.withMode(0750).withMtimeMicros(1_500_000_000_123_456L).withReadOnly(true));

    var status = kernel().status(paths().pending()).orElseThrow();
    assertEquals(0750, status.mode());
    assertEquals(1_500_000_000_123_456L, status.mtimeMicros());
    assertFalse(marked(paths().pending()), "it could not be renamed any more");
    assertEquals(
        List.of("changeMode", "changeTimes", "syncFileSystem", "rename", "syncDirectory"),
        recording.operations().stream().map(FailingKernel.Operation::name).toList());
  }

  @Test
  void aLinkIsNotPublishedAndItsTargetKeepsItsTime() throws Exception {
    Path outside = Files.createDirectory(base().resolve("outside"));
    long before = kernel().status(outside).orElseThrow().mtimeNanos();
    Files.createSymbolicLink(paths().partial(), outside);

    assertThrows(
        UpdateException.class,
        () -> new FilePublisher(kernel()).markPending(paths(), PLAIN.withMtimeMicros(1)));

    assertEquals(before, kernel().status(outside).orElseThrow().mtimeNanos());
  }

  /** Every kind replaces every kind, whatever is marked, and whenever the power is cut. */
  @TestFactory
  Stream<DynamicTest> losingPowerLeavesTheOldOrTheNewAndTheNextRunFinishes() {
    return Stream.of(Kind.values())
        .flatMap(old ->
            Stream.of(Kind.values())
                .map(next ->
                    DynamicTest.dynamicTest(
                        next + " over " + old, () -> sweepReplacement(old, next))));
  }

  private void sweepReplacement(Kind old, Kind next) throws Exception {
    var rehearsal = FailingKernel.recording(kernel());
    prepareReplacement(old, next);
    install(rehearsal, paths());
    int operations = rehearsal.operations().size();
    assertEquals(Optional.of("two"), content(paths().installed()));
    clear();

    for (int step = 0; step < operations; step++) {
      String where = next + " over " + old + ", power cut before operation " + step;
      prepareReplacement(old, next);
      var failing = new FailingKernel(kernel(), step, TreePublishingContract::powerCut);

      assertThrows(UpdateException.class, () -> install(failing, paths()), where);

      Optional<String> left = content(paths().installed());
      assertTrue(Set.of("one", "two").contains(left.orElse("nothing")), where + ": " + left);
      Optional<String> pending = content(paths().pending());
      assertTrue(pending.isEmpty() || pending.get().equals("two"), where + ": " + pending);
      nextRun(next);
      assertEquals(Optional.of("two"), content(paths().installed()), where);
      assertTrue(marked(paths().installed()), where);
      assertEquals(List.of("os_2"), kernel().list(base()), where);
      clear();
    }
  }

  private void prepareReplacement(Kind old, Kind next) throws Exception {
    make(old, paths().partial(), "one");
    install(kernel(), paths());
    make(next, paths().partial(), "two");
  }

  /** As the engine does: sweep, install what is pending, else fetch again; and mark. */
  private void nextRun(Kind kind) throws Exception {
    var publisher = new FilePublisher(kernel());
    publisher.sweep(base());
    if (kernel().status(paths().pending()).isPresent()) {
      publisher.publish(paths(), true);
    } else if (!content(paths().installed()).equals(Optional.of("two"))) {
      publisher.discardPartial(paths());
      make(kind, paths().partial(), "two");
      install(kernel(), paths());
    }
    assertEquals(Optional.empty(), publisher.ensureReadOnly(paths().installed()));
  }

  @TestFactory
  Stream<DynamicTest> losingPowerDuringARemovalLeavesAllOrNothingUnderTheName() {
    return Stream.of(Kind.values())
        .map(kind -> DynamicTest.dynamicTest("removing a " + kind, () -> sweepRemoval(kind)));
  }

  private void sweepRemoval(Kind kind) throws Exception {
    make(kind, paths().partial(), "one");
    install(kernel(), paths());
    var rehearsal = FailingKernel.recording(kernel());
    new FilePublisher(rehearsal).remove(paths().installed(), base());
    int operations = rehearsal.operations().size();
    assertEquals(List.of(), kernel().list(base()));

    IntStream.range(0, operations)
        .forEach(step -> {
          try {
            make(kind, paths().partial(), "one");
            install(kernel(), paths());
            var failing =
                new FilePublisher(
                    new FailingKernel(kernel(), step, TreePublishingContract::powerCut));
            assertThrows(UpdateException.class, () -> failing.remove(paths().installed(), base()));

            boolean there = kernel().status(paths().installed()).isPresent();
            assertEquals(there, content(paths().installed()).isPresent(), "step " + step);
            var publisher = new FilePublisher(kernel());
            publisher.sweep(base());
            publisher.remove(paths().installed(), base());
            assertEquals(List.of(), kernel().list(base()), "step " + step);
          } catch (IOException | UpdateException e) {
            throw new AssertionError("step " + step, e);
          }
        });
  }

  @Test
  void aPendingTreeIsNotHalfRemovedUnderItsName() throws Exception {
    make(Kind.DIRECTORY, paths().pending(), "two");
    var recording = FailingKernel.recording(kernel());

    new FilePublisher(recording).remove(paths().pending(), base());

    assertEquals("rename", recording.operations().getFirst().name());
    assertEquals(List.of(), kernel().list(base()));
  }

  @Test
  void anExchangeThatFailsLeavesTheTreePending() throws Exception {
    make(Kind.DIRECTORY, paths().installed(), "one");
    make(Kind.DIRECTORY, paths().pending(), "two");
    var without =
        new DelegatingKernel(kernel()) {
          @Override
          public void exchange(Path one, Path other) throws IOException {
            throw new IOException("no exchange on this file system");
          }
        };

    assertThrows(UpdateException.class, () -> new FilePublisher(without).publish(paths(), false));

    assertEquals(Optional.of("one"), content(paths().installed()));
    assertEquals(Optional.of("two"), content(paths().pending()));
    assertFalse(Files.exists(paths().partial()));
  }

  @Test
  void discardingWhatIsPartialTakesNothingElse() throws Exception {
    make(Kind.SUBVOLUME, paths().partial(), "half");
    kernel().changeSubvolumeReadOnly(paths().partial(), true);
    make(Kind.DIRECTORY, paths().pending(), "two");
    var publisher = new FilePublisher(kernel());

    publisher.discardPartial(paths());
    publisher.discardPartial(paths());

    assertEquals(List.of(".sysupdate.pending.os_2"), kernel().list(base()));
  }
}
