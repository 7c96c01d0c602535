package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.pattern.PatternList;

/** Where a transfer puts instances (transfer-files.md 7). Validated as section 8 demands. */
public sealed interface Target {
  /** Fewer could not hold the running version and the next one. */
  long INSTANCES_MAX_LEAST = 2;

  /** What file-system targets keep when the definition does not say. */
  long INSTANCES_MAX_FILE_SYSTEM = 3;

  ResourceType type();

  /** The first names new instances, all recognise existing ones. Without {@code **}{@code /}. */
  PatternList patterns();

  NewInstance newInstance();

  /**
   * The symlink to the newest instance: absolute is below the root, relative is below the target
   * path. Normalised. Absolute for partitions.
   */
  Optional<Path> currentSymlink();

  /** How many instances may be kept, at least {@value #INSTANCES_MAX_LEAST}; empty = unlimited. */
  OptionalLong instancesMax();

  /** Slots of a GPT disk. */
  record Partition(
      PartitionPlace place,
      PartitionType partitionType,
      PatternList patterns,
      NewInstance newInstance,
      Optional<Path> currentSymlink,
      OptionalLong instancesMax)
      implements Target {
    public Partition {
      Objects.requireNonNull(place);
      Objects.requireNonNull(partitionType);
      checkCommon(patterns, instancesMax);
      if (currentSymlink.isPresent() && !currentSymlink.get().isAbsolute()) {
        throw new IllegalArgumentException("a symlink to a partition has an absolute path");
      }
    }

    @Override
    public ResourceType type() {
      return ResourceType.PARTITION;
    }
  }

  /**
   * A local directory that holds the instances.
   *
   * @param type {@code regular-file}, {@code directory} or {@code subvolume}
   * @param path absolute and normalised, to be resolved below the anchor
   * @param anchor not {@code explicit}
   * @param removeTemporary whether unfinished leftovers are removed
   * @param bootLoader whether instances are systemd-boot, which takes the place of an older one on
   *     the ESP when its version was installed; of {@code regular-file} only
   * @param alsoTo further boot partitions that get the same; of boot partitions and boot loaders
   *     only
   */
  record FileSystem(
      ResourceType type,
      Path path,
      Anchor anchor,
      PatternList patterns,
      NewInstance newInstance,
      Optional<Path> currentSymlink,
      OptionalLong instancesMax,
      boolean removeTemporary,
      boolean bootLoader,
      AlsoTo alsoTo)
      implements Target {
    public FileSystem {
      switch (type) {
        case REGULAR_FILE, DIRECTORY, SUBVOLUME -> {}
        case URL_FILE, URL_TAR, TAR, PARTITION ->
            throw new IllegalArgumentException(type + " is no file-system target");
      }
      if (!path.isAbsolute() || anchor == Anchor.EXPLICIT) {
        throw new IllegalArgumentException("the path of a target is absolute, below a known place");
      }
      if (bootLoader && type != ResourceType.REGULAR_FILE) {
        throw new IllegalArgumentException("a boot loader is a file, not a " + type);
      }
      if (alsoTo.anywhere()
          && (type != ResourceType.REGULAR_FILE || !(bootLoader || anchor.isBootPartition()))) {
        throw new IllegalArgumentException("only files of a boot partition go to further ones");
      }
      checkCommon(patterns, instancesMax);
    }

    /** Whether its files lie on further boot partitions as well. */
    public boolean mirrored() {
      return alsoTo.anywhere() && anchor.isBootPartition();
    }
  }

  private static void checkCommon(PatternList patterns, OptionalLong instancesMax) {
    if (patterns.anywhere()) {
      throw new IllegalArgumentException("**/ is for sources only");
    }
    if (instancesMax.isPresent() && instancesMax.getAsLong() < INSTANCES_MAX_LEAST) {
      throw new IllegalArgumentException("a target keeps at least two instances");
    }
  }
}
