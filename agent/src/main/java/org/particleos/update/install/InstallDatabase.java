package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.FileName;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.pattern.MatchPattern;

/**
 * Remembers where instances were installed under which patterns, so that {@link Cleanup} finds them
 * after their definition is gone (update-algorithm.md 15.1). One symbolic link per directory and
 * pattern; the links dangle, they are never followed. The format is that of the reference.
 */
public final class InstallDatabase {
  /** Where the reference keeps its records, inside the root. */
  public static final Path PARENT = Path.of("/var/lib/systemd/sysupdate");

  private static final String NAME = "installdb";

  /** Stands between directory and pattern; a normalised path cannot contain it. */
  static final String SEPARATOR = "/./";

  private final Kernel kernel;
  private final Path root;
  private final Path parent;
  private final String name;

  /**
   * The records of one installation.
   *
   * @param root of the system, {@code /} for the running one
   * @param parent where databases are, absolute inside the root
   * @param component empty for the default installation
   */
  public InstallDatabase(Kernel kernel, Path root, Path parent, Optional<String> component) {
    this.kernel = kernel;
    this.root = root;
    this.parent = Path.of("/").relativize(parent);
    this.name = component.map(c -> NAME + "." + checked(c)).orElse(NAME);
  }

  private static String checked(String component) {
    if (!valid(component)) {
      throw new IllegalArgumentException("no name of a component: " + component);
    }
    return component;
  }

  private static boolean valid(String component) {
    return SafeName.isComponent(component) && FileName.isUtf8(component);
  }

  /** The components that have records, sorted. Names that no component can have are left out. */
  public static List<String> components(Kernel kernel, Path root, Path parent)
      throws UpdateException {
    var components = new ArrayList<String>();
    try {
      Path inside = Path.of("/").relativize(parent);
      Path databases = Chase.below(kernel, root, inside, Chase.Links.FOLLOW);
      if (!isDirectory(kernel, databases)) {
        return List.of();
      }
      for (String entry : kernel.list(databases)) {
        if (entry.startsWith(NAME + ".")) {
          String component = entry.substring(NAME.length() + 1);
          if (valid(component) && isDirectory(kernel, databases.resolve(entry))) {
            components.add(component);
          }
        }
      }
    } catch (IOException e) {
      throw IoFailure.reading("looking for install databases failed", e);
    }
    return List.copyOf(components);
  }

  private static boolean isDirectory(Kernel kernel, Path path) throws IOException {
    return kernel.status(path).filter(s -> s.kind() == FileKind.DIRECTORY).isPresent();
  }

  /**
   * Notes where the transfer installs, one record for each pattern of its target. Records that are
   * there already stay. A transfer to partitions has none.
   *
   * @return what went wrong, for a warning: an installation is no worse without its record
   */
  public Optional<String> record(ResolvedTransfer transfer) {
    return switch (transfer.target()) {
      case Place.Directory(var target) -> {
        try {
          Path database = directory();
          Directories.make(kernel, database);
          boolean added = false;
          for (MatchPattern pattern : transfer.transfer().target().patterns().patterns()) {
            added |= add(database, content(target, pattern));
          }
          if (added) {
            kernel.syncDirectory(database);
          }
          yield Optional.empty();
        } catch (IOException e) {
          yield Optional.of(
              "noting that transfer "
                  + Quote.quote(transfer.id())
                  + " was installed failed, cleanup will not find it: "
                  + e.getMessage());
        }
      }
      case Place.Disk _ -> Optional.empty();
    };
  }

  private Path directory() throws IOException {
    return Chase.below(kernel, root, parent, Chase.Links.FOLLOW).resolve(name);
  }

  private String content(Path target, MatchPattern pattern) throws IOException {
    if (!target.startsWith(root)) {
      throw new IOException(
          Quote.quote(target.toString()) + " is not below " + Quote.quote(root.toString()));
    }
    String below = root.relativize(target).toString();
    return (below.isEmpty() ? "" : "/" + below) + SEPARATOR + pattern.text();
  }

  /** False if it is there already. */
  private boolean add(Path database, String content) throws IOException {
    Path link = database.resolve(nameOf(content));
    Optional<FileStatus> there = kernel.status(link);
    if (there.isPresent()
        && there.get().kind() == FileKind.SYMBOLIC_LINK
        && kernel.readLink(link).equals(content)) {
      return false;
    }
    Path next = database.resolve(".#" + link.getFileName());
    if (kernel.status(next).isPresent()) {
      kernel.remove(next);
    }
    kernel.makeSymbolicLink(content, next);
    kernel.rename(next, link);
    return true;
  }

  /** The name of the record: lower-case hexadecimal SHA-256 of what it says. */
  static String nameOf(String content) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(FileName.bytes(content)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /**
   * What a record holds, unchecked.
   *
   * @param link the record itself
   * @param content what it points to
   */
  record Entry(Path link, String content) {}

  /** All records, sorted by name; none if there is no database. */
  List<Entry> entries() throws UpdateException {
    var entries = new ArrayList<Entry>();
    try {
      Path database = directory();
      if (kernel.status(database).isEmpty()) {
        return List.of();
      }
      for (String entry : kernel.list(database)) {
        Path link = database.resolve(entry);
        if (kernel.status(link).filter(s -> s.kind() == FileKind.SYMBOLIC_LINK).isPresent()) {
          entries.add(new Entry(link, kernel.readLink(link)));
        }
      }
    } catch (IOException e) {
      throw IoFailure.reading("reading the install database failed", e);
    }
    return List.copyOf(entries);
  }

  void drop(Entry entry) throws IOException {
    kernel.remove(entry.link());
    kernel.syncDirectory(Directories.holding(entry.link()));
  }
}
