package org.particleos.update.definition;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.FieldText;

/**
 * What the administrator decides about the program itself, apart from what it updates: {@code
 * particle-update.conf} and its drop-ins below {@code /etc/particle-update}, {@code
 * /run/particle-update}, {@code /usr/local/lib/particle-update} and {@code
 * /usr/lib/particle-update}, in the dialect and with the priorities of transfer files
 * (transfer-files.md 1.3, 1.4, 2). The reference has no such file.
 *
 * @param spool keep what arrived of an interrupted download
 * @param spoolBytesMax how much of that, in bytes, for all downloads together
 * @param spoolKeepFreeBytes how much of the file system stays free beside it, in bytes
 * @param delta fetch only the blocks that no older version on this machine has
 * @param mirrors go on at another server that the first one names
 * @param rateLimit bytes per second for all downloads of a run together
 * @param healthLimit how long all health checks of a start may take together
 * @param checks what is looked at before a version becomes visible
 */
public record Configuration(
    boolean spool,
    long spoolBytesMax,
    long spoolKeepFreeBytes,
    boolean delta,
    boolean mirrors,
    OptionalLong rateLimit,
    Duration healthLimit,
    Checks checks) {
  /** Names a file that is read instead of all others. */
  public static final String VARIABLE = "PARTICLE_UPDATE_CONFIGURATION";

  private static final String FILE = "particle-update.conf";
  private static final Set<String> SECTIONS = Set.of("Download", "Health", "Install");

  /** With its reasons: what was ignored in the files. */
  public record Loaded(Configuration configuration, List<DefinitionWarning> warnings) {}

  public Configuration {
    if (spoolBytesMax < 0
        || spoolKeepFreeBytes < 0
        || rateLimit.orElse(1) < 1
        || !healthLimit.isPositive()) {
      throw new IllegalArgumentException("sizes and spans are not negative");
    }
  }

  /** An image of an operating system, packed, with room for it to grow. */
  private static final long SPOOL_BYTES_MAX = 2L << 30;

  /** Logs and package managers need room as well. */
  private static final long SPOOL_KEEP_FREE_BYTES = 512L << 20;

  /** Services need a minute on a slow machine; nobody waits much longer for a login. */
  private static final Duration HEALTH_LIMIT = Duration.ofMinutes(5);

  /** What holds without any file. */
  public static Configuration defaults() {
    return new Configuration(
        true,
        SPOOL_BYTES_MAX,
        SPOOL_KEEP_FREE_BYTES,
        true,
        true,
        OptionalLong.empty(),
        HEALTH_LIMIT,
        Checks.defaults());
  }

  /**
   * Reads the files below a root; none of them need exist. What is not understood is ignored with a
   * warning: a misspelled preference must not keep a machine from its updates.
   *
   * @throws UpdateException of kind configuration, if a file cannot be read or is not well-formed
   */
  public static Loaded read(Path root) throws UpdateException {
    return of(SettingsFile.read(root, FILE, SECTIONS));
  }

  /**
   * Reads one file instead, and the drop-ins beside it.
   *
   * @throws UpdateException as {@link #read}, and if the file does not exist
   */
  public static Loaded readFile(Path file) throws UpdateException {
    return of(SettingsFile.readFile(file, VARIABLE, SECTIONS));
  }

  private static Loaded of(SettingsFile.Read file) {
    var warnings = file.warnings();
    var read = defaults();
    for (Assignment assignment : file.assignments()) {
      read = read.with(assignment, warnings);
    }
    return new Loaded(read, warnings.all());
  }

  private Configuration with(Assignment assignment, Warnings warnings) {
    return switch (assignment.section()) {
      case "Health" -> withHealth(assignment, warnings);
      case "Install" -> withChecks(install(assignment, warnings));
      default -> withDownload(assignment, warnings);
    };
  }

  private Configuration withHealth(Assignment assignment, Warnings warnings) {
    if (!assignment.key().equals("TimeLimit")) {
      warnings.ignored(assignment, "[Health] has no such key");
      return this;
    }
    Optional<Duration> span = TimeSpan.parse(assignment.value()).filter(Duration::isPositive);
    if (span.isEmpty()) {
      warnings.ignored(assignment, "expected a span of time, as 90s or 5min");
    }
    return span.map(this::withHealthLimit).orElse(this);
  }

  private Checks install(Assignment assignment, Warnings warnings) {
    return switch (assignment.key()) {
      case "ReadBack" -> checks.withReadBack(bool(assignment, checks.readBack(), warnings));
      case "SecureBoot" ->
          checks.withSecureBoot(
              switch (assignment.value()) {
                case "ignore" -> Checks.SecureBoot.IGNORE;
                case "report" -> Checks.SecureBoot.REPORT;
                case "refuse" -> Checks.SecureBoot.REFUSE;
                default -> {
                  warnings.ignored(assignment, "expected ignore, report or refuse");
                  yield checks.secureBoot();
                }
              });
      default -> {
        warnings.ignored(assignment, "[Install] has no such key");
        yield checks;
      }
    };
  }

  private Configuration withDownload(Assignment assignment, Warnings warnings) {
    return switch (assignment.key()) {
      case "Spool" -> withSpool(bool(assignment, spool, warnings));
      case "SpoolMaxUse" -> withSpoolBytesMax(size(assignment, spoolBytesMax, warnings));
      case "SpoolKeepFree" ->
          withSpoolKeepFreeBytes(size(assignment, spoolKeepFreeBytes, warnings));
      case "Delta" -> withDelta(bool(assignment, delta, warnings));
      case "Mirrors" -> withMirrors(bool(assignment, mirrors, warnings));
      case "RateLimit" -> withRateLimit(ByteSize.rate(rateLimit, assignment, warnings));
      default -> {
        warnings.ignored(assignment, "[Download] has no such key");
        yield this;
      }
    };
  }

  private static boolean bool(Assignment assignment, boolean present, Warnings warnings) {
    return FieldText.bool(assignment.value())
        .orElseGet(() -> {
          warnings.ignored(assignment, "a truth value is yes or no");
          return present;
        });
  }

  private static long size(Assignment assignment, long present, Warnings warnings) {
    OptionalLong bytes = ByteSize.parse(assignment.value());
    if (bytes.isEmpty()) {
      warnings.ignored(assignment, "expected a number of bytes, as 500M or 2G");
    }
    return bytes.orElse(present);
  }

  public Configuration withSpool(boolean other) {
    return new Configuration(
        other, spoolBytesMax, spoolKeepFreeBytes, delta, mirrors, rateLimit, healthLimit, checks);
  }

  public Configuration withSpoolBytesMax(long other) {
    return new Configuration(
        spool, other, spoolKeepFreeBytes, delta, mirrors, rateLimit, healthLimit, checks);
  }

  public Configuration withSpoolKeepFreeBytes(long other) {
    return new Configuration(
        spool, spoolBytesMax, other, delta, mirrors, rateLimit, healthLimit, checks);
  }

  public Configuration withDelta(boolean other) {
    return new Configuration(
        spool, spoolBytesMax, spoolKeepFreeBytes, other, mirrors, rateLimit, healthLimit, checks);
  }

  public Configuration withMirrors(boolean other) {
    return new Configuration(
        spool, spoolBytesMax, spoolKeepFreeBytes, delta, other, rateLimit, healthLimit, checks);
  }

  public Configuration withRateLimit(OptionalLong other) {
    return new Configuration(
        spool, spoolBytesMax, spoolKeepFreeBytes, delta, mirrors, other, healthLimit, checks);
  }

  public Configuration withHealthLimit(Duration other) {
    return new Configuration(
        spool, spoolBytesMax, spoolKeepFreeBytes, delta, mirrors, rateLimit, other, checks);
  }

  public Configuration withChecks(Checks other) {
    return new Configuration(
        spool, spoolBytesMax, spoolKeepFreeBytes, delta, mirrors, rateLimit, healthLimit, other);
  }
}
