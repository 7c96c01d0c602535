package org.particleos.update.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * An open regular file or block device with 64 bit offsets. Buffers must be direct: payload never
 * touches the heap. Reads and writes at different offsets may come from different threads; closing
 * is the opener's business, once.
 */
public interface OpenFile extends AutoCloseable {
  /** The largest sector in use, which is what writing around the page cache is bound to. */
  int DIRECT_ALIGNMENT_BYTES = 4096;

  enum LockMode {
    SHARED,
    EXCLUSIVE
  }

  Path path();

  boolean blockDevice();

  /** Size of the file or device now. */
  long sizeBytes() throws IOException;

  /** Logical sector size of a block device (BLKSSZGET); 512 for regular files. */
  int sectorBytes() throws IOException;

  /**
   * Reads at the offset until the buffer is full or the end is reached, advancing its position.
   *
   * @return bytes read, 0 at the end
   */
  int read(ByteBuffer direct, long offset) throws IOException;

  /** Writes all that remains in the buffer, advancing its position. */
  void write(ByteBuffer direct, long offset) throws IOException;

  /**
   * Writes all that remains in the buffer around the page cache, advancing its position. Who reads
   * the range afterwards, through whatever descriptor, finds it. Says nothing about durability,
   * which still takes {@link #sync}.
   *
   * <p>The address in memory, the offset and the length must be multiples of {@link
   * #DIRECT_ALIGNMENT_BYTES}.
   *
   * @return false, with nothing written, where the file system or device cannot do that; it will
   *     not be able to later either
   */
  boolean writeDirect(ByteBuffer direct, long offset) throws IOException;

  /**
   * fsync. What was written before a flush that failed may be lost, whatever a later one says: so
   * it is never said to be durable again through this file, and reading tells what the disk has.
   */
  void sync() throws IOException;

  /**
   * Starts writing dirty pages of the range and waits for it, so that they do not pile up. Says
   * nothing about durability.
   */
  void flushRange(long offset, long lengthBytes) throws IOException;

  void truncate(long sizeBytes) throws IOException;

  /**
   * Makes a range within the file read as zeroes and gives its blocks back where that is possible;
   * writes zeroes where it is not. The size stays.
   */
  void zeroRange(long offset, long lengthBytes) throws IOException;

  /**
   * Makes this file share all blocks of the source (FICLONE), from then on each changes alone.
   *
   * @return false, with nothing done, where the file systems cannot do that
   */
  boolean cloneFrom(OpenFile source) throws IOException;

  /**
   * Where the next data is, at the offset or behind it; empty if only a hole follows. Where holes
   * are not known, everything is data.
   */
  OptionalLong nextData(long offset) throws IOException;

  /** Where the next hole begins, at the offset or behind it; at the latest that is the end. */
  long nextHole(long offset) throws IOException;

  /** flock(2) without waiting; false if another process holds it. */
  boolean tryLock(LockMode mode) throws IOException;

  /** flock(2), waiting at most so many milliseconds; false if it is still held then. */
  boolean lock(LockMode mode, long waitMillis) throws IOException;

  /** Closes, which drops the lock. A second call does nothing. */
  @Override
  void close() throws IOException;
}
