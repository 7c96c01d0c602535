package org.particleos.update.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.zip.CRC32;
import org.particleos.update.linux.OpenFile;

/**
 * One of the two copies of a partition table: a header and an array of entries, each with a
 * checksum. The bytes are kept as read, so that a changed table differs from the old one only where
 * it has to.
 */
final class TableCopy {
  enum Place {
    PRIMARY,
    BACKUP
  }

  /** What stands where a copy should be. */
  sealed interface Found {
    record Sound(TableCopy copy) implements Found {}

    /**
     * Not usable.
     *
     * @param why a clause about the copy, such as "has a wrong checksum"
     * @param signature whether somebody once wrote a header there
     * @param entriesLba where its entries belong, if its header is sound
     */
    record Damaged(String why, boolean signature, OptionalLong entriesLba) implements Found {
      Damaged(String why, boolean signature) {
        this(why, signature, OptionalLong.empty());
      }
    }
  }

  /** The header alone, with the whole sector that it starts. */
  static final class Header {
    private final byte[] sector;

    private Header(byte[] sector) {
      this.sector = sector;
    }

    UUID diskUuid() {
      return Guid.get(sector, DISK_GUID);
    }

    long ownLba() {
      return wrap(sector).getLong(OWN_LBA);
    }

    long otherLba() {
      return wrap(sector).getLong(OTHER_LBA);
    }

    long firstUsable() {
      return wrap(sector).getLong(FIRST_USABLE);
    }

    long lastUsable() {
      return wrap(sector).getLong(LAST_USABLE);
    }

    long entriesLba() {
      return wrap(sector).getLong(ENTRIES_LBA);
    }

    long entryCount() {
      return Integer.toUnsignedLong(wrap(sector).getInt(ENTRY_COUNT));
    }

    long entryBytes() {
      return Integer.toUnsignedLong(wrap(sector).getInt(ENTRY_BYTES));
    }

    long entriesSectors() {
      return Math.ceilDiv(entryCount() * entryBytes(), sector.length);
    }
  }

  /**
   * 8192 entries of the usual size. UEFI asks for at least 16 KiB; more than a few thousand
   * partitions are no table but damage that would cost memory.
   */
  static final long ENTRIES_TOTAL_BYTES_MAX = 1 << 20;

  static final int ENTRY_BYTES_MIN = 128;

  /** "EFI PART", read as a little-endian number. */
  private static final long SIGNATURE = 0x5452415020494645L;

  private static final int REVISION_1_0 = 0x10000;
  private static final int HEADER_BYTES_MIN = 92;

  // Offsets in the header (UEFI 2.10, table 5.5).
  private static final int REVISION = 8;
  private static final int HEADER_BYTES = 12;
  private static final int HEADER_CRC = 16;
  private static final int OWN_LBA = 24;
  private static final int OTHER_LBA = 32;
  private static final int FIRST_USABLE = 40;
  private static final int LAST_USABLE = 48;
  private static final int DISK_GUID = 56;
  private static final int ENTRIES_LBA = 72;
  private static final int ENTRY_COUNT = 80;
  private static final int ENTRY_BYTES = 84;
  private static final int ENTRIES_CRC = 88;

  private static final long PRIMARY_LBA = 1;

  /** Where UEFI puts the entries of the primary copy. */
  private static final long PRIMARY_ENTRIES_LBA = 2;

  private final Header header;
  private final byte[] entries;

  private TableCopy(Header header, byte[] entries) {
    this.header = header;
    this.entries = entries;
  }

  Header header() {
    return header;
  }

  /** All entries, used and unused; not to be changed. */
  byte[] entries() {
    return entries;
  }

  static ByteBuffer wrap(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Reads the copy whose header should be at the LBA, and checks all that one copy can tell. */
  static Found read(OpenFile disk, int sectorBytes, long sectors, Place place, long lba)
      throws IOException {
    if (lba < PRIMARY_LBA || lba >= sectors) {
      return new Found.Damaged("would lie beyond the end of the disk", false);
    }
    var header = new Header(readBytes(disk, lba * sectorBytes, sectorBytes));
    var sector = wrap(header.sector);
    if (sector.getLong(0) != SIGNATURE) {
      return new Found.Damaged("has no signature", false);
    }
    long headerBytes = Integer.toUnsignedLong(sector.getInt(HEADER_BYTES));
    if (headerBytes < HEADER_BYTES_MIN || headerBytes > sectorBytes) {
      return new Found.Damaged("has a header of " + headerBytes + " bytes", true);
    }
    if (sector.getInt(HEADER_CRC) != headerCrc(header.sector)) {
      return new Found.Damaged("has a wrong header checksum", true);
    }
    if (sector.getInt(REVISION) != REVISION_1_0) {
      return new Found.Damaged(
          "has the unknown revision " + Integer.toHexString(sector.getInt(REVISION)), true);
    }
    String misplaced = misplaced(header, sectors, place, lba);
    if (!misplaced.isEmpty()) {
      return new Found.Damaged(misplaced, true);
    }
    byte[] entries =
        readBytes(
            disk,
            header.entriesLba() * sectorBytes,
            Math.toIntExact(header.entryCount() * header.entryBytes()));
    if (sector.getInt(ENTRIES_CRC) != crc(entries, entries.length)) {
      return new Found.Damaged(
          "has a wrong checksum of its entries", true, OptionalLong.of(header.entriesLba()));
    }
    return new Found.Sound(new TableCopy(header, entries));
  }

  /** What is wrong with the places that the header names; empty if nothing is. */
  private static String misplaced(Header header, long sectors, Place place, long lba) {
    if (header.ownLba() != lba) {
      return "says it is at sector " + Long.toUnsignedString(header.ownLba()) + ", not " + lba;
    }
    long first = header.firstUsable();
    long last = header.lastUsable();
    // All compared as signed: what is negative is far beyond any disk.
    if (first < PRIMARY_ENTRIES_LBA || last < first || last >= sectors) {
      return "names usable sectors beyond the disk";
    }
    long entryBytes = header.entryBytes();
    if (entryBytes < ENTRY_BYTES_MIN || entryBytes % ENTRY_BYTES_MIN != 0) {
      return "has entries of " + entryBytes + " bytes";
    }
    if (header.entryCount() == 0 || header.entryCount() > ENTRIES_TOTAL_BYTES_MAX / entryBytes) {
      return "has " + header.entryCount() + " entries of " + entryBytes + " bytes";
    }
    long from = header.entriesLba();
    long other = header.otherLba();
    boolean fits =
        switch (place) {
          case PRIMARY -> from >= PRIMARY_ENTRIES_LBA && from <= first - header.entriesSectors();
          case BACKUP -> from > last && from <= lba - header.entriesSectors();
        };
    if (!fits) {
      return "has its entries at sector " + Long.toUnsignedString(from) + ", out of place";
    }
    boolean otherFits =
        switch (place) {
          case PRIMARY -> other > last && other < sectors;
          case BACKUP -> other == PRIMARY_LBA;
        };
    if (!otherFits) {
      return "says the other copy is at sector " + Long.toUnsignedString(other);
    }
    return "";
  }

  /** Whether both say the same, each from its own place. */
  boolean agreesWith(TableCopy other) {
    var there = other.moved(header.ownLba(), header.otherLba(), header.entriesLba());
    int headerBytes = wrap(header.sector).getInt(HEADER_BYTES);
    return Arrays.equals(entries, other.entries)
        && Arrays.equals(header.sector, 0, headerBytes, there.header.sector, 0, headerBytes);
  }

  /** This copy with other entries and the checksums for them. */
  TableCopy with(byte[] newEntries) {
    byte[] sector = header.sector.clone();
    byte[] array = newEntries.clone();
    wrap(sector).putInt(ENTRIES_CRC, crc(array, array.length));
    return new TableCopy(sealed(sector), array);
  }

  /**
   * The same table for the other place. If nothing is known about where its entries belong, they go
   * where UEFI puts them: right after the primary header, right before the backup header.
   */
  TableCopy mirrored(OptionalLong knownEntriesLba) {
    boolean toBackup = header.ownLba() == PRIMARY_LBA;
    long usual = toBackup ? header.otherLba() - header.entriesSectors() : PRIMARY_ENTRIES_LBA;
    return moved(
        /* ownLba= */ header.otherLba(),
        /* otherLba= */ header.ownLba(),
        knownEntriesLba.orElse(usual));
  }

  /** Whether the entries lie in sectors that no partition can use. */
  boolean clearOfPartitions() {
    return header.ownLba() == PRIMARY_LBA
        ? header.entriesLba() + header.entriesSectors() <= header.firstUsable()
        : header.entriesLba() > header.lastUsable()
            && header.entriesLba() + header.entriesSectors() <= header.ownLba();
  }

  private TableCopy moved(long ownLba, long otherLba, long entriesLba) {
    byte[] sector = header.sector.clone();
    wrap(sector)
        .putLong(OWN_LBA, ownLba)
        .putLong(OTHER_LBA, otherLba)
        .putLong(ENTRIES_LBA, entriesLba);
    return new TableCopy(sealed(sector), entries);
  }

  private static Header sealed(byte[] sector) {
    wrap(sector).putInt(HEADER_CRC, headerCrc(sector));
    return new Header(sector);
  }

  /**
   * Writes both parts and waits until they are durable. Only then may the other copy be touched.
   */
  void write(OpenFile disk) throws IOException {
    int sectorBytes = header.sector.length;
    writeBytes(disk, header.entriesLba() * sectorBytes, entries);
    writeBytes(disk, header.ownLba() * sectorBytes, header.sector);
    disk.sync();
  }

  static byte[] readBytes(OpenFile disk, long offset, int length) throws IOException {
    var buffer = ByteBuffer.allocateDirect(length);
    int count = disk.read(buffer, offset);
    if (count < length) {
      throw new IOException("the disk ends after " + (offset + count) + " bytes");
    }
    byte[] bytes = new byte[length];
    buffer.flip().get(bytes);
    return bytes;
  }

  private static void writeBytes(OpenFile disk, long offset, byte[] bytes) throws IOException {
    disk.write(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip(), offset);
  }

  private static int headerCrc(byte[] sector) {
    byte[] zeroed = sector.clone();
    wrap(zeroed).putInt(HEADER_CRC, 0);
    return crc(zeroed, wrap(sector).getInt(HEADER_BYTES));
  }

  private static int crc(byte[] bytes, int length) {
    var crc = new CRC32();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
