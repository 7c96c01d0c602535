package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;

/**
 * Writes a regular file under its partial name, from nothing: an older file of that name is
 * emptied. Runs of zeros become holes. Name, mode, times and the durability of the name are the
 * business of whoever publishes the file.
 */
public final class FileSink implements Sink {
  /** A hole is worth a new extent from this size on, at offsets that are a multiple of it. */
  static final int HOLE_BYTES = 64 << 10;

  private final OpenFile file;
  private final WriteBehind behind;
  private final ByteBuffer zeros = ByteBuffer.allocateDirect(HOLE_BYTES).asReadOnlyBuffer();
  private long position;
  private boolean endsInHole;

  /** Creates or empties the file; its directory must exist. */
  public FileSink(Kernel kernel, Path partial) throws UpdateException {
    try {
      this.file =
          kernel.open(
              partial,
              EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE, OpenFlag.NO_FOLLOW));
    } catch (IOException e) {
      throw WriteFailure.of(partial, e);
    }
    this.behind = new WriteBehind(file, 0);
  }

  @Override
  public void write(ByteBuffer direct) throws UpdateException {
    try {
      int end = direct.limit();
      while (direct.hasRemaining()) {
        int hole = zerosAhead(direct);
        if (hole > 0) {
          direct.position(direct.position() + hole);
          position += hole;
          endsInHole = true;
        } else {
          int data = dataAhead(direct);
          direct.limit(direct.position() + data);
          file.write(direct, position);
          direct.limit(end);
          position += data;
          endsInHole = false;
        }
      }
      behind.wroteUpTo(position);
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
  }

  /** Length of the run of whole zero blocks that begins here, 0 if none does. */
  private int zerosAhead(ByteBuffer bytes) {
    if (position % HOLE_BYTES != 0) {
      return 0;
    }
    int length = 0;
    while (bytes.remaining() - length >= HOLE_BYTES && zeroBlock(bytes, length)) {
      length += HOLE_BYTES;
    }
    return length;
  }

  /** Bytes up to the next block that could be a hole. Never 0, since no hole begins here. */
  private int dataAhead(ByteBuffer bytes) {
    int length = HOLE_BYTES - (int) (position % HOLE_BYTES);
    while (length + HOLE_BYTES <= bytes.remaining() && !zeroBlock(bytes, length)) {
      length += HOLE_BYTES;
    }
    return length + HOLE_BYTES > bytes.remaining() ? bytes.remaining() : length;
  }

  private boolean zeroBlock(ByteBuffer bytes, int from) {
    return bytes.slice(bytes.position() + from, HOLE_BYTES).mismatch(zeros) < 0;
  }

  @Override
  public void finish(boolean sync) throws UpdateException {
    try {
      if (endsInHole) {
        file.truncate(position);
      }
      if (sync) {
        file.sync();
      }
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
  }

  @Override
  public void close() throws UpdateException {
    try {
      file.close();
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
  }
}
