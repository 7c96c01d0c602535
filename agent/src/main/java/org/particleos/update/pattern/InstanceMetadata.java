package org.particleos.update.pattern;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.particleos.update.version.Version;

/**
 * What a name says about an instance, or what a new instance is to have (transfer-files.md 9.3,
 * 13). A version is always there; an absent field means "the name does not say".
 *
 * @param partitionFlags all 64 attribute bits of a GPT entry
 * @param mtimeMicros since 1970, not negative
 * @param mode permission bits
 * @param sizeBytes after decompression, not negative
 * @param triesDone boot attempts made, not negative
 * @param triesLeft boot attempts left, not negative
 * @param sha256 of the payload as the server stores it
 */
public record InstanceMetadata(
    Version version,
    Optional<UUID> partitionUuid,
    OptionalLong partitionFlags,
    Optional<Boolean> noAuto,
    Optional<Boolean> growFileSystem,
    Optional<Boolean> readOnly,
    OptionalLong mtimeMicros,
    OptionalInt mode,
    OptionalLong sizeBytes,
    OptionalLong triesDone,
    OptionalLong triesLeft,
    Optional<Sha256> sha256) {

  public InstanceMetadata {
    Objects.requireNonNull(version);
  }

  /** Only a version. */
  public static InstanceMetadata of(Version version) {
    return new InstanceMetadata(
        version,
        Optional.empty(),
        OptionalLong.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        OptionalInt.empty(),
        OptionalLong.empty(),
        OptionalLong.empty(),
        OptionalLong.empty(),
        Optional.empty());
  }

  public InstanceMetadata withVersion(Version value) {
    return new InstanceMetadata(
        value,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withPartitionUuid(UUID value) {
    return new InstanceMetadata(
        version,
        Optional.of(value),
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withPartitionFlags(long value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        OptionalLong.of(value),
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withNoAuto(boolean value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        Optional.of(value),
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withGrowFileSystem(boolean value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        Optional.of(value),
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withReadOnly(boolean value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        Optional.of(value),
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withMtimeMicros(long value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        OptionalLong.of(value),
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withMode(int value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        OptionalInt.of(value),
        sizeBytes,
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withSizeBytes(long value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        OptionalLong.of(value),
        triesDone,
        triesLeft,
        sha256);
  }

  public InstanceMetadata withTriesDone(long value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        OptionalLong.of(value),
        triesLeft,
        sha256);
  }

  public InstanceMetadata withTriesLeft(long value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        OptionalLong.of(value),
        sha256);
  }

  public InstanceMetadata withSha256(Sha256 value) {
    return new InstanceMetadata(
        version,
        partitionUuid,
        partitionFlags,
        noAuto,
        growFileSystem,
        readOnly,
        mtimeMicros,
        mode,
        sizeBytes,
        triesDone,
        triesLeft,
        Optional.of(value));
  }
}
