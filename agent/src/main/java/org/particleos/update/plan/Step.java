package org.particleos.update.plan;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Marker;
import org.particleos.update.catalog.Place;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.Partition;
import org.particleos.update.pattern.InstanceMetadata;

/** What acquiring one version means for one transfer. Everything in it was decided beforehand. */
public sealed interface Step {
  Member member();

  default String transferId() {
    return member().inventory().transfer().id();
  }

  /** The target has it already, installed or pending. */
  record Keep(Member member) implements Step {}

  /**
   * Write the payload into a slot.
   *
   * @param metadata of the new instance, merged from definition and source
   * @param requiredBytes size of the decompressed payload where it is known beforehand
   */
  record FillSlot(
      Member member,
      Instance source,
      InstanceMetadata metadata,
      String label,
      Place.Disk disk,
      Partition slot,
      PartitionType type,
      OptionalLong requiredBytes)
      implements Step {}

  /** Write the payload into a file beside its final name. */
  record WriteFile(
      Member member,
      Instance source,
      InstanceMetadata metadata,
      TargetPaths paths,
      OptionalLong requiredBytes)
      implements Step {}

  /**
   * Build a directory tree beside its final name, from an archive or another tree.
   *
   * @param subvolume whether it shall be one, where the file system knows them
   */
  record WriteTree(
      Member member,
      Instance source,
      InstanceMetadata metadata,
      TargetPaths paths,
      boolean subvolume)
      implements Step {}

  /**
   * The three names of a file or tree (update-algorithm.md 11.1).
   *
   * @param base the target directory; parents below it belong to the instance
   */
  record TargetPaths(Path base, Path installed) {
    public Path partial() {
      return marked(Marker.PARTIAL);
    }

    public Path pending() {
      return marked(Marker.PENDING);
    }

    /** From the pending name as it was found. */
    public static TargetPaths ofPending(Path base, Path pending) {
      String name = pending.getFileName().toString();
      if (!name.startsWith(Marker.PENDING.prefix())) {
        throw new IllegalArgumentException("not a pending name: " + pending);
      }
      return new TargetPaths(
          base, pending.resolveSibling(name.substring(Marker.PENDING.prefix().length())));
    }

    private Path marked(Marker marker) {
      return installed.resolveSibling(marker.mark(installed.getFileName().toString()));
    }
  }
}
