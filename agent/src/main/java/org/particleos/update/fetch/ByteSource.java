package org.particleos.update.fetch;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;

/**
 * An opened payload: its bytes from first to last, as they are stored where they come from, or a
 * part of them that was asked for. Used and closed by one thread; it was opened with the {@link
 * Cancellation} that makes a waiting {@link #read} end early.
 */
public interface ByteSource extends AutoCloseable {
  /**
   * Reads at least one byte into the buffer, which is direct and has room.
   *
   * @return bytes read, -1 at the end
   */
  int read(ByteBuffer direct) throws UpdateException;

  /** Bytes that {@link #read} gives from first to last, if known in advance. */
  OptionalLong lengthBytes();

  /** Position in the file of the first byte that {@link #read} gives. */
  default long firstByte() {
    return 0;
  }

  /** Bytes of the whole file, if known in advance. */
  default OptionalLong totalBytes() {
    return lengthBytes();
  }

  Optional<Instant> lastModified();

  /** The server's name for this state of the file. */
  Optional<String> etag();

  @Override
  void close();
}
