package org.particleos.update.install;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.SlotName;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.Disk;
import org.particleos.update.disk.PartitionAttributes;
import org.particleos.update.disk.PartitionAttributes.Known;
import org.particleos.update.disk.PartitionChange;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Step.FillSlot;

/**
 * The life of a slot: free, claimed, pending, installed, emptied (update-algorithm.md 10.3). Every
 * step is one change of one table entry, durable when the method returns.
 */
public final class SlotPublisher {
  private final Kernel kernel;
  private final List<String> repairs = new ArrayList<>();

  public SlotPublisher(Kernel kernel) {
    this.kernel = kernel;
  }

  /** From now on the slot says that it holds something unfinished. */
  public void claim(FillSlot step) throws UpdateException {
    change(
        step.disk().device(),
        step.slot().number(),
        PartitionChange.NOTHING.withLabel(step.label()).withType(step.type().partial()));
  }

  /**
   * The data is written and verified: the slot becomes pending and gets UUID and flags, in one
   * change.
   *
   * <p>Deviation: H-06, single flag bits are judged by the configured type and so take effect.
   */
  public void markPending(FillSlot step) throws UpdateException {
    InstanceMetadata metadata = step.metadata();
    PartitionType type = step.type();
    long attributes =
        PartitionAttributes.apply(
            step.slot().attributes(),
            metadata.partitionFlags(),
            metadata.noAuto(),
            metadata.readOnly(),
            metadata.growFileSystem(),
            new Known(type.knowsNoAuto(), type.knowsReadOnly(), type.knowsGrowFileSystem()));
    PartitionChange change =
        PartitionChange.NOTHING.withType(type.pending()).withAttributes(attributes);
    if (metadata.partitionUuid().isPresent()) {
      UUID uuid = metadata.partitionUuid().get();
      change = change.withUuid(uuid);
    }
    change(step.disk().device(), step.slot().number(), change);
  }

  /** The slot takes part in booting from now on. */
  public void publish(Instance.InPartition pending, String label, PartitionType type)
      throws UpdateException {
    change(
        pending.disk(),
        pending.partition().number(),
        PartitionChange.NOTHING.withLabel(label).withType(type.uuid()));
  }

  /**
   * What a pending slot holds turned out to be of no use: it says so, and its content is fetched
   * again.
   */
  public void disown(Instance.InPartition pending, PartitionType type) throws UpdateException {
    change(
        pending.disk(),
        pending.partition().number(),
        PartitionChange.NOTHING.withType(type.partial()));
  }

  /** The slot becomes free; its contents, UUID and flags stay (update-algorithm.md 9.2). */
  public void empty(Instance.InPartition instance, PartitionType type) throws UpdateException {
    PartitionChange change = PartitionChange.NOTHING.withLabel(SlotName.EMPTY_LABEL);
    if (instance.stage() != Stage.INSTALLED) {
      change = change.withType(type.uuid());
    }
    change(instance.disk(), instance.partition().number(), change);
  }

  private void change(Path device, int number, PartitionChange change) throws UpdateException {
    try (Disk disk = Disk.open(kernel, device)) {
      repairs.addAll(disk.change(number, change).repairs());
    }
  }

  /** What had to be repaired in partition tables on the way, one sentence each. */
  public List<String> repairs() {
    return List.copyOf(repairs);
  }
}
