package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.LinuxKernel;

/**
 * Modes as Linux has them on FAT: there is one attribute, all other bits come from the mount
 * options. A mode that cannot be stored is passed over without an error.
 */
final class FatKernel extends DelegatingKernel {
  private static final int READ_AND_EXECUTE = 0555;
  private static final int WRITE = 0222;

  private final int mask;
  private final Map<Path, Boolean> readOnly = new HashMap<>();

  /**
   * @param mask the mount option {@code fmask=}
   */
  FatKernel(int mask) {
    super(new LinuxKernel());
    this.mask = mask;
  }

  private int mode(Path path) {
    int bits = READ_AND_EXECUTE | (readOnly.getOrDefault(path, false) ? 0 : WRITE);
    return bits & ~mask;
  }

  /** As another program leaves it. */
  void markReadOnly(Path path) {
    readOnly.put(path, true);
  }

  @Override
  public Optional<FileStatus> status(Path path) throws IOException {
    return super.status(path)
        .map(real ->
            real.kind() == FileKind.DIRECTORY
                ? real
                : new FileStatus(
                    real.kind(),
                    mode(path),
                    real.sizeBytes(),
                    real.mtimeNanos(),
                    real.inode(),
                    real.device(),
                    real.specialDevice(),
                    real.user(),
                    real.group(),
                    real.links()));
  }

  @Override
  public void changeMode(Path path, int wanted) {
    int bits = wanted & ~mask;
    boolean others = (bits & READ_AND_EXECUTE) == (mode(path) & READ_AND_EXECUTE);
    boolean none = (bits & WRITE) == 0;
    if (others && (none || (bits & WRITE) == (WRITE & ~mask))) {
      readOnly.put(path, none);
    }
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    super.rename(from, to);
    readOnly.put(to, readOnly.getOrDefault(from, false));
    readOnly.remove(from);
  }
}
