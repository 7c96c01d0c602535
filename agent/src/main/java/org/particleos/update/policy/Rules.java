package org.particleos.update.policy;

import java.util.Optional;

/**
 * What holds for the operating system, or for one component.
 *
 * @param installWindows when it may be installed
 * @param downloadMetered whether to download where that costs money
 * @param battery for installing and restarting
 * @param hold nothing is downloaded or installed until then
 */
public record Rules(
    UpTo upTo,
    Windows installWindows,
    boolean downloadMetered,
    Battery battery,
    Optional<Hold> hold) {
  Rules withUpTo(UpTo other) {
    return new Rules(other, installWindows, downloadMetered, battery, hold);
  }

  Rules withInstallWindows(Windows other) {
    return new Rules(upTo, other, downloadMetered, battery, hold);
  }

  Rules withDownloadMetered(boolean other) {
    return new Rules(upTo, installWindows, other, battery, hold);
  }

  Rules withBattery(Battery other) {
    return new Rules(upTo, installWindows, downloadMetered, other, hold);
  }

  Rules withHold(Optional<Hold> other) {
    return new Rules(upTo, installWindows, downloadMetered, battery, other);
  }
}
