package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Where the definition files of one installation are looked for (transfer-files.md 1.1). */
public sealed interface DefinitionPlace {
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

  private static List<Path> below(String name) {
    return Stream.of("/etc", "/run", "/usr/local/lib", "/usr/lib")
        .map(parent -> Path.of(parent, name))
        .toList();
  }
}
