package org.particleos.update.service;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What kind of thing has versions of its own (dbus-varlink.md 3.2). In the order in which targets
 * are listed.
 */
public enum TargetClass {
  MACHINE(
      "machine",
      "/etc/machines",
      "/run/machines",
      "/var/lib/machines",
      "/var/lib/container",
      "/usr/local/lib/machines",
      "/usr/lib/machines"),
  PORTABLE(
      "portable",
      "/etc/portables",
      "/run/portables",
      "/var/lib/portables",
      "/usr/local/lib/portables",
      "/usr/lib/portables"),
  SYSEXT("sysext", "/etc/extensions", "/run/extensions", "/var/lib/extensions"),
  CONFEXT(
      "confext",
      "/run/confexts",
      "/var/lib/confexts",
      "/usr/local/lib/confexts",
      "/usr/lib/confexts"),
  HOST("host"),
  COMPONENT("component");

  private final String text;

  @SuppressWarnings("ImmutableEnumChecker") // List.of, which the checker cannot see
  private final List<String> imageDirectories;

  TargetClass(String text, String... imageDirectories) {
    this.text = text;
    this.imageDirectories = List.of(imageDirectories);
  }

  /** As it stands on the bus. P-11: {@code sysext}, not {@code extension}. */
  public String text() {
    return text;
  }

  /** Where images of this class are, absolute, highest priority first; none for the others. */
  List<String> imageDirectories() {
    return imageDirectories;
  }

  public static Optional<TargetClass> parse(String text) {
    return Arrays.stream(values()).filter(kind -> kind.text.equals(text)).findFirst();
  }
}
