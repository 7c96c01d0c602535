package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.failure.Quote;

/**
 * What definition files may ask about this machine (transfer-files.md 4). A fact that is missing or
 * malformed is empty; only a definition that uses it fails to expand.
 *
 * @param architecture native
 * @param osRelease the fields of the os-release file; empty if there is no such file
 * @param bootId 32 hex digits
 * @param hostname as the kernel has it
 * @param prettyHostname from machine-info
 * @param machineId 32 hex digits
 * @param kernelRelease as of {@code uname -r}
 * @param temporary directory for small files
 * @param largeTemporary directory for large files
 */
public record HostFacts(
    Optional<Architecture> architecture,
    Optional<Map<String, String>> osRelease,
    Optional<String> bootId,
    Optional<String> hostname,
    Optional<String> prettyHostname,
    Optional<String> machineId,
    Optional<String> kernelRelease,
    Path temporary,
    Path largeTemporary)
    implements SpecifierSource {
  public HostFacts {
    osRelease = osRelease.map(Map::copyOf);
  }

  /**
   * Asks the kernel and the files below a root.
   *
   * @param root {@code /} or the root of the image or directory that is worked on; os-release and
   *     the machine ID are those of the root, everything else is of the running system
   * @param environment for {@code $SYSTEMD_OS_RELEASE}, {@code $TMPDIR}, {@code $TEMP}, {@code
   *     $TMP}
   */
  public static HostFacts read(Path root, Map<String, String> environment) {
    return read(root, environment, Path.of("/"));
  }

  static HostFacts read(Path root, Map<String, String> environment, Path running) {
    return HostFactsReader.read(root, environment, running);
  }

  /** {@code IMAGE_VERSION} of os-release: the version of the running image, as text. */
  public Optional<String> imageVersion() {
    return field("IMAGE_VERSION");
  }

  /** {@code IMAGE_ID} of os-release. */
  public Optional<String> imageId() {
    return field("IMAGE_ID");
  }

  /** A field of os-release that is there and not empty. */
  public Optional<String> field(String name) {
    return osRelease.map(fields -> fields.getOrDefault(name, "")).filter(text -> !text.isEmpty());
  }

  @Override
  public String expand(char letter) throws SpecifierException {
    return switch (letter) {
      case 'a' -> known(architecture.map(Architecture::text), "the architecture of this machine");
      case 'A' -> released("IMAGE_VERSION");
      case 'b' -> known(bootId, "the boot ID");
      case 'B' -> released("BUILD_ID");
      case 'H' -> known(hostname, "the host name");
      case 'l' -> shortHostname();
      case 'q' -> prettyHostname.isPresent() ? prettyHostname.get() : shortHostname();
      case 'm' -> known(machineId, "the machine ID");
      case 'M' -> released("IMAGE_ID");
      case 'o' -> released("ID");
      case 'v' -> known(kernelRelease, "the release of the kernel");
      case 'w' -> released("VERSION_ID");
      case 'W' -> released("VARIANT_ID");
      case 'T' -> temporary.toString();
      case 'V' -> largeTemporary.toString();
      default ->
          throw new SpecifierException(
              Quote.quote("%" + letter)
                  + " is no specifier; there are %a %A %b %B %H %l %q %m %M %o %v %w %W %T %V %%");
    };
  }

  private String shortHostname() throws SpecifierException {
    String full = known(hostname, "the host name");
    int dot = full.indexOf('.');
    return dot < 0 ? full : full.substring(0, dot);
  }

  /** A field that an existing os-release lacks is the empty text. */
  private String released(String field) throws SpecifierException {
    return osRelease
        .map(fields -> fields.getOrDefault(field, ""))
        .orElseThrow(() -> new SpecifierException("there is no os-release file to take it from"));
  }

  private static String known(Optional<String> fact, String what) throws SpecifierException {
    return fact.orElseThrow(() -> new SpecifierException(what + " is not known"));
  }
}
