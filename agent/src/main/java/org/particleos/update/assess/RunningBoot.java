package org.particleos.update.assess;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.pattern.MatchPattern;
import org.particleos.update.verity.RootHash;
import org.particleos.update.version.Version;

/**
 * What runs, as far as it can be told: from os-release, from the root hash on the command line of
 * the kernel, which names a slot, and from the boot entry that the loader says it started. The same
 * facts give the same answer.
 *
 * @param entry file name of the boot entry, as the loader says
 * @param version of the system; of contradicting ones that of os-release
 * @param versions all that something says is running: none of them is ever given up
 * @param standing of its boot entry
 * @param unknown what could not be found out, a clause each
 * @param conflicts what does not fit together, a clause each
 */
public record RunningBoot(
    Optional<String> entry,
    Optional<Version> version,
    List<Version> versions,
    Standing standing,
    List<String> unknown,
    List<String> conflicts) {
  /** Of a system that does not run. */
  public static final RunningBoot NOTHING =
      new RunningBoot(
          Optional.empty(),
          Optional.empty(),
          List.of(),
          new Standing.Unknown("it does not run"),
          List.of(),
          List.of());

  /** Boot counting and the profile of a kernel file, which loaders leave out of entries' names. */
  private static final Pattern COUNTER = Pattern.compile("\\+[0-9]+(-[0-9]+)?(?=\\.[A-Za-z]+$|$)");

  private static final Pattern PROFILE = Pattern.compile("(?<=\\.efi)@[A-Za-z0-9_-]+$");

  public RunningBoot {
    versions = List.copyOf(versions);
    unknown = List.copyOf(unknown);
    conflicts = List.copyOf(conflicts);
  }

  /**
   * Puts the facts together.
   *
   * @param imageVersion {@code IMAGE_VERSION} of os-release
   * @param enabled what is installed
   */
  public static RunningBoot of(
      BootFacts facts, Optional<String> imageVersion, List<Inventory> enabled) {
    List<String> conflicts = new ArrayList<>();
    Optional<String> entry =
        facts.entrySelected().or(facts::countPath).or(facts::stubImage).map(RunningBoot::name);
    Optional<Version> released = imageVersion.flatMap(Version::parse);
    Optional<Version> hashed = ofSlot(facts.commandLine(), enabled);
    Optional<Version> entered = entry.flatMap(name -> ofEntry(name, enabled));
    if (entry.isPresent() && entered.isEmpty() && !entries(enabled).isEmpty()) {
      conflicts.add(
          "the boot entry "
              + Quote.quote(entry.get())
              + " was started, which is none of these transfers");
    }
    Set<Version> versions = new LinkedHashSet<>();
    released.ifPresent(versions::add);
    hashed.ifPresent(versions::add);
    entered.ifPresent(versions::add);
    Optional<Version> version = versions.stream().findFirst();
    for (Version other : versions) {
      if (version.isPresent() && !other.sameOrder(version.get())) {
        conflicts.add(
            (hashed.filter(other::equals).isPresent()
                    ? "the root hash on the kernel's command line"
                    : "the boot entry")
                + " is that of version "
                + other
                + ", which is not "
                + version.get());
      }
    }
    return new RunningBoot(
        entry,
        version,
        List.copyOf(versions),
        standing(facts, version, enabled),
        facts.unknown(),
        conflicts);
  }

  /** Whether something says that it runs. */
  public boolean runs(Version other) {
    return versions.stream().anyMatch(other::sameOrder);
  }

  // ---- Which version ----

  /** The last component of a path as EFI or Linux writes it. */
  private static String name(String path) {
    return path.substring(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1);
  }

  /** Names on FAT differ in case only by chance, and loaders write them in small letters. */
  private static String plain(String name) {
    String whole = PROFILE.matcher(name).replaceFirst("");
    return COUNTER.matcher(whole).replaceFirst("").toLowerCase(Locale.ROOT);
  }

  private static Optional<Version> ofEntry(String name, List<Inventory> enabled) {
    String wanted = plain(name);
    return entries(enabled).stream()
        .filter(file -> plain(String.valueOf(file.path().getFileName())).equals(wanted))
        .map(Instance::version)
        .findFirst();
  }

  private static Optional<Version> ofSlot(List<String> commandLine, List<Inventory> enabled) {
    for (String word : commandLine) {
      if (word.startsWith("usrhash=") || word.startsWith("roothash=")) {
        Optional<UUID> uuid =
            RootHash.parse(word.substring(word.indexOf('=') + 1)).map(RootHash::dataUuid);
        Optional<Version> version =
            enabled.stream()
                .flatMap(inventory -> inventory.held().stream())
                .filter(held ->
                    held instanceof Instance.InPartition slot
                        && uuid.filter(slot.partition().uuid()::equals).isPresent())
                .map(Instance::version)
                .findFirst();
        if (version.isPresent()) {
          return version;
        }
      }
    }
    return Optional.empty();
  }

  // ---- How it stands ----

  /** Whether names of a transfer count tries: what it installs is a boot entry. */
  static boolean counts(Inventory inventory) {
    return inventory.transfer().transfer().target() instanceof Target.FileSystem files
        && files.patterns().patterns().stream()
            .map(MatchPattern::text)
            .anyMatch(t -> t.contains("@l"));
  }

  /** The installed boot entries: of transfers that count tries, else of all that make files. */
  static List<Instance.InDirectory> entries(List<Inventory> enabled) {
    boolean some = enabled.stream().anyMatch(RunningBoot::counts);
    return enabled.stream()
        .filter(inventory -> !some || counts(inventory))
        .flatMap(inventory -> inventory.held().stream())
        .filter(held -> held.stage() == Stage.INSTALLED)
        .filter(Instance.InDirectory.class::isInstance)
        .map(Instance.InDirectory.class::cast)
        .toList();
  }

  private static Standing standing(
      BootFacts facts, Optional<Version> version, List<Inventory> enabled) {
    if (version.isEmpty()) {
      return new Standing.Unknown("nothing says which version runs");
    }
    if (enabled.stream().noneMatch(RunningBoot::counts)) {
      return new Standing.Unknown("no transfer here installs boot entries that count tries");
    }
    List<Instance.InDirectory> own =
        entries(enabled).stream().filter(e -> e.version().sameOrder(version.get())).toList();
    if (own.isEmpty()) {
      return new Standing.Unknown("there is no boot entry of version " + version.get());
    }
    // Of several, one that is still tried decides: giving up the fallback is what must not happen.
    for (Instance.InDirectory file : own) {
      var left = file.metadata().triesLeft();
      long done = file.metadata().triesDone().orElse(0);
      boolean counted =
          facts
              .countPath()
              .map(RunningBoot::name)
              .filter(sameName(file.path())::equals)
              .isPresent();
      if (left.isPresent() && (done > 0 || counted)) {
        return new Standing.BeingTried(left.getAsLong(), done);
      }
    }
    for (Instance.InDirectory file : own) {
      if (file.metadata().triesLeft().isPresent()) {
        return new Standing.NotCounted(file.metadata().triesLeft().getAsLong());
      }
    }
    return new Standing.Blessed();
  }

  private static String sameName(Path path) {
    return String.valueOf(path.getFileName());
  }
}
