package org.particleos.update.definition;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Where the definition files of one installation are looked for (transfer-files.md 1.1). */
public sealed interface DefinitionPlace {
  /** Where the directories and the metadata of components are, highest priority first. */
  List<Path> PARENTS =
      Stream.of("/etc", "/run", "/usr/local/lib", "/usr/lib").map(Path::of).toList();

  /** Directories, highest priority first, as paths inside {@link #root()}. */
  List<Path> directories();

  /** Symlinks never lead out of it. */
  Path root();

  /** The operating system itself. */
  record Host(Path root) implements DefinitionPlace {
    @Override
    public List<Path> directories() {
      return below("sysupdate.d");
    }
  }

  /**
   * A component with its own versions.
   *
   * @param name satisfies {@link SafeName#isComponent}
   */
  record Component(String name, Path root) implements DefinitionPlace {
    public Component {
      if (!SafeName.isComponent(name)) {
        throw new IllegalArgumentException("callers check component names");
      }
    }

    @Override
    public List<Path> directories() {
      return below("sysupdate." + name + ".d");
    }
  }

  /**
   * What {@code --definitions=} names: a directory, or one file of it. What does not exist counts
   * as a file if it is called like one, so that a misspelled file is missed and not taken for a
   * directory without definitions.
   *
   * @param path absolute
   */
  static DefinitionPlace given(Path path) {
    boolean file =
        Files.exists(path) ? !Files.isDirectory(path) : TransferSuffix.of(path).isPresent();
    return file ? new File(path) : new Directory(path);
  }

  /** One directory and no other; made absolute by the caller. */
  record Directory(Path directory) implements DefinitionPlace {
    public Directory {
      if (!directory.isAbsolute()) {
        throw new IllegalArgumentException("the definitions directory is absolute");
      }
    }

    @Override
    public List<Path> directories() {
      return List.of(directory);
    }

    @Override
    public Path root() {
      return Path.of("/");
    }
  }

  /**
   * One transfer file with the drop-ins beside it; features are those of its directory. Made
   * absolute by the caller. Deviation: the reference takes directories only.
   */
  record File(Path file) implements DefinitionPlace {
    public File {
      if (!file.isAbsolute() || file.getFileName() == null) {
        throw new IllegalArgumentException("the definition file is absolute");
      }
    }

    @Override
    public List<Path> directories() {
      return List.of(Objects.requireNonNull(file.getParent()));
    }

    @Override
    public Path root() {
      return Path.of("/");
    }

    String name() {
      return Objects.requireNonNull(file.getFileName()).toString();
    }
  }

  private static List<Path> below(String name) {
    return PARENTS.stream().map(parent -> parent.resolve(name)).toList();
  }
}
