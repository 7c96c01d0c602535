package org.particleos.update.linux;

import java.nio.ByteBuffer;

/**
 * Decodes blocks in the .xz format, one after the other, and keeps its memory for the next one. It
 * checks the sizes that the header names, and the check that follows the data. Used by one thread
 * at a time.
 */
public interface LzmaDecoder extends AutoCloseable {
  /**
   * Begins with a block, whatever became of the one before.
   *
   * @param header of the block, whole
   * @param check the number of the check that the stream has
   * @throws OutOfMemoryError if the system has no memory to give
   */
  void begin(byte[] header, int check) throws LzmaFailure;

  /**
   * Takes bytes from one direct buffer and puts bytes into the other, moving both positions. If it
   * moves neither, it waits for more bytes.
   *
   * @return true at the end of the block, whose check was right
   * @throws OutOfMemoryError if the system has no memory to give
   */
  boolean step(ByteBuffer packed, ByteBuffer unpacked) throws LzmaFailure;

  /** How long the block was that has ended, without padding and check. */
  long packedBytes();

  long unpackedBytes();

  /** Gives back all memory. It can begin with another block. */
  void release();

  /** Gives back all memory for good. A second call does nothing. */
  @Override
  void close();
}
