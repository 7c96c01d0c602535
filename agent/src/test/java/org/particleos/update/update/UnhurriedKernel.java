package org.particleos.update.update;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.OpenFile;

/**
 * The real kernel, but nothing waits for the disk: hundreds of updates in a row would spend their
 * time in fsync, and sync(2) would wait for everybody else on the machine, too.
 */
class UnhurriedKernel extends DelegatingKernel {
  UnhurriedKernel() {
    super(new LinuxKernel());
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    return new Unhurried(super.open(path, flags));
  }

  @Override
  public void syncDirectory(Path directory) {}

  @Override
  public void syncFileSystem(Path path) {}

  @Override
  public void syncAll() {}

  private record Unhurried(OpenFile file) implements OpenFile {
    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public boolean blockDevice() {
      return file.blockDevice();
    }

    @Override
    public long sizeBytes() throws IOException {
      return file.sizeBytes();
    }

    @Override
    public int sectorBytes() throws IOException {
      return file.sectorBytes();
    }

    @Override
    public int read(ByteBuffer direct, long offset) throws IOException {
      return file.read(direct, offset);
    }

    @Override
    public void write(ByteBuffer direct, long offset) throws IOException {
      file.write(direct, offset);
    }

    @Override
    public void sync() {}

    @Override
    public void flushRange(long offset, long lengthBytes) {}

    @Override
    public void truncate(long sizeBytes) throws IOException {
      file.truncate(sizeBytes);
    }

    @Override
    public void zeroRange(long offset, long lengthBytes) throws IOException {
      file.zeroRange(offset, lengthBytes);
    }

    @Override
    public boolean tryLock(LockMode mode) throws IOException {
      return file.tryLock(mode);
    }

    @Override
    public boolean lock(LockMode mode, long waitMillis) throws IOException {
      return file.lock(mode, waitMillis);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
