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

  public LocalSource(Path path, Cancellation cancellation) throws UpdateException {
    this.path = path;
    this.cancellation = cancellation;
    try {
      this.attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        // Opening a named pipe would wait for its other end.
        throw new NotRegular();
      }
      this.channel = FileChannel.open(path, StandardOpenOption.READ);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public int read(ByteBuffer direct) throws UpdateException {
    if (cancellation.cancelled()) {
      throw Failures.interrupted("reading " + Quote.quote(path.toString()));
    }
    try {
      return channel.read(direct);
    } catch (IOException e) {
      if (cancellation.cancelled()) {
        throw Failures.interrupted("reading " + Quote.quote(path.toString()));
      }
      throw failure(e);
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
