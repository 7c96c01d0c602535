package org.particleos.update.disk;

import java.util.UUID;

/**
 * A used entry of a partition table.
 *
 * @param number place in the table, counted from 1
 * @param startBytes offset of the first byte on the disk
 * @param sizeBytes length, always positive
 * @param label name, at most 36 UTF-16 units, may be empty
 * @param attributes the 64 flag bits, see {@link PartitionAttributes}
 */
public record Partition(
    int number,
    long startBytes,
    long sizeBytes,
    String label,
    UUID type,
    UUID uuid,
    long attributes) {}
