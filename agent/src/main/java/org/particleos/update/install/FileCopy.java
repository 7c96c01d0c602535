package org.particleos.update.install;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.function.BooleanSupplier;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.Kernel.SpaceStatus;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.plan.Step.TargetPaths;

/**
 * Puts a file that is installed in one place into another one: written under the partial name, read
 * back and compared, then published as what was fetched is ({@link FilePublisher}).
 */
public final class FileCopy {
  private static final int PIECE_BYTES = 1 << 20;

  /** Beside the file itself: entries of a directory that grows, on file systems that round up. */
  private static final int SPARE_BLOCKS = 2;

  private final Kernel kernel;
  private final FilePublisher files;
  private final BooleanSupplier cancelled;

  /**
   * @param cancelled asked before each piece
   */
  public FileCopy(Kernel kernel, FilePublisher files, BooleanSupplier cancelled) {
    this.kernel = kernel;
    this.files = files;
    this.cancelled = cancelled;
  }

  /** Asked before each step that writes: whether the file system is still the one that is meant. */
  @FunctionalInterface
  public interface Guard {
    void check() throws UpdateException;
  }

  /**
   * Copies. What has the installed name is replaced; nothing but that is different if it fails.
   *
   * @param metadata times, mode and mark of the copy
   * @throws UpdateException.NoSpace before anything is written, if it does not fit
   */
  public void make(Path source, TargetPaths paths, InstanceMetadata metadata, Guard guard)
      throws UpdateException {
    String what =
        "copying "
            + Quote.quote(source.toString())
            + " to "
            + Quote.quote(paths.installed().toString())
            + " failed";
    guard.check();
    files.makeParents(paths);
    files.discardPartial(paths);
    try {
      write(source, paths, what);
      guard.check();
      files.markPending(paths, metadata);
      guard.check();
      files.publish(paths, metadata.readOnly().orElse(false));
      files.flushForBoot(paths.installed());
    } catch (IOException e) {
      UpdateException failed = IoFailure.writing(what, e);
      discard(paths, failed);
      throw failed;
    } catch (UpdateException e) {
      discard(paths, e);
      throw e;
    }
  }

  private void discard(TargetPaths paths, UpdateException first) {
    try {
      files.discardPartial(paths);
    } catch (UpdateException e) {
      first.addSuppressed(e);
    }
  }

  private void write(Path source, TargetPaths paths, String what)
      throws IOException, UpdateException {
    try (OpenFile from = kernel.open(source, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW));
        OpenFile to =
            kernel.open(
                paths.partial(),
                EnumSet.of(
                    OpenFlag.READ,
                    OpenFlag.WRITE,
                    OpenFlag.CREATE,
                    OpenFlag.EXCLUSIVE,
                    OpenFlag.NO_FOLLOW));
        var arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(PIECE_BYTES).asByteBuffer();
      requireRoom(Directories.holding(paths.partial()), from.sizeBytes(), what);
      Sha256 wanted = pour(from, buffer, (piece, offset) -> to.write(piece, offset));
      to.sync();
      Sha256 written = pour(to, buffer, (_, _) -> {});
      if (!written.equals(wanted)) {
        throw new IOException("what was read back is not what was written");
      }
    }
  }

  private void requireRoom(Path directory, long bytes, String what)
      throws IOException, UpdateException {
    SpaceStatus space = kernel.space(directory);
    long needed = bytes + SPARE_BLOCKS * space.blockBytes();
    if (space.availableBytes() < needed) {
      throw UpdateException.because(Reason.FILE_SYSTEM_FULL, what)
          .found(needed + " bytes are needed, " + space.availableBytes() + " are free")
          .remedy("remove what is not needed there")
          .noSpace();
    }
  }

  /** Whether two files hold the same bytes. */
  public boolean same(Path one, Path other) throws UpdateException {
    try (OpenFile first = kernel.open(one, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW));
        OpenFile second = kernel.open(other, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW));
        var arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(PIECE_BYTES).asByteBuffer();
      return first.sizeBytes() == second.sizeBytes()
          && pour(first, buffer, (_, _) -> {}).equals(pour(second, buffer, (_, _) -> {}));
    } catch (IOException e) {
      throw IoFailure.reading(
          "comparing "
              + Quote.quote(one.toString())
              + " with "
              + Quote.quote(other.toString())
              + " failed",
          e);
    }
  }

  @FunctionalInterface
  private interface Piece {
    void take(ByteBuffer piece, long offset) throws IOException;
  }

  /** Reads all of a file, and returns its digest. */
  private Sha256 pour(OpenFile file, ByteBuffer buffer, Piece piece)
      throws IOException, UpdateException {
    MessageDigest digest = sha256();
    for (long offset = 0; ; ) {
      if (cancelled.getAsBoolean()) {
        throw UpdateException.because(
                Reason.INTERRUPTED,
                "reading " + Quote.quote(file.path().toString()) + " was interrupted")
            .remedy("start it again; what is incomplete is marked so and never used")
            .interrupted();
      }
      int bytes = file.read(buffer.clear(), offset);
      if (bytes == 0) {
        return Sha256.of(digest.digest());
      }
      digest.update(buffer.flip());
      piece.take(buffer.rewind(), offset);
      offset += bytes;
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
