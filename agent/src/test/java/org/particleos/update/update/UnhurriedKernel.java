package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.particleos.update.linux.DelegatingFile;
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
    return new DelegatingFile(super.open(path, flags)) {
      @Override
      public void sync() {}

      @Override
      public void flushRange(long offset, long lengthBytes) {}
    };
  }

  @Override
  public void syncDirectory(Path directory) {}

  @Override
  public void syncFileSystem(Path path) {}

  @Override
  public void checkpointJournal(Path directory) {}

  @Override
  public void syncAll() {}
}
