package org.particleos.update.acquire;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Keeps what is written, and fails at one operation if told to. */
public final class MemorySink implements Sink {
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private int failAt = Integer.MAX_VALUE;
  private Runnable beforeWrite = () -> {};
  public int operations;
  boolean finished;
  boolean closed;

  MemorySink failingAt(int operation) {
    failAt = operation;
    return this;
  }

  public MemorySink beforeEachWrite(Runnable action) {
    beforeWrite = action;
    return this;
  }

  public byte[] written() {
    return written.toByteArray();
  }

  @Override
  public void write(ByteBuffer direct) throws UpdateException {
    beforeWrite.run();
    step();
    var bytes = new byte[direct.remaining()];
    direct.get(bytes);
    written.writeBytes(bytes);
  }

  @Override
  public void finish(boolean sync) throws UpdateException {
    step();
    finished = true;
  }

  @Override
  public void close() throws UpdateException {
    closed = true;
    step();
  }

  private void step() throws UpdateException {
    if (operations++ == failAt) {
      throw UpdateException.because(Reason.WRITE_FAILED, "failed as the test wants").writeFailed();
    }
  }
}
