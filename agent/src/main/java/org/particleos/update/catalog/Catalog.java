package org.particleos.update.catalog;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Target;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.PatternList;
import org.particleos.update.trust.Manifest;

/** Lists what the target of a transfer holds and what its source offers. Changes nothing. */
public final class Catalog {
  /** Gives the entries of a manifest that was found worthy: signed where asked for, and fresh. */
  public interface Manifests {
    List<Manifest.Entry> entries(URI base, boolean verify) throws UpdateException;
  }

  private final Kernel kernel;
  private final Manifests manifests;

  public Catalog(Kernel kernel, Manifests manifests) {
    this.kernel = kernel;
    this.manifests = manifests;
  }

  /** What the target holds; nothing is known about the source yet. */
  public Inventory held(ResolvedTransfer transfer) throws UpdateException {
    return switch (transfer.target()) {
      case Place.Disk(var device) -> {
        var target = (Target.Partition) transfer.transfer().target();
        var listing =
            PartitionListing.of(
                device, table(device).partitions(), target.partitionType(), target.patterns());
        yield new Inventory(transfer, listing.instances(), listing.freeSlots(), List.of());
      }
      case Place.Directory(var path) -> {
        Target target = transfer.transfer().target();
        yield new Inventory(
            transfer,
            List.copyOf(files(path, target.type(), target.patterns())),
            List.of(),
            List.of());
      }
    };
  }

  /**
   * What the source offers. Of a local directory, unfinished downloads of whoever fills it do not
   * count.
   *
   * @param verify whether the manifest of a web directory must be signed
   */
  public List<Instance> offered(ResolvedSource source, boolean verify) throws UpdateException {
    return switch (source) {
      case ResolvedSource.Web(var url, var base) ->
          ManifestListing.list(base, url, manifests.entries(base, verify)).stream()
              .sorted(Inventory.NEWEST_FIRST)
              .toList();
      case ResolvedSource.Local(var local, var directory) ->
          files(directory, local.type(), local.patterns()).stream()
              .filter(instance -> instance.stage() == Stage.INSTALLED)
              .map(instance -> instance.withDecompress(local.decompress()))
              .map(Instance.class::cast)
              .sorted(Inventory.NEWEST_FIRST)
              .toList();
    };
  }

  private List<Instance.InDirectory> files(Path base, ResourceType type, PatternList patterns)
      throws UpdateException {
    try {
      return DirectoryListing.list(kernel, base, type, patterns);
    } catch (IOException e) {
      throw IoFailure.reading(
          "reading the directory " + Quote.quote(base.toString()) + " failed", e);
    }
  }

  private PartitionTable table(Path device) throws UpdateException {
    try (OpenFile disk = kernel.open(device, Set.of(Kernel.OpenFlag.READ))) {
      return PartitionTable.read(disk);
    } catch (IOException e) {
      throw IoFailure.reading("reading the disk " + Quote.quote(device.toString()) + " failed", e);
    }
  }
}
