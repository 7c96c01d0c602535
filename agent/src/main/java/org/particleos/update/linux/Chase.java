package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Quote;

/**
 * Resolves a path below an anchor directory component by component, so that no symbolic link leads
 * out of it: an absolute link starts again at the anchor, {@code ..} stops there (transfer-files.md
 * 14.2). What does not exist yet resolves to itself.
 *
 * <p>Who owns the tree could still exchange a component afterwards; anchors belong to root.
 */
public final class Chase {
  /** As many as the kernel follows. */
  private static final int LINKS_MAX = 40;

  private Chase() {}

  /** Whether links are followed below the anchor. */
  public enum Links {
    FOLLOW,
    REFUSE
  }

  /**
   * The path without links.
   *
   * @param path relative or absolute, in both cases meant below the anchor
   * @throws SymbolicLinkRefused at the first link with {@link Links#REFUSE}
   */
  public static Path below(Kernel kernel, Path anchor, Path path, Links links) throws IOException {
    var ahead = new ArrayDeque<String>(components(path));
    var resolved = new ArrayDeque<String>();
    int followed = 0;
    while (!ahead.isEmpty()) {
      String component = ahead.removeFirst();
      if (component.equals("..")) {
        resolved.pollLast();
        continue;
      }
      resolved.addLast(component);
      Path here = join(anchor, resolved);
      Optional<Kernel.FileStatus> status = kernel.status(here);
      if (status.isEmpty() || status.get().kind() != Kernel.FileKind.SYMBOLIC_LINK) {
        continue;
      }
      if (links == Links.REFUSE) {
        throw new SymbolicLinkRefused(here);
      }
      if (++followed > LINKS_MAX) {
        throw new IOException(Quote.quote(path.toString()) + " has too many symbolic links");
      }
      Path target = Path.of(kernel.readLink(here));
      resolved.removeLast();
      if (target.isAbsolute()) {
        resolved.clear();
      }
      var names = components(target);
      for (int i = names.size() - 1; i >= 0; i--) {
        ahead.addFirst(names.get(i));
      }
    }
    return join(anchor, resolved);
  }

  private static List<String> components(Path path) {
    var names = new ArrayList<String>();
    for (Path name : path) {
      String text = name.toString();
      if (!Set.of("", ".").contains(text)) {
        names.add(text);
      }
    }
    return names;
  }

  private static Path join(Path anchor, Iterable<String> names) {
    Path path = anchor;
    for (String name : names) {
      path = path.resolve(name);
    }
    return path;
  }

  /** A symbolic link stands where none may be. */
  public static final class SymbolicLinkRefused extends IOException {
    private final Path link;

    SymbolicLinkRefused(Path link) {
      super(Quote.quote(link.toString()) + " is a symbolic link");
      this.link = link;
    }

    public Path link() {
      return link;
    }
  }
}
