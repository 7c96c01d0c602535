package org.particleos.update.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** A regular file of this machine as a source. */
public final class LocalSource implements ByteSource {
  private final Path path;
  private final Cancellation cancellation;
  private final FileChannel channel;
  private final BasicFileAttributes attributes;
  private final long firstByte;

  /** Where the part ends that is read; the end of the file is the end in any case. */
  private final long limit;

  private long position;

  public LocalSource(Path path, Cancellation cancellation) throws UpdateException {
    this(path, Resumption.FROM_START, cancellation);
  }

  /**
   * The rest of a file, or all of it if it was modified since.
   *
   * @throws UpdateException.Unreachable {@link Reason#RANGE_BEYOND_END} if it is shorter than that
   */
  LocalSource(Path path, Resumption from, Cancellation cancellation) throws UpdateException {
    this(path, from, Long.MAX_VALUE, cancellation);
  }

  /** A part of a file, which has to have it. */
  LocalSource(Path path, long from, long toExclusive, Cancellation cancellation)
      throws UpdateException {
    this(path, new Resumption(from, Optional.empty(), Optional.empty()), toExclusive, cancellation);
  }

  private LocalSource(Path path, Resumption from, long limit, Cancellation cancellation)
      throws UpdateException {
    this.path = path;
    this.cancellation = cancellation;
    try {
      this.attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        // Opening a named pipe would wait for its other end.
        throw new NotRegular();
      }
      this.firstByte = changedSince(from.lastModified()) ? 0 : from.offsetBytes();
      long needed = limit == Long.MAX_VALUE ? firstByte : limit;
      if (needed > attributes.size()) {
        throw Failures.beyondEnd(path.toString(), needed, OptionalLong.of(attributes.size()));
      }
      this.limit = Math.min(limit, attributes.size());
      this.position = firstByte;
      this.channel = FileChannel.open(path, StandardOpenOption.READ);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** To the second, which is all that a server would say. */
  private boolean changedSince(Optional<Instant> known) {
    long now = attributes.lastModifiedTime().toInstant().getEpochSecond();
    return known.isPresent() && known.get().getEpochSecond() != now;
  }

  @Override
  public int read(ByteBuffer direct) throws UpdateException {
    if (cancellation.cancelled()) {
      throw Failures.interrupted("reading " + Quote.quote(path.toString()));
    }
    int room = direct.limit();
    try {
      long left = limit - position;
      if (left <= 0) {
        return -1;
      }
      direct.limit(direct.position() + (int) Math.min(left, direct.remaining()));
      int length = channel.read(direct, position);
      if (length < 0) {
        throw Failures.truncated(Quote.quote(path.toString()), position - firstByte, left);
      }
      position += length;
      return length;
    } catch (IOException e) {
      if (cancellation.cancelled()) {
        throw Failures.interrupted("reading " + Quote.quote(path.toString()));
      }
      throw failure(e);
    } finally {
      direct.limit(room);
    }
  }

  private UpdateException failure(IOException e) {
    String name = Quote.quote(path.toString());
    return switch (e) {
      case NoSuchFileException _ ->
          UpdateException.because(Reason.SOURCE_MISSING, "there is no file " + name)
              .remedy("check the source of the transfer")
              .cause(e)
              .unreachable();
      case AccessDeniedException _ ->
          UpdateException.because(Reason.PERMISSION_DENIED, "reading " + name + " failed")
              .found("permission was denied")
              .remedy("run it as root")
              .cause(e)
              .notPermitted();
      case NotRegular _ ->
          UpdateException.because(Reason.READ_FAILED, "refused to read " + name)
              .found("it is no regular file")
              .remedy("check the source of the transfer")
              .cause(e)
              .writeFailed();
      default ->
          UpdateException.because(Reason.READ_FAILED, "reading " + name + " failed")
              .found(String.valueOf(e.getMessage()))
              .remedy("look for errors of that disk in the kernel's log (journalctl -k)")
              .cause(e)
              .writeFailed();
    };
  }

  /** Something that is no file of bytes: a directory, a device, a pipe. */
  private static final class NotRegular extends IOException {
    NotRegular() {
      super("not a regular file");
    }
  }

  @Override
  public OptionalLong lengthBytes() {
    return OptionalLong.of(limit - firstByte);
  }

  @Override
  public long firstByte() {
    return firstByte;
  }

  @Override
  public OptionalLong totalBytes() {
    return OptionalLong.of(attributes.size());
  }

  @Override
  public Optional<Instant> lastModified() {
    return Optional.of(attributes.lastModifiedTime().toInstant());
  }

  @Override
  public Optional<String> etag() {
    return Optional.empty();
  }

  @Override
  public void close() {
    Failures.closeReadOnly(channel);
  }
}
