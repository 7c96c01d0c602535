package org.particleos.update.definition;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.particleos.update.definition.Chase.Found;

/**
 * Which components there are: those with a directory, be it empty (transfer-files.md 17.1). What
 * they define, and whether that is valid, is another question.
 *
 * @param names sorted by bytes, each once
 * @param warnings directories that could not be searched
 */
public record Components(List<String> names, List<DefinitionWarning> warnings) {
  private static final String PREFIX = "sysupdate.";
  private static final String SUFFIX = ".d";

  public Components {
    names = List.copyOf(names);
    warnings = List.copyOf(warnings);
  }

  /** The components of the system below a root. */
  public static Components list(Path root) {
    var inside = new Chase(root);
    var warnings = new Warnings();
    var names = new TreeSet<String>(DefinitionFiles.BYTE_ORDER);
    for (Path parent : DefinitionPlace.PARENTS) {
      try {
        if (inside.follow(parent) instanceof Found.Existing(var real) && Files.isDirectory(real)) {
          try (Stream<Path> entries = Files.list(real)) {
            for (Path entry : entries.toList()) {
              String file = entry.getFileName().toString();
              // Longer than both together: "sysupdate.d" is the host's.
              if (file.startsWith(PREFIX)
                  && file.endsWith(SUFFIX)
                  && file.length() > PREFIX.length() + SUFFIX.length()
                  && DefinitionFiles.isFaithful(file, entry)
                  && isDirectory(inside, parent.resolve(file))) {
                names.add(file.substring(PREFIX.length(), file.length() - SUFFIX.length()));
              }
            }
          }
        }
      } catch (IOException | UncheckedIOException e) {
        warnings.add(parent, 0, "not searched for components: it cannot be read (" + e + ")");
      }
    }
    return new Components(names.stream().filter(SafeName::isComponent).toList(), warnings.all());
  }

  private static boolean isDirectory(Chase inside, Path entry) throws IOException {
    return inside.follow(entry) instanceof Found.Existing(var real) && Files.isDirectory(real);
  }
}
