package org.particleos.update.tree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.particleos.update.acquire.Meter;
import org.particleos.update.acquire.Progress;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Failures;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.linux.WriteBehind;

/**
 * Copies a {@code directory} or {@code subvolume} source to a partial path (transfer-files.md 8.3,
 * update-algorithm.md 8.2, 11.4): owner, mode, modification time, extended attributes with ACLs and
 * capabilities, hard links inside the tree, holes, symbolic links, pipes and device nodes. Blocks
 * are shared where the file system can do that. A subvolume becomes a subvolume of the same file
 * system as a snapshot; subvolumes inside it are copied as directories.
 *
 * <p>The copy stays on the file systems of its source: what is mounted on a directory inside is not
 * part of it, and the directory is empty in the copy, with a warning. Sockets are left out, with a
 * warning. A source that changes meanwhile is a failure, and so is a file that cannot be read.
 *
 * <p>Runs on the calling thread. Until it has returned the tree is worth nothing.
 */
public final class TreeCopy {
  /** Cancelling is heard, and progress told, at least once in so many bytes. */
  private static final int PIECE_BYTES = 1 << 20;

  /** Hard links that are remembered: some 50 MB. Beyond that they become files of their own. */
  private static final int LINKED_FILES_MAX = 1 << 18;

  /** The number of the empty directory that stands for a nested subvolume in a snapshot. */
  private static final long SUBVOLUME_STUB_INODE = 2;

  private static final int EXDEV = 18;

  private static final int NAMES_IN_WARNING_MAX = 10;

  private final Kernel kernel;
  private final TreeLimits limits;
  private final boolean sync;
  private final LongSupplier nanoClock;

  /**
   * @param sync return only when everything is on stable storage
   */
  public TreeCopy(Kernel kernel, TreeLimits limits, boolean sync) {
    this(kernel, limits, sync, System::nanoTime);
  }

  TreeCopy(Kernel kernel, TreeLimits limits, boolean sync, LongSupplier nanoClock) {
    this.kernel = kernel;
    this.limits = limits;
    this.sync = sync;
    this.nanoClock = nanoClock;
  }

  /**
   * Copies the tree. An interrupt of the calling thread acts like a cancellation and stays set.
   *
   * @param source a directory, not a symbolic link to one
   * @param partial must not exist; its directory must
   */
  public CopiedTree run(
      Path source, Path partial, TreeKind kind, Progress progress, Cancellation cancellation)
      throws UpdateException {
    var run = new Run(source, partial, kind, new Meter(progress, nanoClock), cancellation);
    return run.run();
  }

  private record Inode(long device, long number) {}

  /** A call that reads from the source. */
  @FunctionalInterface
  private interface Reading<T> {
    T run() throws IOException;
  }

  /** A call that changes the target. */
  @FunctionalInterface
  private interface Writing {
    void run() throws IOException;
  }

  private final class Run {
    private final Path source;
    private final Path partial;
    private final TreeKind kind;
    private final Meter meter;
    private final Cancellation cancellation;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final Map<Inode, Path> linked = new HashMap<>();
    private final Names sockets = new Names();
    private final Names mountPoints = new Names();
    private final Names unlinked = new Names();
    private @Nullable TreeWriter target;
    private long entries;
    private long bytes;

    Run(Path source, Path partial, TreeKind kind, Meter meter, Cancellation cancellation) {
      this.source = source;
      this.partial = partial;
      this.kind = kind;
      this.meter = meter;
      this.cancellation = cancellation;
    }

    CopiedTree run() throws UpdateException {
      checkGoingOn();
      var status =
          reading(source, () -> kernel.status(source))
              .orElseThrow(() ->
                  UpdateException.because(Reason.SOURCE_MISSING, "there is no " + quoted(source))
                      .remedy("check the source of the transfer")
                      .unreachable());
      if (status.kind() != FileKind.DIRECTORY) {
        throw UpdateException.because(Reason.READ_FAILED, "reading " + quoted(source) + " failed")
            .found("it is no directory")
            .remedy("check the source of the transfer")
            .writeFailed();
      }
      if (partial.startsWith(source)) {
        throw UpdateException.because(
                Reason.DEFINITION_INVALID, "refused to copy " + quoted(source) + " into itself")
            .found("the target is " + quoted(partial))
            .remedy("correct the paths of source and target")
            .configuration();
      }
      boolean snapshot = kind == TreeKind.SUBVOLUME && snapshot();
      if (snapshot) {
        fillStubs(source, status, partial, 0);
      } else {
        target = TreeWriter.make(kernel, partial, kind);
        fill(source, status, partial, 0);
        settle(source, status, partial);
      }
      new TreeFlattening(kernel, target()).run();
      if (sync) {
        writing(partial, () -> kernel.syncFileSystem(partial));
      }
      meter.reportLast();
      return new CopiedTree(bytes, entries, snapshot, warnings());
    }

    // --- snapshots

    /** False, with nothing done, where source and target have no file system in common. */
    private boolean snapshot() throws UpdateException {
      if (!reading(source, () -> kernel.isSubvolume(source))) {
        return false;
      }
      try {
        if (!TreeWriter.onBtrfs(kernel, partial)) {
          return false;
        }
        kernel.snapshotSubvolume(source, partial);
        if (kernel.subvolumeReadOnly(partial)) {
          kernel.changeSubvolumeReadOnly(partial, false);
        }
        target = TreeWriter.of(kernel, partial);
        return true;
      } catch (LinuxException e) {
        if (e.errno() == EXDEV) {
          return false;
        }
        throw WriteFailure.of(partial, e);
      } catch (IOException e) {
        throw WriteFailure.of(partial, e);
      }
    }

    /** A snapshot has an empty directory where its source has another subvolume. */
    private void fillStubs(Path from, FileStatus status, Path to, int depth)
        throws UpdateException {
      requireDepth(from, depth);
      for (String name : reading(from, () -> kernel.list(from))) {
        checkGoingOn();
        Path inner = from.resolve(name);
        Path copy = to.resolve(name);
        var innerStatus = reading(inner, () -> kernel.status(inner));
        // What the source lost or got since the snapshot was taken is not our business.
        var copyStatus = asking(copy, () -> kernel.status(copy));
        if (innerStatus.isEmpty()
            || copyStatus.isEmpty()
            || innerStatus.get().kind() != FileKind.DIRECTORY
            || copyStatus.get().kind() != FileKind.DIRECTORY) {
          continue;
        }
        boolean stub = copyStatus.get().inode() == SUBVOLUME_STUB_INODE;
        if (stub && reading(inner, () -> kernel.isSubvolume(inner))) {
          writing(copy, () -> kernel.remove(copy));
          target().directory(copy);
          fill(inner, innerStatus.get(), copy, depth + 1);
          settle(inner, innerStatus.get(), copy);
          target().times(to, status.mtimeNanos());
        } else if (innerStatus.get().device() == status.device()) {
          fillStubs(inner, innerStatus.get(), copy, depth + 1);
        }
      }
    }

    // --- copies

    /** Copies what is in a directory, which then must not have changed. */
    private void fill(Path from, FileStatus status, Path to, int depth) throws UpdateException {
      requireDepth(from, depth);
      for (String name : reading(from, () -> kernel.list(from))) {
        checkGoingOn();
        Path inner = from.resolve(name);
        var innerStatus =
            reading(inner, () -> kernel.status(inner)).orElseThrow(() -> changed(inner));
        copy(inner, innerStatus, status, to.resolve(name), depth);
      }
      requireUnchanged(from, status);
    }

    private void copy(Path from, FileStatus status, FileStatus parent, Path to, int depth)
        throws UpdateException {
      entries++;
      if (entries > limits.entriesMax()) {
        throw tooLarge("it has more than " + limits.entriesMax() + " entries");
      }
      boolean several = status.kind() != FileKind.DIRECTORY && status.links() > 1;
      var inode = new Inode(status.device(), status.inode());
      var first = several ? Optional.ofNullable(linked.get(inode)) : Optional.<Path>empty();
      if (first.isPresent()) {
        target().hardLink(first.get(), to);
        return;
      }
      boolean made =
          switch (status.kind()) {
            case DIRECTORY -> copyDirectory(from, status, parent, to, depth);
            case REGULAR -> copyFile(from, status, parent, to);
            case SYMBOLIC_LINK -> {
              target().symbolicLink(reading(from, () -> kernel.readLink(from)), to);
              yield true;
            }
            case BLOCK_DEVICE, CHARACTER_DEVICE, FIFO -> {
              target().specialFile(to, quoted(from), status.kind(), status.specialDevice());
              yield true;
            }
            case SOCKET -> {
              sockets.add(from);
              yield false;
            }
          };
      if (made) {
        settle(from, status, to);
        if (several) {
          remember(inode, from, to);
        }
      }
    }

    private void remember(Inode inode, Path from, Path to) {
      if (linked.size() < LINKED_FILES_MAX) {
        linked.put(inode, to);
      } else {
        unlinked.add(from);
      }
    }

    private boolean copyDirectory(
        Path from, FileStatus status, FileStatus parent, Path to, int depth)
        throws UpdateException {
      target().directory(to);
      boolean mounted =
          status.device() != parent.device() && !reading(from, () -> kernel.isSubvolume(from));
      if (mounted) {
        mountPoints.add(from);
      } else {
        fill(from, status, to, depth + 1);
      }
      return true;
    }

    private boolean copyFile(Path from, FileStatus status, FileStatus parent, Path to)
        throws UpdateException {
      // Overlay file systems give files other device numbers than directories.
      if (status.device() != parent.device() && otherFileSystem(from)) {
        mountPoints.add(from);
        return false;
      }
      bytes += status.sizeBytes();
      if (bytes > limits.bytesMax() || status.sizeBytes() > limits.bytesMax()) {
        throw tooLarge("its files have more than " + limits.bytesMax() + " bytes");
      }
      try (var in = open(from);
          var out = target().file(to)) {
        if (asking(to, () -> out.cloneFrom(in))) {
          meter.transferred(status.sizeBytes());
          meter.written(status.sizeBytes());
        } else {
          copyData(in, out, status.sizeBytes());
        }
      } catch (IOException e) {
        throw WriteFailure.of(to, e);
      }
      requireUnchanged(from, status);
      return true;
    }

    private boolean otherFileSystem(Path from) throws UpdateException {
      Path directory = Objects.requireNonNull(from.getParent());
      return reading(from, () -> kernel.space(from).magic() != kernel.space(directory).magic());
    }

    private OpenFile open(Path from) throws UpdateException {
      return reading(from, () -> kernel.open(from, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW)));
    }

    private void copyData(OpenFile in, OpenFile out, long sizeBytes) throws UpdateException {
      var behind = new WriteBehind(out, 0);
      long position = 0;
      while (position < sizeBytes) {
        long from = position;
        var data = reading(in.path(), () -> in.nextData(from));
        if (data.isEmpty() || data.getAsLong() >= sizeBytes) {
          break;
        }
        long begin = data.getAsLong();
        long end = Math.min(sizeBytes, reading(in.path(), () -> in.nextHole(begin)));
        meter.transferred(begin - position);
        position = begin;
        while (position < end) {
          checkGoingOn();
          position += copyPiece(in, out, position, end);
          long upTo = position;
          writing(out.path(), () -> behind.wroteUpTo(upTo));
        }
      }
      writing(
          out.path(),
          () -> {
            if (out.sizeBytes() < sizeBytes) {
              out.truncate(sizeBytes);
            }
          });
    }

    private int copyPiece(OpenFile in, OpenFile out, long position, long end)
        throws UpdateException {
      buffer.clear().limit((int) Math.min(buffer.capacity(), end - position));
      int length = reading(in.path(), () -> in.read(buffer, position));
      if (length == 0) {
        throw changed(in.path());
      }
      buffer.flip();
      meter.transferred(length);
      writing(out.path(), () -> out.write(buffer, position));
      meter.written(length);
      return length;
    }

    private void settle(Path from, FileStatus status, Path to) throws UpdateException {
      var facts = reading(from, () -> FileFacts.of(kernel, from, status));
      target().settle(to, status.kind(), facts);
    }

    // --- checks

    private void checkGoingOn() throws UpdateException {
      if (cancellation.cancelled() || Thread.currentThread().isInterrupted()) {
        throw Failures.interrupted("copying " + quoted(source));
      }
    }

    private void requireDepth(Path from, int depth) throws UpdateException {
      if (depth > limits.depthMax()) {
        throw tooLarge(
            quoted(from) + " is more than " + limits.depthMax() + " levels deep inside it");
      }
    }

    private void requireUnchanged(Path from, FileStatus before) throws UpdateException {
      var now = reading(from, () -> kernel.status(from)).orElseThrow(() -> changed(from));
      boolean same =
          now.inode() == before.inode()
              && now.device() == before.device()
              && now.kind() == before.kind()
              && now.mtimeNanos() == before.mtimeNanos()
              && now.sizeBytes() == before.sizeBytes();
      if (!same) {
        throw changed(from);
      }
    }

    private UpdateException changed(Path from) {
      return UpdateException.because(Reason.SOURCE_CHANGED, "copying " + quoted(source) + " failed")
          .found(quoted(from) + " was changed or removed meanwhile")
          .remedy("start again when nobody writes to the source")
          .writeFailed();
    }

    private UpdateException tooLarge(String found) {
      return UpdateException.because(
              Reason.PAYLOAD_TOO_LARGE, "refused to copy " + quoted(source) + ": it is too large")
          .found(found)
          .remedy("check the source of the transfer")
          .notTrusted();
    }

    private <T> T reading(Path from, Reading<T> call) throws UpdateException {
      try {
        return call.run();
      } catch (LinuxException e) {
        if (e.is(Errno.ENOENT)) {
          throw changed(from);
        }
        throw IoFailure.reading("reading " + quoted(from) + " failed", e);
      } catch (IOException e) {
        throw IoFailure.reading("reading " + quoted(from) + " failed", e);
      }
    }

    private <T> T asking(Path to, Reading<T> call) throws UpdateException {
      try {
        return call.run();
      } catch (IOException e) {
        throw WriteFailure.of(to, e);
      }
    }

    private void writing(Path to, Writing call) throws UpdateException {
      try {
        call.run();
      } catch (IOException e) {
        throw WriteFailure.of(to, e);
      }
    }

    private TreeWriter target() {
      return Optional.ofNullable(target)
          .orElseThrow(() -> new IllegalStateException("there is no target yet"));
    }

    private List<String> warnings() {
      var warnings = new ArrayList<>(target().warnings());
      sockets.warning("sockets were left out: ").ifPresent(warnings::add);
      mountPoints
          .warning("what other file systems show inside the source was left out: ")
          .ifPresent(warnings::add);
      unlinked
          .warning("some hard links may have become files of their own, beginning with ")
          .ifPresent(warnings::add);
      return warnings;
    }
  }

  private static String quoted(Path path) {
    return Quote.quote(path.toString());
  }

  /** Some files for one warning. */
  private static final class Names {
    private final List<String> first = new ArrayList<>();
    private long count;

    void add(Path path) {
      count++;
      if (first.size() < NAMES_IN_WARNING_MAX) {
        first.add(quoted(path));
      }
    }

    Optional<String> warning(String begin) {
      if (count == 0) {
        return Optional.empty();
      }
      long more = count - first.size();
      return Optional.of(
          begin + String.join(", ", first) + (more > 0 ? " and " + more + " more" : ""));
    }
  }
}
