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
    Source source,
    Target target) {
  public Transfer {
    Objects.requireNonNull(id);
    Objects.requireNonNull(file);
    protectVersions = List.copyOf(protectVersions);
    changeLog = List.copyOf(changeLog);
    appStream = List.copyOf(appStream);
    features = List.copyOf(features);
    requisiteFeatures = List.copyOf(requisiteFeatures);
    Objects.requireNonNull(source);
    Objects.requireNonNull(target);
  }
}
