package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.OpenFile;

/**
 * The real kernel, but it notes what is asked of open files instead of waiting for the disk, and
 * fails where it is told to.
 */
final class NotingKernel extends DelegatingKernel {
  private final List<String> calls = new ArrayList<>();
  private int opened;
  private int failAt = Integer.MAX_VALUE;
  private int errno;
  private boolean directPossible = true;

  NotingKernel() {
    super(new LinuxKernel());
  }

  /** Fails the call of that number, counted from 0 over all that change something. */
  NotingKernel failing(int call, int withErrno) {
    failAt = call;
    errno = withErrno;
    return this;
  }

  /** Behaves like a file system that knows no O_DIRECT. */
  NotingKernel withoutDirect() {
    directPossible = false;
    return this;
  }

  synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  synchronized int stillOpen() {
    return opened;
  }

  private synchronized void call(String name, Path path, String details) throws LinuxException {
    int number = calls.size();
    calls.add(name + details);
    if (number == failAt) {
      throw new LinuxException(errno, name, path.toString(), "as the test wants");
    }
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    call("open", path, "");
    var file = new FakeFile(super.open(path, flags));
    synchronized (this) {
      opened++;
    }
    return file;
  }

  private final class FakeFile extends DelegatingFile {
    private boolean open = true;

    FakeFile(OpenFile file) {
      super(file);
    }

    @Override
    public void write(ByteBuffer direct, long offset) throws IOException {
      call("write", path(), " " + offset + "+" + direct.remaining());
      super.write(direct, offset);
    }

    @Override
    public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
      call("writeDirect", path(), " " + offset + "+" + direct.remaining());
      return directPossible && super.writeDirect(direct, offset);
    }

    @Override
    public void zeroRange(long offset, long lengthBytes) throws IOException {
      call("zeroRange", path(), " " + offset + "+" + lengthBytes);
      super.zeroRange(offset, lengthBytes);
    }

    @Override
    public void sync() throws IOException {
      call("sync", path(), "");
    }

    @Override
    public void flushRange(long offset, long lengthBytes) throws IOException {
      call("flush", path(), " " + offset + "+" + lengthBytes);
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      call("truncate", path(), " " + sizeBytes);
      super.truncate(sizeBytes);
    }

    @Override
    public void close() throws IOException {
      super.close();
      synchronized (NotingKernel.this) {
        if (open) {
          open = false;
          opened--;
        }
      }
    }
  }
}
