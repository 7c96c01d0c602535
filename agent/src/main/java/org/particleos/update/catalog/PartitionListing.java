package org.particleos.update.catalog;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionAttributes;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.PatternList;

/**
 * Finds the instances and the free slots of one partition type (update-algorithm.md 3.2). The type
 * and its two derived types belong together; whatever else is in the table is not looked at.
 */
record PartitionListing(List<Instance> instances, List<Partition> freeSlots) {

  static PartitionListing of(
      Path disk, List<Partition> partitions, PartitionType type, PatternList patterns) {
    List<Instance> instances = new ArrayList<>();
    List<Partition> free = new ArrayList<>();
    for (Partition partition : partitions) {
      Optional<Stage> stage = stage(partition.type(), type);
      if (stage.isEmpty()) {
        continue;
      }
      if (partition.label().equals(SlotName.EMPTY_LABEL)) {
        free.add(partition);
        continue;
      }
      patterns
          .match(partition.label())
          .match()
          .map(captured -> completed(captured, partition))
          .ifPresent(metadata ->
              instances.add(new Instance.InPartition(disk, partition, stage.get(), metadata)));
    }
    return new PartitionListing(List.copyOf(instances), List.copyOf(free));
  }

  private static Optional<Stage> stage(UUID found, PartitionType configured) {
    if (found.equals(configured.uuid())) {
      return Optional.of(Stage.INSTALLED);
    }
    if (PartitionType.isNamed(found)) {
      return Optional.empty(); // most of them, for which nothing has to be derived
    }
    if (found.equals(configured.partial())) {
      return Optional.of(Stage.PARTIAL);
    }
    if (found.equals(configured.pending())) {
      return Optional.of(Stage.PENDING);
    }
    return Optional.empty();
  }

  private static InstanceMetadata completed(InstanceMetadata captured, Partition partition) {
    InstanceMetadata metadata = captured;
    if (metadata.partitionUuid().isEmpty()) {
      metadata = metadata.withPartitionUuid(partition.uuid());
    }
    if (metadata.partitionFlags().isEmpty()) {
      metadata = metadata.withPartitionFlags(partition.attributes());
    }
    if (metadata.readOnly().isEmpty()) {
      boolean readOnly = (partition.attributes() & PartitionAttributes.READ_ONLY) != 0;
      metadata = metadata.withReadOnly(readOnly);
    }
    return metadata;
  }
}
