package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.boot.BootPartitions;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedSource;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.definition.Anchor;
import org.particleos.update.definition.DefinitionLoader;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.Definitions;
import org.particleos.update.definition.HostFacts;
import org.particleos.update.definition.PartitionPlace;
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
 * @param bootMounts the boot partitions that targets are on
 */
record Installation(
    Definitions definitions,
    List<ResolvedTransfer> enabled,
    List<ResolvedTransfer> disabled,
    Optional<String> bootedVersion,
    Map<Path, Set<Integer>> partitionsInUse,
    BootMounts bootMounts) {

  /** What an operation cannot do without (transfer-files.md 1.6). */
  enum Need {
    NOTHING,
    TRANSFERS,
    /** Transfers, of a component that is not switched off. */
    ENABLED_COMPONENT
  }

  /**
   * What is defined.
   *
   * @throws UpdateException if that is not well-formed or not what the operation needs
   */
  static Definitions definitions(Machine machine, Settings settings, Need need)
      throws UpdateException {
    DefinitionPlace place = settings.place();
    var loader = new DefinitionLoader(HostFacts.read(machine.root(), machine.environment()));
    if (settings.transferSource().isPresent()) {
      loader = loader.withExplicitSource();
    }
    Definitions definitions = loader.load(place);
    if (need == Need.ENABLED_COMPONENT
        && definitions.component().filter(component -> !component.enabled()).isPresent()) {
      throw UpdateException.because(Reason.COMPONENT_DISABLED, "Component is disabled.")
          .found("Enabled=no for " + named(place))
          .state("nothing was changed")
          .remedy("enable it: particle-update enable-component NAME")
          .configuration();
    }
    boolean none = definitions.enabled().isEmpty() && definitions.disabled().isEmpty();
    if (none && need != Need.NOTHING) {
      throw UpdateException.because(
              Reason.NO_DEFINITIONS,
              switch (place) {
                case DefinitionPlace.Component _ ->
                    "no transfer definitions found for " + named(place);
                case DefinitionPlace.Host _, DefinitionPlace.Directory _, DefinitionPlace.File _ ->
                    "no transfer definitions found";
              })
          .found("nothing in " + directories(place))
          .state("nothing was changed")
          .remedy("put .transfer files there, or name another directory with --definitions=")
          .configuration();
    }
    return definitions;
  }

  static Installation load(Machine machine, Settings settings, Need need) throws UpdateException {
    Definitions definitions = definitions(machine, settings, need);
    var resolver = new Resolver(machine, settings.transferSource());
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
        booted(settings.place(), HostFacts.read(machine.root(), machine.environment())),
        Map.copyOf(resolver.inUse),
        resolver.bootMounts);
  }

  private static Optional<String> booted(DefinitionPlace place, HostFacts facts) {
    return switch (place) {
      case DefinitionPlace.Host _, DefinitionPlace.Directory _, DefinitionPlace.File _ ->
          facts.imageVersion().filter(version -> !version.isEmpty());
      case DefinitionPlace.Component _ -> Optional.empty(); // has versions of its own
    };
  }

  static Optional<String> component(DefinitionPlace place) {
    return switch (place) {
      case DefinitionPlace.Component(var name, _) -> Optional.of(name);
      case DefinitionPlace.Host _, DefinitionPlace.Directory _, DefinitionPlace.File _ ->
          Optional.empty();
    };
  }

  private static String named(DefinitionPlace place) {
    return component(place).map(name -> "component " + Quote.quote(name)).orElse("the system");
  }

  private static String directories(DefinitionPlace place) {
    return String.join(
        ", ", place.directories().stream().map(Path::toString).map(Quote::quote).toList());
  }

  /** Finds disks and boot partitions, each only if some transfer asks for it. */
  private static final class Resolver {
    private final Machine machine;
    private final Optional<Path> transferSource;
    private final BootPartitions bootPartitions;
    private final DiskLocator disks;
    private final Map<Path, Set<Integer>> inUse = new HashMap<>();
    private final BootMounts bootMounts;

    Resolver(Machine machine, Optional<Path> transferSource) {
      this.machine = machine;
      this.transferSource = transferSource;
      this.bootPartitions =
          BootPartitions.ofHost(machine.kernel(), machine.root(), machine.environment());
      this.disks = DiskLocator.ofHost(machine.kernel());
      this.bootMounts = new BootMounts(machine.kernel());
    }

    ResolvedTransfer resolve(Transfer transfer) throws UpdateException {
      try {
        return new ResolvedTransfer(transfer, sources(transfer), target(transfer));
      } catch (UpdateException e) {
        throw e.inState("nothing was changed");
      }
    }

    private List<ResolvedSource> sources(Transfer transfer) throws UpdateException {
      List<ResolvedSource> resolved = new ArrayList<>();
      for (Source source : transfer.sources()) {
        resolved.add(
            switch (source) {
              case Source.Url url ->
                  new ResolvedSource.Web(url, SignedManifests.directory(url.base()));
              case Source.Local local ->
                  new ResolvedSource.Local(local, below(local.anchor(), local.path()));
            });
      }
      return resolved;
    }

    private Place target(Transfer transfer) throws UpdateException {
      return switch (transfer.target()) {
        case Target.Partition partition -> new Place.Disk(realDisk(partition.place()));
        case Target.FileSystem files -> new Place.Directory(below(files.anchor(), files.path()));
      };
    }

    private Path below(Anchor anchor, Path path) throws UpdateException {
      Path relative = Path.of("/").relativize(path);
      return switch (anchor) {
        case ROOT -> withoutLinks(machine.root(), relative);
        case ESP -> onBootPartition(bootPartitions.esp(), relative);
        case XBOOTLDR -> onBootPartition(bootPartitions.xbootldr(), relative);
        case BOOT -> onBootPartition(bootPartitions.boot(), relative);
        case EXPLICIT ->
            withoutLinks(
                transferSource.orElseThrow(() ->
                    new IllegalStateException("explicit paths are refused while loading: " + path)),
                relative);
      };
    }

    private Path onBootPartition(Path mountPoint, Path relative) throws UpdateException {
      bootMounts.note(mountPoint);
      return bootPartitions.below(mountPoint, relative);
    }

    /**
     * Directories are listed and locked by their real names; a link must not lead out of the root.
     */
    private Path withoutLinks(Path anchor, Path relative) throws UpdateException {
      try {
        return Chase.below(machine.kernel(), anchor, relative, Chase.Links.FOLLOW);
      } catch (IOException e) {
        throw IoFailure.reading(
            "looking for the directory "
                + Quote.quote(anchor.resolve(relative).toString())
                + " failed",
            e);
      }
    }

    /**
     * A disk image below another root is meant; a device of the running system is left to the
     * locator, which refuses it.
     */
    private Path insideRoot(Path path) throws UpdateException {
      if (machine.isRunning()) {
        return path;
      }
      Path inside = withoutLinks(machine.root(), Path.of("/").relativize(path));
      return Files.exists(inside) || !Files.exists(path) ? inside : path;
    }

    /** The disk by its real name, so that two spellings of it are one place. */
    private Path realDisk(PartitionPlace place) throws UpdateException {
      Optional<Path> configured =
          switch (place) {
            case PartitionPlace.Auto() -> Optional.empty();
            case PartitionPlace.At(var path) -> Optional.of(insideRoot(path));
          };
      Path found = disks.locate(configured, machine.scope());
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
