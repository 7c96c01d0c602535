package org.particleos.update.acquire;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.LocalSource;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.Resumption;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.spool.Spool;

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
  /** Opens a payload for one attempt; the seam for mirrored and delta downloads. */
  @FunctionalInterface
  interface Opener {
    /** Opens it where the resumption says, or at its first byte if that is impossible. */
    ByteSource open(Payload payload, Resumption resumption, Cancellation cancellation)
        throws UpdateException;

    /** Told that this came with a wrong digest; true if the next attempt has another source. */
    default boolean distrust(Payload payload) {
      return false;
    }
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
    this(new Servers(http), sync, HttpLimits.PAYLOAD_BYTES_MAX, System::nanoTime);
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
    return transfer(payload, expected, unpacking, sink, meter, Optional.empty()).run(cancellation);
  }

  private Transfer transfer(
      Payload payload,
      Optional<Sha256> expected,
      Unpacking unpacking,
      Sink sink,
      Meter meter,
      Optional<Transfer.Keeping> keeping) {
    return new Transfer(
        payload, opener, expected, unpacking, sink, sync, payloadBytesMax, meter, keeping);
  }

  /**
   * Transfers a payload whose digest is known, and goes on where an earlier run stopped. What
   * arrives from a server is kept in the spool or, not packed, in the target, until the caller
   * tells the spool to forget it: after it has marked the target as complete. Otherwise as {@link
   * #run(Payload, Optional, Unpacking, Sink, Progress, Cancellation)}.
   *
   * <p>The digest over all of it decides. If it is wrong, nothing is kept, and what was continued
   * is transferred once more from its first byte, before anybody is blamed; then once more from
   * another mirror, if there is one.
   */
  public Acquired run(
      Payload payload,
      Sha256 expected,
      Unpacking unpacking,
      Destination destination,
      Spool spool,
      Progress progress,
      Cancellation cancellation)
      throws UpdateException {
    var meter = new Meter(progress, nanoClock);
    var address = addressOfServer(payload);
    boolean fresh = false;
    boolean distrusted = false;
    while (true) {
      var mode = fresh;
      var keeping = address.map(text -> new Transfer.Keeping(spool, expected, text, mode));
      var transfer =
          transfer(payload, Optional.of(expected), unpacking, destination.open(), meter, keeping);
      try {
        return transfer.run(cancellation);
      } catch (Anew anew) {
        spool.remark(
            false, anew(payload) + ": " + anew.getMessage() + "; what was kept is of no use");
      } catch (UpdateException.Unreachable e) {
        if (!transfer.resumed() || !otherFile(e.reason())) {
          throw e;
        }
        spool.remark(false, anew(payload) + ": " + e.found().orElse(e.getMessage()));
      } catch (UpdateException.NotTrusted e) {
        spool.forget(expected);
        if (e.reason() != Reason.DIGEST_MISMATCH) {
          throw e;
        }
        if (transfer.resumed()) {
          spool.remark(false, anew(payload) + ": continued, it did not become what was signed");
        } else if (!distrusted && opener.distrust(payload)) {
          distrusted = true;
          spool.remark(
              true, anew(payload) + " from another mirror: what came was not what was signed");
        } else {
          throw e;
        }
      }
      // From here on nothing is resumed, so that each of these ways is gone once.
      spool.forget(expected);
      fresh = true;
      meter.startAnew();
    }
  }

  /** Whether the server has no rest to what was kept; the whole it may have. */
  private static boolean otherFile(Reason reason) {
    return reason == Reason.RANGE_BEYOND_END
        || reason == Reason.RANGE_WRONG
        || reason == Reason.FILE_CHANGED;
  }

  private static String anew(Payload payload) {
    String name =
        switch (payload) {
          case Payload.Url(var uri) -> uri.toString();
          case Payload.LocalFile(var path) -> path.toString();
        };
    return "fetching " + Quote.quote(name) + " begins anew";
  }

  /** What is on this machine need not be kept twice. */
  private static Optional<String> addressOfServer(Payload payload) {
    return switch (payload) {
      case Payload.Url(var uri) ->
          String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT).startsWith("http")
              ? FileSink.address(uri)
              : Optional.empty();
      case Payload.LocalFile _ -> Optional.empty();
    };
  }

  /** Servers by HTTP, and files of this machine. */
  private record Servers(HttpFetcher http) implements Opener {
    @Override
    public ByteSource open(Payload payload, Resumption resumption, Cancellation cancellation)
        throws UpdateException {
      return switch (payload) {
        case Payload.Url(var uri) -> http.open(uri, resumption, cancellation);
        case Payload.LocalFile(var path) -> new LocalSource(path, cancellation);
      };
    }

    @Override
    public boolean distrust(Payload payload) {
      return switch (payload) {
        case Payload.Url(var uri) -> http.distrust(uri);
        case Payload.LocalFile _ -> false;
      };
    }
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
              bytes, 0, bytes, Optional.empty(), Compression.NONE, modified, Optional.empty()));
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
