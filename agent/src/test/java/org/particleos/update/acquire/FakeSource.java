package org.particleos.update.acquire;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Failures;
import org.particleos.update.fetch.HttpLimits;

/** A source in memory: optionally in small pieces, and stalling after some bytes. */
public final class FakeSource implements ByteSource {
  final AtomicLong delivered = new AtomicLong();
  final AtomicBoolean closed = new AtomicBoolean();

  /** Open once the source has begun to stall. */
  final CountDownLatch stalled = new CountDownLatch(1);

  private final byte[] bytes;
  private int piece = Integer.MAX_VALUE;
  private int stallAt = Integer.MAX_VALUE;
  private Cancellation cancellation = new Cancellation();
  private Runnable afterRead = () -> {};

  public FakeSource(byte[] bytes) {
    this.bytes = bytes;
  }

  FakeSource inPiecesOf(int length) {
    piece = length;
    return this;
  }

  FakeSource stallingAt(int position) {
    stallAt = position;
    return this;
  }

  FakeSource afterEachRead(Runnable action) {
    afterRead = action;
    return this;
  }

  /** Takes every payload from here. */
  public Acquisition acquisition() {
    return new Acquisition(opener(), true, HttpLimits.PAYLOAD_BYTES_MAX, System::nanoTime);
  }

  Acquisition.Opener opener() {
    return (_, _, stop) -> {
      cancellation = stop;
      return this;
    };
  }

  @Override
  public int read(ByteBuffer direct) throws UpdateException {
    int position = (int) delivered.get();
    if (position >= stallAt) {
      stallUntilCancelled();
    }
    if (position == bytes.length) {
      return -1;
    }
    int length = Math.min(Math.min(piece, direct.remaining()), bytes.length - position);
    length = Math.min(length, Math.max(stallAt - position, 1));
    direct.put(bytes, position, length);
    delivered.addAndGet(length);
    afterRead.run();
    return length;
  }

  private void stallUntilCancelled() throws UpdateException {
    var woken = new CountDownLatch(1);
    try (var _ = cancellation.onCancel(woken::countDown)) {
      stalled.countDown();
      woken.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    throw Failures.interrupted("reading the fake");
  }

  @Override
  public OptionalLong lengthBytes() {
    return OptionalLong.of(bytes.length);
  }

  @Override
  public Optional<Instant> lastModified() {
    return Optional.of(Instant.EPOCH);
  }

  @Override
  public Optional<String> etag() {
    return Optional.empty();
  }

  @Override
  public void close() {
    closed.set(true);
  }
}
