package org.particleos.update.catalog;

import java.net.URI;
import java.nio.file.Path;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.disk.Partition;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.version.Version;

/** One versioned object at a resource (update-algorithm.md 1). */
public sealed interface Instance {
  InstanceMetadata metadata();

  Stage stage();

  ResourceType type();

  /** Where it is, for people and for ordering among equal versions. */
  String location();

  default Version version() {
    return metadata().version();
  }

  /**
   * A file beside a signed manifest. Its digest is always known.
   *
   * @param decompress whether it is unpacked on its way, if it is compressed
   */
  record OnWeb(URI uri, ResourceType type, InstanceMetadata metadata, boolean decompress)
      implements Instance {
    @Override
    public Stage stage() {
      return Stage.OFFERED;
    }

    @Override
    public String location() {
      return uri.toString();
    }
  }

  /**
   * A file or directory tree.
   *
   * @param path where it really is, marker prefixes included
   * @param sizeBytes as the inode says; 0 for a tree
   * @param decompress of a source: whether it is unpacked on its way, if it is compressed
   */
  record InDirectory(
      Path path,
      ResourceType type,
      Stage stage,
      InstanceMetadata metadata,
      long sizeBytes,
      boolean decompress)
      implements Instance {
    InDirectory withDecompress(boolean wanted) {
      return new InDirectory(path, type, stage, metadata, sizeBytes, wanted);
    }

    @Override
    public String location() {
      return path.toString();
    }
  }

  /** A partition that carries a version in its label. */
  record InPartition(Path disk, Partition partition, Stage stage, InstanceMetadata metadata)
      implements Instance {
    @Override
    public ResourceType type() {
      return ResourceType.PARTITION;
    }

    @Override
    public String location() {
      return SlotName.device(disk, partition.number());
    }
  }
}
