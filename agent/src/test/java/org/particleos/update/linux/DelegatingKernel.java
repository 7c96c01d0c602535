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
  public void changeTimes(Path path, long mtimeMicros) throws IOException {
    delegate.changeTimes(path, mtimeMicros);
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
  public void syncAll() {
    delegate.syncAll();
  }
}
