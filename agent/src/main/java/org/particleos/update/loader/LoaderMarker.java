package org.particleos.update.loader;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.particleos.update.version.Version;

/**
 * What a program of systemd says of itself in the section {@value #SECTION} of its PE image, such
 * as {@code #### LoaderInfo: systemd-boot 257.3-1 ####}.
 *
 * @param name of the program; the stub of unified kernel images has a marker too
 */
record LoaderMarker(String name, Version version) {
  static final String SECTION = ".sdmagic";

  /** How systemd-boot calls itself. */
  static final String SYSTEMD_BOOT = "systemd-boot";

  /** One line; a version has at most 255 characters. */
  static final int BYTES_MAX = 4096;

  private static final String BEGIN = "#### LoaderInfo: ";
  private static final String END = " ####";

  /** Empty if the section says something else, or names what is no version. */
  static Optional<LoaderMarker> parse(byte[] section) {
    String text = new String(section, StandardCharsets.ISO_8859_1);
    int nul = text.indexOf('\0');
    String line = nul < 0 ? text : text.substring(0, nul);
    if (!line.startsWith(BEGIN) || !line.endsWith(END)) {
      return Optional.empty();
    }
    // Both ends may share the blank of an empty middle.
    int end = line.length() - END.length();
    if (end < BEGIN.length()) {
      return Optional.empty();
    }
    String middle = line.substring(BEGIN.length(), end);
    int blank = middle.indexOf(' ');
    if (blank < 1) {
      return Optional.empty();
    }
    return Version.parse(middle.substring(blank + 1))
        .map(version -> new LoaderMarker(middle.substring(0, blank), version));
  }
}
