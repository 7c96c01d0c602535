package org.particleos.update.notify;

import java.util.List;
import java.util.Optional;
import org.particleos.update.version.Version;

/**
 * What an update brought about (dbus-varlink.md 10).
 *
 * @param component empty for the default one
 * @param version empty if nothing was installed and the hooks are called all the same
 * @param resources what was installed in this run, in the order of the transfers
 */
public record Completion(
    Optional<String> component, Optional<Version> version, List<Resource> resources) {
  /**
   * One thing that was installed.
   *
   * @param transfer name of the transfer
   * @param path final path, or device node of the partition
   */
  public record Resource(String transfer, String path) {}

  public Completion {
    resources = List.copyOf(resources);
    if (version.isEmpty() && !resources.isEmpty()) {
      throw new IllegalArgumentException("what was installed has a version");
    }
  }

  /** For hooks that are called although nothing was installed. */
  public static Completion empty(Optional<String> component) {
    return new Completion(component, Optional.empty(), List.of());
  }
}
