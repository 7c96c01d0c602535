package org.particleos.update.update;

import org.particleos.update.version.Version;

/** How an {@code apply}, {@code update} or {@code acquire} ended well. */
public sealed interface Outcome {
  /** In one word, for programs. */
  default String word() {
    return switch (this) {
      case NoUpdate() -> "no-update";
      case AlreadyInstalled _ -> "already-installed";
      case Acquired _ -> "acquired";
      case Installed _ -> "installed";
    };
  }

  /** There is no candidate. */
  record NoUpdate() implements Outcome {}

  /** The version is there already. */
  record AlreadyInstalled(Version version) implements Outcome {}

  /** Downloaded and verified; installing is another step. */
  record Acquired(Version version, long bytesTransferred) implements Outcome {}

  /**
   * In place; the next boot uses it.
   *
   * @param repaired whether it was installed before and lacked a part
   */
  record Installed(Version version, boolean repaired, long bytesTransferred) implements Outcome {}
}
