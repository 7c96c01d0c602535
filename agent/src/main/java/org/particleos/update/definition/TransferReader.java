package org.particleos.update.definition;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.InvalidPatternException;
import org.particleos.update.pattern.MatchPattern;
import org.particleos.update.pattern.PatternList;
import org.particleos.update.version.Version;

/** Turns the assignments of one transfer into a valid {@link Transfer}. */
final class TransferReader {
  static final Set<String> SECTIONS = Set.of("Transfer", "Source", "Target");

  private static final String AUTO = "auto";

  private static final String ALSO_TO_REMEDY =
      "Write where further EFI system partitions are mounted, as absolute paths without \".\","
          + " \"..\" and doubled slashes, or auto.";

  private final String id;
  private final Path file;
  private final Values values;
  private final Warnings warnings;
  private final boolean explicitSourceGiven;

  private Optional<Version> minVersion = Optional.empty();
  private final List<String> protectVersions = new ArrayList<>();
  private boolean verify = true;
  private final List<String> changeLog = new ArrayList<>();
  private final List<String> appStream = new ArrayList<>();
  private final List<String> features = new ArrayList<>();
  private final List<String> requisiteFeatures = new ArrayList<>();

  /** Alternatives, never none. */
  private final List<Side> sources = new ArrayList<>(List.of(new Side("Source", true)));

  /** What made the last alternative: the latest {@code Path=} of a source. */
  private Optional<Assignment> sourcePath = Optional.empty();

  private final Side target = new Side("Target", false);

  private Optional<PartitionType> partitionType = Optional.empty();
  private Optional<UUID> partitionUuid = Optional.empty();
  private OptionalLong partitionFlags = OptionalLong.empty();
  private Optional<Boolean> noAuto = Optional.empty();
  private Optional<Boolean> growFileSystem = Optional.empty();
  private Optional<Boolean> readOnly = Optional.empty();
  private OptionalInt mode = OptionalInt.empty();
  private OptionalLong triesLeft = OptionalLong.empty();
  private OptionalLong triesDone = OptionalLong.empty();
  private boolean instancesMaxAutomatic = true;
  private OptionalLong instancesMax = OptionalLong.empty();
  private boolean removeTemporary = true;
  private boolean bootLoader;
  private boolean alsoToDiscovered;
  private final List<Path> alsoTo = new ArrayList<>();
  private Optional<String> currentSymlink = Optional.empty();

  /** What {@code [Source]} and {@code [Target]} have in common. */
  private static final class Side {
    private final String section;
    private final boolean anywhereAllowed;
    private Optional<ResourceType> type = Optional.empty();

    /** Expanded; present but empty if it was set to nothing. */
    private Optional<String> path = Optional.empty();

    private boolean auto;
    private Anchor anchor = Anchor.ROOT;
    private final List<MatchPattern> patterns = new ArrayList<>();

    /** Whether the patterns are those of the alternative before this one. */
    private boolean patternsInherited;

    /** For sources only. */
    private boolean decompress = true;

    /** The assignment of each key that came last, to say where a fault is. */
    private final Map<String, Assignment> latest = new HashMap<>();

    private Side(String section, boolean anywhereAllowed) {
      this.section = section;
      this.anywhereAllowed = anywhereAllowed;
    }

    /** The same, but for the path. */
    private Side elsewhere() {
      var other = new Side(section, anywhereAllowed);
      other.type = type;
      other.anchor = anchor;
      other.patterns.addAll(patterns);
      other.patternsInherited = true;
      other.decompress = decompress;
      other.latest.putAll(latest);
      other.latest.remove("Path");
      return other;
    }
  }

  TransferReader(String id, Path file, Values values, boolean explicitSourceGiven) {
    this.id = id;
    this.file = file;
    this.values = values;
    this.warnings = values.warnings();
    this.explicitSourceGiven = explicitSourceGiven;
  }

  Transfer read(List<Assignment> assignments) throws UpdateException {
    for (int i = 0; i < assignments.size(); i++) {
      Assignment assignment = assignments.get(i);
      switch (assignment.section()) {
        case "Transfer" -> acceptTransfer(assignment);
        case "Source" -> {
          if (i == 0 || !assignment.sameSection(assignments.get(i - 1))) {
            enterSource(assignments.subList(i, assignments.size()));
          }
          acceptSource(assignment);
        }
        case "Target" -> {
          if (!acceptSide(target, assignment)) {
            acceptTarget(assignment);
          }
        }
        default -> throw new IllegalStateException("the reader knows no other section");
      }
    }
    return validated();
  }

  /**
   * Decides to which alternatives the section that starts here belongs.
   *
   * <p>Deviation: the reference lets the last {@code Path=} win. Here a further section of one file
   * that has a {@code Path=} again is a further source, which is like the one before in what it
   * does not set itself. A {@code Path=} in another file, a drop-in, replaces all sources by one,
   * as it always did.
   */
  private void enterSource(List<Assignment> ahead) {
    Assignment first = ahead.getFirst();
    var path =
        ahead.stream()
            .takeWhile(first::sameSection)
            .filter(assignment -> assignment.key().equals("Path"))
            .findFirst();
    if (path.isEmpty()) {
      return;
    }
    if (sourcePath.isPresent() && sourcePath.get().file().equals(first.file())) {
      sources.add(sources.getLast().elsewhere());
    } else {
      sources.subList(1, sources.size()).clear();
    }
    sourcePath = path;
  }

  private void acceptSource(Assignment assignment) throws UpdateException {
    // In the file that lists the sources a key is about the last of them so far; elsewhere, about
    // all of them.
    boolean here = sourcePath.map(path -> path.file().equals(assignment.file())).orElse(true);
    for (Side source : here ? List.of(sources.getLast()) : sources) {
      // What another file adds is added to inherited patterns, too.
      source.patternsInherited &= here;
      if (assignment.key().equals("Decompress")) {
        source.decompress = values.bool(assignment, source.decompress);
        source.latest.put(assignment.key(), assignment);
      } else if (!acceptSide(source, assignment)) {
        warnings.ignored(assignment, "[Source] has no such key");
        return;
      }
    }
  }

  // The keys (transfer-files.md 5 to 7).

  private void acceptTransfer(Assignment assignment) {
    switch (assignment.key()) {
      case "MinVersion" -> minVersion = values.version(assignment, minVersion);
      case "ProtectVersion" -> acceptProtectVersion(assignment);
      case "Verify" -> verify = values.bool(assignment, verify);
      case "ChangeLog" -> values.urls(assignment, changeLog);
      case "AppStream" -> values.urls(assignment, appStream);
      case "Features" -> values.strings(assignment, features);
      case "RequisiteFeatures" -> values.strings(assignment, requisiteFeatures);
      default -> warnings.ignored(assignment, "[Transfer] has no such key");
    }
  }

  /**
   * Deviation: D-03. Several versions may stand in one assignment, as documented. D-02: whatever
   * expands to nothing protects nothing, which nobody wants who wrote this key; the reference says
   * so nowhere.
   */
  private void acceptProtectVersion(Assignment assignment) {
    if (assignment.value().isEmpty()) {
      protectVersions.clear();
      return;
    }
    for (String word : Words.plain(assignment.value())) {
      try {
        String text = values.specifiers().expand(word, Specifiers.SHORT_BYTES_MAX);
        if (text.isEmpty()) {
          warnings.ignored(
              assignment,
              Quote.quote(word)
                  + " stands for nothing on this system, so NOTHING IS PROTECTED by it and the"
                  + " running version could be removed; os-release should have IMAGE_VERSION");
        } else if (Version.isValid(text)) {
          protectVersions.add(text);
        } else {
          warnings.ignored(
              assignment, Quote.quote(text) + " is no version and NOTHING IS PROTECTED by it");
        }
      } catch (SpecifierException e) {
        warnings.ignored(assignment, "NOTHING IS PROTECTED by it: " + e.why());
      }
    }
  }

  /** Whether the key is one that both sides have. */
  private boolean acceptSide(Side side, Assignment assignment) throws UpdateException {
    side.latest.put(assignment.key(), assignment);
    switch (assignment.key()) {
      case "Type" -> {
        var type = ResourceType.parse(assignment.value());
        if (type.isPresent()) {
          side.type = type;
        } else {
          warnings.ignored(assignment, "there is no such type");
        }
      }
      case "Path" -> {
        if (assignment.value().equals(AUTO)) {
          side.auto = true;
          side.path = Optional.empty();
        } else {
          var path = values.expanded(assignment, Specifiers.PATH_BYTES_MAX);
          if (path.isPresent()) {
            side.auto = false;
            side.path = path;
          }
        }
      }
      case "PathRelativeTo" -> {
        if (assignment.value().isEmpty()) {
          side.anchor = Anchor.ROOT;
        } else {
          Anchor.parse(assignment.value())
              .ifPresentOrElse(
                  anchor -> side.anchor = anchor,
                  () ->
                      warnings.ignored(
                          assignment, "it is none of root, esp, xbootldr, boot, explicit"));
        }
      }
      case "MatchPattern" -> acceptPatterns(side, assignment);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void acceptPatterns(Side side, Assignment assignment) throws UpdateException {
    if (side.patternsInherited) {
      side.patterns.clear();
      side.patternsInherited = false;
    }
    if (assignment.value().isEmpty()) {
      side.patterns.clear();
      return;
    }
    for (String word : Words.plain(assignment.value())) {
      var unescaped = Words.unescaped(word);
      if (unescaped.isEmpty()) {
        warnings.ignored(assignment, "from " + Quote.quote(word) + " on: it ends in an escape");
        return;
      }
      String expanded;
      try {
        expanded = values.specifiers().expand(unescaped.get(), Specifiers.SHORT_BYTES_MAX);
      } catch (SpecifierException e) {
        warnings.ignored(assignment, "from " + Quote.quote(word) + " on: " + e.why());
        return;
      }
      try {
        side.patterns.add(MatchPattern.parse(expanded, side.anywhereAllowed));
      } catch (InvalidPatternException e) {
        throw assignment.refused(
            "the pattern " + Quote.quote(expanded) + " is invalid: " + e.why(),
            "Write file names with wildcards such as os_@v.efi; @v must be among them.");
      }
    }
  }

  private void acceptTarget(Assignment assignment) throws UpdateException {
    switch (assignment.key()) {
      case "MatchPartitionType" -> acceptPartitionType(assignment);
      case "PartitionUUID" -> partitionUuid = values.uuid(assignment, partitionUuid);
      case "PartitionFlags" -> partitionFlags = values.hex(assignment, partitionFlags);
      case "PartitionNoAuto" -> noAuto = values.tristate(assignment, noAuto);
      case "PartitionGrowFileSystem" ->
          growFileSystem = values.tristate(assignment, growFileSystem);
      case "ReadOnly" -> readOnly = values.tristate(assignment, readOnly);
      case "Mode" -> mode = values.mode(assignment, mode);
      case "TriesLeft" -> triesLeft = values.tries(assignment, triesLeft);
      case "TriesDone" -> triesDone = values.tries(assignment, triesDone);
      case "InstancesMax" -> acceptInstancesMax(assignment);
      case "RemoveTemporary" -> removeTemporary = values.bool(assignment, removeTemporary);
      case "CurrentSymlink" -> acceptCurrentSymlink(assignment);
      // Deviation: the reference has no such key, warns and goes on.
      case "BootLoader" -> {
        bootLoader = values.bool(assignment, bootLoader);
        target.latest.put(assignment.key(), assignment);
      }
      // Deviation: nor this one.
      case "AlsoTo" -> {
        acceptAlsoTo(assignment);
        target.latest.put(assignment.key(), assignment);
      }
      default -> warnings.ignored(assignment, "[Target] has no such key");
    }
  }

  private void acceptPartitionType(Assignment assignment) {
    if (assignment.value().isEmpty()) {
      partitionType = Optional.empty();
      return;
    }
    var architecture = values.specifiers().source().architecture();
    PartitionType.parse(assignment.value(), architecture)
        .ifPresentOrElse(
            type -> partitionType = Optional.of(type),
            () ->
                warnings.ignored(
                    assignment, "it is neither a UUID nor the name of a partition type here"));
  }

  private void acceptInstancesMax(Assignment assignment) {
    if (assignment.value().isEmpty()) {
      instancesMaxAutomatic = true;
      return;
    }
    var value = values.unsigned(assignment, OptionalLong.empty());
    if (value.isEmpty()) {
      return;
    }
    instancesMaxAutomatic = false;
    long count = value.getAsLong();
    if (count < 0) {
      // Unsigned, from 2^63 on.
      instancesMax = OptionalLong.empty();
    } else if (count < Target.INSTANCES_MAX_LEAST) {
      warnings.add(
          assignment.file(),
          assignment.line(),
          "InstancesMax="
              + count
              + " raised to "
              + Target.INSTANCES_MAX_LEAST
              + ": an update needs room beside the running version");
      instancesMax = OptionalLong.of(Target.INSTANCES_MAX_LEAST);
    } else {
      instancesMax = OptionalLong.of(count);
    }
  }

  private void acceptCurrentSymlink(Assignment assignment) {
    if (assignment.value().isEmpty()) {
      currentSymlink = Optional.empty();
      return;
    }
    var path = values.expanded(assignment, Specifiers.PATH_BYTES_MAX);
    if (path.isEmpty()) {
      return;
    }
    String simplified = simplified(path.get());
    var fault = PathRule.notNormalised(simplified);
    if (fault.isPresent()) {
      warnings.ignored(assignment, "the path " + fault.get());
    } else if (simplified.equals("/")) {
      warnings.ignored(assignment, "the root directory is no symlink");
    } else {
      currentSymlink = Optional.of(simplified);
    }
  }

  /**
   * A word that is wrong refuses the file, as a wrong {@code Path=} does: who asked for a second
   * boot partition counts on it on the day that the first one dies.
   */
  private void acceptAlsoTo(Assignment assignment) throws UpdateException {
    if (assignment.value().isEmpty()) {
      alsoToDiscovered = false;
      alsoTo.clear();
      return;
    }
    for (String word : Words.plain(assignment.value())) {
      if (word.equals(AUTO)) {
        alsoToDiscovered = true;
      } else {
        alsoTo.add(mountPoint(assignment, word));
      }
    }
    if (alsoTo.size() > AlsoTo.MOUNT_POINTS_MAX) {
      throw assignment.refused(
          "more than " + AlsoTo.MOUNT_POINTS_MAX + " further boot partitions",
          "Name fewer, or write auto.");
    }
  }

  private Path mountPoint(Assignment assignment, String word) throws UpdateException {
    String path;
    Optional<String> fault;
    try {
      path = values.specifiers().expand(word, Specifiers.PATH_BYTES_MAX);
      fault = PathRule.violation(path).map(why -> "the path " + Quote.quote(path) + " " + why);
      if (fault.isEmpty() && path.equals("/")) {
        fault = Optional.of("the root directory is no further boot partition");
      }
    } catch (SpecifierException e) {
      throw assignment.refused(Quote.quote(word) + ": " + e.why(), ALSO_TO_REMEDY);
    }
    if (fault.isPresent()) {
      throw assignment.refused(fault.get(), ALSO_TO_REMEDY);
    }
    return Path.of(path);
  }

  /** Without duplicate slashes and {@code .} components. */
  private static String simplified(String path) {
    var out = new StringBuilder(path.startsWith("/") ? "/" : "");
    String separator = "";
    for (String component : path.split("/", -1)) {
      if (!component.isEmpty() && !component.equals(".")) {
        out.append(separator).append(component);
        separator = "/";
      }
    }
    return out.toString();
  }

  // Cross-validation; the numbers are those of transfer-files.md 8.1.

  private Transfer validated() throws UpdateException {
    Side first = sources.getFirst();
    // 1. of the first source: the type of the target derives from it.
    ResourceType sourceType = sourceType(first);
    // 2. D-05: derived if omitted, as the reference does, although documented as mandatory.
    ResourceType targetType = target.type.orElseGet(() -> derivedTargetType(sourceType));
    if (targetType.isUrl() || targetType == ResourceType.TAR) {
      throw at(
          target,
          "Type",
          "this type cannot be a target",
          "Allowed are partition, regular-file, directory, subvolume.");
    }
    var validSources = new ArrayList<Source>();
    for (Side source : sources) {
      ResourceType type = sourceType(source);
      // 3. is where the target is made. 4.
      if (!isCompatible(type, targetType)) {
        throw at(
            target.type.isPresent() ? target : source,
            "Type",
            "a source of type " + type + " does not fit into a target of type " + targetType,
            "Files go into partition or regular-file; archives, directories and subvolumes go into"
                + " directory or subvolume.");
      }
      validSources.add(source(source, type));
    }
    Target validTarget = target(targetType, sourcePatterns());
    return new Transfer(
        id,
        file,
        minVersion,
        protectVersions,
        verify,
        changeLog,
        appStream,
        features,
        requisiteFeatures,
        validSources,
        validTarget);
  }

  private ResourceType sourceType(Side source) throws UpdateException {
    if (source.type.isEmpty()) {
      throw missing(
          source,
          "Type",
          "Set it to one of url-file, url-tar, tar, regular-file, directory, subvolume.");
    }
    if (source.type.get() == ResourceType.PARTITION) {
      throw at(
          source,
          "Type",
          "a partition cannot be a source",
          "Allowed are url-file, url-tar, tar, regular-file, directory, subvolume.");
    }
    return source.type.get();
  }

  /** Those of all sources: what any of them delivers is found again. */
  private PatternList sourcePatterns() {
    return new PatternList(sources.stream().flatMap(source -> source.patterns.stream()).toList());
  }

  private Source source(Side source, ResourceType type) throws UpdateException {
    // 5.
    if (source.auto) {
      throw at(
          source,
          "Path",
          "a source cannot be found automatically",
          "Write the URL or the absolute path of a directory.");
    }
    if (source.path.isEmpty()) {
      throw missing(source, "Path", "Write the URL or the absolute path of a directory.");
    }
    String path = source.path.get();
    // 6.
    if (source.anchor == Anchor.EXPLICIT && !explicitSourceGiven) {
      throw at(
          source,
          "PathRelativeTo",
          "no source directory was given",
          "Give one with --transfer-source=, or choose root, esp, xbootldr or boot.");
    }
    // 8.
    if (!type.isUrl()) {
      checkPath(source, path);
    }
    // 9.
    Optional<URI> url = type.isUrl() ? Optional.of(url(source, path)) : Optional.empty();
    // 10.
    if (source.patterns.isEmpty()) {
      throw missing(source, "MatchPattern", "Write what instances are called, as in os_@v.efi.");
    }
    var patterns = new PatternList(source.patterns);
    // 11.
    if (patterns.anywhere() && (type == ResourceType.DIRECTORY || type == ResourceType.SUBVOLUME)) {
      throw at(
          source,
          "MatchPattern",
          "the prefix \"**/\" is not for sources of type " + type,
          "Name the directories without the prefix.");
    }
    checkAnchor(source, type);
    boolean decompress = decompress(source, type);
    return url.isPresent()
        ? new Source.Url(type, url.get(), patterns, decompress)
        : new Source.Local(type, Path.of(path), source.anchor, patterns, decompress);
  }

  private boolean decompress(Side source, ResourceType type) {
    boolean files =
        switch (type) {
          case URL_FILE, REGULAR_FILE -> true;
          case URL_TAR, TAR, DIRECTORY, SUBVOLUME, PARTITION -> false;
        };
    var assignment = source.latest.get("Decompress");
    if (!source.decompress && !files && assignment != null) {
      warnings.ignored(assignment, "it is only for the types url-file and regular-file");
    }
    return source.decompress || !files;
  }

  private Target target(ResourceType type, PatternList sourcePatterns) throws UpdateException {
    // 7.
    if (target.anchor == Anchor.EXPLICIT) {
      throw at(
          target,
          "PathRelativeTo",
          "explicit is for sources only",
          "Allowed are root, esp, xbootldr, boot.");
    }
    // 12.
    boolean partition = type == ResourceType.PARTITION;
    if (target.auto && !partition) {
      throw at(
          target,
          "Path",
          "only a partition can be found automatically, not a target of type " + type,
          "Write an absolute path, or Type=partition.");
    }
    if (!target.auto && target.path.isEmpty()) {
      throw missing(target, "Path", "Write an absolute path, or auto for partitions.");
    }
    if (target.path.isPresent()) {
      checkPath(target, target.path.get());
    }
    // 13.
    var patterns =
        target.patterns.isEmpty()
            ? sourcePatterns.withoutAnywhere()
            : new PatternList(target.patterns);
    // 14.
    if (partition && currentSymlink.isPresent() && !currentSymlink.get().startsWith("/")) {
      throw at(
          target,
          "CurrentSymlink",
          "the path is relative, and partitions have no directory that it could be relative to",
          "Write an absolute path.");
    }
    checkAnchor(target, type);
    checkAlsoTo(type);

    var newInstance =
        new NewInstance(
            partitionUuid,
            partitionFlags,
            noAuto,
            growFileSystem,
            readOnly,
            mode,
            triesLeft,
            triesDone);
    var symlink = currentSymlink.map(Path::of);
    // 3. and 15.
    if (partition) {
      return new Target.Partition(
          target
              .path
              .<PartitionPlace>map(path -> new PartitionPlace.At(Path.of(path)))
              .orElseGet(PartitionPlace.Auto::new),
          partitionType.orElse(PartitionType.LINUX_GENERIC),
          patterns,
          newInstance,
          symlink,
          instancesMaxAutomatic ? OptionalLong.empty() : instancesMax);
    }
    return new Target.FileSystem(
        type,
        Path.of(target.path.orElseThrow()),
        target.anchor,
        patterns,
        newInstance,
        symlink,
        instancesMaxAutomatic ? OptionalLong.of(Target.INSTANCES_MAX_FILE_SYSTEM) : instancesMax,
        removeTemporary,
        isBootLoader(type),
        new AlsoTo(alsoToDiscovered, alsoTo));
  }

  private void checkAlsoTo(ResourceType type) throws UpdateException {
    if (!alsoToDiscovered && alsoTo.isEmpty()) {
      return;
    }
    String remedy =
        "Use it with Type=regular-file and PathRelativeTo=esp, xbootldr or boot, or with"
            + " BootLoader=yes; or leave it out.";
    if (type != ResourceType.REGULAR_FILE) {
      throw at(
          target,
          "AlsoTo",
          "only files can be kept on further boot partitions, not a target of type " + type,
          remedy);
    }
    if (!target.anchor.isBootPartition() && !bootLoader) {
      throw at(
          target,
          "AlsoTo",
          "the target is not on a boot partition, so that there are no further ones to keep in"
              + " step with it",
          remedy);
    }
  }

  private boolean isBootLoader(ResourceType type) {
    var assignment = target.latest.get("BootLoader");
    if (bootLoader && type != ResourceType.REGULAR_FILE && assignment != null) {
      warnings.ignored(assignment, "it is only for the type regular-file");
    }
    return bootLoader && type == ResourceType.REGULAR_FILE;
  }

  /** transfer-files.md 8.2 */
  private ResourceType derivedTargetType(ResourceType sourceType) {
    return switch (sourceType) {
      case URL_FILE, REGULAR_FILE ->
          target.path.orElse("").startsWith("/dev/")
              ? ResourceType.PARTITION
              : ResourceType.REGULAR_FILE;
      case URL_TAR, TAR, DIRECTORY -> ResourceType.DIRECTORY;
      case SUBVOLUME -> ResourceType.SUBVOLUME;
      case PARTITION -> throw new IllegalStateException("a partition was refused as source");
    };
  }

  /** transfer-files.md 8.3 */
  private static boolean isCompatible(ResourceType source, ResourceType target) {
    boolean singleFile = source == ResourceType.URL_FILE || source == ResourceType.REGULAR_FILE;
    return switch (target) {
      case PARTITION, REGULAR_FILE -> singleFile;
      case DIRECTORY, SUBVOLUME -> !singleFile;
      case URL_FILE, URL_TAR, TAR -> false;
    };
  }

  /** transfer-files.md 14.1: boot partitions hold plain files and directories. */
  private void checkAnchor(Side side, ResourceType type) throws UpdateException {
    if (side.anchor.isBootPartition()
        && type != ResourceType.REGULAR_FILE
        && type != ResourceType.DIRECTORY) {
      throw at(
          side,
          "PathRelativeTo",
          "the type " + type + " cannot be on a boot partition",
          "Use it with Type=regular-file or Type=directory, or choose root.");
    }
  }

  private void checkPath(Side side, String path) throws UpdateException {
    var fault = PathRule.violation(path);
    if (fault.isPresent()) {
      throw at(
          side,
          "Path",
          "the path " + Quote.quote(path) + " " + fault.get(),
          "Write an absolute path without \".\", \"..\" and doubled slashes.");
    }
  }

  private URI url(Side source, String text) throws UpdateException {
    if (!WebUrl.isValid(text) && !(text.startsWith("file:/") && WebUrl.isAscii(text))) {
      throw at(
          source,
          "Path",
          Quote.quote(text) + " is no http or https URL in ASCII",
          "Write https:// and the directory that holds SHA256SUMS.");
    }
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw at(
          source,
          "Path",
          Quote.quote(text) + " is malformed: " + e.getReason() + " at index " + e.getIndex(),
          "Percent-encode special characters; in a definition file \"%%\" stands for \"%\".");
    }
  }

  private UpdateException at(Side side, String key, String why, String allowed) {
    var assignment = side.latest.get(key);
    if (assignment == null) {
      return UpdateException.because(
              Reason.DEFINITION_INVALID,
              "refused " + file + ": [" + side.section + "] " + key + "=: " + why)
          .remedy(allowed)
          .configuration();
    }
    return assignment.refused(why, allowed);
  }

  /** Also for a key whose only assignments were invalid and hence ignored. */
  private UpdateException missing(Side side, String key, String allowed) {
    var ignored = side.latest.get(key);
    var details =
        UpdateException.because(
            Reason.DEFINITION_INVALID,
            "refused "
                + (ignored == null ? file : ignored.file() + ":" + ignored.line())
                + ": ["
                + side.section
                + "] lacks a valid "
                + key
                + "=");
    return (ignored == null ? details : details.found(Quote.quote(ignored.value())))
        .remedy(allowed)
        .configuration();
  }
}
