package org.particleos.update.catalog;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Target;
import org.particleos.update.disk.Partition;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.version.Version;

/** Builds what a transfer holds and is offered, without disk, directory or server. */
public final class Stock {
  public static final long SLOT_BYTES = 1 << 20;

  private final ResolvedTransfer transfer;
  private final List<Instance> held = new ArrayList<>();
  private final List<Partition> free = new ArrayList<>();
  private final List<Instance> offered = new ArrayList<>();
  private int nextNumber = 1;
  private long fileBytes;

  private Stock(ResolvedTransfer transfer) {
    this.transfer = transfer;
  }

  public static Stock of(ATransfer transfer) {
    return new Stock(transfer.build());
  }

  /** Numbers of further partitions begin here. */
  public Stock numbering(int first) {
    nextNumber = first;
    return this;
  }

  /** Size of further files. */
  public Stock fileBytes(long bytes) {
    fileBytes = bytes;
    return this;
  }

  public Stock installed(String... versions) {
    return holds(Stage.INSTALLED, versions);
  }

  public Stock partial(String... versions) {
    return holds(Stage.PARTIAL, versions);
  }

  public Stock pending(String... versions) {
    return holds(Stage.PENDING, versions);
  }

  public Stock holds(Stage stage, String... versions) {
    for (String version : versions) {
      switch (transfer.target()) {
        case Place.Disk _ -> slot(stage, version, SLOT_BYTES);
        case Place.Directory(var path) -> file(stage, version, path);
      }
    }
    return this;
  }

  private void file(Stage stage, String version, Path directory) {
    String name = "os_" + version + ".raw";
    String marked =
        switch (stage) {
          case PARTIAL -> Marker.PARTIAL.mark(name);
          case PENDING -> Marker.PENDING.mark(name);
          case INSTALLED -> name;
          case OFFERED -> throw new IllegalArgumentException("not held");
        };
    held.add(
        new Instance.InDirectory(
            directory.resolve(marked),
            ResourceType.REGULAR_FILE,
            stage,
            InstanceMetadata.of(new Version(version)),
            fileBytes,
            true));
  }

  /** An installed file of that name, which says all that is known of it. */
  public Stock named(String name) {
    var base = (Place.Directory) transfer.target();
    held.add(
        new Instance.InDirectory(
            base.path().resolve(name),
            ResourceType.REGULAR_FILE,
            Stage.INSTALLED,
            transfer.transfer().target().patterns().match(name).match().orElseThrow(),
            fileBytes,
            true));
    return this;
  }

  public Stock slot(Stage stage, String version, long sizeBytes) {
    PartitionType type = ((Target.Partition) transfer.transfer().target()).partitionType();
    UUID typeNow =
        switch (stage) {
          case PARTIAL -> type.partial();
          case PENDING -> type.pending();
          case INSTALLED -> type.uuid();
          case OFFERED -> throw new IllegalArgumentException("not held");
        };
    Partition partition = partition("os_" + version, typeNow, sizeBytes);
    var metadata = InstanceMetadata.of(new Version(version)).withPartitionUuid(partition.uuid());
    held.add(
        new Instance.InPartition(
            ((Place.Disk) transfer.target()).device(), partition, stage, metadata));
    return this;
  }

  public Stock free(long... sizesBytes) {
    PartitionType type = ((Target.Partition) transfer.transfer().target()).partitionType();
    for (long size : sizesBytes) {
      free.add(partition(SlotName.EMPTY_LABEL, type.uuid(), size));
    }
    return this;
  }

  private Partition partition(String label, UUID type, long sizeBytes) {
    int number = nextNumber++;
    return new Partition(
        number, number * (1L << 30), sizeBytes, label, type, new UUID(7, number), 0);
  }

  public Stock offers(String... versions) {
    for (String version : versions) {
      offers(InstanceMetadata.of(new Version(version)));
    }
    return this;
  }

  public Stock offers(InstanceMetadata metadata) {
    URI uri = URI.create("https://example.org/os/os_" + metadata.version() + ".raw");
    offered.add(new Instance.OnWeb(uri, ResourceType.URL_FILE, metadata, true));
    return this;
  }

  public Inventory inventory() {
    return new Inventory(transfer, held, free, offered);
  }
}
