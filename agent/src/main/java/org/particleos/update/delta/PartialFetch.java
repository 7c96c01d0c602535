package org.particleos.update.delta;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Supplier;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.codec.ZstdFrames;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;

/**
 * Fetches the parts of a payload that hold missing blocks. Done by several threads at once, a
 * request each. A block that is not what the tree says ends it: that payload is not to be used.
 */
final class PartialFetch implements Crew.Task {
  /** How much of the plain image is taken from the source at once. */
  private static final int PLAIN_BYTES = 1 << 20;

  /** A connection that breaks is no reason to give up; one that breaks always is. */
  private static final int ATTEMPTS_MAX = 3;

  private final Enterable payload;
  private final FetchPlan plan;
  private final BlockMap map;
  private final int blockBytes;
  private final Supplier<CheckedTarget> target;
  private final Tally tally;

  PartialFetch(
      Enterable payload,
      FetchPlan plan,
      BlockMap map,
      int blockBytes,
      Supplier<CheckedTarget> target,
      Tally tally) {
    this.payload = payload;
    this.plan = plan;
    this.map = map;
    this.blockBytes = blockBytes;
    this.target = target;
    this.tally = tally;
  }

  @Override
  public void run(Cancellation stop) throws IOException, UpdateException {
    try (var arena = Arena.ofConfined();
        var pieces = pieces(arena)) {
      var to = target.get();
      for (var request = plan.next(); request.isPresent(); request = plan.next()) {
        fetch(request.get(), pieces, to, stop);
        if (stop.cancelled()) {
          return;
        }
      }
    }
  }

  private void fetch(FetchPlan.Request request, Pieces pieces, CheckedTarget to, Cancellation stop)
      throws IOException, UpdateException {
    int next = request.firstPiece();
    int failures = 0;
    while (next < request.end() && !stop.cancelled()) {
      int before = next;
      Optional<UpdateException.Unreachable> failure = Optional.empty();
      long from = payload.layout().packedStart(next);
      long end = payload.layout().packedStart(request.end());
      try (var source = payload.offer().reader().open(from, end, stop)) {
        while (next < request.end()) {
          int count = pieces.read(source, next, request.end());
          to.take(block(next), pieces.image(next, count), map::missing, this::refuse);
          next += count;
        }
      } catch (UpdateException.Unreachable e) {
        failure = Optional.of(e);
      }
      failures = next > before ? 0 : failures + 1;
      if (failure.isPresent() && (failures >= ATTEMPTS_MAX || !passing(failure.get()))) {
        throw failure.get();
      }
    }
  }

  private static boolean passing(UpdateException.Unreachable failure) {
    return switch (failure.reason()) {
      case CONNECTION_FAILED, BODY_TRUNCATED, TOO_SLOW -> true;
      default -> false;
    };
  }

  private int block(int piece) {
    return (int) (payload.layout().start(piece) / blockBytes);
  }

  private void refuse(int block) throws UpdateException {
    throw UpdateException.because(
            Reason.DIGEST_MISMATCH,
            "refused " + payload.offer().name() + ": it does not hold what its hash tree says")
        .found("block " + block + " of " + blockBytes + " bytes has another digest")
        .remedy("try again later; if it stays, tell the publisher")
        .notTrusted();
  }

  // ---- Pieces of either layout ----

  private Pieces pieces(Arena arena) {
    return switch (payload.layout()) {
      case Layout.Plain _ -> new PlainPieces(arena);
      case Layout.Frames frames -> new FramePieces(frames, arena);
    };
  }

  /** Takes pieces from a source, one behind the other. */
  private abstract static class Pieces implements AutoCloseable {
    /** Reads one or more pieces, all before {@code end}. Returns how many. */
    abstract int read(ByteSource source, int piece, int end) throws UpdateException;

    /** What was read, as it is in the image. */
    abstract ByteBuffer image(int piece, int count) throws UpdateException;

    @Override
    public abstract void close();
  }

  private void read(ByteSource source, ByteBuffer into) throws UpdateException {
    Enterable.fill(source, into, payload.offer());
    tally.fetched(into.flip().remaining());
  }

  private final class PlainPieces extends Pieces {
    private final ByteBuffer bytes;

    PlainPieces(Arena arena) {
      this.bytes = arena.allocate(PLAIN_BYTES, blockBytes).asByteBuffer();
    }

    @Override
    int read(ByteSource source, int piece, int end) throws UpdateException {
      int count = Math.min(end - piece, PLAIN_BYTES / blockBytes);
      PartialFetch.this.read(source, bytes.clear().limit(count * blockBytes));
      return count;
    }

    @Override
    ByteBuffer image(int piece, int count) {
      return bytes;
    }

    @Override
    public void close() {}
  }

  private final class FramePieces extends Pieces {
    private final Layout.Frames frames;
    private final ByteBuffer packed;
    private final ByteBuffer bytes;
    private final ZstdFrames.Unpacker unpacker = new ZstdFrames.Unpacker();

    FramePieces(Layout.Frames frames, Arena arena) {
      this.frames = frames;
      this.packed = arena.allocate(frames.table().packedBytesMax()).asByteBuffer();
      this.bytes = arena.allocate(frames.table().bytesMax(), blockBytes).asByteBuffer();
    }

    @Override
    int read(ByteSource source, int piece, int end) throws UpdateException {
      long length = frames.packedStart(piece + 1) - frames.packedStart(piece);
      PartialFetch.this.read(source, packed.clear().limit((int) length));
      return 1;
    }

    @Override
    ByteBuffer image(int piece, int count) throws UpdateException {
      long length = frames.start(piece + 1) - frames.start(piece);
      try {
        unpacker.unpack(packed, bytes.clear().limit((int) length));
      } catch (CorruptPayload e) {
        throw UpdateException.because(
                Reason.PAYLOAD_CORRUPT,
                "refused " + payload.offer().name() + ": it cannot be unpacked")
            .found("frame " + piece + ": " + e.getMessage())
            .remedy("the file was published like that; tell its publisher")
            .cause(e)
            .notTrusted();
      }
      return bytes.flip();
    }

    @Override
    public void close() {
      unpacker.close();
    }
  }
}
