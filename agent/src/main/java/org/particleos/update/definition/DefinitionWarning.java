package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Something in a file that was ignored or corrected.
 *
 * @param line from 1; 0 if it is about the file as a whole
 * @param text a clause without the place; outside text in it is quoted
 */
public record DefinitionWarning(Path file, int line, String text) {
  public DefinitionWarning {
    Objects.requireNonNull(file);
    Objects.requireNonNull(text);
  }

  @Override
  public String toString() {
    return line > 0 ? file + ":" + line + ": " + text : file + ": " + text;
  }
}
