package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.Optional;

/** How the names of transfer files end (transfer-files.md 1.2). */
enum TransferSuffix {
  CURRENT(".transfer"),
  /** Counts only where there is no file of the other kind. */
  LEGACY(".conf");

  private final String text;

  TransferSuffix(String text) {
    this.text = text;
  }

  String text() {
    return text;
  }

  /** The suffix that the name of the file has. */
  static Optional<TransferSuffix> of(Path file) {
    for (TransferSuffix suffix : values()) {
      if (file.toString().endsWith(suffix.text)) {
        return Optional.of(suffix);
      }
    }
    return Optional.empty();
  }
}
