package org.particleos.update.verity;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Digests all blocks of an extent, on several processors at once. Memory is the same whatever the
 * length: one buffer of {@value #BATCH_BYTES} bytes and the digests of its blocks for each thread.
 */
public final class BlockDigests {
  /** Large enough that the cost of a system call does not show, and for disks to be fast. */
  static final int BATCH_BYTES = 1 << 20;

  /** More would wait for the disk. */
  private static final int THREADS_MAX = 4;

  /** A disk with more of them is failing as a whole, and each may take seconds. */
  static final int UNREADABLE_MAX = 256;

  private static final long PROGRESS_MILLIS = 100;

  private final Extent extent;
  private final long blocks;
  private final int blockBytes;
  private final HashAlgorithm algorithm;
  private final Salt salt;
  private final Visitor visitor;

  private final int batchBlocks;
  private final AtomicLong nextBatch = new AtomicLong();
  private final AtomicLong bytesDigested = new AtomicLong();
  private final AtomicInteger unreadableBlocks = new AtomicInteger();
  private volatile boolean stopped;
  private @Nullable Throwable failure;

  /**
   * Digests of neighbouring blocks.
   *
   * @param first number of the first block
   * @param digests one behind the other; overwritten after the visit
   * @param unreadable which of the blocks, counted from the first, the disk could not read; their
   *     digests mean nothing
   */
  public record Batch(long first, int count, ByteBuffer digests, BitSet unreadable) {}

  /** Takes batches, of several threads at once and in no particular order. */
  public interface Visitor {
    void visit(Batch batch) throws IOException;
  }

  private BlockDigests(
      Extent extent,
      long blocks,
      int blockBytes,
      HashAlgorithm algorithm,
      Salt salt,
      Visitor visitor) {
    this.extent = extent;
    this.blocks = blocks;
    this.blockBytes = blockBytes;
    this.algorithm = algorithm;
    this.salt = salt;
    this.visitor = visitor;
    this.batchBlocks = BATCH_BYTES / blockBytes;
  }

  /**
   * Digests the first blocks of an extent and returns when every batch was visited. All threads
   * have ended by then, also when it fails.
   *
   * @throws InterruptedIOException if the watch or an interrupt ended it
   * @throws IOException if more than {@value #UNREADABLE_MAX} blocks cannot be read, or the visitor
   *     failed
   */
  public static void visitAll(
      Extent extent,
      long blocks,
      int blockBytes,
      HashAlgorithm algorithm,
      Salt salt,
      Watch watch,
      Visitor visitor)
      throws IOException {
    new BlockDigests(extent, blocks, blockBytes, algorithm, salt, visitor).run(watch);
  }

  private void run(Watch watch) throws IOException {
    long batches = Math.ceilDiv(blocks, batchBlocks);
    int count =
        (int) Math.min(batches, Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors()));
    var ended = new CountDownLatch(count);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name("verity-" + i)
              .start(() -> {
                try {
                  work();
                } catch (Throwable e) {
                  fail(e);
                } finally {
                  ended.countDown();
                }
              }));
    }
    boolean interrupted = false;
    try {
      while (!ended.await(PROGRESS_MILLIS, TimeUnit.MILLISECONDS)) {
        if (watch.stopped()) {
          stopped = true;
        }
        watch.digested(bytesDigested.get());
      }
    } catch (InterruptedException _) {
      interrupted = true;
    } finally {
      stopped = true;
      threads.forEach(BlockDigests::join);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    throwFailure();
    if (interrupted || watch.stopped()) {
      throw new InterruptedIOException("stopped");
    }
    watch.digested(bytesDigested.get());
  }

  /** Waits for the end of a thread that was told to end, and keeps an interrupt for later. */
  private static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void fail(Throwable cause) {
    if (failure == null) {
      failure = cause;
    } else {
      failure.addSuppressed(cause);
    }
    stopped = true;
  }

  private synchronized void throwFailure() throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("a thread broke its contract", failure);
    }
  }

  private void work() throws IOException {
    var digest = new SaltedDigest(algorithm, salt);
    byte[] digests = new byte[batchBlocks * algorithm.digestBytes()];
    try (var arena = Arena.ofConfined()) {
      var buffer = Extent.buffer(arena, BATCH_BYTES);
      while (!stopped) {
        long first = nextBatch.getAndIncrement() * batchBlocks;
        if (first >= blocks) {
          return;
        }
        int count = (int) Math.min(batchBlocks, blocks - first);
        var unreadable = digest(first, count, buffer, digest, digests);
        visitor.visit(
            new Batch(
                first,
                count,
                ByteBuffer.wrap(digests, 0, count * algorithm.digestBytes()).slice(),
                unreadable));
        bytesDigested.addAndGet((long) count * blockBytes);
      }
    }
  }

  private BitSet digest(
      long first, int count, ByteBuffer buffer, SaltedDigest digest, byte[] digests)
      throws IOException {
    var unreadable = new BitSet();
    ByteBuffer bytes;
    try {
      bytes = extent.read(buffer, first * blockBytes, count * blockBytes);
    } catch (IOException _) {
      // Some part of it cannot be read: find out which.
      digestEach(first, count, buffer, digest, digests, unreadable);
      return unreadable;
    }
    int start = bytes.position();
    for (int i = 0; i < count; i++) {
      bytes.limit(start + (i + 1) * blockBytes);
      digest.digest(bytes, digests, i * algorithm.digestBytes());
    }
    return unreadable;
  }

  private void digestEach(
      long first,
      int count,
      ByteBuffer buffer,
      SaltedDigest digest,
      byte[] digests,
      BitSet unreadable)
      throws IOException {
    for (int i = 0; i < count && !stopped; i++) {
      try {
        digest.digest(
            extent.read(buffer, (first + i) * blockBytes, blockBytes),
            digests,
            i * algorithm.digestBytes());
      } catch (IOException e) {
        if (unreadableBlocks.incrementAndGet() > UNREADABLE_MAX) {
          throw e;
        }
        unreadable.set(i);
      }
    }
  }
}
