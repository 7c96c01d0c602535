package org.particleos.update.definition;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * A file in which the administrator decides about this program, with its drop-ins: below {@code
 * /etc/particle-update}, {@code /run/particle-update}, {@code /usr/local/lib/particle-update} and
 * {@code /usr/lib/particle-update}, in the dialect and with the priorities of transfer files
 * (transfer-files.md 1.3, 1.4, 2).
 */
public final class SettingsFile {
  private static final String DIRECTORY = "particle-update";
  private static final Path NOTHING = Path.of("/dev/null");

  private SettingsFile() {}

  /**
   * What was read.
   *
   * @param assignments in the order in which they take effect
   * @param warnings what was ignored so far; who does not understand an assignment adds to them
   */
  public record Read(List<Assignment> assignments, Warnings warnings) {
    public Read {
      assignments = List.copyOf(assignments);
    }
  }

  /**
   * Reads the files below a root; none of them need exist.
   *
   * @param sections that it may have; {@code Component *} stands for those with a name
   * @throws UpdateException of kind configuration, if a file cannot be read or is not well-formed
   */
  public static Read read(Path root, String name, Set<String> sections) throws UpdateException {
    return read(
        DefinitionPlace.PARENTS.stream().map(parent -> parent.resolve(DIRECTORY)).toList(),
        root,
        name,
        sections);
  }

  /**
   * Reads one file instead, and the drop-ins beside it. {@code /dev/null} stands for a file in
   * which nothing is decided.
   *
   * @param variable that named it, for the message
   * @throws UpdateException as {@link #read}, and if the file does not exist
   */
  public static Read readFile(Path file, String variable, Set<String> sections)
      throws UpdateException {
    Path absolute = file.toAbsolutePath().normalize();
    Path directory = absolute.getParent();
    if (absolute.equals(NOTHING)) {
      return new Read(List.of(), new Warnings());
    }
    if (directory == null || !Files.isRegularFile(absolute)) {
      throw UpdateException.because(
              Reason.DEFINITION_UNREADABLE,
              "failed to read "
                  + Quote.quote(file.toString())
                  + (Files.exists(absolute)
                      ? ": it is not a regular file"
                      : ": there is no such file"))
          .remedy("correct $" + variable + ", or unset it")
          .configuration();
    }
    return read(List.of(directory), Path.of("/"), absolute.getFileName().toString(), sections);
  }

  private static Read read(List<Path> directories, Path root, String name, Set<String> sections)
      throws UpdateException {
    var warnings = new Warnings();
    var files = DefinitionFiles.in(directories, root, warnings);
    return new Read(files.assignments(name, files.mainFile(name), sections), warnings);
  }
}
