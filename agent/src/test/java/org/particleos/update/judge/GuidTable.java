package org.particleos.update.judge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * The GUID partition table of a disk as firmware reads it (UEFI 2.10, 5.3.2): the primary copy if
 * its checksums are right, else the backup at the end.
 */
final class GuidTable {
  private static final UUID UNUSED = new UUID(0, 0);

  /** What the judged disks have; more is damage. */
  private static final int ENTRIES_MAX = 1024;

  /** A used entry; places in bytes. */
  record Slot(UUID type, UUID uuid, int from, int to, String label) {}

  private final byte[] disk;
  private final int sector;

  private GuidTable(byte[] disk, int sector) {
    this.disk = disk;
    this.sector = sector;
  }

  /** Empty if neither copy is sound. */
  static Optional<List<Slot>> read(byte[] disk, int sector) {
    var table = new GuidTable(disk, sector);
    int last = disk.length / sector - 1;
    return table.copy(1).or(() -> table.copy(last));
  }

  private ByteBuffer at(int offset) {
    return ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN).position(offset);
  }

  private Optional<List<Slot>> copy(int lba) {
    int header = lba * sector;
    if (!new String(disk, header, 8, StandardCharsets.US_ASCII).equals("EFI PART")) {
      return Optional.empty();
    }
    int length = at(header + 12).getInt();
    if (length < 92 || length > sector || at(header + 24).getLong() != lba) {
      return Optional.empty();
    }
    byte[] zeroed = Arrays.copyOfRange(disk, header, header + length);
    Arrays.fill(zeroed, 16, 20, (byte) 0);
    long entries = at(header + 72).getLong() * sector;
    int count = at(header + 80).getInt();
    int size = at(header + 84).getInt();
    if (crc(zeroed) != at(header + 16).getInt()
        || count < 1
        || count > ENTRIES_MAX
        || size < 128
        || entries < 0
        || entries + (long) count * size > disk.length) {
      return Optional.empty();
    }
    int from = (int) entries;
    if (crc(Arrays.copyOfRange(disk, from, from + count * size)) != at(header + 88).getInt()) {
      return Optional.empty();
    }
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int entry = from + i * size;
      UUID type = uuid(entry);
      if (!type.equals(UNUSED)) {
        String label = new String(disk, entry + 56, 72, StandardCharsets.UTF_16LE);
        int end = label.indexOf('\0');
        slots.add(
            new Slot(
                type,
                uuid(entry + 16),
                Math.toIntExact(at(entry + 32).getLong() * sector),
                Math.toIntExact((at(entry + 40).getLong() + 1) * sector),
                end < 0 ? label : label.substring(0, end)));
      }
    }
    return Optional.of(slots);
  }

  private static int crc(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** The first three fields are little-endian (UEFI 2.10, appendix A). */
  private UUID uuid(int offset) {
    ByteBuffer in = at(offset);
    long high = (in.getInt() & 0xffffffffL) << 32;
    high |= (in.getShort() & 0xffffL) << 16;
    high |= in.getShort() & 0xffffL;
    return new UUID(high, in.order(ByteOrder.BIG_ENDIAN).getLong());
  }
}
