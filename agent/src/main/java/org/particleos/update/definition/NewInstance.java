package org.particleos.update.definition;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.particleos.update.pattern.InstanceMetadata;

/**
 * What the keys of {@code [Target]} fix for new instances; what is empty comes from the source
 * (transfer-files.md 7, 13). Never used for matching.
 *
 * @param partitionFlags all 64 attribute bits of a GPT entry
 * @param mode up to 07777
 */
public record NewInstance(
    Optional<UUID> partitionUuid,
    OptionalLong partitionFlags,
    Optional<Boolean> noAuto,
    Optional<Boolean> growFileSystem,
    Optional<Boolean> readOnly,
    OptionalInt mode,
    OptionalLong triesLeft,
    OptionalLong triesDone) {
  private static final long TRIES_LEFT_DEFAULT = 3;
  private static final long TRIES_DONE_DEFAULT = 0;

  /** What a local source is allowed to pass on of its own mode. */
  private static final int INODE_MODE_MASK = 0775;

  /** Fixes nothing. */
  public static final NewInstance UNCHANGED =
      new NewInstance(
          Optional.empty(),
          OptionalLong.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalInt.empty(),
          OptionalLong.empty(),
          OptionalLong.empty());

  /**
   * Modification time and mode of a local source.
   *
   * @param mtimeMicros since 1970
   * @param mode permission bits, unmasked
   */
  public record Inode(long mtimeMicros, int mode) {}

  /**
   * What a new instance is to have: the explicit key, else what the source name says, else what the
   * source inode says (transfer-files.md 13). The numbers of boot attempts are always set in the
   * result.
   *
   * @param source what the source name and the manifest say
   * @param inode of the source, if it is local
   * @param tarSource whether the source is an archive: it brings its own times, and modes too
   *     unless {@code Mode=} is set
   */
  public InstanceMetadata merge(InstanceMetadata source, Optional<Inode> inode, boolean tarSource) {
    return new InstanceMetadata(
        source.version(),
        partitionUuid.or(source::partitionUuid),
        partitionFlags.isPresent() ? partitionFlags : source.partitionFlags(),
        noAuto.or(source::noAuto),
        growFileSystem.or(source::growFileSystem),
        readOnly.or(source::readOnly),
        mergedMtime(source, inode, tarSource),
        mergedMode(source, inode, tarSource),
        source.sizeBytes(),
        OptionalLong.of(triesDone.orElse(source.triesDone().orElse(TRIES_DONE_DEFAULT))),
        OptionalLong.of(triesLeft.orElse(source.triesLeft().orElse(TRIES_LEFT_DEFAULT))),
        source.sha256());
  }

  private static OptionalLong mergedMtime(
      InstanceMetadata source, Optional<Inode> inode, boolean tarSource) {
    if (tarSource) {
      return OptionalLong.empty();
    }
    if (source.mtimeMicros().isPresent()) {
      return source.mtimeMicros();
    }
    return inode.isPresent() ? OptionalLong.of(inode.get().mtimeMicros()) : OptionalLong.empty();
  }

  private OptionalInt mergedMode(
      InstanceMetadata source, Optional<Inode> inode, boolean tarSource) {
    if (mode.isPresent()) {
      return mode;
    }
    if (tarSource) {
      return OptionalInt.empty();
    }
    if (source.mode().isPresent()) {
      return source.mode();
    }
    return inode.isPresent()
        ? OptionalInt.of(inode.get().mode() & INODE_MODE_MASK)
        : OptionalInt.empty();
  }
}
