package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileStatus;

/**
 * Which file systems were found where boot partitions are mounted. Somebody may unmount one in the
 * middle of a run; what is written to the path afterwards would lie in the empty directory below,
 * where no boot loader finds it. Not a lock: asked before each step that counts on it.
 */
final class BootMounts {
  private final Kernel kernel;
  private final Map<Path, Long> devices = new LinkedHashMap<>();

  BootMounts(Kernel kernel) {
    this.kernel = kernel;
  }

  /** Remembers what is mounted there now. */
  void note(Path mountPoint) throws UpdateException {
    Optional<Long> device = device(mountPoint);
    if (device.isPresent()) {
      devices.putIfAbsent(mountPoint, device.get());
    }
  }

  /** Makes sure that everything is as it was noted. */
  void requireUnchanged() throws UpdateException {
    for (Map.Entry<Path, Long> noted : devices.entrySet()) {
      if (!device(noted.getKey()).filter(noted.getValue()::equals).isPresent()) {
        throw UpdateException.because(
                Reason.BOOT_PARTITION_LOST,
                "failed to go on: the boot partition at "
                    + Quote.quote(noted.getKey().toString())
                    + " is no longer the one that it was at the beginning")
            .found("it was unmounted, or something else was mounted over it")
            .remedy("mount it again and repeat the command; it continues where this one stopped")
            .writeFailed();
      }
    }
  }

  private Optional<Long> device(Path mountPoint) throws UpdateException {
    try {
      if (kernel.statusFollowing(mountPoint).isEmpty()) {
        return Optional.empty();
      }
      // An automount that was idle for a while comes back by this call, and not by the next one.
      kernel.space(mountPoint);
      return kernel.statusFollowing(mountPoint).map(FileStatus::device);
    } catch (IOException e) {
      throw IoFailure.reading(
          "looking at the boot partition " + Quote.quote(mountPoint.toString()) + " failed", e);
    }
  }
}
