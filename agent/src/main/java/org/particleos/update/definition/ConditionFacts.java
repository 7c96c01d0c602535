package org.particleos.update.definition;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What conditions may ask about the running system (transfer-files.md 18.2). Every question reads
 * the files of {@code /proc}, {@code /sys} and {@code /etc} that answer it, and runs no program.
 * What cannot be read is as if it were not there.
 */
public final class ConditionFacts {
  /** Of files that the kernel or an administrator writes. */
  private static final int FILE_BYTES_MAX = 1 << 20;

  /** The C library of some architectures has more than two MiB. */
  private static final int LIBRARY_BYTES_MAX = 16 << 20;

  /** Attributes before the value of an EFI variable. */
  private static final int EFI_ATTRIBUTES_BYTES = 4;

  private static final Pattern SYSTEMD_LIBRARY = Pattern.compile("libsystemd-shared-(.+)\\.so");
  private static final Pattern GLIBC_BANNER =
      Pattern.compile(
          "GNU C Library [^\\n]*? (?:release|development) version ([0-9]+(?:\\.[0-9]+)+)");
  private static final Pattern MACHINE_TAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.=-]{0,254}");

  private final Path running;
  private final Map<String, String> environment;
  private final Optional<Architecture> programArchitecture;

  /**
   * The facts of this machine.
   *
   * @param environment for {@code $CREDENTIALS_DIRECTORY}, {@code $ENCRYPTED_CREDENTIALS_DIRECTORY}
   *     and {@code $SYSTEMD_OS_RELEASE}
   */
  public static ConditionFacts ofHost(Map<String, String> environment) {
    return new ConditionFacts(
        Path.of("/"),
        environment,
        Architecture.ofMachine(System.getProperty("os.arch", ""), ByteOrder.nativeOrder()));
  }

  ConditionFacts(
      Path running, Map<String, String> environment, Optional<Architecture> programArchitecture) {
    this.running = running;
    this.environment = Map.copyOf(environment);
    this.programArchitecture = programArchitecture;
  }

  /** What this program was built for, which a kernel may run beside its own kind. */
  Optional<Architecture> programArchitecture() {
    return programArchitecture;
  }

  HostFacts host() {
    return HostFacts.read(running, environment, running);
  }

  boolean bootedByEfi() {
    return exists("sys/firmware/efi");
  }

  /** A field of the SMBIOS, as the kernel names its file. */
  Optional<String> dmi(String field) {
    return line("sys/class/dmi/id/" + field);
  }

  Optional<String> productUuid() {
    return dmi("product_uuid");
  }

  /** The value without attributes. */
  Optional<byte[]> efiVariable(String name) {
    return bytes("sys/firmware/efi/efivars/" + name, FILE_BYTES_MAX)
        .filter(content -> content.length >= EFI_ATTRIBUTES_BYTES)
        .map(content -> Arrays.copyOfRange(content, EFI_ATTRIBUTES_BYTES, content.length));
  }

  /** In words, quotes taken off. */
  List<String> kernelCommandLine() {
    String line = text("proc/cmdline").orElse("");
    return Words.quoted(line).orElseGet(() -> Words.plain(line));
  }

  boolean hasCredential(String name) {
    return !name.isEmpty()
        && !name.contains("/")
        && !Set.of(".", "..").contains(name)
        && Stream.of("CREDENTIALS_DIRECTORY", "ENCRYPTED_CREDENTIALS_DIRECTORY")
            .map(variable -> environment.getOrDefault(variable, ""))
            .filter(directory -> directory.startsWith("/"))
            .anyMatch(directory -> isFile(directory, name));
  }

  private static boolean isFile(String directory, String name) {
    try {
      return Files.exists(Path.of(directory, name));
    } catch (InvalidPathException _) {
      return false; // no file can have that name
    }
  }

  /** Those that are valid; a typing error in one must not hide the others. */
  List<String> machineTags() {
    return text("etc/machine-info")
        .map(EnvironmentFile::parse)
        .map(fields -> fields.getOrDefault("TAGS", ""))
        .map(tags -> Stream.of(tags.split(":")).filter(MACHINE_TAG.asMatchPredicate()).toList())
        .orElse(List.of());
  }

  /** By the name of its private library, which every installation has once. */
  Optional<String> systemdVersion() {
    var versions = new HashSet<String>();
    for (String directory : libraryDirectories()) {
      for (String name : names(directory + "/systemd")) {
        var library = SYSTEMD_LIBRARY.matcher(name);
        if (library.matches()) {
          versions.add(library.group(1));
        }
      }
    }
    return versions.size() == 1 ? versions.stream().findFirst() : Optional.empty();
  }

  /** By the banner that the library prints when it is run. */
  Optional<String> glibcVersion() {
    return libraryDirectories().stream()
        .map(directory -> directory + "/libc.so.6")
        .flatMap(library -> bytes(library, LIBRARY_BYTES_MAX).stream())
        .map(content -> GLIBC_BANNER.matcher(new String(content, StandardCharsets.ISO_8859_1)))
        .filter(Matcher::find)
        .map(banner -> banner.group(1))
        .findFirst();
  }

  private List<String> libraryDirectories() {
    return Stream.concat(
            Stream.of("usr/lib64", "usr/lib"),
            names("usr/lib").stream()
                .filter(name -> name.contains("-linux-"))
                .map(name -> "usr/lib/" + name))
        .toList();
  }

  boolean exists(String inside) {
    return Files.exists(running.resolve(inside));
  }

  /** The first line, trimmed. */
  Optional<String> line(String inside) {
    return text(inside).map(text -> text.lines().findFirst().orElse("").strip());
  }

  Optional<String> text(String inside) {
    return bytes(inside, FILE_BYTES_MAX)
        .map(content -> new String(content, StandardCharsets.UTF_8));
  }

  private Optional<byte[]> bytes(String inside, int max) {
    try (InputStream in = Files.newInputStream(running.resolve(inside))) {
      return Optional.of(in.readNBytes(max));
    } catch (IOException _) {
      // Most machines lack most of these files; that is what is asked about.
      return Optional.empty();
    }
  }

  /** The names in a directory, sorted; none if there is no such directory. */
  List<String> names(String inside) {
    try (Stream<Path> entries = Files.list(running.resolve(inside))) {
      return entries.map(entry -> Objects.toString(entry.getFileName())).sorted().toList();
    } catch (IOException _) {
      return List.of();
    }
  }
}
