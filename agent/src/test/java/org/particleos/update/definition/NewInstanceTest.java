package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.version.Version;

/** transfer-files.md 13 */
class NewInstanceTest {
  private static final InstanceMetadata BARE = InstanceMetadata.of(new Version("7"));
  private static final InstanceMetadata FULL =
      BARE.withPartitionUuid(new UUID(1, 1))
          .withPartitionFlags(1)
          .withNoAuto(false)
          .withGrowFileSystem(false)
          .withReadOnly(false)
          .withMtimeMicros(1)
          .withMode(0600)
          .withSizeBytes(1)
          .withTriesDone(1)
          .withTriesLeft(1)
          .withSha256(new Sha256("0".repeat(64)));
  private static final NewInstance KEYS =
      new NewInstance(
          Optional.of(new UUID(2, 2)),
          OptionalLong.of(2),
          Optional.of(true),
          Optional.of(true),
          Optional.of(true),
          OptionalInt.of(0755),
          OptionalLong.of(2),
          OptionalLong.of(2));
  private static final Optional<NewInstance.Inode> INODE =
      Optional.of(new NewInstance.Inode(9, 04777));

  @Test
  void explicitKeysBeatTheSourceName() {
    var merged = KEYS.merge(FULL, INODE, false);

    assertEquals(
        FULL.withPartitionUuid(new UUID(2, 2))
            .withPartitionFlags(2)
            .withNoAuto(true)
            .withGrowFileSystem(true)
            .withReadOnly(true)
            .withMode(0755)
            .withTriesDone(2)
            .withTriesLeft(2),
        merged);
  }

  @Test
  void theSourceNameBeatsTheSourceInode() {
    assertEquals(FULL, NewInstance.UNCHANGED.merge(FULL, INODE, false));
  }

  @Test
  void theSourceInodeGivesTimeAndMaskedMode() {
    var merged = NewInstance.UNCHANGED.merge(BARE, INODE, false);

    assertEquals(BARE.withMtimeMicros(9).withMode(0775).withTriesDone(0).withTriesLeft(3), merged);
  }

  @Test
  void withoutAnySourceOnlyTheBootAttemptsAreSet() {
    assertEquals(
        BARE.withTriesDone(0).withTriesLeft(3),
        NewInstance.UNCHANGED.merge(BARE, Optional.empty(), false));
  }

  @Test
  void archivesBringTheirOwnTimesAndModes() {
    var merged = NewInstance.UNCHANGED.merge(FULL, INODE, true);

    assertEquals(OptionalLong.empty(), merged.mtimeMicros());
    assertEquals(OptionalInt.empty(), merged.mode());
  }

  @Test
  void anExplicitModeCountsForArchivesToo() {
    assertEquals(OptionalInt.of(0755), KEYS.merge(FULL, INODE, true).mode());
  }
}
