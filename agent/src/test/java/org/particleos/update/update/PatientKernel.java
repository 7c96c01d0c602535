package org.particleos.update.update;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.OpenFile;

/**
 * Passes on as a slow network would: the end of a large file is not written before what keeps its
 * beginning has flushed that.
 */
final class PatientKernel extends DelegatingKernel {
  /** What is kept is flushed after this much. */
  private static final long BEGINNING_BYTES = 3L << 20;

  /**
   * Where nothing is kept any more nothing is flushed. Four times the pause between two flushes.
   */
  private static final long WAIT_MILLIS_MAX = 1000;

  PatientKernel(Kernel kernel) {
    super(kernel);
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    OpenFile file = super.open(path, flags);
    return path.toString().contains(".sysupdate.partial.") ? new PatientFile(file) : file;
  }

  private static final class PatientFile extends DelegatingFile {
    private final CountDownLatch flushed = new CountDownLatch(1);

    PatientFile(OpenFile file) {
      super(file);
    }

    private void await(long offset) throws IOException {
      try {
        if (offset >= BEGINNING_BYTES) {
          var _ = flushed.await(WAIT_MILLIS_MAX, TimeUnit.MILLISECONDS);
        }
      } catch (InterruptedException e) {
        throw new InterruptedIOException("waiting for the first flush");
      }
    }

    @Override
    public void write(ByteBuffer direct, long offset) throws IOException {
      await(offset);
      super.write(direct, offset);
    }

    @Override
    public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
      await(offset);
      return super.writeDirect(direct, offset);
    }

    @Override
    public void sync() throws IOException {
      try {
        super.sync();
      } finally {
        flushed.countDown();
      }
    }
  }
}
