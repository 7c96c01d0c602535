package org.particleos.update.codec;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.linux.Lzma;
import org.particleos.update.linux.LzmaBlock;
import org.particleos.update.linux.LzmaDecoder;
import org.particleos.update.linux.LzmaFailure;

/**
 * Decodes several blocks of the .xz format side by side, each on a thread of its own, while one
 * thread, the owner, gives them what is packed and takes what is unpacked, both in the order of the
 * stream.
 *
 * <p>All memory is off-heap and within one limit: what the decoders take, and segments that hold
 * what is packed or unpacked. The first block in order, the head, always gets a segment in the end,
 * since the others leave some to it; that keeps everything in motion however little memory there
 * is. Threads and memory come on need and stay until the end.
 */
final class XzBlocks implements AutoCloseable {
  static final String THREAD_NAME = "codec-xz";

  /** Small enough to share out well, and some hundredths of a second of work. */
  static final int SEGMENT_BYTES = 512 << 10;

  /** Two for what is packed, two for the head, two for the others, and some that are in hands. */
  static final int SEGMENTS_MIN = 8;

  /** More would only share the memory out between them. */
  private static final int WORKERS_MAX = 4;

  /** Kept for the head, whatever the others want. */
  private static final int SEGMENTS_OF_HEAD = 2;

  private static final int PACKED_SEGMENTS_MIN = 2;

  /** What is packed needs less room than what is unpacked. */
  private static final int PACKED_SHARE = 3;

  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final Lzma library;
  private final long memoryBytesMax;
  private final int workersMax;

  // What follows is guarded by this.
  private final List<Worker> workers = new ArrayList<>();
  private final Deque<Segment> free = new ArrayDeque<>();
  private final Deque<Job> jobs = new ArrayDeque<>();
  private int segments;
  private int packedSegments;
  private int unpackedSegments;
  private long changes;
  private boolean closed;

  /**
   * @param processors how many blocks are decoded at the same time at most
   */
  XzBlocks(Lzma library, int processors, long memoryBytesMax) {
    this.library = library;
    this.memoryBytesMax = memoryBytesMax;
    this.workersMax = Math.min(processors, WORKERS_MAX);
  }

  /** A piece of memory that can be given back alone. */
  private static final class Segment implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final ByteBuffer bytes = arena.allocate(SEGMENT_BYTES, Long.BYTES).asByteBuffer();

    ByteBuffer bytes() {
      return bytes;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** How much a block may take for its decoder. */
  static long decoderBytesMax(long memoryBytesMax) {
    return memoryBytesMax - (long) SEGMENTS_MIN * SEGMENT_BYTES;
  }

  /** A block on its way. What is public to the owner is called by the owner only. */
  final class Job {
    private final XzContainer.BlockHeader header;
    private final LzmaBlock block;
    private final int check;
    private long owed;

    // Of the owner.
    private @Nullable Segment filling;
    private @Nullable Segment draining;

    // Guarded by the blocks.
    private final Deque<Segment> packed = new ArrayDeque<>();
    private final Deque<Segment> unpacked = new ArrayDeque<>();
    private boolean fed;
    private boolean cut;
    private boolean ended;
    private @Nullable CorruptPayload corruption;
    private @Nullable Throwable broken;

    Job(XzContainer.BlockHeader header, LzmaBlock block, int check, long contentBytes) {
      this.header = header;
      this.block = block;
      this.check = check;
      this.owed = contentBytes;
    }

    /** How many bytes of the stream still belong to this block. */
    long owed() {
      return owed;
    }

    /** Takes what belongs to it and what there is room for. False if that is nothing now. */
    boolean feed(ByteBuffer piece) {
      var segment = filling;
      if (segment == null) {
        segment = takeForPacked();
        if (segment == null) {
          return false;
        }
        filling = segment;
      }
      var room = segment.bytes();
      int length = (int) Math.min(Math.min(room.remaining(), piece.remaining()), owed);
      room.put(piece.slice(piece.position(), length));
      piece.position(piece.position() + length);
      owed -= length;
      if (!room.hasRemaining() || owed == 0) {
        handOver(segment, owed == 0, false);
      }
      return true;
    }

    /** The payload ends, and something is still owed. */
    void cut() {
      handOver(filling, true, true);
    }

    private void handOver(@Nullable Segment segment, boolean last, boolean cutShort) {
      filling = null;
      synchronized (XzBlocks.this) {
        if (segment != null) {
          segment.bytes().flip();
          packed.add(segment);
        }
        fed = last;
        cut = cutShort;
        changed();
      }
    }

    /** Puts out what is there. False if that is nothing now. */
    boolean drain(ByteBuffer direct) {
      var segment = draining;
      if (segment == null) {
        synchronized (XzBlocks.this) {
          segment = unpacked.poll();
        }
        if (segment == null) {
          return false;
        }
        draining = segment;
      }
      var from = segment.bytes();
      int length = Math.min(from.remaining(), direct.remaining());
      direct.put(from.slice(from.position(), length));
      from.position(from.position() + length);
      if (!from.hasRemaining()) {
        draining = null;
        giveBackUnpacked(segment);
      }
      return true;
    }

    /** Whether nothing more comes out of it. */
    boolean ended() throws CorruptPayload {
      synchronized (XzBlocks.this) {
        if (broken != null) {
          throw new IllegalStateException("a decoder broke", broken);
        }
        if (!ended || draining != null || !unpacked.isEmpty()) {
          return false;
        }
        if (corruption != null) {
          throw corruption;
        }
        return true;
      }
    }
  }

  /** The first in order. */
  synchronized @Nullable Job head() {
    return jobs.peekFirst();
  }

  /** Takes off the head, which has ended. */
  synchronized void next() {
    jobs.removeFirst();
    changed();
  }

  /**
   * Begins with a block behind all others, if a thread and the memory for it are free. They always
   * are if there is no other, and it needs no more than {@link #decoderBytesMax}.
   *
   * @param contentBytes that follow its header
   */
  synchronized Optional<Job> begin(
      XzContainer.BlockHeader header, LzmaBlock block, int check, long contentBytes) {
    var idle = workers.stream().filter(worker -> worker.job == null).findFirst();
    if (idle.isEmpty() && workers.size() == workersMax) {
      return Optional.empty();
    }
    if (!makeRoom(block.memoryBytes(), idle)) {
      return Optional.empty();
    }
    var worker = idle.orElseGet(this::start);
    worker.heldBytes = block.memoryBytes();
    worker.job = new Job(header, block, check, contentBytes);
    jobs.add(worker.job);
    changed();
    return Optional.of(worker.job);
  }

  private Worker start() {
    var worker = new Worker();
    workers.add(worker);
    worker.thread.start();
    return worker;
  }

  /** Lets go of what lies idle, if that makes room for another decoder. */
  private boolean makeRoom(long decoderBytes, Optional<Worker> instead) {
    if (!fits(decoderBytes, instead)) {
      for (var worker : workers) {
        if (worker.job == null) {
          worker.release();
        }
      }
      if (!fits(decoderBytes, instead)) {
        return false;
      }
    }
    int most = segmentsMax(held(instead) + decoderBytes);
    while (segments > most) {
      // What is in use is below that, so that enough are free.
      free.removeFirst().close();
      segments--;
    }
    return true;
  }

  private boolean fits(long decoderBytes, Optional<Worker> instead) {
    int most = segmentsMax(held(instead) + decoderBytes);
    return most >= SEGMENTS_MIN
        && packedSegments <= packedMax(most)
        && unpackedSegments <= unpackedMax(most) - SEGMENTS_OF_HEAD;
  }

  private long held(Optional<Worker> without) {
    long all = workers.stream().mapToLong(worker -> worker.heldBytes).sum();
    return all - without.map(worker -> worker.heldBytes).orElse(0L);
  }

  private int segmentsMax(long heldBytes) {
    return (int) Math.max(0, (memoryBytesMax - heldBytes) / SEGMENT_BYTES);
  }

  private static int packedMax(int most) {
    return Math.max(PACKED_SEGMENTS_MIN, most / PACKED_SHARE);
  }

  private static int unpackedMax(int most) {
    return most - packedMax(most);
  }

  /** Null if none is due. */
  private synchronized @Nullable Segment takeForPacked() {
    if (packedSegments >= packedMax(segmentsMax(held(Optional.empty())))) {
      return null;
    }
    packedSegments++;
    return take();
  }

  private Segment take() {
    var segment = free.pollLast();
    if (segment == null) {
      segment = new Segment();
      segments++;
    }
    return segment;
  }

  private synchronized void giveBackUnpacked(Segment segment) {
    unpackedSegments--;
    giveBack(segment);
  }

  private void giveBack(Segment segment) {
    segment.bytes().clear();
    free.addLast(segment);
    changed();
  }

  private void changed() {
    changes++;
    notifyAll();
  }

  /** For {@link #awaitChange}: to be asked before looking at anything. */
  synchronized long changes() {
    return changes;
  }

  /** Waits until something is not as it was when so many changes were counted. */
  synchronized void awaitChange(long seen) {
    while (changes == seen) {
      await();
    }
  }

  /** Gives back all memory, for somebody else to take; nothing is on its way. */
  synchronized void release() {
    workers.forEach(Worker::release);
    free.forEach(Segment::close);
    segments -= free.size();
    free.clear();
  }

  // The loops around the conditions are those of the callers.
  @SuppressWarnings("WaitNotInLoop")
  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody may interrupt a decoder", e);
    }
  }

  /** Ends the threads, which may be within a block, and gives back all memory. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      changed();
    }
    for (var worker : workers) {
      worker.join();
    }
    for (var worker : workers) {
      worker.decoder.close();
    }
    // Those in use are with nobody any more.
    for (var job : jobs) {
      free.addAll(job.packed);
      free.addAll(job.unpacked);
      add(job.filling);
      add(job.draining);
    }
    workers.forEach(worker -> {
      add(worker.in);
      add(worker.out);
    });
    free.forEach(Segment::close);
    free.clear();
    jobs.clear();
    workers.clear();
  }

  private void add(@Nullable Segment segment) {
    if (segment != null) {
      free.add(segment);
    }
  }

  /** One thread and its decoder. */
  private final class Worker {
    private final LzmaDecoder decoder = library.decoder();
    private final Thread thread =
        Thread.ofPlatform().daemon().name(THREAD_NAME).unstarted(this::run);

    // Guarded by the blocks; but while there is a job, the decoder belongs to the thread.
    private @Nullable Job job;
    private long heldBytes;

    // Of the thread, and of who has waited for its end.
    private @Nullable Segment in;
    private @Nullable Segment out;

    void release() {
      decoder.release();
      heldBytes = 0;
    }

    void join() {
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

    private void run() {
      for (var next = awaitJob(); next != null; next = awaitJob()) {
        CorruptPayload corruption = null;
        Throwable broken = null;
        try {
          decode(next);
        } catch (CorruptPayload e) {
          corruption = e;
        } catch (Stopped _) {
          return;
        } catch (Throwable e) {
          broken = e;
        }
        end(next, corruption, broken);
      }
    }

    private @Nullable Job awaitJob() {
      synchronized (XzBlocks.this) {
        while (job == null && !closed) {
          await();
        }
        return closed ? null : job;
      }
    }

    private void decode(Job mine) throws CorruptPayload {
      try {
        decoder.begin(mine.header.bytes(), mine.check);
        while (!step(mine)) {}
      } catch (LzmaFailure e) {
        throw XzDecoder.corrupt(e);
      }
      if (decoder.packedBytes() != mine.block.packedBytes().orElseThrow()) {
        throw new CorruptPayload("a block is not as long as its header says");
      }
    }

    /** True at the end of the block. */
    private boolean step(Job mine) throws LzmaFailure, CorruptPayload {
      boolean last = takeIn(mine);
      var room = takeOut(mine).bytes();
      var piece = in == null ? NOTHING : in.bytes();
      int before = piece.remaining() + room.remaining();
      boolean ended = decoder.step(piece, room);
      boolean moved = piece.remaining() + room.remaining() < before;
      if (!room.hasRemaining() || ended) {
        putOut(mine);
      }
      if (ended && (piece.hasRemaining() || !last)) {
        throw new CorruptPayload("a block is not as long as its header says");
      }
      if (!ended && !moved && last) {
        throw new CorruptPayload(
            mine.cut ? "it ends inside an xz stream" : "a block is not as long as its header says");
      }
      return ended;
    }

    /** Makes sure that there is something to take in; true if that is the last of the block. */
    private boolean takeIn(Job mine) {
      synchronized (XzBlocks.this) {
        if (in != null && !in.bytes().hasRemaining()) {
          packedSegments--;
          giveBack(in);
          in = null;
        }
        while (in == null && mine.packed.isEmpty() && !mine.fed && !closed) {
          await();
        }
        if (closed) {
          throw new Stopped();
        }
        if (in == null) {
          in = mine.packed.poll();
        }
        return mine.fed && mine.packed.isEmpty();
      }
    }

    private Segment takeOut(Job mine) {
      synchronized (XzBlocks.this) {
        while (out == null && !closed && !mayTakeOut(mine)) {
          await();
        }
        if (closed) {
          throw new Stopped();
        }
        var segment = out;
        if (segment == null) {
          segment = take();
          unpackedSegments++;
          out = segment;
        }
        return segment;
      }
    }

    private boolean mayTakeOut(Job mine) {
      int most = unpackedMax(segmentsMax(held(Optional.empty())));
      return unpackedSegments < (mine == jobs.peekFirst() ? most : most - SEGMENTS_OF_HEAD);
    }

    private void putOut(Job mine) {
      synchronized (XzBlocks.this) {
        var segment = out;
        out = null;
        if (segment == null) {
          return;
        }
        if (segment.bytes().flip().hasRemaining()) {
          mine.unpacked.add(segment);
          changed();
        } else {
          giveBackUnpacked(segment);
        }
      }
    }

    private void end(Job mine, @Nullable CorruptPayload corruption, @Nullable Throwable broken) {
      putOut(mine);
      synchronized (XzBlocks.this) {
        if (in != null) {
          packedSegments--;
          giveBack(in);
          in = null;
        }
        mine.corruption = corruption;
        mine.broken = broken;
        mine.ended = true;
        job = null;
        changed();
      }
    }
  }
}
