package org.particleos.update.acquire;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Failures;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.Resumption;

/** A server with one file, which knows ranges and names the state of the file. */
final class FakeServer implements Acquisition.Opener {
  private byte[] file;
  private String etag = "\"one\"";
  private boolean rangesKnown = true;
  private boolean lengthSaid = true;
  private boolean stateIgnored;
  private long cutAt = Long.MAX_VALUE;
  private boolean stalling;
  private Runnable afterRead = () -> {};
  private Runnable whenStopped = () -> {};
  private List<byte[]> mirrors = new ArrayList<>();
  private final List<Long> offsets = new ArrayList<>();
  private long delivered;
  final CountDownLatch stalled = new CountDownLatch(1);

  FakeServer(byte[] file) {
    this.file = file;
  }

  // ---- What the server is like ----

  FakeServer withoutRanges() {
    rangesKnown = false;
    return this;
  }

  FakeServer withoutLength() {
    lengthSaid = false;
    return this;
  }

  /** Sends the rest even where another file was begun. */
  FakeServer ignoringState() {
    stateIgnored = true;
    return this;
  }

  /** The connection breaks before this byte of the file. */
  FakeServer cutAt(long position) {
    cutAt = position;
    return this;
  }

  /** Nothing comes from this byte of the file on, until somebody gives up. */
  FakeServer stallingAt(long position) {
    cutAt = position;
    stalling = true;
    return this;
  }

  FakeServer afterEachRead(Runnable action) {
    afterRead = action;
    return this;
  }

  /** What is done when a transfer gives up, after its own stages were told. */
  FakeServer whenStopped(Runnable action) {
    whenStopped = action;
    return this;
  }

  FakeServer healed() {
    cutAt = Long.MAX_VALUE;
    stalling = false;
    return this;
  }

  FakeServer serving(byte[] newFile, String newEtag) {
    file = newFile;
    etag = newEtag;
    return this;
  }

  /** Whoever distrusts what came is sent this from then on. */
  FakeServer mirror(byte[] other) {
    mirrors.add(other);
    return this;
  }

  Acquisition acquisition(boolean sync) {
    return new Acquisition(this, sync, HttpLimits.PAYLOAD_BYTES_MAX, System::nanoTime);
  }

  // ---- What it saw ----

  /** First bytes that were asked for, one for each request. */
  synchronized List<Long> offsets() {
    return List.copyOf(offsets);
  }

  /** Bytes that arrived, of all requests. */
  synchronized long delivered() {
    return delivered;
  }

  synchronized void forgetWhatItSaw() {
    offsets.clear();
    delivered = 0;
  }

  @Override
  public synchronized ByteSource open(Payload payload, Resumption from, Cancellation cancellation)
      throws UpdateException {
    offsets.add(from.offsetBytes());
    cancellation.onCancel(whenStopped);
    long offset = from.offsetBytes();
    boolean same = stateIgnored || from.etag().filter(tag -> !tag.equals(etag)).isEmpty();
    if (!rangesKnown || !same) {
      offset = 0;
    }
    if (offset > file.length) {
      throw UpdateException.because(Reason.RANGE_BEYOND_END, "no such range").unreachable();
    }
    return new Body(file, offset, cancellation);
  }

  @Override
  public synchronized boolean distrust(Payload payload) {
    if (mirrors.isEmpty()) {
      return false;
    }
    file = mirrors.removeFirst();
    return true;
  }

  private final class Body implements ByteSource {
    private final byte[] bytes;
    private final long first;
    private final Cancellation cancellation;
    private long position;

    Body(byte[] bytes, long first, Cancellation cancellation) {
      this.bytes = bytes;
      this.first = first;
      this.cancellation = cancellation;
      this.position = first;
    }

    @Override
    public int read(ByteBuffer direct) throws UpdateException {
      if (cancellation.cancelled()) {
        throw Failures.interrupted("reading the fake");
      }
      if (position >= cutAt) {
        if (stalling) {
          stall();
        }
        throw UpdateException.because(Reason.BODY_TRUNCATED, "cut as the test wants").unreachable();
      }
      long end = Math.min(bytes.length, cutAt);
      int length = (int) Math.min(Math.min(64 << 10, direct.remaining()), end - position);
      if (length == 0) {
        return -1;
      }
      direct.put(bytes, (int) position, length);
      position += length;
      synchronized (FakeServer.this) {
        delivered += length;
      }
      afterRead.run();
      return length;
    }

    private void stall() throws UpdateException {
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
    public long firstByte() {
      return first;
    }

    @Override
    public OptionalLong lengthBytes() {
      return lengthSaid ? OptionalLong.of(bytes.length - first) : OptionalLong.empty();
    }

    @Override
    public OptionalLong totalBytes() {
      return lengthSaid ? OptionalLong.of(bytes.length) : OptionalLong.empty();
    }

    @Override
    public Optional<Instant> lastModified() {
      return Optional.of(Instant.EPOCH);
    }

    @Override
    public Optional<String> etag() {
      return Optional.of(etag);
    }

    @Override
    public void close() {}
  }
}
