package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.particleos.update.version.Version;

/**
 * One validated transfer file with its drop-ins (transfer-files.md 5 to 8).
 *
 * @param id the file name without suffix
 * @param file the main file
 * @param minVersion versions older than this are obsolete
 * @param protectVersions texts compared exactly; such instances are never removed
 * @param verify whether the manifest must be signed
 * @param changeLog URLs, in which {@code @v} stands for the version shown
 * @param appStream URLs
 * @param features one of these must be enabled, unless there are none
 * @param requisiteFeatures all of these must be enabled
 * @param sources alternatives, at least one: the newest version wins, at equal versions the first
 */
public record Transfer(
    String id,
    Path file,
    Optional<Version> minVersion,
    List<String> protectVersions,
    boolean verify,
    List<String> changeLog,
    List<String> appStream,
    List<String> features,
    List<String> requisiteFeatures,
    List<Source> sources,
    Target target) {
  /** A transfer with one source. */
  public Transfer(
      String id,
      Path file,
      Optional<Version> minVersion,
      List<String> protectVersions,
      boolean verify,
      List<String> changeLog,
      List<String> appStream,
      List<String> features,
      List<String> requisiteFeatures,
      Source source,
      Target target) {
    this(
        id,
        file,
        minVersion,
        protectVersions,
        verify,
        changeLog,
        appStream,
        features,
        requisiteFeatures,
        List.of(source),
        target);
  }

  public Transfer {
    Objects.requireNonNull(id);
    Objects.requireNonNull(file);
    protectVersions = List.copyOf(protectVersions);
    changeLog = List.copyOf(changeLog);
    appStream = List.copyOf(appStream);
    features = List.copyOf(features);
    requisiteFeatures = List.copyOf(requisiteFeatures);
    sources = List.copyOf(sources);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("a transfer has at least one source");
    }
    Objects.requireNonNull(target);
  }

  /** The first source, which is the only one of most transfers. */
  public Source source() {
    return sources.getFirst();
  }
}
