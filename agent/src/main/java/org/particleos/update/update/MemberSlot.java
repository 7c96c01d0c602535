package org.particleos.update.update;

import java.nio.file.Path;
import java.util.Optional;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.definition.Target;
import org.particleos.update.disk.Partition;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.plan.Member;
import org.particleos.update.verity.Extent;

/**
 * A partition that holds all of a member of a version.
 *
 * @param type as configured, whatever type the partition has until it is installed
 */
record MemberSlot(String transferId, Instance.InPartition instance, PartitionType type) {
  /** The slot of a member, if it is in one as a whole. */
  static Optional<MemberSlot> of(Member member) {
    if (member.held().isPresent()
        && member.held().get() instanceof Instance.InPartition partition
        && partition.stage() != Stage.PARTIAL
        && member.inventory().transfer().transfer().target() instanceof Target.Partition to) {
      return Optional.of(
          new MemberSlot(member.inventory().transfer().id(), partition, to.partitionType()));
    }
    return Optional.empty();
  }

  Partition partition() {
    return instance.partition();
  }

  Path disk() {
    return instance.disk();
  }

  String location() {
    return instance.location();
  }

  /** Its bytes on the disk, which is open. */
  Extent extent(OpenFile open) {
    return new Extent(open, partition().startBytes(), partition().sizeBytes());
  }
}
