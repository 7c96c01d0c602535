package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.boot.BootPartitions;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.definition.Anchor;
import org.particleos.update.definition.DefinitionLoader;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.Definitions;
import org.particleos.update.definition.HostFacts;
import org.particleos.update.definition.PartitionPlace;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Source;
import org.particleos.update.definition.Target;
import org.particleos.update.definition.Transfer;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.trust.SignedManifests;

/**
 * A loaded set of definitions whose anchors are resolved on this machine (transfer-files.md 1.6,
 * 14).
 *
 * @param bootedVersion {@code IMAGE_VERSION} of the running system, where these definitions are the
 *     host's
 * @param partitionsInUse of each target disk, those that the running system stands on
 */
record Installation(
    Definitions definitions,
    List<ResolvedTransfer> enabled,
    List<ResolvedTransfer> disabled,
    Optional<String> bootedVersion,
    Map<Path, Set<Integer>> partitionsInUse) {

  static Installation load(Machine machine, DefinitionPlace place) throws UpdateException {
    HostFacts facts = HostFacts.read(machine.root(), machine.environment());
    Definitions definitions = new DefinitionLoader(facts).load(place);
    if (definitions.enabled().isEmpty() && definitions.disabled().isEmpty()) {
      throw UpdateException.because(Reason.NO_DEFINITIONS, "no transfer definitions found")
          .found("nothing in " + directories(place))
          .state("nothing was changed")
          .remedy("put .transfer files there, or name another directory with --definitions=")
          .configuration();
    }
    var resolver = new Resolver(machine);
    List<ResolvedTransfer> enabled = new ArrayList<>();
    for (Transfer transfer : definitions.enabled()) {
      enabled.add(resolver.resolve(transfer));
    }
    List<ResolvedTransfer> disabled = new ArrayList<>();
    for (Transfer transfer : definitions.disabled()) {
      disabled.add(resolver.resolve(transfer));
    }
    return new Installation(
        definitions,
        List.copyOf(enabled),
        List.copyOf(disabled),
        booted(place, facts),
        Map.copyOf(resolver.inUse));
  }

  private static Optional<String> booted(DefinitionPlace place, HostFacts facts) {
    return switch (place) {
      case DefinitionPlace.Host _, DefinitionPlace.Directory _, DefinitionPlace.File _ ->
          facts.imageVersion().filter(version -> !version.isEmpty());
      case DefinitionPlace.Component _ -> Optional.empty(); // has versions of its own
    };
  }

  private static String directories(DefinitionPlace place) {
    return String.join(
        ", ", place.directories().stream().map(Path::toString).map(Quote::quote).toList());
  }

  /** Finds disks and boot partitions, each only if some transfer asks for it. */
  private static final class Resolver {
    private final Machine machine;
    private final BootPartitions bootPartitions;
    private final DiskLocator disks;
    private final Map<Path, Set<Integer>> inUse = new HashMap<>();

    Resolver(Machine machine) {
      this.machine = machine;
      this.bootPartitions =
          BootPartitions.ofHost(machine.kernel(), machine.root(), machine.environment());
      this.disks = DiskLocator.ofHost(machine.kernel());
    }

    ResolvedTransfer resolve(Transfer transfer) throws UpdateException {
      try {
        return new ResolvedTransfer(transfer, source(transfer), target(transfer));
      } catch (UpdateException e) {
        throw e.inState("nothing was changed");
      }
    }

    private Place source(Transfer transfer) throws UpdateException {
      return switch (transfer.source()) {
        case Source.Url url -> {
          requireSupported(transfer, url.type());
          yield new Place.Web(SignedManifests.directory(url.base()));
        }
        case Source.Local local -> {
          requireSupported(transfer, local.type());
          yield new Place.Directory(below(local.anchor(), local.path()));
        }
      };
    }

    private Place target(Transfer transfer) throws UpdateException {
      return switch (transfer.target()) {
        case Target.Partition partition -> new Place.Disk(realDisk(partition.place()));
        case Target.FileSystem files -> {
          requireSupported(transfer, files.type());
          yield new Place.Directory(below(files.anchor(), files.path()));
        }
      };
    }

    /** Trees and archives are not handled by this version; saying so beats doing half of it. */
    private static void requireSupported(Transfer transfer, ResourceType type)
        throws UpdateException {
      switch (type) {
        case URL_FILE, REGULAR_FILE, PARTITION -> {}
        case URL_TAR, TAR, DIRECTORY, SUBVOLUME ->
            throw UpdateException.because(
                    Reason.NOT_SUPPORTED,
                    "refused transfer "
                        + Quote.quote(transfer.id())
                        + ": resources of type "
                        + type.text()
                        + " are not supported by this version")
                .found("Type=" + type.text() + " in " + transfer.file())
                .remedy("use url-file or regular-file, or keep systemd-sysupdate for this one")
                .configuration();
      }
    }

    private Path below(Anchor anchor, Path path) throws UpdateException {
      Path relative = Path.of("/").relativize(path);
      return switch (anchor) {
        case ROOT -> withoutLinks(relative);
        case ESP -> bootPartitions.below(bootPartitions.esp(), relative);
        case XBOOTLDR -> bootPartitions.below(bootPartitions.xbootldr(), relative);
        case BOOT -> bootPartitions.below(bootPartitions.boot(), relative);
        case EXPLICIT ->
            throw new IllegalStateException("explicit paths are refused while loading: " + path);
      };
    }

    /**
     * Directories are listed and locked by their real names; a link must not lead out of the root.
     */
    private Path withoutLinks(Path relative) throws UpdateException {
      try {
        return Chase.below(machine.kernel(), machine.root(), relative, Chase.Links.FOLLOW);
      } catch (IOException e) {
        throw IoFailure.reading(
            "looking for the directory " + Quote.quote("/" + relative) + " failed", e);
      }
    }

    /** The disk by its real name, so that two spellings of it are one place. */
    private Path realDisk(PartitionPlace place) throws UpdateException {
      Optional<Path> configured =
          switch (place) {
            case PartitionPlace.Auto() -> Optional.empty();
            case PartitionPlace.At(var path) -> Optional.of(path);
          };
      Path found = disks.locate(configured, new DiskLocator.Scope.Host());
      try {
        Path real = found.toRealPath();
        if (!inUse.containsKey(real)) {
          inUse.put(real, disks.partitionsInUse(real));
        }
        return real;
      } catch (IOException e) {
        throw IoFailure.reading("looking for " + Quote.quote(found.toString()) + " failed", e);
      }
    }
  }
}
