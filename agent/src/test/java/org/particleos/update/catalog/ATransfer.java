package org.particleos.update.catalog;

import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.definition.AlsoTo;
import org.particleos.update.definition.Anchor;
import org.particleos.update.definition.Architecture;
import org.particleos.update.definition.NewInstance;
import org.particleos.update.definition.PartitionPlace;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Source;
import org.particleos.update.definition.Target;
import org.particleos.update.definition.Transfer;
import org.particleos.update.pattern.InvalidPatternException;
import org.particleos.update.pattern.MatchPattern;
import org.particleos.update.pattern.PatternList;
import org.particleos.update.version.Version;

/** Builds transfers in which only what a test is about shows. */
public final class ATransfer {
  public static final PartitionType USR =
      PartitionType.parse("usr-x86-64", Architecture.X86_64).orElseThrow();
  public static final PartitionType VERITY =
      PartitionType.parse("usr-x86-64-verity", Architecture.X86_64).orElseThrow();
  public static final PartitionType SIGNATURE =
      PartitionType.parse("usr-x86-64-verity-sig", Architecture.X86_64).orElseThrow();
  public static final Path DISK = Path.of("/dev/vda");

  private final String id;
  private Place place = new Place.Directory(Path.of("/var/lib/os"));
  private Optional<PartitionType> type = Optional.empty();
  private PatternList patterns = patterns("os_@v.raw");
  private PatternList sourcePatterns = patterns("os_@v.raw");
  private Optional<Version> minVersion = Optional.empty();
  private List<String> protectVersions = List.of();
  private OptionalLong instancesMax = OptionalLong.empty();
  private NewInstance newInstance = NewInstance.UNCHANGED;

  private ATransfer(String id) {
    this.id = id;
  }

  public static ATransfer aTransfer(String id) {
    return new ATransfer(id);
  }

  public static PatternList patterns(String... words) {
    return new PatternList(Arrays.stream(words).map(ATransfer::pattern).toList());
  }

  private static MatchPattern pattern(String word) {
    try {
      return MatchPattern.parse(word, true);
    } catch (InvalidPatternException e) {
      throw new IllegalArgumentException(word, e);
    }
  }

  public ATransfer toPartitions(Path disk, PartitionType newType, String... words) {
    place = new Place.Disk(disk);
    type = Optional.of(newType);
    patterns = patterns(words);
    return this;
  }

  public ATransfer toFiles(Path directory, String... words) {
    place = new Place.Directory(directory);
    patterns = patterns(words);
    return this;
  }

  public ATransfer from(String... words) {
    sourcePatterns = patterns(words);
    return this;
  }

  public ATransfer minVersion(String version) {
    minVersion = Optional.of(new Version(version));
    return this;
  }

  public ATransfer protecting(String... versions) {
    protectVersions = List.of(versions);
    return this;
  }

  public ATransfer keeping(long instances) {
    instancesMax = OptionalLong.of(instances);
    return this;
  }

  public ATransfer creating(NewInstance what) {
    newInstance = what;
    return this;
  }

  public ResolvedTransfer build() {
    Target target =
        type.isPresent()
            ? new Target.Partition(
                new PartitionPlace.Auto(),
                type.get(),
                patterns,
                newInstance,
                Optional.empty(),
                instancesMax)
            : new Target.FileSystem(
                ResourceType.REGULAR_FILE,
                Path.of("/var/lib/os"),
                Anchor.ROOT,
                patterns,
                newInstance,
                Optional.empty(),
                instancesMax,
                true,
                false,
                AlsoTo.NOWHERE);
    URI base = URI.create("https://example.org/os");
    var source = new Source.Url(ResourceType.URL_FILE, base, sourcePatterns, true);
    return new ResolvedTransfer(
        new Transfer(
            id,
            Path.of("/usr/lib/sysupdate.d", id + ".transfer"),
            minVersion,
            protectVersions,
            true,
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(source),
            target),
        List.of(new ResolvedSource.Web(source, base)),
        place);
  }
}
