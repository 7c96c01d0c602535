package org.particleos.update.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;

/**
 * Answers like the kernel to a user who is not root: files are his, and nothing else is granted.
 */
final class UnprivilegedKernel extends DelegatingKernel {
  static final int USER = 1000;

  UnprivilegedKernel(Kernel delegate) {
    super(delegate);
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    return super.status(path)
        .map(status ->
            new FileStatus(
                status.kind(),
                status.mode(),
                status.sizeBytes(),
                status.mtimeNanos(),
                status.inode(),
                status.device(),
                status.specialDevice(),
                USER,
                USER,
                status.links()));
  }

  @Override
  public void changeOwner(Path path, int user, int group) throws IOException {
    throw denied("lchown", path);
  }

  @Override
  public void setAttribute(Path path, String name, byte[] value) throws IOException {
    if (name.startsWith("security.") || name.startsWith("trusted.")) {
      throw denied("lsetxattr", path);
    }
    super.setAttribute(path, name, value);
  }

  private static LinuxException denied(String call, Path path) {
    return new LinuxException(Errno.EPERM.number(), call, path.toString(), "not permitted");
  }
}
