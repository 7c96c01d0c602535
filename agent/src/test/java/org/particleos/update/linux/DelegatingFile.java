package org.particleos.update.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Passes every call on; subclasses change what they are about. */
public abstract class DelegatingFile implements OpenFile {
  private final OpenFile delegate;

  protected DelegatingFile(OpenFile delegate) {
    this.delegate = delegate;
  }

  @Override
  public Path path() {
    return delegate.path();
  }

  @Override
  public boolean blockDevice() {
    return delegate.blockDevice();
  }

  @Override
  public long sizeBytes() throws IOException {
    return delegate.sizeBytes();
  }

  @Override
  public int sectorBytes() throws IOException {
    return delegate.sectorBytes();
  }

  @Override
  public int read(ByteBuffer direct, long offset) throws IOException {
    return delegate.read(direct, offset);
  }

  @Override
  public void write(ByteBuffer direct, long offset) throws IOException {
    delegate.write(direct, offset);
  }

  @Override
  public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
    return delegate.writeDirect(direct, offset);
  }

  @Override
  public void sync() throws IOException {
    delegate.sync();
  }

  @Override
  public void flushRange(long offset, long lengthBytes) throws IOException {
    delegate.flushRange(offset, lengthBytes);
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    delegate.truncate(sizeBytes);
  }

  @Override
  public void zeroRange(long offset, long lengthBytes) throws IOException {
    delegate.zeroRange(offset, lengthBytes);
  }

  /** The real kernel clones only its own files, so what wraps the source is taken off. */
  @Override
  public boolean cloneFrom(OpenFile source) throws IOException {
    OpenFile bare = source;
    while (bare instanceof DelegatingFile wrapped) {
      bare = wrapped.delegate;
    }
    return delegate.cloneFrom(bare);
  }

  @Override
  public OptionalLong nextData(long offset) throws IOException {
    return delegate.nextData(offset);
  }

  @Override
  public long nextHole(long offset) throws IOException {
    return delegate.nextHole(offset);
  }

  @Override
  public boolean tryLock(LockMode mode) throws IOException {
    return delegate.tryLock(mode);
  }

  @Override
  public boolean lock(LockMode mode, long waitMillis) throws IOException {
    return delegate.lock(mode, waitMillis);
  }

  @Override
  public void close() throws IOException {
    delegate.close();
  }
}
