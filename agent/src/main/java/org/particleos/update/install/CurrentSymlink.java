package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.Path;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;

/** Keeps the link that names the current version (update-algorithm.md 14). */
public final class CurrentSymlink {
  private final Kernel kernel;

  public CurrentSymlink(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * Points the link at the object, relative to the link's directory, by renaming a new link over
   * the old one.
   */
  public void point(Path link, Path object) throws UpdateException {
    Path directory = Directories.holding(link);
    Path next = directory.resolve(".#" + link.getFileName());
    try {
      Directories.make(kernel, directory);
      if (kernel.status(next).isPresent()) {
        kernel.remove(next);
      }
      kernel.makeSymbolicLink(directory.relativize(object).toString(), next);
      kernel.rename(next, link);
      kernel.syncDirectory(directory);
    } catch (IOException e) {
      throw IoFailure.writing(
          "pointing the link " + Quote.quote(link.toString()) + " at the new version failed", e);
    }
  }
}
