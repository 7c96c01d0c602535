package org.particleos.update.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pe.MalformedPeException;
import org.particleos.update.pe.PeImage;
import org.particleos.update.pe.PeMachine;
import org.particleos.update.pe.PeSection;
import org.particleos.update.version.Version;

/** What stands under a name where boot loaders are. */
public sealed interface LoaderFile {
  /** More than any systemd-boot has had by a factor of ten; it is held in memory. */
  long BYTES_MAX = 8L << 20;

  /** There is nothing of that name. */
  record Missing() implements LoaderFile {}

  /** A systemd-boot that is well-formed and meant for the machine of its name. */
  record Ours(Version version, long sizeBytes) implements LoaderFile {}

  /**
   * Something else, or something damaged: which of the two, nobody can know.
   *
   * @param why a clause that follows the name of the file
   */
  record Foreign(String why) implements LoaderFile {}

  /**
   * Looks at a file. Follows no link.
   *
   * @param machine that it is to be for
   */
  static LoaderFile look(Kernel kernel, Path path, PeMachine machine) throws IOException {
    Optional<FileStatus> status = kernel.status(path);
    if (status.isEmpty()) {
      return new Missing();
    }
    if (status.get().kind() != FileKind.REGULAR) {
      return new Foreign("is not a regular file");
    }
    try (OpenFile file = kernel.open(path, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      return of(file, machine);
    }
  }

  /** The same of an open file, which may be of a link. */
  static LoaderFile of(OpenFile file, PeMachine machine) throws IOException {
    long size = file.sizeBytes();
    if (size > BYTES_MAX) {
      return new Foreign("has " + size + " bytes, more than a systemd-boot");
    }
    try {
      PeImage image = PeImage.read(file);
      if (image.machine() != machine) {
        return new Foreign("is for " + image.machine().suffix() + ", not " + machine.suffix());
      }
      if (image.subsystem() != PeImage.EFI_APPLICATION) {
        return new Foreign("is not an EFI application");
      }
      Optional<PeSection> section = image.section(LoaderMarker.SECTION);
      if (section.isEmpty()) {
        return new Foreign("has no marker of systemd-boot");
      }
      Optional<LoaderMarker> marker =
          LoaderMarker.parse(section.get().content(file, LoaderMarker.BYTES_MAX));
      if (marker.isEmpty()) {
        return new Foreign("has a marker that is not understood");
      }
      if (!marker.get().name().equals(LoaderMarker.SYSTEMD_BOOT)) {
        return new Foreign("is " + Quote.quote(marker.get().name()) + ", not systemd-boot");
      }
      return new Ours(marker.get().version(), size);
    } catch (MalformedPeException malformed) {
      return new Foreign(malformed.clause());
    }
  }
}
