package org.particleos.update.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Delegates to another kernel, notes every operation that changes something (those of open files
 * included, but for syncAll, which cannot fail), and fails instead of the n-th, counted from 0.
 * From then on every further change fails too, as after a power cut. Reading goes on.
 *
 * <p>A sweep runs once with {@link #recording} to count, then with every number below.
 */
public final class FailingKernel extends DelegatingKernel {
  /**
   * One change that was asked for.
   *
   * @param name of the method of {@link Kernel} or {@link OpenFile}
   * @param offset where in the file, 0 for what has no place
   * @param length bytes written, 0 for what writes none
   */
  public record Operation(String name, Path path, long offset, long length) {}

  private final int failAtOperation;
  private final Supplier<IOException> failure;
  private final List<Operation> operations = new ArrayList<>();

  public FailingKernel(Kernel delegate, int failAtOperation, Supplier<IOException> failure) {
    super(delegate);
    this.failAtOperation = failAtOperation;
    this.failure = failure;
  }

  /** One that never fails. */
  public static FailingKernel recording(Kernel delegate) {
    return new FailingKernel(
        delegate, Integer.MAX_VALUE, () -> new IOException("more operations than can be counted"));
  }

  /** What was changed so far, the operation that failed included. */
  public synchronized List<Operation> operations() {
    return List.copyOf(operations);
  }

  private synchronized void changing(String name, Path path, long offset, long length)
      throws IOException {
    operations.add(new Operation(name, path, offset, length));
    if (operations.size() > failAtOperation) {
      throw failure.get();
    }
  }

  private void changing(String name, Path path) throws IOException {
    changing(name, path, 0, 0);
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    if (flags.contains(OpenFlag.CREATE) || flags.contains(OpenFlag.TRUNCATE)) {
      changing("open", path);
    }
    return new FailingFile(super.open(path, flags));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    changing("rename", from);
    super.rename(from, to);
  }

  @Override
  public void exchange(Path one, Path other) throws IOException {
    changing("exchange", one);
    super.exchange(one, other);
  }

  @Override
  public void remove(Path path) throws IOException {
    changing("remove", path);
    super.remove(path);
  }

  @Override
  public void makeDirectory(Path path, int mode) throws IOException {
    changing("makeDirectory", path);
    super.makeDirectory(path, mode);
  }

  @Override
  public void makeSymbolicLink(String target, Path link) throws IOException {
    changing("makeSymbolicLink", link);
    super.makeSymbolicLink(target, link);
  }

  @Override
  public void changeMode(Path path, int mode) throws IOException {
    changing("changeMode", path);
    super.changeMode(path, mode);
  }

  @Override
  public void changeTimes(Path path, long mtimeNanos) throws IOException {
    changing("changeTimes", path);
    super.changeTimes(path, mtimeNanos);
  }

  @Override
  public void makeHardLink(Path existing, Path link) throws IOException {
    changing("makeHardLink", link);
    super.makeHardLink(existing, link);
  }

  @Override
  public void makeSpecialFile(Path path, FileKind kind, int mode, long specialDevice)
      throws IOException {
    changing("makeSpecialFile", path);
    super.makeSpecialFile(path, kind, mode, specialDevice);
  }

  @Override
  public void changeOwner(Path path, int user, int group) throws IOException {
    changing("changeOwner", path);
    super.changeOwner(path, user, group);
  }

  @Override
  public void setAttribute(Path path, String name, byte[] value) throws IOException {
    changing("setAttribute", path);
    super.setAttribute(path, name, value);
  }

  @Override
  public void removeAttribute(Path path, String name) throws IOException {
    changing("removeAttribute", path);
    super.removeAttribute(path, name);
  }

  @Override
  public void changeInodeFlag(Path path, InodeFlag flag, boolean on) throws IOException {
    changing("changeInodeFlag", path);
    super.changeInodeFlag(path, flag, on);
  }

  @Override
  public void makeSubvolume(Path path) throws IOException {
    changing("makeSubvolume", path);
    super.makeSubvolume(path);
  }

  @Override
  public void snapshotSubvolume(Path source, Path snapshot) throws IOException {
    changing("snapshotSubvolume", snapshot);
    super.snapshotSubvolume(source, snapshot);
  }

  @Override
  public void removeSubvolume(Path path) throws IOException {
    changing("removeSubvolume", path);
    super.removeSubvolume(path);
  }

  @Override
  public void changeSubvolumeReadOnly(Path path, boolean readOnly) throws IOException {
    changing("changeSubvolumeReadOnly", path);
    super.changeSubvolumeReadOnly(path, readOnly);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    changing("syncDirectory", directory);
    super.syncDirectory(directory);
  }

  @Override
  public void syncFileSystem(Path path) throws IOException {
    changing("syncFileSystem", path);
    super.syncFileSystem(path);
  }

  @Override
  public void checkpointJournal(Path directory) throws IOException {
    changing("checkpointJournal", directory);
    super.checkpointJournal(directory);
  }

  private final class FailingFile extends DelegatingFile {
    FailingFile(OpenFile file) {
      super(file);
    }

    @Override
    public void write(ByteBuffer direct, long offset) throws IOException {
      changing("write", path(), offset, direct.remaining());
      super.write(direct, offset);
    }

    @Override
    public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
      changing("writeDirect", path(), offset, direct.remaining());
      return super.writeDirect(direct, offset);
    }

    @Override
    public void sync() throws IOException {
      changing("sync", path());
      super.sync();
    }

    @Override
    public void flushRange(long offset, long lengthBytes) throws IOException {
      changing("flushRange", path(), offset, lengthBytes);
      super.flushRange(offset, lengthBytes);
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      changing("truncate", path(), sizeBytes, 0);
      super.truncate(sizeBytes);
    }

    @Override
    public void zeroRange(long offset, long lengthBytes) throws IOException {
      changing("zeroRange", path(), offset, lengthBytes);
      super.zeroRange(offset, lengthBytes);
    }

    @Override
    public boolean cloneFrom(OpenFile source) throws IOException {
      changing("cloneFrom", path());
      return super.cloneFrom(source);
    }
  }
}
