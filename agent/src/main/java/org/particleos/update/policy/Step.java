package org.particleos.update.policy;

import java.util.Locale;

/** What the daemon can do by itself, in the order in which it is done. */
public enum Step {
  CHECK(UpTo.CHECK),
  DOWNLOAD(UpTo.DOWNLOAD),
  INSTALL(UpTo.INSTALL),
  REBOOT(UpTo.REBOOT);

  private final UpTo least;

  Step(UpTo least) {
    this.least = least;
  }

  /** The policy from which on it is done. */
  UpTo least() {
    return least;
  }

  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
