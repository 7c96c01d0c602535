package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.particleos.update.failure.Errno;

/**
 * The real kernel, except for what a test cannot have without being root: some paths answer as if
 * they were device nodes or mounted file systems; owners, device nodes, extended attributes, inode
 * flags and subvolumes are remembered per inode and behave as the real ones do.
 */
public final class FakeKernel extends DelegatingKernel {
  private static final int ENOTEMPTY = 39;

  private final Map<Path, DeviceNumber> nodes = new HashMap<>();
  private final Map<Path, DeviceNumber> fileSystems = new HashMap<>();
  private final Map<Path, Long> magics = new HashMap<>();
  private final Map<Path, Path> contents = new HashMap<>();
  private final Map<Path, Errno> closed = new HashMap<>();
  private final Map<Inode, State> states = new HashMap<>();
  private boolean btrfs;
  private boolean attributesKnown = true;
  private boolean flagsKnown = true;

  public FakeKernel() {
    super(new LinuxKernel());
  }

  private record Inode(long device, long number) {}

  private static final class State {
    Optional<FileStatus> special = Optional.empty();
    Optional<int[]> owner = Optional.empty();
    final TreeMap<String, byte[]> attributes = new TreeMap<>();
    final EnumSet<InodeFlag> flags = EnumSet.noneOf(InodeFlag.class);
    boolean subvolume;
    boolean readOnly;

    boolean locked() {
      return flags.contains(InodeFlag.IMMUTABLE) || flags.contains(InodeFlag.APPEND_ONLY);
    }
  }

  /** The path is a block device. */
  public FakeKernel blockDevice(Path path, DeviceNumber number) {
    nodes.put(path, number);
    return this;
  }

  /** Opening the path opens this file instead. */
  public FakeKernel content(Path path, Path file) {
    contents.put(path, file);
    return this;
  }

  /** The directory lies on the device. */
  public FakeKernel fileSystem(Path directory, DeviceNumber device) {
    fileSystems.put(directory, device);
    return this;
  }

  /** The directory lies on a file system of this type. */
  public FakeKernel magic(Path directory, long magic) {
    magics.put(directory, magic);
    return this;
  }

  /** Every look at the path fails. */
  public FakeKernel failing(Path path, Errno errno) {
    closed.put(path, errno);
    return this;
  }

  /** From now on subvolumes can be made. */
  public FakeKernel btrfs() {
    btrfs = true;
    return this;
  }

  /** As FAT: neither extended attributes nor inode flags. */
  public FakeKernel withoutAttributesAndFlags() {
    attributesKnown = false;
    flagsKnown = false;
    return this;
  }

  private void fail(String call, Path path) throws LinuxException {
    var errno = closed.get(path);
    if (errno != null) {
      throw failed(call, path, errno);
    }
  }

  private static LinuxException failed(String call, Path path, Errno errno) {
    return new LinuxException(errno.number(), call, path.toString(), errno.name());
  }

  // ------------------------------------------------------------------ what is remembered

  private Optional<Inode> inode(Path path) throws IOException {
    return super.status(path).map(status -> new Inode(status.device(), status.inode()));
  }

  /** What is known beyond the real file; nothing is the same as a fresh state. */
  private State state(Path path) throws IOException {
    return inode(path).map(states::get).orElseGet(State::new);
  }

  private State keptState(String call, Path path) throws IOException {
    Inode inode = inode(path).orElseThrow(() -> failed(call, path, Errno.ENOENT));
    return states.computeIfAbsent(inode, _ -> new State());
  }

  private void forget(Path path) throws IOException {
    Optional<FileStatus> status = super.status(path);
    if (status.isPresent()
        && (status.get().links() <= 1 || status.get().kind() == FileKind.DIRECTORY)) {
      states.remove(new Inode(status.get().device(), status.get().inode()));
    }
  }

  /** Fails where the real kernel does not let the file itself change. */
  private void changeable(String call, Path path) throws IOException {
    if (state(path).locked()) {
      throw failed(call, path, Errno.EPERM);
    }
    writable(call, path);
  }

  /** Fails where a name in a directory cannot be made or taken away. */
  private void entry(String call, Path path, boolean taken) throws IOException {
    Path directory = parent(path);
    EnumSet<InodeFlag> flags = state(directory).flags;
    if (flags.contains(InodeFlag.IMMUTABLE)
        || (taken && flags.contains(InodeFlag.APPEND_ONLY))
        || (taken && state(path).locked())) {
      throw failed(call, path, Errno.EPERM);
    }
    writable(call, directory);
  }

  /** Fails within a subvolume that is read-only. */
  private void writable(String call, Path path) throws IOException {
    for (Path at = path; at != null; at = at.getParent()) {
      State state = state(at);
      if (state.subvolume) {
        if (state.readOnly) {
          throw failed(call, path, Errno.EROFS);
        }
        return;
      }
    }
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("nothing holds " + path);
    }
    return parent;
  }

  // ------------------------------------------------------------------ looking

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    fail("open", path);
    if (flags.contains(OpenFlag.WRITE)) {
      if (super.statusFollowing(path).isPresent()) {
        changeable("open", path);
      } else if (flags.contains(OpenFlag.CREATE)) {
        entry("open", path, false);
      }
    }
    return super.open(contents.getOrDefault(path, path), flags);
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    fail("status", path);
    return disguised(path, super.status(path));
  }

  @Override
  public Optional<FileStatus> statusFollowing(Path path) throws IOException {
    fail("statusFollowing", path);
    return disguised(path, super.statusFollowing(path));
  }

  @Override
  public SpaceStatus space(Path path) throws IOException {
    fail("space", path);
    var space = super.space(path);
    return new SpaceStatus(
        magics.getOrDefault(path, space.magic()),
        space.totalBytes(),
        space.availableBytes(),
        space.blockBytes(),
        space.readOnly());
  }

  private Optional<FileStatus> disguised(Path path, Optional<FileStatus> found) {
    var node = nodes.get(path);
    if (node != null) {
      return Optional.of(
          new FileStatus(FileKind.BLOCK_DEVICE, 0660, 0, 0, 1, 5, node.encoded(), 0, 0, 1));
    }
    return found.map(status -> {
      var device = fileSystems.get(path);
      State state =
          Optional.ofNullable(states.get(new Inode(status.device(), status.inode())))
              .orElseGet(State::new);
      return new FileStatus(
          state.special.map(FileStatus::kind).orElse(status.kind()),
          status.mode(),
          status.sizeBytes(),
          status.mtimeNanos(),
          status.inode(),
          device == null ? status.device() : device.encoded(),
          state.special.map(FileStatus::specialDevice).orElse(status.specialDevice()),
          state.owner.map(owner -> owner[0]).orElse(status.user()),
          state.owner.map(owner -> owner[1]).orElse(status.group()),
          status.links());
    });
  }

  // ------------------------------------------------------------------ names

  @Override
  public void rename(Path from, Path to) throws IOException {
    entry("rename", from, true);
    entry("rename", to, super.status(to).isPresent());
    if (!from.equals(to)) {
      forget(to);
    }
    super.rename(from, to);
  }

  @Override
  public void exchange(Path one, Path other) throws IOException {
    entry("renameat2", one, true);
    entry("renameat2", other, true);
    super.exchange(one, other);
  }

  @Override
  public void remove(Path path) throws IOException {
    entry("unlink", path, true);
    if (super.status(path).filter(status -> status.kind() == FileKind.DIRECTORY).isPresent()
        && !super.list(path).isEmpty()) {
      throw new LinuxException(ENOTEMPTY, "rmdir", path.toString(), "ENOTEMPTY");
    }
    forget(path);
    super.remove(path);
  }

  @Override
  public void makeDirectory(Path path, int mode) throws IOException {
    entry("mkdir", path, false);
    super.makeDirectory(path, mode);
  }

  @Override
  public void makeSymbolicLink(String target, Path link) throws IOException {
    entry("symlink", link, false);
    super.makeSymbolicLink(target, link);
  }

  @Override
  public void makeHardLink(Path existing, Path link) throws IOException {
    changeable("linkat", existing);
    entry("linkat", link, false);
    super.makeHardLink(existing, link);
  }

  /** A device node is a file that answers as if it were one. */
  @Override
  public void makeSpecialFile(Path path, FileKind kind, int mode, long specialDevice)
      throws IOException {
    entry("mknod", path, false);
    if (kind != FileKind.BLOCK_DEVICE && kind != FileKind.CHARACTER_DEVICE) {
      super.makeSpecialFile(path, kind, mode, specialDevice);
      return;
    }
    super.open(path, Set.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE)).close();
    super.changeMode(path, mode);
    keptState("mknod", path).special =
        Optional.of(new FileStatus(kind, mode, 0, 0, 0, 0, specialDevice, 0, 0, 1));
  }

  // ------------------------------------------------------------------ properties

  @Override
  public void changeMode(Path path, int mode) throws IOException {
    changeable("fchmodat", path);
    super.changeMode(path, mode);
  }

  @Override
  public void changeTimes(Path path, long mtimeNanos) throws IOException {
    changeable("utimensat", path);
    super.changeTimes(path, mtimeNanos);
  }

  @Override
  public void changeOwner(Path path, int user, int group) throws IOException {
    changeable("lchown", path);
    keptState("lchown", path).owner = Optional.of(new int[] {user, group});
  }

  @Override
  public List<String> attributeNames(Path path) throws IOException {
    return List.copyOf(state(path).attributes.keySet());
  }

  @Override
  public Optional<byte[]> attribute(Path path, String name) throws IOException {
    return Optional.ofNullable(state(path).attributes.get(name)).map(byte[]::clone);
  }

  @Override
  public void setAttribute(Path path, String name, byte[] value) throws IOException {
    if (!attributesKnown) {
      throw failed("lsetxattr", path, Errno.EOPNOTSUPP);
    }
    changeable("lsetxattr", path);
    keptState("lsetxattr", path).attributes.put(name, value.clone());
  }

  @Override
  public void removeAttribute(Path path, String name) throws IOException {
    changeable("lremovexattr", path);
    if (keptState("lremovexattr", path).attributes.remove(name) == null) {
      throw failed("lremovexattr", path, Errno.ENODATA);
    }
  }

  @Override
  public Set<InodeFlag> inodeFlags(Path path) throws IOException {
    return Set.copyOf(state(path).flags);
  }

  @Override
  public void changeInodeFlag(Path path, InodeFlag flag, boolean on) throws IOException {
    FileKind kind = status(path).orElseThrow(() -> failed("open", path, Errno.ENOENT)).kind();
    if (!flagsKnown || (kind != FileKind.REGULAR && kind != FileKind.DIRECTORY)) {
      throw failed("FS_IOC_SETFLAGS", path, Errno.EOPNOTSUPP);
    }
    writable("FS_IOC_SETFLAGS", path);
    State state = keptState("FS_IOC_SETFLAGS", path);
    if (on) {
      state.flags.add(flag);
    } else {
      state.flags.remove(flag);
    }
  }

  // ------------------------------------------------------------------ subvolumes

  @Override
  public boolean isSubvolume(Path path) throws IOException {
    return state(path).subvolume;
  }

  @Override
  public void makeSubvolume(Path path) throws IOException {
    if (!btrfs) {
      throw failed("BTRFS_IOC_SUBVOL_CREATE_V2", path, Errno.EOPNOTSUPP);
    }
    makeDirectory(path, 0755);
    keptState("BTRFS_IOC_SUBVOL_CREATE_V2", path).subvolume = true;
  }

  @Override
  public void snapshotSubvolume(Path source, Path snapshot) throws IOException {
    subvolume("BTRFS_IOC_SNAP_CREATE_V2", source);
    makeSubvolume(snapshot);
    copy(source, snapshot);
  }

  private void copy(Path from, Path to) throws IOException {
    for (String name : super.list(from)) {
      Path original = from.resolve(name);
      Path copied = to.resolve(name);
      Files.copy(original, copied, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.COPY_ATTRIBUTES);
      State state = state(original);
      State kept = keptState("snapshot", copied);
      kept.owner = state.owner;
      kept.special = state.special;
      kept.attributes.putAll(state.attributes);
      kept.flags.addAll(state.flags);
      boolean directory = Files.isDirectory(original, LinkOption.NOFOLLOW_LINKS);
      if (directory && !state.subvolume) {
        copy(original, copied);
      }
    }
  }

  @Override
  public void removeSubvolume(Path path) throws IOException {
    subvolume("BTRFS_IOC_SNAP_DESTROY", path);
    entry("BTRFS_IOC_SNAP_DESTROY", path, true);
    if (holdsSubvolume(path)) {
      throw new LinuxException(ENOTEMPTY, "BTRFS_IOC_SNAP_DESTROY", path.toString(), "ENOTEMPTY");
    }
    destroy(path);
  }

  private boolean holdsSubvolume(Path directory) throws IOException {
    for (String name : super.list(directory)) {
      Path inner = directory.resolve(name);
      if (Files.isDirectory(inner, LinkOption.NOFOLLOW_LINKS)
          && (state(inner).subvolume || holdsSubvolume(inner))) {
        return true;
      }
    }
    return false;
  }

  private void destroy(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      for (String name : super.list(path)) {
        destroy(path.resolve(name));
      }
    }
    forget(path);
    super.remove(path);
  }

  @Override
  public boolean subvolumeReadOnly(Path path) throws IOException {
    return subvolume("BTRFS_IOC_SUBVOL_GETFLAGS", path).readOnly;
  }

  @Override
  public void changeSubvolumeReadOnly(Path path, boolean readOnly) throws IOException {
    subvolume("BTRFS_IOC_SUBVOL_SETFLAGS", path).readOnly = readOnly;
  }

  private State subvolume(String call, Path path) throws IOException {
    State state = state(path);
    if (!state.subvolume) {
      throw failed(call, path, Errno.EINVAL);
    }
    return state;
  }
}
