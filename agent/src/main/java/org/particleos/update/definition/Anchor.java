package org.particleos.update.definition;

import java.util.Locale;
import java.util.Optional;

/**
 * The directory that a path is relative to, as {@code PathRelativeTo=} spells it. Where it is on
 * this machine is found out elsewhere (transfer-files.md 14.2).
 */
public enum Anchor {
  /** The root directory, or the root of the image or directory that is worked on. */
  ROOT,
  /** The EFI System Partition. */
  ESP,
  /** The extended boot loader partition, or the ESP if there is none. */
  XBOOTLDR,
  /** The partition for boot entries: the extended one, else the ESP. */
  BOOT,
  /** The directory given on the command line; for sources only. */
  EXPLICIT;

  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether it is on a partition that the firmware or boot loader reads. */
  public boolean isBootPartition() {
    return switch (this) {
      case ESP, XBOOTLDR, BOOT -> true;
      case ROOT, EXPLICIT -> false;
    };
  }

  static Optional<Anchor> parse(String text) {
    for (Anchor anchor : values()) {
      if (anchor.text().equals(text)) {
        return Optional.of(anchor);
      }
    }
    return Optional.empty();
  }
}
