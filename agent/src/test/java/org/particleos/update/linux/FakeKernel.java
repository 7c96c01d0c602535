package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Errno;

/**
 * The real kernel, except that some paths answer as if they were something else: device nodes and
 * mounted file systems that a test cannot have without being root.
 */
public final class FakeKernel extends DelegatingKernel {
  private final Map<Path, DeviceNumber> nodes = new HashMap<>();
  private final Map<Path, DeviceNumber> fileSystems = new HashMap<>();
  private final Map<Path, Long> magics = new HashMap<>();
  private final Map<Path, Path> contents = new HashMap<>();
  private final Map<Path, Errno> closed = new HashMap<>();

  public FakeKernel() {
    super(new LinuxKernel());
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

  private void fail(String call, Path path) throws LinuxException {
    var errno = closed.get(path);
    if (errno != null) {
      throw new LinuxException(errno.number(), call, path.toString(), errno.name());
    }
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    fail("open", path);
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
      return Optional.of(new FileStatus(FileKind.BLOCK_DEVICE, 0660, 0, 0, 1, 5, node.encoded()));
    }
    var device = fileSystems.get(path);
    if (device == null) {
      return found;
    }
    return found.map(status ->
        new FileStatus(
            status.kind(),
            status.mode(),
            status.sizeBytes(),
            status.mtimeMicros(),
            status.inode(),
            device.encoded(),
            0));
  }
}
