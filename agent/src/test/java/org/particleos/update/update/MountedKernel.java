package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * Lets directories pass for mounted file systems of their own, which may be small, read-only or
 * broken, and may be unmounted.
 */
final class MountedKernel extends UnhurriedKernel {
  private static final long BLOCK_BYTES = 512;

  private final Map<Path, Long> mounts = new LinkedHashMap<>();
  private final Map<Path, Long> capacities = new HashMap<>();
  private final Map<Path, Errno> faults = new HashMap<>();

  /** Something is mounted there. */
  MountedKernel mounted(Path path) {
    mounts.put(path, 1000L + mounts.size());
    return this;
  }

  /** The same is mounted there as at another place. */
  MountedKernel mountedAs(Path path, Path other) {
    mounts.put(path, mounts.get(other));
    return this;
  }

  MountedKernel unmounted(Path path) {
    mounts.remove(path);
    return this;
  }

  /** So many bytes of files fit there. */
  MountedKernel small(Path path, long bytes) {
    capacities.put(path, bytes);
    return this;
  }

  /** Whatever is written there fails. */
  MountedKernel failing(Path path, Errno errno) {
    faults.put(path, errno);
    return this;
  }

  MountedKernel healed(Path path) {
    faults.remove(path);
    capacities.remove(path);
    return this;
  }

  private Optional<Path> mount(Path path) {
    return mounts.keySet().stream().filter(path::startsWith).findFirst();
  }

  private void write(String call, Path path) throws IOException {
    Optional<Errno> fault =
        faults.keySet().stream().filter(path::startsWith).findFirst().map(faults::get);
    if (fault.isPresent()) {
      throw new LinuxException(fault.get().number(), call, path.toString(), fault.get().name());
    }
  }

  private Optional<FileStatus> onMount(Path path, Optional<FileStatus> status) {
    return status.map(real ->
        new FileStatus(
            real.kind(),
            real.mode(),
            real.sizeBytes(),
            real.mtimeNanos(),
            real.inode(),
            mount(path).map(mounts::get).orElse(real.device()),
            real.specialDevice(),
            real.user(),
            real.group(),
            real.links()));
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    return onMount(path, super.status(path));
  }

  @Override
  public Optional<FileStatus> statusFollowing(Path path) throws IOException {
    return onMount(path, super.statusFollowing(path));
  }

  @Override
  public boolean isMountPoint(Path path) {
    return mounts.containsKey(path);
  }

  @Override
  public SpaceStatus space(Path path) throws IOException {
    SpaceStatus real = super.space(path);
    Optional<Path> small = capacities.keySet().stream().filter(path::startsWith).findFirst();
    boolean readOnly = mount(path).map(faults::get).filter(Errno.EROFS::equals).isPresent();
    if (small.isEmpty()) {
      return new SpaceStatus(
          real.magic(), real.totalBytes(), real.availableBytes(), real.blockBytes(), readOnly);
    }
    long used = 0;
    try (Stream<Path> files = Files.walk(small.get())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        used += Files.size(file);
      }
    }
    long capacity = capacities.getOrDefault(small.get(), Long.MAX_VALUE);
    return new SpaceStatus(
        real.magic(), capacity, Math.max(0, capacity - used), BLOCK_BYTES, readOnly);
  }

  @Override
  public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    if (flags.contains(OpenFlag.WRITE)) {
      write("openat", path);
    }
    return super.open(path, flags);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    write("renameat", to);
    super.rename(from, to);
  }

  @Override
  public void remove(Path path) throws IOException {
    write("unlinkat", path);
    super.remove(path);
  }

  @Override
  public void makeDirectory(Path path, int mode) throws IOException {
    write("mkdirat", path);
    super.makeDirectory(path, mode);
  }

  @Override
  public void changeMode(Path path, int mode) throws IOException {
    write("fchmodat", path);
    super.changeMode(path, mode);
  }
}
