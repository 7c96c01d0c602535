package org.particleos.update.tree;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * Numbers of users and groups by their names, from {@code passwd} and {@code group} of one
 * directory. Reads them again for every question: only access control lists with names ask.
 */
record Accounts(Path directory) {
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");

  static Accounts ofSystem() {
    return new Accounts(Path.of("/etc"));
  }

  OptionalInt user(String name) {
    return find("passwd", name);
  }

  OptionalInt group(String name) {
    return find("group", name);
  }

  /** The third field of the line whose first one is the name. */
  private OptionalInt find(String file, String name) {
    // Names in these files may be Latin-1, and must not make the rest unreadable.
    try (var lines = Files.lines(directory.resolve(file), StandardCharsets.ISO_8859_1)) {
      return lines
          .map(line -> line.split(":", -1))
          .filter(fields -> fields.length > 2 && fields[0].equals(name))
          .filter(fields -> NUMBER.matcher(fields[2]).matches())
          .mapToInt(fields -> (int) Long.parseLong(fields[2]))
          .findFirst();
    } catch (IOException e) {
      // Without such a file nobody is known.
      return OptionalInt.empty();
    }
  }
}
