package org.particleos.update.service;

import java.nio.file.Path;
import java.util.List;

/**
 * A target that exists.
 *
 * @param path what the bus shows as {@code Path}: definitions directory or image
 * @param place how a worker is told to work on it
 */
public record ServedTarget(TargetId id, String path, Place place) {
  /** Where the engine finds the target. */
  public sealed interface Place {
    /** The operating system that the daemon serves. */
    record Host() implements Place {}

    /** A component of it. */
    record OfComponent(String name) implements Place {}

    /** An operating system, or extension, below a directory. */
    record Directory(Path root) implements Place {}

    /** One in a disk image, in a file or on a block device. */
    record Image(Path image) implements Place {}
  }

  /** The command line options that choose it. */
  List<String> options() {
    return switch (place) {
      case Place.Host() -> List.of();
      case Place.OfComponent(var name) -> List.of("--component=" + name);
      case Place.Directory(var root) -> List.of("--root=" + root);
      // An image is no part of what the daemon was told to work below.
      case Place.Image(var image) -> List.of("--root=", "--image=" + image);
    };
  }
}
