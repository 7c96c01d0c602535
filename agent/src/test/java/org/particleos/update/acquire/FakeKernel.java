package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * Files of the host through java.nio, as far as this package opens, writes and syncs them. Notes
 * what is asked for, and fails where it is told to.
 */
final class FakeKernel implements Kernel {
  private final List<String> calls = new ArrayList<>();
  private int opened;
  private int failAt = Integer.MAX_VALUE;
  private int errno;

  /** Fails the call of that number, counted from 0 over all that change something. */
  FakeKernel failing(int call, int withErrno) {
    failAt = call;
    errno = withErrno;
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
    var options = new HashSet<OpenOption>();
    for (var flag : flags) {
      switch (flag) {
        case READ -> options.add(StandardOpenOption.READ);
        case WRITE -> options.add(StandardOpenOption.WRITE);
        case CREATE -> options.add(StandardOpenOption.CREATE);
        case EXCLUSIVE -> options.add(StandardOpenOption.CREATE_NEW);
        case TRUNCATE -> options.add(StandardOpenOption.TRUNCATE_EXISTING);
        case NO_FOLLOW -> options.add(LinkOption.NOFOLLOW_LINKS);
        case DIRECT -> throw new UnsupportedOperationException();
      }
    }
    try {
      var file = new FakeFile(path, FileChannel.open(path, options));
      synchronized (this) {
        opened++;
      }
      return file;
    } catch (NoSuchFileException e) {
      var missing = new LinuxException(Errno.ENOENT.number(), "open", path.toString(), "missing");
      missing.initCause(e);
      throw missing;
    }
  }

  private final class FakeFile implements OpenFile {
    private final Path path;
    private final FileChannel channel;

    FakeFile(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    @Override
    public Path path() {
      return path;
    }

    @Override
    public boolean blockDevice() {
      return false;
    }

    @Override
    public long sizeBytes() throws IOException {
      return channel.size();
    }

    @Override
    public int sectorBytes() {
      return 512;
    }

    @Override
    public int read(ByteBuffer direct, long offset) throws IOException {
      int total = 0;
      while (direct.hasRemaining()) {
        int length = channel.read(direct, offset + total);
        if (length < 0) {
          break;
        }
        total += length;
      }
      return total;
    }

    @Override
    public void write(ByteBuffer direct, long offset) throws IOException {
      if (!direct.isDirect()) {
        throw new IllegalArgumentException("payload must not touch the heap");
      }
      call("write", path, " " + offset + "+" + direct.remaining());
      long position = offset;
      while (direct.hasRemaining()) {
        position += channel.write(direct, position);
      }
    }

    @Override
    public void zeroRange(long offset, long lengthBytes) throws IOException {
      write(ByteBuffer.allocateDirect(Math.toIntExact(lengthBytes)), offset);
    }

    @Override
    public void sync() throws IOException {
      call("sync", path, "");
      channel.force(true);
    }

    @Override
    public void flushRange(long offset, long lengthBytes) throws IOException {
      call("flush", path, " " + offset + "+" + lengthBytes);
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      call("truncate", path, " " + sizeBytes);
      if (sizeBytes <= channel.size()) {
        channel.truncate(sizeBytes);
      } else {
        // FileChannel cannot lengthen a file: write its last byte.
        channel.write(ByteBuffer.wrap(new byte[1]), sizeBytes - 1);
      }
    }

    @Override
    public boolean tryLock(LockMode mode) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean lock(LockMode mode, long waitMillis) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() throws IOException {
      if (channel.isOpen()) {
        channel.close();
        synchronized (FakeKernel.this) {
          opened--;
        }
      }
    }
  }

  @Override
  public Optional<FileStatus> status(Path path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<FileStatus> statusFollowing(Path path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SpaceStatus space(Path path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<String> list(Path directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public String readLink(Path link) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void rename(Path from, Path to) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void exchange(Path one, Path other) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void remove(Path path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void makeDirectory(Path path, int mode) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void makeSymbolicLink(String target, Path link) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void changeMode(Path path, int mode) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void changeTimes(Path path, long mtimeMicros) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void syncDirectory(Path directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void syncFileSystem(Path path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void syncAll() {
    throw new UnsupportedOperationException();
  }
}
