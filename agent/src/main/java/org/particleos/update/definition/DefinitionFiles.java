package org.particleos.update.definition;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.particleos.update.definition.Chase.Found;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Finds and reads the files of one place (transfer-files.md 1.3, 1.4). */
final class DefinitionFiles {
  /** Definition files have some dozen lines; this only keeps a wrong file out of memory. */
  private static final int FILE_BYTES_MAX = 16 << 20;

  /** How names of files are sorted everywhere. */
  static final Comparator<String> BYTE_ORDER =
      Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

  private final List<Path> directories;
  private final Chase inside;
  private final Warnings warnings;

  private DefinitionFiles(List<Path> directories, Path root, Warnings warnings) {
    this.directories = directories;
    this.inside = new Chase(root);
    this.warnings = warnings;
  }

  /**
   * The transfers and features of a place.
   *
   * @throws UpdateException if the directories of the place have names that Java cannot use here
   */
  static DefinitionFiles of(DefinitionPlace place, Warnings warnings) throws UpdateException {
    try {
      return new DefinitionFiles(place.directories(), place.root(), warnings);
    } catch (InvalidPathException e) {
      throw UpdateException.because(
              Reason.OPTION_INVALID,
              "refused the component "
                  + Quote.quote(e.getInput())
                  + ": the name is not valid in the character set of this locale")
          .remedy("run with LC_ALL=C.UTF-8")
          .cause(e)
          .configuration();
    }
  }

  /** The files of some directories, highest priority first, as paths inside the root. */
  static DefinitionFiles in(List<Path> directories, Path root, Warnings warnings) {
    return new DefinitionFiles(directories, root, warnings);
  }

  /** The metadata of components, which lie beside their directories (transfer-files.md 17.2). */
  static DefinitionFiles ofMetadata(Path root, Warnings warnings) {
    return new DefinitionFiles(DefinitionPlace.PARENTS, root, warnings);
  }

  /**
   * A file that counts.
   *
   * @param shown where it was found, for messages
   * @param real the same without symlinks
   */
  record DefinitionFile(String name, Path shown, Path real) {}

  /**
   * The main files with a suffix, by name in byte order.
   *
   * @throws UpdateException if a file name cannot be told faithfully
   */
  List<DefinitionFile> mainFiles(String suffix) throws UpdateException {
    return list(directories, name -> name.endsWith(suffix));
  }

  /** The main file of exactly this name, unless it is missing or masked. */
  Optional<DefinitionFile> mainFile(String fileName) throws UpdateException {
    return list(directories, fileName::equals).stream().findFirst();
  }

  /**
   * The assignments of a main file and its drop-ins, in the order in which they take effect.
   *
   * @throws UpdateException if a file cannot be read or is not well-formed
   */
  List<Assignment> assignments(DefinitionFile main, Set<String> sections) throws UpdateException {
    return assignments(main.name(), Optional.of(main), sections);
  }

  /** The same for a name whose main file may be missing; its drop-ins count all the same. */
  List<Assignment> assignments(String fileName, Optional<DefinitionFile> main, Set<String> sections)
      throws UpdateException {
    var dropIns =
        list(
            directories.stream().map(directory -> directory.resolve(fileName + ".d")).toList(),
            name -> name.endsWith(".conf"));
    var all = new ArrayList<Assignment>();
    // The same inode is not parsed twice: it counts at its place among the drop-ins.
    if (main.isPresent()
        && dropIns.stream().noneMatch(dropIn -> sameFile(dropIn.real(), main.get().real()))) {
      all.addAll(read(main.get(), sections));
    }
    for (DefinitionFile dropIn : dropIns) {
      all.addAll(read(dropIn, sections));
    }
    return List.copyOf(all);
  }

  /** Where the administrator's drop-ins of a file are, as path inside the root. */
  Path administrators(String fileName) {
    return directories.getFirst().resolve(fileName + ".d");
  }

  private List<DefinitionFile> list(List<Path> searched, Predicate<String> wanted)
      throws UpdateException {
    var decided = new HashSet<String>();
    var files = new ArrayList<DefinitionFile>();
    for (Path directory : searched) {
      for (String name : names(directory, wanted)) {
        // 2. The same name in a directory of higher priority decides.
        if (decided.contains(name)) {
          continue;
        }
        Path entry = directory.resolve(name);
        try {
          switch (inside.follow(entry)) {
            // 3. What leads nowhere is skipped.
            case Found.Nothing() -> {}
            // 4. Masked. Deviation: D-01, for drop-ins too; the reference fails to load then.
            case Found.NullDevice() -> decided.add(name);
            case Found.Existing(var real) -> {
              if (Files.isRegularFile(real)) {
                decided.add(name);
                if (Files.size(real) > 0) {
                  files.add(new DefinitionFile(name, shown(entry), real));
                }
              }
            }
          }
        } catch (IOException e) {
          warnings.add(shown(entry), 0, "skipped: it cannot be examined (" + e + ")");
        }
      }
    }
    // 5. By name, irrespective of the directory.
    files.sort(Comparator.comparing(DefinitionFile::name, BYTE_ORDER));
    return List.copyOf(files);
  }

  private List<String> names(Path directory, Predicate<String> wanted) throws UpdateException {
    List<Path> found;
    try {
      if (!(inside.follow(directory) instanceof Found.Existing(var real))
          || !Files.isDirectory(real)) {
        return List.of();
      }
      try (Stream<Path> entries = Files.list(real)) {
        found = entries.filter(entry -> wanted.test(entry.getFileName().toString())).toList();
      }
    } catch (IOException | UncheckedIOException e) {
      warnings.add(shown(directory), 0, "skipped the directory: it cannot be read (" + e + ")");
      return List.of();
    }
    var names = new ArrayList<String>();
    for (Path entry : found) {
      String name = entry.getFileName().toString();
      if (!isFaithful(name, entry)) {
        throw UpdateException.because(
                Reason.DEFINITION_INVALID,
                "refused "
                    + Quote.quote(name)
                    + " in "
                    + shown(directory)
                    + ": the file name is not valid in the character set of this locale")
            .remedy("rename the file in ASCII, or run with LC_ALL=C.UTF-8")
            .configuration();
      }
      names.add(name);
    }
    names.sort(BYTE_ORDER);
    return List.copyOf(names);
  }

  /** Whether the text stands for the very bytes of the file name. */
  static boolean isFaithful(String name, Path entry) {
    try {
      return Path.of(name).equals(entry.getFileName());
    } catch (InvalidPathException _) {
      return false;
    }
  }

  private List<Assignment> read(DefinitionFile file, Set<String> sections) throws UpdateException {
    byte[] content;
    try (InputStream in = Files.newInputStream(file.real())) {
      content = in.readNBytes(FILE_BYTES_MAX + 1);
    } catch (IOException e) {
      throw UpdateException.because(Reason.DEFINITION_UNREADABLE, "failed to read " + file.shown())
          .found(e.toString())
          .remedy("make the file readable, or hide it by an empty one of its name in /etc")
          .cause(e)
          .configuration();
    }
    if (content.length > FILE_BYTES_MAX) {
      throw UpdateException.because(
              Reason.DEFINITION_INVALID,
              "refused " + file.shown() + ": it is larger than " + FILE_BYTES_MAX + " bytes")
          .remedy("replace it by a definition file")
          .configuration();
    }
    return new IniReader(file.shown(), sections, warnings).read(content);
  }

  private boolean sameFile(Path a, Path b) {
    try {
      return Files.isSameFile(a, b);
    } catch (IOException e) {
      warnings.add(a, 0, "not compared with " + b + " (" + e + ")");
      return false;
    }
  }

  private Path shown(Path insidePath) {
    return inside.root().resolve(Path.of("/").relativize(insidePath));
  }
}
