package org.particleos.update.disk;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/** What to change about a partition entry; what is empty stays. Place and size never change. */
public record PartitionChange(
    Optional<String> label, Optional<UUID> type, Optional<UUID> uuid, OptionalLong attributes) {
  /** Changes nothing. */
  public static final PartitionChange NOTHING =
      new PartitionChange(
          Optional.empty(), Optional.empty(), Optional.empty(), OptionalLong.empty());

  /** The longest label in UTF-16 units: the field of the entry is 72 bytes. */
  public static final int LABEL_UNITS_MAX = 36;

  public PartitionChange withLabel(String newLabel) {
    return new PartitionChange(Optional.of(newLabel), type, uuid, attributes);
  }

  public PartitionChange withType(UUID newType) {
    return new PartitionChange(label, Optional.of(newType), uuid, attributes);
  }

  public PartitionChange withUuid(UUID newUuid) {
    return new PartitionChange(label, type, Optional.of(newUuid), attributes);
  }

  public PartitionChange withAttributes(long newAttributes) {
    return new PartitionChange(label, type, uuid, OptionalLong.of(newAttributes));
  }
}
