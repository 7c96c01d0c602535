package org.particleos.update.catalog;

import java.util.Optional;

/**
 * The prefixes that mark a name in a target directory as not yet installed (update-algorithm.md
 * 11.1).
 */
public enum Marker {
  PARTIAL(".sysupdate.partial.", Stage.PARTIAL),
  PENDING(".sysupdate.pending.", Stage.PENDING);

  private final String prefix;
  private final Stage stage;

  Marker(String prefix, Stage stage) {
    this.prefix = prefix;
    this.stage = stage;
  }

  public String prefix() {
    return prefix;
  }

  Stage stage() {
    return stage;
  }

  /** The marked form of a name (one path component). */
  public String mark(String name) {
    return prefix + name;
  }

  /** Which marker a name carries; empty for an ordinary name. */
  static Optional<Marker> of(String name) {
    for (Marker marker : values()) {
      if (name.startsWith(marker.prefix) && name.length() > marker.prefix.length()) {
        return Optional.of(marker);
      }
    }
    return Optional.empty();
  }

  String unmark(String name) {
    return name.substring(prefix.length());
  }
}
