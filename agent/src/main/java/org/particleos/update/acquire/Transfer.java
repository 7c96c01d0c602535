package org.particleos.update.acquire;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.particleos.update.codec.Compression;
import org.particleos.update.codec.Decoder;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.codec.Inflow;
import org.particleos.update.codec.Stopped;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Failures;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.Resumption;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.spool.Facts;
import org.particleos.update.spool.Kind;
import org.particleos.update.spool.Spool;
import org.particleos.update.spool.SpoolEntry;

/**
 * One run of the pipeline.
 *
 * <pre>
 *   fetch ──arrived──► digest ──digested──► decompress ──unpacked──► write
 *     └─────toKeep───► keep
 * </pre>
 *
 * What an earlier run left is fetched first, chunk by chunk from the spool or the target, as far as
 * it can be believed; then the source goes on behind it. What the source sends is kept: packed
 * bytes by a stage of its own, so that the others do not wait for the disk as well, others by the
 * writing stage, once they are written. So no more than the chunks of one pool has arrived and is
 * not kept.
 *
 * <p>The first failure of any stage is the failure of the transfer. It stops the pools and belts
 * that the other stages wait at and cancels the source; what still fails after that is suppressed
 * in it.
 */
public final class Transfer {
  /** Large enough that the cost of a system call does not show. */
  public static final int CHUNK_BYTES = 1 << 20;

  /** Per pool: one in each of the stages that pass it on, and one to spare. */
  public static final int CHUNKS = 4;

  /** What the names of all threads of this package begin with. */
  static final String THREAD_PREFIX = "acquire-";

  private static final int STAGES = 5;

  /** Less than that is not worth keeping: it is what an interruption may cost anyway. */
  static final long KEPT_BYTES_MIN = 4L << 20;

  /**
   * How a transfer is kept, and may be continued.
   *
   * @param fresh what an earlier run left is not to be used
   */
  record Keeping(Spool spool, Sha256 payload, String address, boolean fresh) {}

  private interface Stage {
    void run() throws UpdateException;
  }

  /**
   * What is to go into the spool.
   *
   * @param bytes of the chunk, for this stage alone
   */
  private record Arrival(Chunk chunk, ByteBuffer bytes) {}

  private final Payload payload;
  private final Acquisition.Opener opener;
  private final Optional<Sha256> expected;
  private final Unpacking unpacking;
  private final Sink sink;
  private final boolean sync;
  private final long payloadBytesMax;
  private final Meter meter;
  private final Optional<Keeping> keeping;

  private final Arena arena = Arena.ofShared();
  private final ChunkPool packedChunks = new ChunkPool(arena, CHUNKS, CHUNK_BYTES);
  private final ChunkPool unpackedChunks = new ChunkPool(arena, CHUNKS, CHUNK_BYTES);
  private final Belt<Chunk> arrived = new Belt<>();
  private final Belt<Arrival> toKeep = new Belt<>();
  private final Belt<Chunk> digested = new Belt<>();
  private final Belt<Chunk> unpacked = new Belt<>();
  private final Cancellation stop = new Cancellation();

  // Each is written by one stage before it ends its belt, and read by stages after that.
  private Optional<Instant> lastModified = Optional.empty();
  private Optional<String> etag = Optional.empty();
  private @Nullable Sha256 digest;
  private Compression compression = Compression.NONE;

  // Set by the fetching stage before it hands over the first chunk that is to be kept.
  private @Nullable SpoolEntry entry;
  private boolean resumed;

  private @Nullable Throwable failure;

  Transfer(
      Payload payload,
      Acquisition.Opener opener,
      Optional<Sha256> expected,
      Unpacking unpacking,
      Sink sink,
      boolean sync,
      long payloadBytesMax,
      Meter meter,
      Optional<Keeping> keeping) {
    this.payload = payload;
    this.opener = opener;
    this.expected = expected;
    this.unpacking = unpacking;
    this.sink = sink;
    this.sync = sync;
    this.payloadBytesMax = payloadBytesMax;
    this.meter = meter;
    this.keeping = keeping;
    stop.onCancel(arrived::stop);
    // Not stopped: what has arrived when the rest failed is still kept.
    stop.onCancel(toKeep::end);
    stop.onCancel(digested::stop);
    stop.onCancel(unpacked::stop);
    stop.onCancel(packedChunks::stop);
    stop.onCancel(unpackedChunks::stop);
  }

  Acquired run(Cancellation cancellation) throws UpdateException {
    try (arena) {
      var stages = new CountDownLatch(STAGES);
      var threads = new ArrayList<Thread>();
      try (var _ = cancellation.onCancel(() -> fail(interrupted()))) {
        threads.add(thread("fetch", stages, this::fetch));
        threads.add(thread("keep", stages, this::keep));
        threads.add(thread("digest", stages, this::digest));
        threads.add(thread("decompress", stages, this::decompress));
        threads.add(thread("write", stages, this::write));
        threads.forEach(Thread::start);
        Failures.await(stages, () -> fail(interrupted()));
      } finally {
        threads.forEach(Failures::join);
        closeEntry();
        closeSink();
      }
      throwFailure();
      var last = meter.reportLast();
      return new Acquired(
          meter.transferredInAll(),
          last.bytesReused(),
          last.bytesWritten(),
          Optional.of(digestOfAll()),
          compression,
          lastModified,
          etag);
    }
  }

  /**
   * Platform threads: the stages compute or are inside system calls, and would only pin a virtual
   * thread's carrier.
   */
  private Thread thread(String name, CountDownLatch stages, Stage stage) {
    return Thread.ofPlatform()
        .daemon()
        .name(THREAD_PREFIX + name)
        .unstarted(() -> {
          try {
            stage.run();
          } catch (Stopped _) {
            // Whoever stopped it has said why.
          } catch (Throwable e) {
            fail(e);
          } finally {
            stages.countDown();
          }
        });
  }

  private void fail(Throwable cause) {
    synchronized (this) {
      if (failure == null) {
        failure = cause;
      } else if (!(cause instanceof UpdateException.Interrupted)) {
        // The source says that it was interrupted because it was, by the first failure.
        failure.addSuppressed(cause);
      }
    }
    stop.cancel();
  }

  /** Whether anything of an earlier run was used, which may be to blame for a wrong digest. */
  boolean resumed() {
    return resumed;
  }

  /** Before the sink, which the entry may still make durable. */
  private void closeEntry() {
    if (entry != null) {
      entry.close();
    }
  }

  private void closeSink() {
    try {
      sink.close();
    } catch (UpdateException | RuntimeException e) {
      fail(e);
    }
  }

  private void throwFailure() throws UpdateException {
    Throwable first;
    synchronized (this) {
      first = failure;
    }
    switch (first) {
      case null -> {}
      case UpdateException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("a stage broke its contract", first);
    }
  }

  // --- fetch

  private void fetch() throws UpdateException {
    long position = replay();
    if (position == 0 || position != knownLength()) {
      try (var source = opener.open(payload, resumption(position), stop)) {
        requireSameFile(source, position);
        fetch(source, position);
      }
    }
    arrived.end();
    toKeep.end();
  }

  private void fetch(ByteSource source, long from) throws UpdateException {
    meter.expect(source.totalBytes());
    lastModified = source.lastModified();
    etag = source.etag();
    long position = from;
    boolean more = true;
    while (more) {
      var chunk = packedChunks.take();
      more = fillFrom(source, chunk.bytes());
      chunk.bytes().flip();
      if (position == 0 && worthKeeping(source)) {
        beginToKeep(chunk.bytes());
      }
      position += chunk.bytes().remaining();
      checkLength(position, "is");
      if (kept(Kind.SPOOLED)) {
        toKeep.put(new Arrival(chunk, chunk.lendOnceMore()));
      }
      pass(chunk, arrived);
    }
  }

  private static boolean worthKeeping(ByteSource source) {
    return source.totalBytes().orElse(Long.MAX_VALUE) > KEPT_BYTES_MIN;
  }

  private void beginToKeep(ByteBuffer beginning) {
    if (keeping.isEmpty()) {
      return;
    }
    var kind =
        sink instanceof ContinuedSink && !unpacked(beginning) ? Kind.IN_TARGET : Kind.SPOOLED;
    var begun =
        keeping
            .get()
            .spool()
            .begin(
                keeping.get().payload(),
                kind,
                new Facts(keeping.get().address(), etag, lastModified, meter.expected()));
    begun.ifPresent(this::keepOn);
  }

  private boolean unpacked(ByteBuffer beginning) {
    return unpacking == Unpacking.DETECT && Compression.of(beginning) != Compression.NONE;
  }

  private void keepOn(SpoolEntry keptEntry) {
    entry = keptEntry;
    keptEntry.keepOn(
        sink instanceof ContinuedSink continued
            ? continued
            : () -> {
              // Only what is kept in the target depends on it.
            });
  }

  private boolean kept(Kind kind) {
    return entry != null && entry.kind() == kind;
  }

  private void keep(ByteBuffer bytes) {
    if (entry != null) {
      entry.add(bytes);
    }
  }

  // --- what an earlier run left

  /** Passes on what was left and can be believed; the number of bytes. */
  private long replay() {
    if (keeping.isEmpty() || keeping.get().fresh()) {
      return 0;
    }
    var left = keeping.get().spool().leftOf(keeping.get().payload());
    if (left.isEmpty()) {
      return 0;
    }
    entry = left.get(); // closed at the end in any case
    meter.expect(left.get().facts().lengthBytes());
    long position = 0;
    while (left.get().more()) {
      var chunk = packedChunks.take();
      if (!takeOver(left.get(), chunk, position)) {
        chunk.giveBack();
        break;
      }
      resumed = true;
      position += chunk.bytes().remaining();
      meter.reused(chunk.bytes().remaining());
      pass(chunk, arrived);
    }
    if (position == 0) {
      left.get().complete();
      left.get().close();
      entry = null;
      meter.expect(OptionalLong.empty());
      return 0;
    }
    etag = left.get().facts().etag();
    lastModified = left.get().facts().lastModified();
    keepOn(left.get());
    return position;
  }

  private boolean takeOver(SpoolEntry left, Chunk chunk, long position) {
    var bytes = chunk.bytes();
    return switch (left.kind()) {
      case SPOOLED -> left.read(bytes);
      case IN_TARGET -> {
        if (!(sink instanceof ContinuedSink target) || !readBack(target, bytes, position)) {
          yield false;
        }
        chunk.markInTarget();
        // Packed bytes are not there because they belong there, but because they were meant to.
        yield left.takeOver(bytes) && (position > 0 || !unpacked(bytes));
      }
    };
  }

  private static boolean readBack(ContinuedSink target, ByteBuffer bytes, long position) {
    try {
      target.read(bytes.limit(SpoolEntry.CHUNK_BYTES), position);
    } catch (IOException e) {
      return false; // a bad spot of the disk is written again
    }
    bytes.flip();
    return true;
  }

  /** Of the whole payload, as it was said when it was begun; -1 if it was not. */
  private long knownLength() {
    return entry == null ? -1 : entry.facts().lengthBytes().orElse(-1);
  }

  /** Names of the file's state are worth something only where they were given. */
  private Resumption resumption(long position) {
    boolean sameAddress =
        entry != null
            && keeping.map(Keeping::address).filter(entry.facts().address()::equals).isPresent();
    return position > 0 && sameAddress
        ? new Resumption(position, etag, lastModified)
        : new Resumption(position, Optional.empty(), Optional.empty());
  }

  /** A server that sends all of the file, or another one, cannot be gone on with. */
  private void requireSameFile(ByteSource source, long position) {
    if (source.firstByte() != position) {
      throw new Anew("the server has changed it, or sends it only as a whole");
    }
    long length = knownLength();
    if (position > 0 && length >= 0 && source.totalBytes().orElse(length) != length) {
      throw new Anew("the server has a file of another length there now");
    }
  }

  /** Full chunks keep the writes large and aligned. False at the end of the source. */
  private boolean fillFrom(ByteSource source, ByteBuffer bytes) throws UpdateException {
    while (bytes.hasRemaining()) {
      int length = source.read(bytes);
      if (length < 0) {
        return false;
      }
      meter.transferred(length);
    }
    return true;
  }

  private static void pass(Chunk chunk, Belt<Chunk> next) {
    if (chunk.bytes().hasRemaining()) {
      next.put(chunk);
    } else {
      chunk.giveBack();
    }
  }

  // --- keep

  /** What would not fit into the pool has not arrived, so this is never far behind. */
  private void keep() {
    for (var next = toKeep.take(); next.isPresent(); next = toKeep.take()) {
      keep(next.get().bytes());
      next.get().chunk().giveBack();
    }
  }

  // --- digest

  private void digest() {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    for (var next = arrived.take(); next.isPresent(); next = arrived.take()) {
      var chunk = next.get();
      sha256.update(chunk.bytes().duplicate());
      digested.put(chunk);
    }
    digest = Sha256.of(sha256.digest());
    digested.end();
  }

  // --- decompress

  private void decompress() throws UpdateException {
    Optional<CorruptPayload> corruption = Optional.empty();
    try (var packed = new DigestedInflow()) {
      try {
        unpack(packed);
      } catch (CorruptPayload e) {
        corruption = Optional.of(e);
      }
      if (corruption.isPresent() && expected.isEmpty()) {
        throw corrupt(corruption.get());
      }
      // The rest is not unpacked, but it decides the digest.
      while (packed.next().isPresent()) {
        if (corruption.isEmpty()) {
          corruption = Optional.of(new CorruptPayload("something follows its end"));
        }
      }
    }
    judge(corruption);
    unpacked.end();
  }

  private void unpack(DigestedInflow packed) throws UpdateException, CorruptPayload {
    compression = unpacking == Unpacking.AS_IS ? Compression.NONE : packed.compression();
    if (compression == Compression.NONE) {
      for (var next = packed.take(); next.isPresent(); next = packed.take()) {
        unpacked.put(next.get());
      }
      return;
    }
    try (var decoder = Decoder.of(compression, packed)) {
      long length = 0;
      boolean more = true;
      while (more) {
        var chunk = unpackedChunks.take();
        decoder.fill(chunk.bytes());
        more = !chunk.bytes().hasRemaining();
        length += chunk.bytes().flip().remaining();
        checkLength(length, "unpacks to");
        pass(chunk, unpacked);
      }
    }
  }

  /** Decides about the whole payload once it was read; the sink finishes only after that. */
  private void judge(Optional<CorruptPayload> corruption) throws UpdateException {
    var actual = digestOfAll();
    if (expected.isPresent() && !expected.get().equals(actual)) {
      var mismatch =
          UpdateException.because(
                  Reason.DIGEST_MISMATCH, "refused " + name() + ": it is not what was signed")
              .found("SHA-256 is " + actual + ", expected " + expected.get())
              .remedy("try again later; if it stays, the server sends another file than it signed")
              .notTrusted();
      corruption.ifPresent(mismatch::addSuppressed);
      throw mismatch;
    }
    if (corruption.isPresent()) {
      throw corrupt(corruption.get());
    }
  }

  private UpdateException corrupt(CorruptPayload corruption) {
    return UpdateException.because(
            Reason.PAYLOAD_CORRUPT, "refused " + name() + ": it cannot be unpacked")
        .found(compression + ": " + corruption.getMessage())
        .remedy("the file was published like that; tell its publisher")
        .cause(corruption)
        .notTrusted();
  }

  private void checkLength(long length, String verb) throws UpdateException {
    if (length > payloadBytesMax) {
      throw UpdateException.because(
              Reason.PAYLOAD_TOO_LARGE,
              "refused " + name() + ": it " + verb + " more than " + payloadBytesMax + " bytes")
          .remedy("the file was published like that; tell its publisher")
          .notTrusted();
    }
  }

  /** What comes from the digest stage, and gives every chunk back when the next one is due. */
  private final class DigestedInflow implements Inflow, AutoCloseable {
    private Optional<Chunk> lent = Optional.empty();
    private Optional<Chunk> ahead = Optional.empty();
    private boolean looked;

    /** Looks at the beginning without taking it. */
    Compression compression() {
      ahead = digested.take();
      looked = true;
      return ahead.map(chunk -> Compression.of(chunk.bytes())).orElse(Compression.NONE);
    }

    /** The next chunk, for the caller to give back. */
    Optional<Chunk> take() {
      if (looked) {
        looked = false;
        return ahead;
      }
      return digested.take();
    }

    @Override
    public Optional<ByteBuffer> next() {
      close();
      lent = take();
      return lent.map(Chunk::bytes);
    }

    @Override
    public void close() {
      lent.ifPresent(Chunk::giveBack);
      lent = Optional.empty();
    }
  }

  // --- write

  private void write() throws UpdateException {
    for (var next = unpacked.take(); next.isPresent(); next = unpacked.take()) {
      var chunk = next.get();
      if (chunk.inTarget() && sink instanceof ContinuedSink target) {
        target.passOver(chunk.bytes().remaining());
      } else {
        write(chunk.bytes());
      }
      chunk.giveBack();
    }
    sink.cameFrom(new Origin(payload, lastModified, etag));
    sink.finish(sync);
    if (entry != null) {
      entry.complete();
    }
  }

  private void write(ByteBuffer bytes) throws UpdateException {
    var written = bytes.duplicate();
    sink.write(bytes);
    meter.written(written.remaining());
    if (kept(Kind.IN_TARGET)) {
      keep(written);
    }
  }

  private Sha256 digestOfAll() {
    var result = digest;
    if (result == null) {
      throw new IllegalStateException("the digest is known only at the end");
    }
    return result;
  }

  private UpdateException interrupted() {
    return Failures.interrupted("transferring " + name());
  }

  private String name() {
    return switch (payload) {
      case Payload.Url(var uri) -> Quote.quote(uri.toString());
      case Payload.LocalFile(var path) -> Quote.quote(path.toString());
    };
  }
}
