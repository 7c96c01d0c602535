package org.particleos.update.acquire;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LargeWrites;
import org.particleos.update.linux.OpenFile;

/**
 * Writes a regular file under its partial name, from nothing: an older file of that name is
 * emptied, unless it is {@linkplain #continuing continued}. Runs of zeros become holes. A local
 * file shares its blocks with the new one where the file systems can do that.
 *
 * <p>As far as the file system takes it (update-algorithm.md 11.4): copy-on-write is switched off
 * on btrfs, the times are those of the origin, the address of a download and its entity tag are
 * noted as extended attributes, and those of a local file in the name space {@code user} are
 * copied. Name, mode, and the durability of the name are the business of whoever publishes the
 * file.
 */
public final class FileSink implements ContinuedSink {
  /** A hole is worth a new extent from this size on, at offsets that are a multiple of it. */
  static final int HOLE_BYTES = 64 << 10;

  /** Longer ones are not noted: all attributes of a file may have to fit into one block. */
  private static final int NOTE_BYTES_MAX = 1024;

  private static final int NANOS_PER_SECOND = 1_000_000_000;

  private final Kernel kernel;
  private final OpenFile file;
  private final long sizeBytesMax;
  private final LargeWrites content;
  private final ByteBuffer zeros = ByteBuffer.allocateDirect(HOLE_BYTES).asReadOnlyBuffer();
  private Optional<Origin> origin = Optional.empty();
  private boolean begun;
  private long position;
  private boolean endsInHole;

  /** What an earlier run left may still be there, and belongs to this file only up to here. */
  private boolean leftoverBehind;

  /** Of the thread that syncs alone. */
  private boolean nameDurable;

  /** Creates or empties the file; its directory must exist. */
  public FileSink(Kernel kernel, Path partial) throws UpdateException {
    this(kernel, partial, Long.MAX_VALUE);
  }

  /**
   * Creates or empties the file; its directory must exist.
   *
   * @param sizeBytesMax what is known of the size, since zeros without end never fill a disk
   */
  public FileSink(Kernel kernel, Path partial, long sizeBytesMax) throws UpdateException {
    this(kernel, partial, sizeBytesMax, EnumSet.of(OpenFlag.TRUNCATE));
  }

  private FileSink(Kernel kernel, Path partial, long sizeBytesMax, Set<OpenFlag> more)
      throws UpdateException {
    this.kernel = kernel;
    this.sizeBytesMax = sizeBytesMax;
    var flags = EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW);
    flags.addAll(more);
    this.leftoverBehind = !more.contains(OpenFlag.TRUNCATE);
    try {
      this.file = kernel.open(partial, flags);
    } catch (IOException e) {
      throw WriteFailure.of(partial, e);
    }
    this.content = new LargeWrites(file, 0);
  }

  /**
   * Creates the file, or keeps what it holds until it is known how much of that is passed over; the
   * rest is cut off before anything is written. Its directory must exist.
   */
  public static FileSink continuing(Kernel kernel, Path partial) throws UpdateException {
    return new FileSink(kernel, partial, Long.MAX_VALUE, EnumSet.of(OpenFlag.READ));
  }

  /** What lies behind a last hole that was never made is that hole. */
  @Override
  public int read(ByteBuffer direct, long offset) throws IOException {
    int start = direct.position();
    file.read(direct, offset);
    while (direct.hasRemaining()) {
      direct.put(zeros.duplicate().limit(Math.min(zeros.capacity(), direct.remaining())));
    }
    return direct.position() - start;
  }

  @Override
  public void passOver(long bytes) {
    position += bytes;
  }

  @Override
  public void sync() throws IOException {
    file.sync();
    Path parent = file.path().getParent();
    if (!nameDurable && parent != null) {
      // Without its name the content is lost, too.
      kernel.syncDirectory(parent);
      nameDurable = true;
    }
  }

  /** Cuts off what is not passed over. Holes are holes only in a file that ends before them. */
  private void cutOff() throws IOException {
    if (leftoverBehind) {
      leftoverBehind = false;
      file.truncate(position);
    }
  }

  @Override
  public Optional<Whole> takeWhole(Path source, Unpacking unpacking) throws UpdateException {
    Optional<FileStatus> status;
    OpenFile opened;
    try {
      status = kernel.statusFollowing(source);
      // Opening a named pipe would wait for its other end.
      if (status.isEmpty()
          || status.get().kind() != FileKind.REGULAR
          || status.get().sizeBytes() > sizeBytesMax) {
        return Optional.empty();
      }
      opened = kernel.open(source, Set.of(OpenFlag.READ));
    } catch (IOException e) {
      // Whoever reads it piece by piece says what is wrong with it.
      return Optional.empty();
    }
    try (opened) {
      if (unpacking == Unpacking.DETECT && compressionOf(opened) != Compression.NONE) {
        return Optional.empty();
      }
      cutOff();
      if (!file.cloneFrom(opened)) {
        return Optional.empty();
      }
      position = file.sizeBytes();
      begun = true;
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
    long nanos = status.get().mtimeNanos();
    return Optional.of(
        new Whole(
            position,
            Instant.ofEpochSecond(
                Math.floorDiv(nanos, NANOS_PER_SECOND), Math.floorMod(nanos, NANOS_PER_SECOND))));
  }

  private static Compression compressionOf(OpenFile source) throws IOException {
    var beginning = ByteBuffer.allocateDirect(Compression.MAGIC_BYTES);
    source.read(beginning, 0);
    return Compression.of(beginning.flip());
  }

  @Override
  public void write(ByteBuffer direct) throws UpdateException {
    if (direct.remaining() > sizeBytesMax - position) {
      throw UpdateException.because(
              Reason.PAYLOAD_TOO_LARGE,
              "refused to write more than " + sizeBytesMax + " bytes to " + file.path())
          .found("the payload is longer than was announced")
          .remedy("the file was published like that; tell its publisher")
          .notTrusted();
    }
    try {
      if (!begun) {
        begun = true;
        cutOff();
        switchOffCopyOnWrite();
      }
      int end = direct.limit();
      while (direct.hasRemaining()) {
        int hole = zerosAhead(direct);
        if (hole > 0) {
          direct.position(direct.position() + hole);
          position += hole;
          endsInHole = true;
        } else {
          int data = dataAhead(direct);
          direct.limit(direct.position() + data);
          content.write(direct, position);
          direct.limit(end);
          position += data;
          endsInHole = false;
        }
      }
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
  }

  /**
   * Only an empty file can still be told, and only one that shares no blocks: an image that is
   * written to later is torn into small pieces otherwise.
   */
  private void switchOffCopyOnWrite() {
    bestEffort(() -> {
      if (onBtrfs()) {
        kernel.changeInodeFlag(file.path(), InodeFlag.NO_COPY_ON_WRITE, true);
      }
    });
  }

  private boolean onBtrfs() throws IOException {
    Path parent = file.path().getParent();
    return parent != null && kernel.space(parent).btrfs();
  }

  /** Length of the run of whole zero blocks that begins here, 0 if none does. */
  private int zerosAhead(ByteBuffer bytes) {
    if (position % HOLE_BYTES != 0) {
      return 0;
    }
    int length = 0;
    while (bytes.remaining() - length >= HOLE_BYTES && zeroBlock(bytes, length)) {
      length += HOLE_BYTES;
    }
    return length;
  }

  /** Bytes up to the next block that could be a hole. Never 0, since no hole begins here. */
  private int dataAhead(ByteBuffer bytes) {
    int length = HOLE_BYTES - (int) (position % HOLE_BYTES);
    while (length + HOLE_BYTES <= bytes.remaining() && !zeroBlock(bytes, length)) {
      length += HOLE_BYTES;
    }
    return length + HOLE_BYTES > bytes.remaining() ? bytes.remaining() : length;
  }

  private boolean zeroBlock(ByteBuffer bytes, int from) {
    return bytes.slice(bytes.position() + from, HOLE_BYTES).mismatch(zeros) < 0;
  }

  @Override
  public void cameFrom(Origin where) {
    origin = Optional.of(where);
  }

  @Override
  public void finish(boolean sync) throws UpdateException {
    try {
      cutOff();
      if (endsInHole) {
        file.truncate(position);
      }
      origin.ifPresent(this::note);
      if (sync) {
        file.sync();
      }
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
  }

  /** Attributes first: they do not change the time of the content. */
  private void note(Origin where) {
    Path path = file.path();
    switch (where.payload()) {
      case Payload.LocalFile(var source) -> bestEffort(() -> copyAttributes(source, path));
      case Payload.Url(var uri) -> {
        address(uri).ifPresent(text -> note("user.source_url", text));
        where.etag().ifPresent(text -> note("user.source_etag", text));
      }
    }
    where
        .lastModified()
        .ifPresent(time ->
            bestEffort(() ->
                kernel.changeTimes(
                    path,
                    Math.addExact(
                        Math.multiplyExact(time.getEpochSecond(), NANOS_PER_SECOND),
                        time.getNano()))));
  }

  private void copyAttributes(Path source, Path path) throws IOException {
    Path real = source.toRealPath();
    for (String name : kernel.attributeNames(real)) {
      if (name.startsWith("user.")) {
        var value = kernel.attribute(real, name);
        if (value.isPresent()) {
          kernel.setAttribute(path, name, value.get());
        }
      }
    }
  }

  private void note(String name, String text) {
    byte[] value = text.getBytes(StandardCharsets.UTF_8);
    if (value.length <= NOTE_BYTES_MAX) {
      bestEffort(() -> kernel.setAttribute(file.path(), name, value));
    }
  }

  /** The address without what may be secret: who asked, and with which words. */
  static Optional<String> address(URI uri) {
    if (uri.getHost() == null) {
      return Optional.of(uri).filter(local -> local.getRawQuery() == null).map(URI::toString);
    }
    try {
      var bare = new URI(uri.getScheme(), null, uri.getHost(), uri.getPort(), null, null, null);
      return Optional.of(bare + Optional.ofNullable(uri.getRawPath()).orElse(""));
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  @FunctionalInterface
  private interface Nicety {
    void run() throws IOException;
  }

  /** For what makes a file nicer, but no less complete if it is missing. */
  private static void bestEffort(Nicety nicety) {
    try {
      nicety.run();
    } catch (IOException | ArithmeticException _) {
      // The file system does not take it; content, length and name are right all the same.
    }
  }

  @Override
  public void close() throws UpdateException {
    try {
      file.close();
    } catch (IOException e) {
      throw WriteFailure.of(file.path(), e);
    }
  }
}
