package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.Path;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;

/** Creates directories durably. */
final class Directories {
  private static final int MODE = 0755;

  private Directories() {}

  /** The directory that holds a name; every name the program publishes has one. */
  static Path holding(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("the root of the file system has no name: " + path);
    }
    return parent;
  }

  /** Creates what is missing of the path, each level durable before the next. */
  static void make(Kernel kernel, Path directory) throws IOException {
    if (kernel.statusFollowing(directory).isPresent()) {
      return;
    }
    Path parent = directory.getParent();
    if (parent != null) {
      make(kernel, parent);
    }
    try {
      kernel.makeDirectory(directory, MODE);
    } catch (LinuxException e) {
      if (!e.is(Errno.EEXIST)) { // somebody else made it meanwhile
        throw e;
      }
    }
    if (parent != null) {
      kernel.syncDirectory(parent);
    }
  }
}
