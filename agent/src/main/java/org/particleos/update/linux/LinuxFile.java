package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.LinuxKernel.LibC;

/** A descriptor of {@link LinuxKernel}. */
final class LinuxFile implements OpenFile {
  private static final int CLOSED = -1;
  private static final long BLKGETSIZE64 = 0x80081272L;
  private static final long BLKSSZGET = 0x1268L;
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int SYNC_FILE_RANGE_WRITE_AND_WAIT = 7;
  private static final int FALLOC_KEEP_SIZE = 1;
  private static final int FALLOC_PUNCH_HOLE = 2;
  private static final int FALLOC_ZERO_RANGE = 0x10;
  private static final int POSIX_FADV_DONTNEED = 4;
  private static final long FICLONE = 0x40049409L;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int EINTR = 4;
  private static final int EXDEV = 18;
  private static final int ENOTTY = 25;
  private static final int REGULAR_FILE_SECTOR_BYTES = 512;

  /** Bounds the memory for zeroes, and is still large enough to be fast. */
  private static final int ZEROES_BYTES = 1 << 20;

  /** Who holds a lock is not told to wake us, so we ask again, ever less often up to this. */
  private static final long LOCK_POLL_MILLIS_MAX = 100;

  private final Path path;
  private final String subject;
  private final boolean blockDevice;
  private final AtomicInteger descriptor;
  private final Bypass bypass;
  private final Flushes flushes = new Flushes(this::dropCache);

  /**
   * @param bypass opens what a descriptor stands for once more, to write around the page cache
   */
  LinuxFile(Path path, int descriptor, boolean blockDevice, Bypass.Opening bypass) {
    this.bypass = new Bypass(bypass);
    this.path = path;
    this.subject = Quote.quote(path.toString());
    this.blockDevice = blockDevice;
    this.descriptor = new AtomicInteger(descriptor);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public boolean blockDevice() {
    return blockDevice;
  }

  @Override
  public long sizeBytes() throws IOException {
    if (!blockDevice) {
      return LinuxKernel.statusOf(descriptor.get(), path).sizeBytes();
    }
    var size = new Memory(Long.BYTES);
    ioctl("BLKGETSIZE64", BLKGETSIZE64, size);
    return size.getLong(0);
  }

  @Override
  public int sectorBytes() throws IOException {
    if (!blockDevice) {
      return REGULAR_FILE_SECTOR_BYTES;
    }
    var size = new Memory(Integer.BYTES);
    ioctl("BLKSSZGET", BLKSSZGET, size);
    return size.getInt(0);
  }

  private void ioctl(String name, long request, Memory argument) throws IOException {
    argument.clear();
    LinuxKernel.check(
        name, subject, () -> LibC.ioctl(descriptor.get(), request, Pointer.nativeValue(argument)));
  }

  @Override
  public int read(ByteBuffer direct, long offset) throws IOException {
    return transfer("pread", LibC::pread, descriptor.get(), direct, offset);
  }

  @Override
  public void write(ByteBuffer direct, long offset) throws IOException {
    transfer("pwrite", LibC::pwrite, descriptor.get(), direct, offset);
    if (direct.hasRemaining()) {
      throw new IOException("pwrite " + subject + ": nothing was written and no error given");
    }
  }

  @Override
  public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
    int start = direct.position();
    long address = LinuxKernel.address(direct) + start;
    if ((address | offset | direct.remaining()) % DIRECT_ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException("address, offset and length must be aligned");
    }
    var around = bypass.descriptor(descriptor.get());
    if (around.isEmpty()) {
      return false;
    }
    try {
      transfer("pwrite", LibC::pwrite, around.getAsInt(), direct, offset);
    } catch (LinuxException failed) {
      // The file system allows to open it like that and does not mean it, or needs larger blocks.
      if (!failed.is(Errno.EINVAL)) {
        throw failed;
      }
      bypass.giveUp();
      if (direct.position() == start) {
        return false;
      }
    }
    if (direct.hasRemaining()) {
      write(direct, offset + direct.position() - start);
    }
    return true;
  }

  /**
   * A second descriptor of the same file with O_DIRECT, opened when it is first needed. Two, since
   * what is not aligned can only be written through the other.
   */
  static final class Bypass {
    /** Answers the new descriptor. */
    @FunctionalInterface
    interface Opening {
      int open(int descriptor) throws IOException;
    }

    private final Opening opening;
    private int descriptor = CLOSED;
    private boolean tried;
    private boolean givenUp;

    Bypass(Opening opening) {
      this.opening = opening;
    }

    /** Empty if there is none. */
    synchronized OptionalInt descriptor(int original) {
      if (!tried && original != CLOSED) {
        tried = true;
        try {
          descriptor = opening.open(original);
        } catch (IOException _) {
          // No O_DIRECT on this file system, or no /proc: the page cache takes everything.
        }
      }
      return descriptor == CLOSED || givenUp ? OptionalInt.empty() : OptionalInt.of(descriptor);
    }

    /** It stays open, since another thread may be writing through it. */
    synchronized void giveUp() {
      givenUp = true;
    }

    /** What was written through it has been reported already: nothing is left to fail. */
    synchronized void close() {
      if (descriptor != CLOSED) {
        LibC.close(descriptor);
        descriptor = CLOSED;
      }
    }
  }

  @FunctionalInterface
  private interface Transfer {
    long run(int descriptor, long buffer, long count, long offset);
  }

  /** Repeats short transfers until the buffer is through or nothing moves any more. */
  private int transfer(String name, Transfer call, int through, ByteBuffer direct, long offset)
      throws IOException {
    if (!direct.isDirect()) {
      throw new IllegalArgumentException("the buffer must be direct");
    }
    Objects.checkIndex(offset, Long.MAX_VALUE);
    int start = direct.position();
    try {
      long base = LinuxKernel.address(direct);
      while (direct.hasRemaining()) {
        int position = direct.position();
        int count = direct.remaining();
        long at = offset + position - start;
        long moved =
            LinuxKernel.check(name, subject, () -> call.run(through, base + position, count, at));
        if (moved == 0) {
          break;
        }
        direct.position(position + (int) moved);
      }
    } finally {
      // The bare address does not keep the buffer alive.
      Reference.reachabilityFence(direct);
    }
    return direct.position() - start;
  }

  @Override
  public void sync() throws IOException {
    flushes.flush(() -> LinuxKernel.check("fsync", subject, () -> LibC.fsync(descriptor.get())));
  }

  private void dropCache() throws IOException {
    int errno = LibC.posix_fadvise(descriptor.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (errno != 0) {
      throw LinuxKernel.failure("posix_fadvise", subject, errno);
    }
  }

  @Override
  public void flushRange(long offset, long lengthBytes) throws IOException {
    flushes.flush(() ->
        LinuxKernel.check(
            "sync_file_range",
            subject,
            () ->
                LibC.sync_file_range(
                    descriptor.get(), offset, lengthBytes, SYNC_FILE_RANGE_WRITE_AND_WAIT)));
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    LinuxKernel.check("ftruncate", subject, () -> LibC.ftruncate(descriptor.get(), sizeBytes));
  }

  @Override
  public void zeroRange(long offset, long lengthBytes) throws IOException {
    Objects.checkFromIndexSize(offset, lengthBytes, sizeBytes());
    if (lengthBytes == 0) {
      return;
    }
    if (!allocate(FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, offset, lengthBytes)
        && !allocate(FALLOC_ZERO_RANGE | FALLOC_KEEP_SIZE, offset, lengthBytes)) {
      writeZeroes(offset, lengthBytes);
    }
  }

  /** False if the file system or device cannot do it, or not at this alignment. */
  private boolean allocate(int mode, long offset, long lengthBytes) throws IOException {
    try {
      LinuxKernel.check(
          "fallocate", subject, () -> LibC.fallocate(descriptor.get(), mode, offset, lengthBytes));
      return true;
    } catch (LinuxException failed) {
      if (failed.is(Errno.EOPNOTSUPP) || failed.is(Errno.EINVAL)) {
        return false;
      }
      throw failed;
    }
  }

  private void writeZeroes(long offset, long lengthBytes) throws IOException {
    var zeroes = ByteBuffer.allocateDirect((int) Math.min(ZEROES_BYTES, lengthBytes));
    long done = 0;
    while (done < lengthBytes) {
      zeroes.clear().limit((int) Math.min(zeroes.capacity(), lengthBytes - done));
      int count = zeroes.remaining();
      write(zeroes, offset + done);
      done += count;
    }
  }

  @Override
  public boolean cloneFrom(OpenFile source) throws IOException {
    if (!(source instanceof LinuxFile other)) {
      throw new IllegalArgumentException("a file of another kernel cannot be cloned");
    }
    try {
      LinuxKernel.check(
          "FICLONE",
          subject,
          () -> LibC.ioctl(descriptor.get(), FICLONE, (long) other.descriptor.get()));
      return true;
    } catch (LinuxException failed) {
      if (failed.errno() == EXDEV
          || failed.errno() == ENOTTY
          || failed.is(Errno.EOPNOTSUPP)
          || failed.is(Errno.EINVAL)) {
        return false;
      }
      throw failed;
    }
  }

  @Override
  public OptionalLong nextData(long offset) throws IOException {
    try {
      return OptionalLong.of(seek(offset, SEEK_DATA));
    } catch (LinuxException failed) {
      if (failed.is(Errno.ENXIO)) {
        return OptionalLong.empty();
      }
      if (failed.is(Errno.EINVAL)) {
        return offset < sizeBytes() ? OptionalLong.of(offset) : OptionalLong.empty();
      }
      throw failed;
    }
  }

  @Override
  public long nextHole(long offset) throws IOException {
    try {
      return seek(offset, SEEK_HOLE);
    } catch (LinuxException failed) {
      // The end counts as a hole, and what does not know holes has only this one.
      if (failed.is(Errno.ENXIO) || failed.is(Errno.EINVAL)) {
        return sizeBytes();
      }
      throw failed;
    }
  }

  /** Moves the position of the descriptor, which nothing else uses. */
  private long seek(long offset, int whence) throws IOException {
    Objects.checkIndex(offset, Long.MAX_VALUE);
    return LinuxKernel.check("lseek", subject, () -> LibC.lseek(descriptor.get(), offset, whence));
  }

  @Override
  public boolean tryLock(LockMode mode) throws IOException {
    int operation =
        switch (mode) {
          case SHARED -> LOCK_SH | LOCK_NB;
          case EXCLUSIVE -> LOCK_EX | LOCK_NB;
        };
    try {
      LinuxKernel.check("flock", subject, () -> LibC.flock(descriptor.get(), operation));
      return true;
    } catch (LinuxException failed) {
      if (failed.is(Errno.EAGAIN)) {
        return false;
      }
      throw failed;
    }
  }

  @Override
  public boolean lock(LockMode mode, long waitMillis) throws IOException {
    long started = System.nanoTime();
    long pauseMillis = 1;
    while (!tryLock(mode)) {
      long leftMillis = waitMillis - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
      if (leftMillis <= 0) {
        return false;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("waiting for the lock on " + subject);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(Math.min(pauseMillis, leftMillis)));
      pauseMillis = Math.min(pauseMillis * 2, LOCK_POLL_MILLIS_MAX);
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    int closing = descriptor.getAndSet(CLOSED);
    if (closing == CLOSED) {
      return;
    }
    bypass.close();
    // Not repeated when interrupted: Linux has released the descriptor by then, and its number may
    // already belong to another thread.
    if (LibC.close(closing) < 0) {
      int errno = Native.getLastError();
      if (errno != EINTR) {
        throw LinuxKernel.failure("close", subject, errno);
      }
    }
  }

  @Override
  public String toString() {
    return subject;
  }
}
