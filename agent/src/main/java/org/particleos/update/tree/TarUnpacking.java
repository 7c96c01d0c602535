package org.particleos.update.tree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FileName;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.linux.WriteBehind;

/**
 * Makes a tree of the entries of an archive, and decides which of them a tree may have. Nothing is
 * touched outside of the tree: every directory on the way to an entry was seen to be a real one,
 * and nothing that is no directory is ever put in the place of one, nor the other way round.
 *
 * <p>Only the directories on the way to the current entry are remembered. They get their mode,
 * access control lists and time when the archive goes on elsewhere; if it comes back, the file
 * system tells what they had. So memory does not grow with the archive.
 */
final class TarUnpacking implements TarStream.Visitor, AutoCloseable {
  /** Of directories that have no entry of their own. */
  private static final int IMPLICIT_MODE = 0755;

  private final Kernel kernel;
  private final TreeWriter writer;
  private final TreeLimits limits;
  private final List<OpenDirectory> way = new ArrayList<>();
  private long bytes;

  // The file whose content arrives.
  private @Nullable OpenFile file;
  private @Nullable WriteBehind behind;
  private @Nullable TarEntry entry;
  private @Nullable Path path;
  private long writtenUpTo;

  /** A directory that is being filled, and what it gets afterwards. */
  private static final class OpenDirectory {
    final String name;
    final Path path;
    int mode;
    OptionalLong mtimeNanos;
    Map<String, byte[]> accessLists = new HashMap<>();
    boolean changed;

    OpenDirectory(String name, Path path, int mode, OptionalLong mtimeNanos) {
      this.name = name;
      this.path = path;
      this.mode = mode;
      this.mtimeNanos = mtimeNanos;
    }
  }

  TarUnpacking(Kernel kernel, TreeWriter writer, TreeLimits limits) {
    this.kernel = kernel;
    this.writer = writer;
    this.limits = limits;
    var top = new OpenDirectory("", writer.top(), IMPLICIT_MODE, OptionalLong.empty());
    top.changed = true;
    way.add(top);
  }

  @Override
  public void entry(TarEntry next) throws UpdateException {
    bytes += next.sizeBytes();
    if (next.sizeBytes() > limits.bytesMax() || bytes > limits.bytesMax()) {
      throw TarFailure.tooLarge("its files have more than " + limits.bytesMax() + " bytes");
    }
    entry = next;
    var names = EntryName.components(next.name(), next.name(), limits.depthMax());
    if (next.type() == TarEntry.Type.DIRECTORY) {
      enter(next, names, names.size());
      settleDirectory(next);
      return;
    }
    if (names.isEmpty()) {
      throw TarFailure.unsafe(next.name(), "is the top of the tree, but no directory");
    }
    enter(next, names, names.size() - 1);
    var parent = way.getLast();
    Path place = child(next, parent.path, names.getLast());
    make(next, parent, place);
  }

  private void make(TarEntry next, OpenDirectory parent, Path place) throws UpdateException {
    Optional<Path> linked =
        next.type() == TarEntry.Type.HARD_LINK ? Optional.of(linkTarget(next)) : Optional.empty();
    if (linked.isPresent() && linked.get().equals(place)) {
      return;
    }
    removeOlder(next, parent, place);
    touch(parent);
    switch (next.type()) {
      case DIRECTORY -> throw new IllegalStateException("directories are entered");
      case FILE -> openFile(place);
      case HARD_LINK -> writer.hardLink(linked.orElseThrow(), place);
      case SYMBOLIC_LINK -> {
        requireTarget(next);
        writer.symbolicLink(next.linkTarget(), place);
        writer.settle(place, FileKind.SYMBOLIC_LINK, next.facts());
      }
      case CHARACTER_DEVICE -> special(next, place, FileKind.CHARACTER_DEVICE);
      case BLOCK_DEVICE -> special(next, place, FileKind.BLOCK_DEVICE);
      case FIFO -> special(next, place, FileKind.FIFO);
    }
  }

  private void special(TarEntry next, Path place, FileKind kind) throws UpdateException {
    writer.specialFile(place, Quote.quote(next.name()), kind, next.device());
    writer.settle(place, kind, next.facts());
  }

  private static void requireTarget(TarEntry next) throws UpdateException {
    if (next.linkTarget().isEmpty()) {
      throw TarFailure.unsafe(next.name(), "is a symbolic link to nothing");
    }
    if (FileName.bytes(next.linkTarget()).length > EntryName.NAME_BYTES_MAX) {
      throw TarFailure.unsafe(
          next.name(), "is a symbolic link to more than " + EntryName.NAME_BYTES_MAX + " bytes");
    }
  }

  /** A later file takes the place of an earlier one, as with tar. */
  private void removeOlder(TarEntry next, OpenDirectory parent, Path place) throws UpdateException {
    var older = status(place);
    if (older.isEmpty()) {
      return;
    }
    if (older.get().kind() == FileKind.DIRECTORY) {
      throw TarFailure.unsafe(next.name(), "would take the place of a directory");
    }
    touch(parent);
    try {
      kernel.remove(place);
    } catch (IOException e) {
      throw WriteFailure.of(place, e);
    }
  }

  /** What a hard link leads to. It is never followed if it is a symbolic link itself. */
  private Path linkTarget(TarEntry next) throws UpdateException {
    String target = next.linkTarget();
    var names = EntryName.components(next.name(), target, limits.depthMax());
    Path place = writer.top();
    for (int i = 0; i < names.size(); i++) {
      boolean last = i == names.size() - 1;
      place = child(next, place, names.get(i));
      var found = status(place);
      if (found.isEmpty()) {
        throw TarFailure.unsafe(
            next.name(), "is a hard link to " + Quote.quote(target) + ", which is not there");
      }
      if (!last && found.get().kind() != FileKind.DIRECTORY) {
        throw throughNoDirectory(next, String.join("/", names.subList(0, i + 1)), found.get());
      }
      if (last && found.get().kind() == FileKind.DIRECTORY) {
        throw hardLinkToDirectory(next);
      }
    }
    if (names.isEmpty()) {
      throw hardLinkToDirectory(next);
    }
    return place;
  }

  private static UpdateException hardLinkToDirectory(TarEntry next) {
    return TarFailure.unsafe(
        next.name(), "is a hard link to " + Quote.quote(next.linkTarget()) + ", a directory");
  }

  private static UpdateException throughNoDirectory(
      TarEntry next, String through, FileStatus found) {
    return TarFailure.unsafe(
        next.name(),
        "would go through "
            + Quote.quote(through)
            + (found.kind() == FileKind.SYMBOLIC_LINK
                ? ", a symbolic link"
                : ", which is no directory"));
  }

  private static Path child(TarEntry next, Path parent, String name) throws UpdateException {
    try {
      return parent.resolve(name);
    } catch (InvalidPathException e) {
      throw UpdateException.because(
              Reason.NOT_SUPPORTED, "refused the archive: its entry " + Quote.quote(next.name()))
          .found("has a name that cannot be written in the character set of this locale")
          .remedy("run it in a UTF-8 locale, for example with LANG=C.UTF-8")
          .cause(e)
          .configuration();
    }
  }

  private Optional<FileStatus> status(Path place) throws UpdateException {
    try {
      return kernel.status(place);
    } catch (IOException e) {
      throw WriteFailure.of(place, e);
    }
  }

  // --- directories

  /** Leaves the directories that are not on the way, and goes down, making what is missing. */
  private void enter(TarEntry next, List<String> names, int count) throws UpdateException {
    int common = 0;
    while (common < count
        && common + 1 < way.size()
        && way.get(common + 1).name.equals(names.get(common))) {
      common++;
    }
    while (way.size() > common + 1) {
      leave();
    }
    for (int i = common; i < count; i++) {
      var parent = way.getLast();
      String name = names.get(i);
      Path place = child(next, parent.path, name);
      var found = status(place);
      if (found.isEmpty()) {
        touch(parent);
        writer.directory(place);
        var made = new OpenDirectory(name, place, IMPLICIT_MODE, OptionalLong.empty());
        made.changed = true;
        way.add(made);
      } else if (found.get().kind() == FileKind.DIRECTORY) {
        way.add(
            new OpenDirectory(
                name, place, found.get().mode(), OptionalLong.of(found.get().mtimeNanos())));
      } else if (i == names.size() - 1) {
        throw TarFailure.unsafe(next.name(), "is a directory in the place of a file");
      } else {
        throw throughNoDirectory(next, String.join("/", names.subList(0, i + 1)), found.get());
      }
    }
  }

  /**
   * Before something changes in a directory that the archive came back to: it must be writable, and
   * hand down no access control list.
   */
  private void touch(OpenDirectory directory) throws UpdateException {
    if (directory.changed) {
      return;
    }
    directory.changed = true;
    try {
      for (String name : List.of(FileFacts.ACCESS_ACL, FileFacts.DEFAULT_ACL)) {
        var list = kernel.attribute(directory.path, name);
        if (list.isPresent()) {
          directory.accessLists.put(name, list.get());
          kernel.removeAttribute(directory.path, name);
        }
      }
      if (!writer.privileged() && (directory.mode & 0300) != 0300) {
        kernel.changeMode(directory.path, directory.mode | 0700);
      }
    } catch (IOException e) {
      throw WriteFailure.of(directory.path, e);
    }
  }

  /** The directory that was just entered gets what its entry says, as far as it can have it now. */
  private void settleDirectory(TarEntry next) throws UpdateException {
    var directory = way.getLast();
    touch(directory);
    writer.owner(directory.path, next.facts());
    directory.mode = writer.modeFor(next.facts());
    directory.mtimeNanos = OptionalLong.of(next.facts().mtimeNanos());
    directory.accessLists = new HashMap<>();
    var now = new HashMap<String, byte[]>();
    next.facts()
        .attributes()
        .forEach((name, value) ->
            (name.startsWith(FileFacts.ACL_PREFIX) ? directory.accessLists : now).put(name, value));
    writer.attributes(directory.path, FileKind.DIRECTORY, now);
  }

  private void leave() throws UpdateException {
    var directory = way.removeLast();
    if (!directory.changed) {
      return;
    }
    writer.mode(directory.path, directory.mode);
    writer.attributes(directory.path, FileKind.DIRECTORY, directory.accessLists);
    if (directory.mtimeNanos.isPresent()) {
      writer.times(directory.path, directory.mtimeNanos.getAsLong());
    }
  }

  /** After the last entry: what is still open gets its mode and time, the deepest first. */
  void finish() throws UpdateException {
    while (!way.isEmpty()) {
      leave();
    }
  }

  // --- files

  private void openFile(Path place) throws UpdateException {
    var opened = writer.file(place);
    file = opened;
    behind = new WriteBehind(opened, 0);
    path = place;
    writtenUpTo = 0;
  }

  @Override
  public void content(ByteBuffer piece, long offset) throws UpdateException {
    var target = file;
    if (target == null || behind == null) {
      throw new IllegalStateException("only files have content");
    }
    int length = piece.remaining();
    try {
      target.write(piece, offset);
      behind.wroteUpTo(offset + length);
    } catch (IOException e) {
      throw WriteFailure.of(target.path(), e);
    }
    writtenUpTo = offset + length;
  }

  @Override
  public void entryEnd() throws UpdateException {
    var target = file;
    if (target == null || path == null || entry == null) {
      return;
    }
    try {
      if (writtenUpTo < entry.sizeBytes()) {
        target.truncate(entry.sizeBytes());
      }
    } catch (IOException e) {
      throw WriteFailure.of(target.path(), e);
    }
    close();
    writer.settle(path, FileKind.REGULAR, entry.facts());
  }

  /** Closes the file whose content did not arrive. */
  @Override
  public void close() throws UpdateException {
    var target = file;
    file = null;
    if (target != null) {
      try {
        target.close();
      } catch (IOException e) {
        throw WriteFailure.of(target.path(), e);
      }
    }
  }
}
