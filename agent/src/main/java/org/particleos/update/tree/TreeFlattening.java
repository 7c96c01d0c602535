package org.particleos.update.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;

/**
 * Moves an operating system that was packed inside one directory up to the top of the tree
 * (update-algorithm.md 11.4): if the top does not look like one, but has exactly one entry, which
 * is a directory that does. The top then becomes what that directory was, with its owner, mode,
 * attributes and time.
 *
 * <p>A directory looks like an operating system, or an extension of one, if it has a directory
 * {@code usr}, or an {@code os-release} or a directory {@code extension-release.d} in {@code etc}.
 * (Those of {@code usr/lib} come with a {@code usr}.) No symbolic link is followed for that.
 */
final class TreeFlattening {
  private final Kernel kernel;
  private final TreeWriter writer;

  TreeFlattening(Kernel kernel, TreeWriter writer) {
    this.kernel = kernel;
    this.writer = writer;
  }

  void run() throws UpdateException {
    Path top = writer.top();
    try {
      var names = kernel.list(top);
      if (names.size() != 1 || looksLikeSystem(top)) {
        return;
      }
      Path child = top.resolve(names.getFirst());
      if (isDirectory(child) && looksLikeSystem(child)) {
        lift(child);
      }
    } catch (IOException e) {
      throw WriteFailure.of(top, e);
    }
  }

  private boolean looksLikeSystem(Path directory) throws IOException {
    Path etc = directory.resolve("etc");
    return isDirectory(directory.resolve("usr"))
        || (isDirectory(etc)
            && (kernel.status(etc.resolve("os-release")).isPresent()
                || isDirectory(etc.resolve("extension-release.d"))));
  }

  private boolean isDirectory(Path path) throws IOException {
    return kernel.status(path).map(FileStatus::kind).equals(Optional.of(FileKind.DIRECTORY));
  }

  private void lift(Path child) throws IOException, UpdateException {
    Path top = writer.top();
    var status = kernel.status(child).orElseThrow();
    var facts = FileFacts.of(kernel, child, status);
    var names = kernel.list(child);
    // The child may hold something of its own name.
    Path aside = aside(names);
    makeWritable(top, kernel.status(top).orElseThrow());
    makeWritable(child, status);
    kernel.rename(child, aside);
    for (String name : names) {
      move(aside.resolve(name), top.resolve(name));
    }
    kernel.remove(aside);
    for (String name : kernel.attributeNames(top)) {
      // A label is given by the policy of this system, and cannot be taken away.
      if (!facts.attributes().containsKey(name) && !name.equals("security.selinux")) {
        kernel.removeAttribute(top, name);
      }
    }
    writer.settle(top, FileKind.DIRECTORY, facts);
  }

  private Path aside(List<String> taken) {
    var names = new HashSet<>(taken);
    int number = 0;
    while (names.contains(".lifted." + number)) {
      number++;
    }
    return writer.top().resolve(".lifted." + number);
  }

  /** A directory can only be moved by who may write in it, and keeps its time and mode. */
  private void move(Path from, Path to) throws IOException {
    var status = kernel.status(from).orElseThrow();
    boolean directory = status.kind() == FileKind.DIRECTORY;
    if (directory) {
      makeWritable(from, status);
    }
    kernel.rename(from, to);
    if (directory) {
      if (!writable(status)) {
        kernel.changeMode(to, status.mode());
      }
      kernel.changeTimes(to, status.mtimeNanos());
    }
  }

  private void makeWritable(Path directory, FileStatus status) throws IOException {
    if (!writable(status)) {
      kernel.changeMode(directory, status.mode() | 0700);
    }
  }

  /** Root may write anywhere. */
  private boolean writable(FileStatus status) {
    return writer.privileged() || (status.mode() & 0700) == 0700;
  }
}
