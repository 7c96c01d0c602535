package org.particleos.update.update;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.particleos.update.boot.EfiProgram;
import org.particleos.update.catalog.Marker;
import org.particleos.update.pe.PeMachine;

/**
 * A file of a version that firmware starts, or that a kernel file takes with it.
 *
 * @param path where it is now, with the marks of what is not installed
 */
record BootFile(String transferId, Path path, EfiProgram program) {
  private static final String ENDING = ".efi";
  private static final String ADD_ONS_ENDING = ".efi.extra.d";

  /** Boot counting (Boot Loader Specification): {@code NAME+LEFT-DONE.efi}. */
  private static final Pattern COUNTED =
      Pattern.compile("(.+)\\+\\d+(?:-\\d+)?\\.efi", Pattern.CASE_INSENSITIVE);

  /** Programs that are shipped for several machines say in their names for which. */
  private static final Pattern NAMED_BY_MACHINE =
      Pattern.compile(
          "(?:boot|systemd-boot|grub|shim|mm|fb)(ia32|x64|arm|aa64|riscv64|loongarch64)\\.efi");

  /** Whether firmware would start files of that name. */
  static boolean isNamedSo(Path path) {
    return name(path).toLowerCase(Locale.ROOT).endsWith(ENDING);
  }

  /** Its name once it is installed. */
  String name() {
    return name(path);
  }

  private static String name(Path path) {
    String name = String.valueOf(path.getFileName());
    for (Marker marker : Marker.values()) {
      if (name.startsWith(marker.prefix())) {
        return name.substring(marker.prefix().length());
      }
    }
    return name;
  }

  /** The same without the tries that a boot loader counts, which add-ons know it by. */
  String nameWithoutTries() {
    Matcher counted = COUNTED.matcher(name());
    return counted.matches() ? counted.group(1) + ENDING : name();
  }

  /** The name of the kernel file that an add-on beside it belongs to; empty if to all. */
  Optional<String> ownerName() {
    Path directory = path.getParent();
    String name = directory == null ? "" : String.valueOf(directory.getFileName());
    return name.endsWith(ADD_ONS_ENDING)
        ? Optional.of(name.substring(0, name.length() - ADD_ONS_ENDING.length()) + ENDING)
        : Optional.empty();
  }

  /** The machine that its name says it is for. */
  Optional<PeMachine> namedMachine() {
    Matcher named = NAMED_BY_MACHINE.matcher(name().toLowerCase(Locale.ROOT));
    if (!named.matches()) {
      return Optional.empty();
    }
    for (PeMachine machine : PeMachine.values()) {
      if (machine.suffix().equals(named.group(1))) {
        return Optional.of(machine);
      }
    }
    return Optional.empty();
  }
}
