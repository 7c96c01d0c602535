package org.particleos.update.delta;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;

/** A payload in memory that notes what was asked of it. */
final class MemoryPayload implements RangeReader {
  private final byte[] bytes;
  private final List<String> asked = new ArrayList<>();
  private long delivered;
  private int breaks;
  private int breakAfter;
  private boolean withoutRanges;
  private Runnable beforeEach = () -> {};

  MemoryPayload(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The first so many answers of the image break after some bytes. */
  MemoryPayload breaking(int times, int after) {
    breaks = times;
    breakAfter = after;
    return this;
  }

  MemoryPayload withoutRanges() {
    withoutRanges = true;
    return this;
  }

  MemoryPayload beforeEach(Runnable action) {
    beforeEach = action;
    return this;
  }

  Offer offer() {
    return new Offer("\"payload\"", this, bytes.length, true);
  }

  synchronized long delivered() {
    return delivered;
  }

  synchronized List<String> asked() {
    return List.copyOf(asked);
  }

  @Override
  public ByteSource open(long from, long to, Cancellation cancellation) throws UpdateException {
    beforeEach.run();
    synchronized (this) {
      asked.add(from + "-" + to);
    }
    if (withoutRanges) {
      throw UpdateException.because(Reason.RANGES_UNSUPPORTED, "the server sends no parts")
          .found("HTTP status 200")
          .unreachable();
    }
    return new Part(Arrays.copyOfRange(bytes, (int) from, (int) to));
  }

  private synchronized boolean breaksNow(int position) {
    if (breaks > 0 && position >= breakAfter) {
      breaks--;
      return true;
    }
    return false;
  }

  private final class Part implements ByteSource {
    private final ByteBuffer left;

    Part(byte[] part) {
      left = ByteBuffer.wrap(part);
    }

    @Override
    public int read(ByteBuffer direct) throws UpdateException {
      if (left.capacity() > 1000 && breaksNow(left.position())) {
        throw UpdateException.because(Reason.BODY_TRUNCATED, "it broke").unreachable();
      }
      if (!left.hasRemaining()) {
        return -1;
      }
      int length = Math.min(Math.min(left.remaining(), direct.remaining()), 10_000);
      direct.put(left.slice(left.position(), length));
      left.position(left.position() + length);
      synchronized (MemoryPayload.this) {
        delivered += length;
      }
      return length;
    }

    @Override
    public OptionalLong lengthBytes() {
      return OptionalLong.of(left.capacity());
    }

    @Override
    public Optional<Instant> lastModified() {
      return Optional.empty();
    }

    @Override
    public Optional<String> etag() {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }
}
