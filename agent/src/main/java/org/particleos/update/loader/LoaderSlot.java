package org.particleos.update.loader;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.particleos.update.pe.PeMachine;

/**
 * A name on the EFI system partition under which firmware looks for a boot loader.
 *
 * @param machine that it is for
 */
public record LoaderSlot(Kind kind, PeMachine machine) {
  /** In the order in which they are written: while one is replaced the other one is whole. */
  public enum Kind {
    /** What boot entries of the firmware name. */
    SYSTEMD,
    /** What firmware starts that has no boot entry (UEFI specification, 3.5.1.1). */
    FALLBACK
  }

  /** The names below the partition, one for each level. FAT does not tell small from capital. */
  List<String> names() {
    return switch (kind) {
      case SYSTEMD -> List.of("EFI", "systemd", "systemd-boot" + machine.suffix() + ".efi");
      case FALLBACK ->
          List.of("EFI", "BOOT", "BOOT" + machine.suffix().toUpperCase(Locale.ROOT) + ".EFI");
    };
  }

  /** The same as a path below the partition. */
  public Path path() {
    return Path.of(String.join("/", names()));
  }
}
