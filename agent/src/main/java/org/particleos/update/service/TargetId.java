package org.particleos.update.service;

import java.util.Optional;

/**
 * Names a target: {@code host}, or {@code CLASS:NAME} (dbus-varlink.md 3.1).
 *
 * @param name {@value #HOST_NAME} for the host, else not empty
 */
public record TargetId(TargetClass targetClass, String name) {
  /** What the host is called on the bus. */
  public static final String HOST_NAME = "host";

  public static final TargetId HOST = new TargetId(TargetClass.HOST, HOST_NAME);

  public TargetId {
    if (name.isEmpty() || (targetClass == TargetClass.HOST && !name.equals(HOST_NAME))) {
      throw new IllegalArgumentException("a target has a name, and the host has that one");
    }
  }

  public static TargetId component(String name) {
    return new TargetId(TargetClass.COMPONENT, name);
  }

  /** Empty if it is not the name of any target, whether there is one or not. */
  public static Optional<TargetId> parse(String text) {
    if (text.equals(HOST_NAME)) {
      return Optional.of(HOST);
    }
    int colon = text.indexOf(':');
    if (colon < 0 || colon == text.length() - 1) {
      return Optional.empty();
    }
    return TargetClass.parse(text.substring(0, colon))
        .filter(kind -> kind != TargetClass.HOST)
        .map(kind -> new TargetId(kind, text.substring(colon + 1)));
  }

  @Override
  public String toString() {
    return targetClass == TargetClass.HOST ? HOST_NAME : targetClass.text() + ":" + name;
  }
}
