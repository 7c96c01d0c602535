package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.TreeRemoval;
import org.particleos.update.pattern.InvalidPatternException;
import org.particleos.update.pattern.MatchPattern;
import org.particleos.update.pattern.PatternList.ListMatch;
import org.particleos.update.pattern.PatternMatch;
import org.particleos.update.version.Version;

/**
 * Removes what was installed by transfers that are gone or disabled (update-algorithm.md 15.2): the
 * objects in a recorded directory that match the recorded pattern and that no enabled transfer
 * owns. Nothing else is touched; partitions never are.
 *
 * <p>Records come from a directory that only root writes, yet each is checked before it is
 * believed. When in doubt an object stays and so does its record.
 *
 * <p>Deviation: H-13, {@code ProtectVersion=} of definitions that do not own an object cannot
 * protect it, but the running version can: it is never removed. Its record stays for a later run.
 */
public final class Cleanup {
  private final Kernel kernel;
  private final Path root;
  private final List<ResolvedTransfer> enabled;
  private final Set<String> protectedVersions;
  private final List<Path> removed = new ArrayList<>();
  private final List<Dropped> dropped = new ArrayList<>();
  private final List<UpdateException> failures = new ArrayList<>();

  private Cleanup(
      Kernel kernel, Path root, List<ResolvedTransfer> enabled, Set<String> protectedVersions) {
    this.kernel = kernel;
    this.root = root;
    this.enabled = List.copyOf(enabled);
    this.protectedVersions = Set.copyOf(protectedVersions);
  }

  /** Why a record went. */
  public enum Why {
    /** It is not what this program or the reference writes. */
    MALFORMED,
    DIRECTORY_MISSING,
    NOTHING_LEFT
  }

  /**
   * A record that was dropped.
   *
   * @param content the directory and pattern it named, as it was found
   */
  public record Dropped(String content, Why why) {}

  /**
   * What was done.
   *
   * @param removed files and trees, in order
   * @param failures what could not be done, none of which kept the rest from it
   */
  public record Outcome(List<Path> removed, List<Dropped> dropped, List<UpdateException> failures) {
    public Outcome {
      removed = List.copyOf(removed);
      dropped = List.copyOf(dropped);
      failures = List.copyOf(failures);
    }
  }

  /**
   * Cleans up after one installation.
   *
   * @param root of the system that the database belongs to
   * @param enabled the enabled transfers of the same installation as it is defined now
   * @param protectedVersions the running one
   */
  public static Outcome run(
      Kernel kernel,
      Path root,
      InstallDatabase database,
      List<ResolvedTransfer> enabled,
      Set<String> protectedVersions)
      throws UpdateException {
    var cleanup = new Cleanup(kernel, root, enabled, protectedVersions);
    for (InstallDatabase.Entry entry : database.entries()) {
      cleanup.judge(database, entry);
    }
    return new Outcome(cleanup.removed, cleanup.dropped, cleanup.failures);
  }

  private void judge(InstallDatabase database, InstallDatabase.Entry entry) {
    Optional<Why> drop;
    try {
      drop = clean(entry);
    } catch (IOException | InvalidPatternException | InvalidPathException e) {
      failures.add(failure("cleaning up after the record", entry.content(), e));
      return;
    }
    if (drop.isPresent()) {
      try {
        database.drop(entry);
        dropped.add(new Dropped(entry.content(), drop.get()));
      } catch (IOException e) {
        failures.add(failure("dropping the record", entry.content(), e));
      }
    }
  }

  private static UpdateException failure(String doing, String subject, Exception cause) {
    String what = doing + " " + Quote.quote(subject) + " failed";
    if (cause instanceof IOException io) {
      return IoFailure.writing(what, io);
    }
    return UpdateException.because(Reason.NOT_SUPPORTED, what)
        .found(String.valueOf(cause.getMessage()))
        .remedy("if nothing needs the record any more, remove its link from the install database")
        .cause(cause)
        .configuration();
  }

  /** Why the record is to be dropped; empty if it has to stay. */
  private Optional<Why> clean(InstallDatabase.Entry entry)
      throws IOException, InvalidPatternException {
    String content = entry.content();
    int end = content.indexOf(InstallDatabase.SEPARATOR);
    boolean named =
        String.valueOf(entry.link().getFileName()).equals(InstallDatabase.nameOf(content));
    if (!named || end < 0) {
      return Optional.of(Why.MALFORMED);
    }
    String directory = end == 0 ? "/" : content.substring(0, end);
    Path recorded = Path.of(directory);
    if (!recorded.isAbsolute() || !recorded.normalize().toString().equals(directory)) {
      return Optional.of(Why.MALFORMED);
    }
    MatchPattern pattern =
        MatchPattern.parse(content.substring(end + InstallDatabase.SEPARATOR.length()), false);
    Path base = Chase.below(kernel, root, recorded, Chase.Links.REFUSE);
    Optional<FileStatus> there = kernel.status(base);
    if (there.isEmpty()) {
      return Optional.of(Why.DIRECTORY_MISSING);
    }
    return new Scan(base, there.get(), pattern).run()
        ? Optional.empty()
        : Optional.of(Why.NOTHING_LEFT);
  }

  /** Goes through one recorded directory. */
  private final class Scan {
    private final Path base;
    private final FileStatus baseStatus;
    private final MatchPattern pattern;
    private boolean somethingStays;

    Scan(Path base, FileStatus baseStatus, MatchPattern pattern) {
      this.base = base;
      this.baseStatus = baseStatus;
      this.pattern = pattern;
    }

    /** Whether the record has to stay. */
    boolean run() throws IOException {
      scan(base, "");
      return somethingStays;
    }

    /** Descends as deep as the pattern has slashes. */
    private void scan(Path directory, String above) throws IOException {
      for (String name : kernel.list(directory)) {
        Path path = directory.resolve(name);
        Optional<FileKind> kind = kernel.status(path).map(FileStatus::kind);
        if (kind.isEmpty()
            || (kind.get() != FileKind.REGULAR && kind.get() != FileKind.DIRECTORY)) {
          continue;
        }
        String relative = above + name;
        switch (pattern.match(relative)) {
          case PatternMatch.No() -> {}
          case PatternMatch.Descend() -> {
            if (kind.get() == FileKind.DIRECTORY) {
              scan(path, relative + "/");
            }
          }
          case PatternMatch.Match(var metadata) -> {
            if (isProtected(metadata.version()) || isOwned(path, relative)) {
              somethingStays = true;
            } else {
              remove(path);
            }
          }
        }
      }
    }

    private boolean isProtected(Version version) {
      return protectedVersions.stream()
          .flatMap(text -> Version.parse(text).stream())
          .anyMatch(version::sameOrder);
    }

    /** transfer-files.md 9.5: a match and a descend are both ownership. */
    private boolean isOwned(Path path, String relative) throws IOException {
      for (ResolvedTransfer transfer : enabled) {
        if (!(transfer.target() instanceof Place.Directory(var target))) {
          continue;
        }
        // A target within the object would go with it.
        if (target.startsWith(path)) {
          return true;
        }
        // The same place may be written by another path, or from a directory further up.
        if (isBase(target) && owns(transfer, relative)) {
          return true;
        }
        if (path.startsWith(target) && owns(transfer, target.relativize(path).toString())) {
          return true;
        }
      }
      return false;
    }

    private boolean isBase(Path target) throws IOException {
      return target.equals(base)
          || kernel
              .statusFollowing(target)
              .filter(status ->
                  status.device() == baseStatus.device() && status.inode() == baseStatus.inode())
              .isPresent();
    }

    private static boolean owns(ResolvedTransfer transfer, String relative) {
      ListMatch match = transfer.transfer().target().patterns().match(relative);
      return match.match().isPresent() || match.descend();
    }

    private void remove(Path path) {
      try {
        TreeRemoval.remove(kernel, path);
        removed.add(path);
        kernel.syncDirectory(Directories.holding(path));
      } catch (IOException e) {
        somethingStays = true;
        failures.add(failure("removing", path.toString(), e));
      }
    }
  }
}
