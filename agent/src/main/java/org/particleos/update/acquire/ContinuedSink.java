package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.particleos.update.spool.SpoolEntry;

/**
 * A sink whose target keeps what was written when a run ends early, so that a later one can read it
 * back and go on behind it. What is read is worth nothing by itself: the caller knows its
 * checksums.
 */
public interface ContinuedSink extends Sink, SpoolEntry.Target {
  /**
   * Reads back what the target holds. Called before anything is written behind that place, and by
   * another thread than the writing one.
   *
   * @param offset in the payload
   * @return bytes read, fewer than there is room for only at the end of the target
   */
  int read(ByteBuffer direct, long offset) throws IOException;

  /** The next bytes are there already: what is written next goes behind them. */
  void passOver(long bytes);

  /** Makes durable what was written so far. May be called by any thread until the sink closes. */
  @Override
  void sync() throws IOException;
}
