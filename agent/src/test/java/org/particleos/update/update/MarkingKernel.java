package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * Keeps the immutable flag in memory and obeys it as Linux does: on the disk only root may set it,
 * and what a test had marked there it could not clear away.
 */
final class MarkingKernel extends UnhurriedKernel {
  private final Set<Long> immutable = new HashSet<>();

  private boolean marked(Path path) throws IOException {
    Optional<FileStatus> status = status(path);
    return status.isPresent() && immutable.contains(status.get().inode());
  }

  private void forbid(String call, Path path) throws IOException {
    Path parent = path.getParent();
    if (marked(path) || (parent != null && marked(parent))) {
      throw new LinuxException(
          Errno.EPERM.number(), call, path.toString(), "Operation not permitted");
    }
  }

  @Override
  public Set<InodeFlag> inodeFlags(Path path) throws IOException {
    return marked(path) ? EnumSet.of(InodeFlag.IMMUTABLE) : EnumSet.noneOf(InodeFlag.class);
  }

  @Override
  public void changeInodeFlag(Path path, InodeFlag flag, boolean on) throws IOException {
    if (flag == InodeFlag.IMMUTABLE) {
      long inode = status(path).orElseThrow().inode();
      var _ = on ? immutable.add(inode) : immutable.remove(inode);
    }
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    if (flags.contains(OpenFlag.WRITE)) {
      forbid("open", path);
    }
    return super.open(path, flags);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    forbid("rename", from);
    forbid("rename", to);
    super.rename(from, to);
  }

  @Override
  public void exchange(Path one, Path other) throws IOException {
    forbid("exchange", one);
    forbid("exchange", other);
    super.exchange(one, other);
  }

  @Override
  public void remove(Path path) throws IOException {
    forbid("remove", path);
    super.remove(path);
  }

  @Override
  public void makeDirectory(Path path, int mode) throws IOException {
    forbid("makeDirectory", path);
    super.makeDirectory(path, mode);
  }

  @Override
  public void changeMode(Path path, int mode) throws IOException {
    forbid("changeMode", path);
    super.changeMode(path, mode);
  }

  @Override
  public void changeTimes(Path path, long mtimeNanos) throws IOException {
    forbid("changeTimes", path);
    super.changeTimes(path, mtimeNanos);
  }
}
