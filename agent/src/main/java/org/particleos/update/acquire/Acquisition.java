package org.particleos.update.acquire;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.LocalSource;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.pattern.Sha256;

/**
 * Brings one payload from where it is to where it shall be: fetch, digest, decompress, write, each
 * on a thread of its own, with a fixed amount of memory outside the heap.
 *
 * <p>Nothing is promised about the target before {@link #run} has returned: the digest is known
 * only after the last byte was written. The caller marks the target as partial before and as
 * complete afterwards (update-algorithm.md 10.3, 11.1).
 *
 * <p>May be used by several threads; every run has its own threads and buffers.
 */
public final class Acquisition {
  /** Opens a payload for one run; the seam for resumed, mirrored and delta downloads. */
  @FunctionalInterface
  interface Opener {
    ByteSource open(Payload payload, Cancellation cancellation) throws UpdateException;
  }

  private final Opener opener;
  private final boolean sync;
  private final long payloadBytesMax;
  private final LongSupplier nanoClock;

  /**
   * Takes payloads from servers through {@code http}, which the caller closes, and from local
   * files.
   *
   * @param sync make every payload durable before it counts as acquired
   */
  public Acquisition(HttpFetcher http, boolean sync) {
    this(
        (payload, cancellation) ->
            switch (payload) {
              case Payload.Url(var uri) -> http.open(uri, cancellation);
              case Payload.LocalFile(var path) -> new LocalSource(path, cancellation);
            },
        sync,
        HttpLimits.PAYLOAD_BYTES_MAX,
        System::nanoTime);
  }

  /**
   * @param payloadBytesMax longest payload, before and after decompression
   */
  Acquisition(Opener opener, boolean sync, long payloadBytesMax, LongSupplier nanoClock) {
    this.opener = opener;
    this.sync = sync;
    this.payloadBytesMax = payloadBytesMax;
    this.nanoClock = nanoClock;
  }

  /** Transfers and unpacks the payload. */
  public Acquired run(
      Payload payload,
      Optional<Sha256> expected,
      Sink sink,
      Progress progress,
      Cancellation cancellation)
      throws UpdateException {
    return run(payload, expected, Unpacking.DETECT, sink, progress, cancellation);
  }

  /**
   * Transfers the payload and waits for it. The sink is closed in any case, and all threads have
   * ended when this returns.
   *
   * <p>A payload whose digest is wrong is refused as that, even if it could not be unpacked either:
   * the publisher is to blame only for bytes that it signed. An interrupt of the calling thread
   * acts like a cancellation and stays set.
   *
   * @param expected the digest that a manifest promises; without it the digest is only reported,
   *     and a local file that the sink can share is not even read
   */
  public Acquired run(
      Payload payload,
      Optional<Sha256> expected,
      Unpacking unpacking,
      Sink sink,
      Progress progress,
      Cancellation cancellation)
      throws UpdateException {
    var meter = new Meter(progress, nanoClock);
    if (expected.isEmpty()
        && payload instanceof Payload.LocalFile(var file)
        && !cancellation.cancelled()) {
      var shared = share(file, unpacking, sink, meter);
      if (shared.isPresent()) {
        return shared.get();
      }
    }
    var transfer =
        new Transfer(payload, opener, expected, unpacking, sink, sync, payloadBytesMax, meter);
    return transfer.run(cancellation);
  }

  /** Empty, with the sink still open, if the file has to be transferred. */
  private Optional<Acquired> share(Path file, Unpacking unpacking, Sink sink, Meter meter)
      throws UpdateException {
    boolean open = true;
    try {
      var whole = sink.takeWhole(file, unpacking);
      if (whole.isEmpty()) {
        open = false;
        return Optional.empty();
      }
      long bytes = whole.get().bytes();
      var modified = Optional.of(whole.get().lastModified());
      meter.expect(OptionalLong.of(bytes));
      meter.transferred(bytes);
      meter.written(bytes);
      sink.cameFrom(new Origin(new Payload.LocalFile(file), modified, Optional.empty()));
      sink.finish(sync);
      open = false;
      sink.close();
      meter.reportLast();
      return Optional.of(
          new Acquired(
              bytes, bytes, Optional.empty(), Compression.NONE, modified, Optional.empty()));
    } catch (UpdateException | RuntimeException failure) {
      if (open) {
        closeAfter(failure, sink);
      }
      throw failure;
    }
  }

  private static void closeAfter(Exception failure, Sink sink) {
    try {
      sink.close();
    } catch (UpdateException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
