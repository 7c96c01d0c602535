package org.particleos.update.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * Makes the files of a new tree and gives them owner, mode, attributes and times. While a directory
 * is filled it belongs to us with mode 0700 and without default ACL, so that nobody looks in and
 * nothing is inherited; {@link #settle} makes it what it shall be.
 *
 * <p>Run by root, owners are kept. Run by anybody else, they cannot be: files belong to the caller,
 * as with tar, and lose set-id bits that would now stand for somebody else.
 */
final class TreeWriter {

  /** Until a directory is complete. */
  private static final int MODE_WHILE_FILLED = 0700;

  private static final int SET_USER_ID = 04000;
  private static final int SET_GROUP_ID = 02000;

  /** A warning names only so many attributes. */
  private static final int NAMES_IN_WARNING_MAX = 10;

  private final Kernel kernel;
  private final Path top;
  private final FileStatus own;
  private final TreeSet<String> attributesLeftOut = new TreeSet<>();
  private boolean moreAttributesLeftOut;
  private boolean ownersLeftOut;

  private TreeWriter(Kernel kernel, Path top, FileStatus own) {
    this.kernel = kernel;
    this.top = top;
    this.own = own;
  }

  /** Makes the top of a tree where nothing is yet. */
  static TreeWriter make(Kernel kernel, Path top, TreeKind kind) throws UpdateException {
    try {
      if (kind == TreeKind.SUBVOLUME && onBtrfs(kernel, top)) {
        kernel.makeSubvolume(top);
      } else {
        kernel.makeDirectory(top, MODE_WHILE_FILLED);
      }
      kernel.changeMode(top, MODE_WHILE_FILLED);
      // Inherited from the directory that holds the instances, not from the tree.
      for (String name : kernel.attributeNames(top)) {
        if (name.startsWith(FileFacts.ACL_PREFIX)) {
          kernel.removeAttribute(top, name);
        }
      }
      return of(kernel, top);
    } catch (IOException e) {
      throw WriteFailure.of(top, e);
    }
  }

  /** For a tree that is there already, like a snapshot. */
  static TreeWriter of(Kernel kernel, Path top) throws IOException {
    return new TreeWriter(kernel, top, kernel.status(top).orElseThrow());
  }

  static boolean onBtrfs(Kernel kernel, Path path) throws IOException {
    Path parent = path.getParent();
    return parent != null && kernel.space(parent).btrfs();
  }

  Path top() {
    return top;
  }

  boolean privileged() {
    return own.user() == 0;
  }

  void directory(Path path) throws UpdateException {
    changing(path, () -> kernel.makeDirectory(path, MODE_WHILE_FILLED));
  }

  OpenFile file(Path path) throws UpdateException {
    try {
      return kernel.open(
          path,
          EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.NO_FOLLOW));
    } catch (IOException e) {
      throw WriteFailure.of(path, e);
    }
  }

  void symbolicLink(String target, Path path) throws UpdateException {
    changing(path, () -> kernel.makeSymbolicLink(target, path));
  }

  void hardLink(Path existing, Path path) throws UpdateException {
    changing(path, () -> kernel.makeHardLink(existing, path));
  }

  /**
   * @param shownAs the file's name for the message
   */
  void specialFile(Path path, String shownAs, FileKind kind, long device) throws UpdateException {
    boolean node = kind == FileKind.BLOCK_DEVICE || kind == FileKind.CHARACTER_DEVICE;
    if (node && !privileged()) {
      throw UpdateException.because(
              Reason.PERMISSION_DENIED, "refused to make the device node " + shownAs)
          .found("only root can make device nodes")
          .remedy("run it as root, or ask the publisher for a tree without device nodes")
          .notPermitted();
    }
    changing(path, () -> kernel.makeSpecialFile(path, kind, 0600, device));
  }

  /** Gives a file everything but content, in the order in which nothing is lost again. */
  void settle(Path path, FileKind kind, FileFacts facts) throws UpdateException {
    // A change of owner clears set-id bits and capabilities, a change of mode rewrites the ACL.
    owner(path, facts);
    mode(path, kind, facts);
    attributes(path, kind, facts.attributes());
    times(path, facts.mtimeNanos());
  }

  void owner(Path path, FileFacts facts) throws UpdateException {
    if (privileged()) {
      changing(path, () -> kernel.changeOwner(path, facts.user(), facts.group()));
    } else if (facts.user() != own.user() || facts.group() != own.group()) {
      ownersLeftOut = true;
    }
  }

  void mode(Path path, FileKind kind, FileFacts facts) throws UpdateException {
    if (kind == FileKind.SYMBOLIC_LINK) {
      return;
    }
    mode(path, modeFor(facts));
  }

  void mode(Path path, int mode) throws UpdateException {
    changing(path, () -> kernel.changeMode(path, mode));
  }

  /** The mode that a file of these facts gets here. */
  int modeFor(FileFacts facts) {
    int mode = facts.mode();
    if (!privileged() && facts.user() != own.user()) {
      mode &= ~SET_USER_ID;
    }
    if (!privileged() && facts.group() != own.group()) {
      mode &= ~SET_GROUP_ID;
    }
    return mode;
  }

  void attributes(Path path, FileKind kind, Map<String, byte[]> attributes) throws UpdateException {
    for (var attribute : attributes.entrySet()) {
      try {
        kernel.setAttribute(path, attribute.getKey(), attribute.getValue());
      } catch (LinuxException e) {
        if (!cannotBeKept(e, kind, attribute.getKey())) {
          throw WriteFailure.of(path, e);
        }
        leaveOut(attribute.getKey());
      } catch (IOException e) {
        throw WriteFailure.of(path, e);
      }
    }
  }

  void times(Path path, long mtimeNanos) throws UpdateException {
    changing(path, () -> kernel.changeTimes(path, mtimeNanos));
  }

  /** Whether the file system or a missing privilege is to blame, and not the disk. */
  private boolean cannotBeKept(LinuxException e, FileKind kind, String name) {
    boolean plain = kind == FileKind.REGULAR || kind == FileKind.DIRECTORY;
    boolean denied = e.is(Errno.EPERM) || e.is(Errno.EACCES);
    boolean label = name.equals("security.selinux");
    return e.is(Errno.EOPNOTSUPP)
        || e.is(Errno.E2BIG)
        || (denied && (!privileged() || !plain))
        // The policy of this system does not know the label.
        || (label && (denied || e.is(Errno.EINVAL)));
  }

  private void leaveOut(String name) {
    if (attributesLeftOut.size() < NAMES_IN_WARNING_MAX) {
      attributesLeftOut.add(name);
    } else if (!attributesLeftOut.contains(name)) {
      moreAttributesLeftOut = true;
    }
  }

  /** What could not be kept, one sentence each. */
  List<String> warnings() {
    var warnings = new ArrayList<String>();
    if (ownersLeftOut) {
      warnings.add(
          "the owners of files were not kept, since only root may give files away; all belong to"
              + " user "
              + Integer.toUnsignedString(own.user()));
    }
    if (!attributesLeftOut.isEmpty()) {
      warnings.add(
          "extended attributes were left out that this file system or user cannot set: "
              + String.join(", ", attributesLeftOut.stream().map(Quote::quote).toList())
              + (moreAttributesLeftOut ? " and more" : ""));
    }
    return warnings;
  }

  @FunctionalInterface
  private interface Change {
    void run() throws IOException;
  }

  private static void changing(Path path, Change change) throws UpdateException {
    try {
      change.run();
    } catch (IOException e) {
      throw WriteFailure.of(path, e);
    }
  }
}
