package org.particleos.update.definition;

import java.util.Optional;

/** The kinds of source and target, as {@code Type=} spells them (transfer-files.md 6, 7). */
public enum ResourceType {
  URL_FILE("url-file"),
  URL_TAR("url-tar"),
  TAR("tar"),
  REGULAR_FILE("regular-file"),
  DIRECTORY("directory"),
  SUBVOLUME("subvolume"),
  PARTITION("partition");

  private final String text;

  ResourceType(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }

  /** Whether instances come from a web server with a manifest. */
  public boolean isUrl() {
    return this == URL_FILE || this == URL_TAR;
  }

  /** Whether an instance is an archive that is unpacked. */
  public boolean isTar() {
    return this == URL_TAR || this == TAR;
  }

  static Optional<ResourceType> parse(String text) {
    for (ResourceType type : values()) {
      if (type.text.equals(text)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return text;
  }
}
