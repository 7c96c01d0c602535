package org.particleos.update.dbus;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One value that a method or signal carries.
 *
 * @param type its signature
 */
public record Argument(String name, String type) {
  static String signature(List<Argument> arguments) {
    return arguments.stream().map(Argument::type).collect(Collectors.joining());
  }
}
