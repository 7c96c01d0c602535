package org.particleos.update.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.particleos.update.fetch.Failures;
import org.particleos.update.linux.LargeWrites;
import org.particleos.update.linux.OpenFile;

/**
 * What is kept of one payload. First the chunks of an earlier run are taken over one by one, as far
 * as they are what the journal says; then, after {@link #keepOn}, whatever arrives is kept behind
 * them.
 *
 * <p>A line of the journal is written as soon as its chunk is, so that a killed process loses no
 * more than the chunk under way. A thread of its own makes chunks and lines durable again and again
 * while bytes arrive, and never holds them up: a power cut loses what was not synced yet. In
 * whatever order they reached the disk, a line without its chunk is found by its checksum.
 *
 * <p>Keeping never fails a transfer: what cannot be kept ends here with a remark.
 *
 * <p>Taking over and adding belong to one thread at a time.
 */
public final class SpoolEntry implements AutoCloseable {
  /** What is believed or thrown away as a whole, and therefore at most lost for its sake. */
  public static final int CHUNK_BYTES = 1 << 20;

  /** What names of the threads begin with. */
  static final String THREAD_PREFIX = "acquire-spool-";

  /** On a slow network, no more than that is not durable yet. */
  private static final long SYNC_BYTES = 2L << 20;

  /** On a fast one, a disk has time for something else between two requests to flush. */
  private static final long SYNC_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** Makes durable what was written to the target so far; called by a thread of the entry. */
  public interface Target {
    void sync() throws IOException;
  }

  /** The store around the entry. */
  interface Store {
    /** Why so many bytes cannot be spooled; empty if they can. */
    Optional<String> refuses(long spooledBytes, int more) throws IOException;

    void gaveUp(boolean failure, String why);

    void released();
  }

  private final Store store;
  private final Journal journal;
  private final OpenFile lines;
  private final @Nullable OpenFile data;
  private final boolean sync;
  private final CRC32C sum = new CRC32C();
  private final ByteBuffer line = ByteBuffer.allocateDirect(Journal.LINE_BYTES);
  private int takenOver;
  private long position;
  private boolean keeping;

  /** Nobody reads it soon, and copies in the page cache would cost more than all the rest. */
  private @Nullable LargeWrites packed;

  private @Nullable Thread keeper;
  // Under the monitor:
  private long arrived;
  private long synced;
  private boolean complete;
  private boolean closed;

  SpoolEntry(Store store, Journal journal, OpenFile lines, @Nullable OpenFile data, boolean sync) {
    this.store = store;
    this.journal = journal;
    this.lines = lines;
    this.data = data;
    this.sync = sync;
  }

  public Kind kind() {
    return journal.kind();
  }

  /** What the server said when the payload was begun. */
  public Facts facts() {
    return journal.facts();
  }

  // ---- What an earlier run left ----

  /**
   * Reads the next chunk from the spool.
   *
   * @param direct empty, with room for a chunk; holds it afterwards, ready to be read
   * @return false if there is none that can be believed
   */
  public boolean read(ByteBuffer direct) {
    if (data == null || takenOver == journal.sums().limit()) {
      return false;
    }
    try {
      data.read(direct.limit(CHUNK_BYTES), (long) takenOver * CHUNK_BYTES);
    } catch (IOException e) {
      return false; // a bad spot of the disk is fetched again
    }
    return takeOver(direct.flip());
  }

  /** Whether this is the next chunk; then the one behind it is the next. */
  public boolean takeOver(ByteBuffer chunk) {
    if (takenOver == journal.sums().limit() || chunk.remaining() != CHUNK_BYTES) {
      return false;
    }
    sum.reset();
    sum.update(chunk.duplicate());
    if ((int) sum.getValue() != journal.sums().get(takenOver)) {
      return false;
    }
    takenOver++;
    return true;
  }

  /** Whether anything is left that could be taken over. */
  public boolean more() {
    return takenOver < journal.sums().limit();
  }

  // ---- What arrives now ----

  /** From now on what is added is kept, behind what was taken over; the rest is forgotten. */
  public void keepOn(Target target) {
    position = (long) takenOver * CHUNK_BYTES;
    synchronized (this) {
      arrived = position;
      synced = position;
    }
    sum.reset();
    try {
      lines.truncate(journal.headBytes() + (long) takenOver * Journal.LINE_BYTES);
      if (data != null) {
        data.truncate(position);
        packed = new LargeWrites(data, position);
      }
    } catch (IOException e) {
      store.gaveUp(true, String.valueOf(e.getMessage()));
      return;
    }
    keeping = true;
    if (sync) {
      keeper =
          Thread.ofPlatform()
              .daemon()
              .name(THREAD_PREFIX + "sync")
              .start(() -> syncAgainAndAgain(target));
    }
  }

  /**
   * Keeps the next bytes of the payload as it is transferred. What is kept in the target must have
   * been written there before.
   */
  public void add(ByteBuffer bytes) {
    if (!keeping) {
      return;
    }
    try {
      if (packed != null) {
        var refusal = store.refuses(position, bytes.remaining());
        if (refusal.isPresent()) {
          giveUp(false, refusal.get());
          return;
        }
        packed.write(bytes.duplicate(), position);
      }
      var rest = bytes.duplicate();
      while (rest.hasRemaining()) {
        addWithinChunk(rest);
      }
      tellKeeper();
    } catch (IOException e) {
      giveUp(true, String.valueOf(e.getMessage()));
    }
  }

  private void addWithinChunk(ByteBuffer rest) throws IOException {
    int room = CHUNK_BYTES - (int) (position % CHUNK_BYTES);
    int end = rest.limit();
    rest.limit(rest.position() + Math.min(room, rest.remaining()));
    position += rest.remaining();
    sum.update(rest);
    rest.limit(end);
    if (position % CHUNK_BYTES == 0) {
      line.clear().put(Journal.line((int) sum.getValue())).flip();
      long chunk = position / CHUNK_BYTES - 1;
      lines.write(line, journal.headBytes() + chunk * Journal.LINE_BYTES);
      sum.reset();
    }
  }

  private void giveUp(boolean failure, String why) {
    keeping = false;
    store.gaveUp(failure, why);
  }

  /** Nothing of it will be needed: the payload is complete, or wrong. */
  public synchronized void complete() {
    complete = true;
  }

  // ---- Durability ----

  private synchronized void tellKeeper() {
    arrived = position;
    if (arrived - synced >= SYNC_BYTES) {
      notifyAll();
    }
  }

  private void syncAgainAndAgain(Target target) {
    try {
      boolean more = true;
      while (more) {
        more = awaitWork();
        long upTo = unsynced();
        if (upTo >= 0) {
          if (data == null) {
            target.sync();
          } else {
            data.sync();
          }
          lines.sync();
          syncedUpTo(upTo);
        }
      }
    } catch (IOException e) {
      store.gaveUp(true, String.valueOf(e.getMessage()));
    }
  }

  /** The end of what has to be synced, -1 if there is nothing. */
  private synchronized long unsynced() {
    return complete || arrived == synced ? -1 : arrived;
  }

  private synchronized void syncedUpTo(long upTo) {
    synced = upTo;
  }

  /** Waits until enough has arrived and the disk had its pause; false if this is the end. */
  private synchronized boolean awaitWork() {
    // The real clock, since the real wait of a thread goes by it.
    long resumeNanos = System.nanoTime() + SYNC_PAUSE_NANOS;
    while (!closed) {
      long pauseNanos = resumeNanos - System.nanoTime();
      boolean enough = arrived - synced >= SYNC_BYTES;
      if (enough && pauseNanos <= 0) {
        return true;
      }
      try {
        // A nanosecond more than nothing must not become "for ever".
        wait(enough ? pauseNanos / 1_000_000 + 1 : 0);
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody may interrupt the spool", e);
      }
    }
    return false;
  }

  /** Ends with what has arrived on the disk, unless the payload is complete. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      notifyAll();
    }
    var thread = keeper;
    if (thread != null) {
      Failures.join(thread);
    }
    try (lines) {
      if (data != null) {
        data.close();
      }
    } catch (IOException e) {
      store.gaveUp(true, String.valueOf(e.getMessage()));
    } finally {
      store.released();
    }
  }
}
