package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.boot.BootPartitions;
import org.particleos.update.definition.AlsoTo;
import org.particleos.update.definition.Anchor;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;

/** Finds the further boot partitions that definitions name or ask for. Changes nothing. */
final class FurtherPlaces {
  private final Kernel kernel;
  private final Path root;
  private final BootPartitions partitions;

  FurtherPlaces(Machine machine) {
    this.kernel = machine.kernel();
    this.root = machine.root();
    this.partitions =
        BootPartitions.ofHost(machine.kernel(), machine.root(), machine.environment());
  }

  /**
   * One of them.
   *
   * @param refused why nothing is written there, as what is said of it: "is not mounted"
   */
  record Further(Path mountPoint, Optional<String> refused) {
    static Further refused(Path mountPoint, String why) {
      return new Further(mountPoint, Optional.of(why));
    }
  }

  /** Where the boot partition is that a target is on; the ESP where it is on none. */
  Path primary(Anchor anchor) throws UpdateException {
    return switch (anchor) {
      case ESP, ROOT, EXPLICIT -> partitions.esp();
      case XBOOTLDR -> partitions.xbootldr();
      case BOOT -> partitions.boot();
    };
  }

  /** All of a target, each file system once, those that are named first. */
  List<Further> of(AlsoTo alsoTo, Path primary) throws UpdateException {
    try {
      Set<Long> devices = new HashSet<>();
      List<Further> places = new ArrayList<>();
      Set<Path> paths = new LinkedHashSet<>();
      for (Path named : alsoTo.mountPoints()) {
        paths.add(Chase.below(kernel, root, Path.of("/").relativize(named), Chase.Links.FOLLOW));
      }
      if (alsoTo.discovered()) {
        paths.addAll(partitions.furtherEsps(primary));
      }
      long own = device(primary);
      for (Path path : paths) {
        Further place = look(path, own);
        if (place.refused().isPresent() || devices.add(device(path))) {
          places.add(place);
        }
      }
      return places;
    } catch (IOException e) {
      throw IoFailure.reading("looking for further boot partitions failed", e);
    }
  }

  private Further look(Path path, long primary) {
    try {
      Optional<FileStatus> status = kernel.status(path);
      if (status.isEmpty()) {
        return Further.refused(path, "does not exist");
      }
      if (status.get().kind() != FileKind.DIRECTORY) {
        return Further.refused(path, "is not a directory");
      }
      // An automount that was idle for a while comes back by this call.
      kernel.space(path);
      if (!mounted(path)) {
        return Further.refused(path, "has nothing mounted on it");
      }
      return device(path) == primary
          ? Further.refused(path, "is the boot partition itself that it is to be in step with")
          : new Further(path, Optional.empty());
    } catch (IOException e) {
      return Further.refused(path, "cannot be looked at: " + e.getMessage());
    }
  }

  /** Where the kernel cannot tell (before Linux 5.8), another file system than above is a mount. */
  private boolean mounted(Path path) throws IOException {
    Path parent = path.getParent();
    return kernel.isMountPoint(path) || (parent != null && device(path) != device(parent));
  }

  private long device(Path path) throws IOException {
    return kernel.statusFollowing(path).map(FileStatus::device).orElse(-1L);
  }

  /** The directory on a further partition that stands for the one of a target. */
  Path directory(Further place, Path relative) throws UpdateException {
    return partitions.below(place.mountPoint(), relative);
  }

  /** What is said of a place that cannot be used. */
  static String notWritten(Further place) {
    return "the further boot partition "
        + quoted(place)
        + " is not written to: it "
        + place.refused().orElseThrow()
        + "; mount the further EFI system partition there, or take it out of AlsoTo=";
  }

  /** What went wrong with a place, in one line. */
  static String story(UpdateException failure) {
    return failure.getMessage()
        + failure.found().map(found -> " (" + found + ")").orElse("")
        + "; "
        + failure.remedy()
        + "; the next run tries again";
  }

  /** A place as text. */
  static String quoted(Further place) {
    return Quote.quote(place.mountPoint().toString());
  }
}
