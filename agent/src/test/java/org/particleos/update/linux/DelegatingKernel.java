package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Passes every call on; subclasses change what they are about. */
public abstract class DelegatingKernel implements Kernel {
  private final Kernel delegate;

  protected DelegatingKernel(Kernel delegate) {
    this.delegate = delegate;
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    return delegate.open(path, flags);
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    return delegate.status(path);
  }

  @Override
  public Optional<FileStatus> statusFollowing(Path path) throws IOException {
    return delegate.statusFollowing(path);
  }

  @Override
  public SpaceStatus space(Path path) throws IOException {
    return delegate.space(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return delegate.list(directory);
  }

  @Override
  public String readLink(Path link) throws IOException {
    return delegate.readLink(link);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    delegate.rename(from, to);
  }

  @Override
  public void exchange(Path one, Path other) throws IOException {
    delegate.exchange(one, other);
  }

  @Override
  public void remove(Path path) throws IOException {
    delegate.remove(path);
  }

  @Override
  public void makeDirectory(Path path, int mode) throws IOException {
    delegate.makeDirectory(path, mode);
  }

  @Override
  public void makeSymbolicLink(String target, Path link) throws IOException {
    delegate.makeSymbolicLink(target, link);
  }

  @Override
  public void changeMode(Path path, int mode) throws IOException {
    delegate.changeMode(path, mode);
  }

  @Override
  public void changeTimes(Path path, long mtimeNanos) throws IOException {
    delegate.changeTimes(path, mtimeNanos);
  }

  @Override
  public void makeHardLink(Path existing, Path link) throws IOException {
    delegate.makeHardLink(existing, link);
  }

  @Override
  public void makeSpecialFile(Path path, FileKind kind, int mode, long specialDevice)
      throws IOException {
    delegate.makeSpecialFile(path, kind, mode, specialDevice);
  }

  @Override
  public void changeOwner(Path path, int user, int group) throws IOException {
    delegate.changeOwner(path, user, group);
  }

  @Override
  public List<String> attributeNames(Path path) throws IOException {
    return delegate.attributeNames(path);
  }

  @Override
  public Optional<byte[]> attribute(Path path, String name) throws IOException {
    return delegate.attribute(path, name);
  }

  @Override
  public void setAttribute(Path path, String name, byte[] value) throws IOException {
    delegate.setAttribute(path, name, value);
  }

  @Override
  public void removeAttribute(Path path, String name) throws IOException {
    delegate.removeAttribute(path, name);
  }

  @Override
  public Set<InodeFlag> inodeFlags(Path path) throws IOException {
    return delegate.inodeFlags(path);
  }

  @Override
  public void changeInodeFlag(Path path, InodeFlag flag, boolean on) throws IOException {
    delegate.changeInodeFlag(path, flag, on);
  }

  @Override
  public boolean isMountPoint(Path path) throws IOException {
    return delegate.isMountPoint(path);
  }

  @Override
  public boolean isSubvolume(Path path) throws IOException {
    return delegate.isSubvolume(path);
  }

  @Override
  public void makeSubvolume(Path path) throws IOException {
    delegate.makeSubvolume(path);
  }

  @Override
  public void snapshotSubvolume(Path source, Path snapshot) throws IOException {
    delegate.snapshotSubvolume(source, snapshot);
  }

  @Override
  public void removeSubvolume(Path path) throws IOException {
    delegate.removeSubvolume(path);
  }

  @Override
  public boolean subvolumeReadOnly(Path path) throws IOException {
    return delegate.subvolumeReadOnly(path);
  }

  @Override
  public void changeSubvolumeReadOnly(Path path, boolean readOnly) throws IOException {
    delegate.changeSubvolumeReadOnly(path, readOnly);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    delegate.syncDirectory(directory);
  }

  @Override
  public void syncFileSystem(Path path) throws IOException {
    delegate.syncFileSystem(path);
  }

  @Override
  public void checkpointJournal(Path directory) throws IOException {
    delegate.checkpointJournal(directory);
  }

  @Override
  public void syncAll() {
    delegate.syncAll();
  }
}
