package org.particleos.update.definition;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Follows symlinks inside a root: an absolute target starts at the root again, {@code ..} stops at
 * it. Nothing outside is ever looked at.
 *
 * @param root a real directory
 */
record Chase(Path root) {
  /** As many as the kernel follows before it says ELOOP. */
  private static final int SYMLINKS_MAX = 40;

  private static final Path NULL_DEVICE = Path.of("/dev/null");

  /** Where a path leads. */
  sealed interface Found {
    /** To nothing. */
    record Nothing() implements Found {}

    /** To {@code /dev/null}, whether or not the node exists inside the root. */
    record NullDevice() implements Found {}

    /** To something that exists: the path without symlinks, seen from outside of the root. */
    record Existing(Path path) implements Found {}
  }

  /**
   * Follows an absolute path inside the root.
   *
   * @throws IOException if a link cannot be read or there are too many
   */
  Found follow(Path inside) throws IOException {
    Deque<Path> open = new ArrayDeque<>();
    inside.forEach(open::add);
    Path virtual = Path.of("/");
    int symlinks = 0;
    while (!open.isEmpty()) {
      Path name = open.removeFirst();
      if (name.toString().equals(".") || name.toString().isEmpty()) {
        continue;
      }
      if (name.toString().equals("..")) {
        virtual = virtual.getParent() == null ? virtual : virtual.getParent();
        continue;
      }
      Path next = virtual.resolve(name);
      Path outside = outside(next);
      if (Files.isSymbolicLink(outside)) {
        if (++symlinks > SYMLINKS_MAX) {
          throw new IOException("too many levels of symbolic links");
        }
        Path target = Files.readSymbolicLink(outside);
        // The last component of the link comes first on the stack of what is still to do.
        for (int i = target.getNameCount() - 1; i >= 0; i--) {
          open.addFirst(target.getName(i));
        }
        virtual = target.isAbsolute() ? Path.of("/") : virtual;
      } else {
        virtual = next;
        if (open.isEmpty() && virtual.equals(NULL_DEVICE)) {
          return new Found.NullDevice();
        }
        if (!Files.exists(outside, LinkOption.NOFOLLOW_LINKS)) {
          // What is missing may still be spelled as the null device.
          Path spelled = open.stream().reduce(virtual, Path::resolve).normalize();
          if (spelled.equals(NULL_DEVICE)) {
            return new Found.NullDevice();
          }
          return new Found.Nothing();
        }
      }
    }
    return new Found.Existing(outside(virtual));
  }

  /** The regular file that a path leads to, if any. */
  Optional<Path> file(Path inside) {
    try {
      return follow(inside) instanceof Found.Existing(var path) && Files.isRegularFile(path)
          ? Optional.of(path)
          : Optional.empty();
    } catch (IOException _) {
      // Unreadable is as good as absent for those who call this.
      return Optional.empty();
    }
  }

  private Path outside(Path virtual) {
    return root.resolve(Path.of("/").relativize(virtual));
  }
}
