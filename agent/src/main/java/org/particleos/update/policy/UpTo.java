package org.particleos.update.policy;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How far the daemon goes without being asked; each includes those before it. */
public enum UpTo {
  NONE,
  CHECK,
  DOWNLOAD,
  INSTALL,
  REBOOT;

  /** As it stands in agent.conf. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<UpTo> parse(String text) {
    return Arrays.stream(values()).filter(value -> value.text().equals(text)).findFirst();
  }

  boolean includes(Step step) {
    return compareTo(step.least()) >= 0;
  }
}
