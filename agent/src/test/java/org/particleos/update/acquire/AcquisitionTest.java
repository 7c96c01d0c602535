package org.particleos.update.acquire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.OwnThreads;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.RetryLimits;
import org.particleos.update.pattern.Sha256;

class AcquisitionTest {
  private static final long SEED = 42;
  private static final int MEBI = 1 << 20;
  private static final Payload ANY = new Payload.LocalFile(Path.of("/payload"));

  @AfterEach
  void noThreadIsLeftBehind() {
    assertEquals(List.of(), OwnThreads.alive());
  }

  @Test
  void aLocalFileArrivesWithItsDigestAndTime(@TempDir Path directory) throws Exception {
    byte[] payload = Bytes.image(SEED, 2 * MEBI + 5);
    Path file = Files.write(directory.resolve("image"), payload);
    var time = Instant.parse("2025-06-01T12:00:00Z");
    Files.setLastModifiedTime(file, FileTime.from(time));
    var sink = new MemorySink();

    try (var http = new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of())) {
      var acquired =
          new Acquisition(http, true)
              .run(
                  new Payload.LocalFile(file),
                  Optional.empty(),
                  sink,
                  Progress.unwatched(),
                  new Cancellation());

      assertArrayEquals(payload, sink.written());
      assertEquals(Optional.of(Bytes.sha256(payload)), acquired.digest());
      assertEquals(Optional.of(time), acquired.lastModified());
    }
  }

  @Test
  void aLocalFileThatIsMissingIsSaidToBeMissing(@TempDir Path directory) {
    var sink = new MemorySink();
    try (var http = new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of())) {
      var acquisition = new Acquisition(http, true);

      var missing = directory.resolve("missing");
      var failure =
          assertThrows(
              UpdateException.Unreachable.class,
              () ->
                  acquisition.run(
                      new Payload.LocalFile(missing),
                      Optional.empty(),
                      sink,
                      Progress.unwatched(),
                      new Cancellation()));

      assertEquals(Reason.SOURCE_MISSING, failure.reason());
      assertTrue(String.valueOf(failure.getMessage()).contains(missing.toString()));
      assertTrue(sink.closed);
    }
  }

  @Test
  void aWrongDigestIsRefusedAfterEverythingWasReadAndNeverFinished() {
    byte[] payload = Bytes.noise(SEED, 3 * MEBI);
    var source = new FakeSource(payload);
    var sink = new MemorySink();

    var refusal =
        assertThrows(
            UpdateException.NotTrusted.class,
            () -> run(source, sink, Optional.of(Bytes.sha256(new byte[0]))));

    assertEquals(Reason.DIGEST_MISMATCH, refusal.reason());
    assertTrue(refusal.found().orElseThrow().contains(Bytes.sha256(payload).hex()));
    assertEquals(payload.length, source.delivered.get());
    assertFalse(sink.finished);
    assertTrue(sink.closed);
    assertTrue(source.closed.get());
  }

  @Test
  void aWrongDigestExplainsWhyAPayloadCannotBeUnpacked() {
    byte[] packed = Bytes.pack(Compression.ZSTD, Bytes.image(SEED, 20 * MEBI));
    packed[packed.length / 100] ^= 1;
    var source = new FakeSource(packed);

    var refusal =
        assertThrows(
            UpdateException.NotTrusted.class,
            () -> run(source, new MemorySink(), Optional.of(Bytes.sha256(new byte[0]))));

    assertEquals(Reason.DIGEST_MISMATCH, refusal.reason());
    assertEquals(packed.length, source.delivered.get());
    assertEquals(1, refusal.getSuppressed().length);
  }

  @Test
  void corruptionWithoutAnExpectedDigestIsRefusedAtOnce() {
    byte[] packed = Bytes.pack(Compression.GZIP, Bytes.noise(SEED, MEBI));
    packed[packed.length / 2] ^= 1;

    var refusal =
        assertThrows(
            UpdateException.NotTrusted.class,
            () -> run(new FakeSource(packed), new MemorySink(), Optional.empty()));

    assertEquals(Reason.PAYLOAD_CORRUPT, refusal.reason());
  }

  @TestFactory
  Stream<DynamicTest> aSinkThatFailsAnywhereFailsTheTransfer() throws UpdateException {
    byte[] packed = Bytes.pack(Compression.ZSTD, Bytes.noise(SEED, 9 * MEBI));
    var rehearsal = new MemorySink();
    run(new FakeSource(packed), rehearsal, Optional.empty());

    return IntStream.range(0, rehearsal.operations)
        .mapToObj(operation ->
            DynamicTest.dynamicTest(
                "operation " + operation + " of " + rehearsal.operations,
                () -> {
                  var source = new FakeSource(packed);
                  var sink = new MemorySink().failingAt(operation);

                  var failure =
                      assertThrows(
                          UpdateException.WriteFailed.class,
                          () -> run(source, sink, Optional.of(Bytes.sha256(packed))));

                  assertEquals(0, failure.getSuppressed().length);
                  assertTrue(sink.closed);
                  assertTrue(source.closed.get());
                  assertEquals(List.of(), OwnThreads.alive());
                }));
  }

  @Test
  void aFailureToCloseDoesNotHideTheFirstFailure() {
    var twice = new FailingTwice();

    var failure =
        assertThrows(
            UpdateException.WriteFailed.class,
            () -> run(new FakeSource(new byte[10]), twice, Optional.empty()));

    assertSame(twice.first, failure);
    assertEquals(List.of(twice.second), List.of(failure.getSuppressed()));
  }

  @Test
  void aMistakeInTheProgramEndsTheTransferAsWhatItIs() {
    var mistake = new IllegalStateException("a mistake");

    var thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                acquisition(new FakeSource(new byte[MEBI]), ticking())
                    .run(
                        ANY,
                        Optional.empty(),
                        new MemorySink(),
                        _ -> {
                          throw mistake;
                        },
                        new Cancellation()));

    assertSame(mistake, thrown);
  }

  @Test
  void aSlowSinkSlowsTheSourceDownInsteadOfFillingTheMemory() throws Exception {
    byte[] payload = Bytes.noise(SEED, 40 * MEBI);
    long capacity = (long) Transfer.CHUNKS * Transfer.CHUNK_BYTES;
    var full = new CountDownLatch(1);
    var gaps = new ArrayList<Long>();
    var source = new FakeSource(payload);
    var sink = new MemorySink();
    source.afterEachRead(() -> {
      if (source.delivered.get() >= capacity) {
        full.countDown();
      }
    });
    sink.beforeEachWrite(() -> {
      await(full);
      gaps.add(source.delivered.get() - sink.written().length);
    });

    run(source, sink, Optional.empty());

    assertArrayEquals(payload, sink.written());
    assertEquals(capacity, gaps.getFirst());
    assertTrue(gaps.stream().allMatch(gap -> gap <= capacity), gaps.toString());
  }

  @Test
  void aPoolLendsOnlyWhatItHas() throws Exception {
    try (var arena = Arena.ofShared()) {
      var pool = new ChunkPool(arena, 2, 4096);
      var one = pool.take();
      pool.take();
      var third = new FutureTask<>(pool::take);
      var waiting = Thread.ofPlatform().start(third);
      while (waiting.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }

      assertFalse(third.isDone());
      one.giveBack();

      assertSame(one, third.get());
      waiting.join();
    }
  }

  @Test
  void cancellingWhileTheSourceStallsEndsTheTransfer() throws Exception {
    var source = new FakeSource(Bytes.noise(SEED, 3 * MEBI)).stallingAt(2 * MEBI + 1);
    var cancellation = new Cancellation();

    var outcome = start(source, new MemorySink(), cancellation);
    source.stalled.await();
    cancellation.cancel();

    assertEquals(Reason.INTERRUPTED, outcome.get().orElseThrow().reason());
    assertTrue(source.closed.get());
  }

  @Test
  void cancellingWhileTheSinkIsBusyEndsTheTransfer() throws Exception {
    var writing = new CountDownLatch(1);
    var cancelled = new CountDownLatch(1);
    var sink = new MemorySink();
    sink.beforeEachWrite(() -> {
      writing.countDown();
      await(cancelled);
    });
    var cancellation = new Cancellation();

    var outcome = start(new FakeSource(Bytes.noise(SEED, 20 * MEBI)), sink, cancellation);
    writing.await();
    cancellation.cancel();
    cancelled.countDown();

    assertEquals(Reason.INTERRUPTED, outcome.get().orElseThrow().reason());
    assertFalse(sink.finished);
    assertTrue(sink.closed);
    assertTrue(sink.written().length <= MEBI, "nothing new is written after a cancellation");
  }

  @Test
  void cancellingWhileUnpackingEndsTheTransfer() {
    byte[] bomb = Bytes.pack(Compression.BZIP2, new byte[64 * MEBI]);
    var cancellation = new Cancellation();
    var sink = new MemorySink().beforeEachWrite(cancellation::cancel);

    var failure =
        assertThrows(
            UpdateException.Interrupted.class,
            () ->
                acquisition(new FakeSource(bomb), System::nanoTime)
                    .run(ANY, Optional.empty(), sink, Progress.unwatched(), cancellation));

    assertEquals(Reason.INTERRUPTED, failure.reason());
    assertTrue(sink.written().length < 64 * MEBI);
  }

  @Test
  void cancellingBeforeTheStartTransfersNothing() {
    var cancellation = new Cancellation();
    cancellation.cancel();
    var sink = new MemorySink();

    assertThrows(
        UpdateException.Interrupted.class,
        () ->
            acquisition(new FakeSource(new byte[MEBI]), System::nanoTime)
                .run(ANY, Optional.empty(), sink, Progress.unwatched(), cancellation));

    assertEquals(0, sink.written().length);
    assertTrue(sink.closed);
  }

  @Test
  void interruptingTheCallerEndsTheTransferAndStaysSet() throws Exception {
    var source = new FakeSource(new byte[MEBI]).stallingAt(7);
    var outcome =
        new FutureTask<>(() -> {
          var failure =
              assertThrows(
                  UpdateException.Interrupted.class,
                  () -> run(source, new MemorySink(), Optional.empty()));
          return Thread.currentThread().isInterrupted() ? failure.reason() : Reason.BODY_TOO_LONG;
        });
    var caller = Thread.ofPlatform().start(outcome);

    source.stalled.await();
    caller.interrupt();

    assertEquals(Reason.INTERRUPTED, outcome.get());
    caller.join();
  }

  @Test
  void progressIsReportedTenTimesASecondAtMostAndOnceAtTheEnd() throws Exception {
    var states = new ArrayList<Progress.State>();
    byte[] payload = Bytes.noise(SEED, 2 * MEBI);
    // 40 reads of 52 429 bytes and 2 writes: 42 looks at a clock that goes 30 ms further each time.
    var source = new FakeSource(payload).inPiecesOf(52_429);

    acquisition(source, ticking())
        .run(ANY, Optional.empty(), new MemorySink(), states::add, new Cancellation());

    var last = states.getLast();
    assertEquals(
        new Progress.State(payload.length, 0, OptionalLong.of(payload.length), payload.length),
        last);
    assertTrue(states.size() >= 5 && states.size() <= 14, states.size() + " reports");
    for (int i = 1; i < states.size(); i++) {
      assertTrue(states.get(i).bytesTransferred() >= states.get(i - 1).bytesTransferred());
      assertTrue(states.get(i).bytesWritten() >= states.get(i - 1).bytesWritten());
    }
  }

  /** A clock that goes 30 ms further whenever somebody looks. */
  private static LongSupplier ticking() {
    var time = new AtomicLong();
    return () -> time.addAndGet(30_000_000);
  }

  private static FutureTask<Optional<UpdateException>> start(
      FakeSource source, Sink sink, Cancellation cancellation) {
    var outcome =
        new FutureTask<Optional<UpdateException>>(() -> {
          try {
            acquisition(source, System::nanoTime)
                .run(ANY, Optional.empty(), sink, Progress.unwatched(), cancellation);
            return Optional.empty();
          } catch (UpdateException e) {
            return Optional.of(e);
          }
        });
    Thread.ofPlatform().start(outcome);
    return outcome;
  }

  private static Acquired run(FakeSource source, Sink sink, Optional<Sha256> expected)
      throws UpdateException {
    return acquisition(source, System::nanoTime)
        .run(ANY, expected, sink, Progress.unwatched(), new Cancellation());
  }

  private static Acquisition acquisition(FakeSource source, LongSupplier nanoClock) {
    return new Acquisition(source.opener(), true, HttpLimits.PAYLOAD_BYTES_MAX, nanoClock);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Fails to write and then to close. */
  private static final class FailingTwice implements Sink {
    final UpdateException first =
        UpdateException.because(Reason.WRITE_FAILED, "first").writeFailed();
    final UpdateException second =
        UpdateException.because(Reason.WRITE_FAILED, "second").writeFailed();

    @Override
    public void write(ByteBuffer direct) throws UpdateException {
      throw first;
    }

    @Override
    public void finish(boolean sync) {}

    @Override
    public void close() throws UpdateException {
      throw second;
    }
  }
}
