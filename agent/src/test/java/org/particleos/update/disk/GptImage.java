package org.particleos.update.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * Writes image files with a partition table, by code of its own: {@code sfdisk} makes none with
 * 4096-byte sectors, and none that are broken. That the tables are right is checked with {@code
 * sgdisk}.
 */
public final class GptImage {
  public static final UUID LINUX = UUID.fromString("0fc63daf-8483-4772-8e79-3d69d8477de4");
  public static final UUID DISK = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  static final int SECTORS_MIN = 2048;

  private final int sectorBytes;
  private final List<Partition> partitions = new ArrayList<>();
  private int entryCount = 128;
  private int entryBytes = 128;
  private long sectors = SECTORS_MIN;

  private GptImage(int sectorBytes) {
    this.sectorBytes = sectorBytes;
  }

  public static GptImage withSectors(int sectorBytes) {
    return new GptImage(sectorBytes);
  }

  GptImage entries(int count, int bytes) {
    entryCount = count;
    entryBytes = bytes;
    return this;
  }

  GptImage size(long newSectors) {
    sectors = newSectors;
    return this;
  }

  /** Adds a partition; start and length are in sectors. */
  public GptImage add(int number, long start, long length, String label, UUID type, UUID uuid) {
    partitions.add(
        new Partition(number, start * sectorBytes, length * sectorBytes, label, type, uuid, 0));
    return this;
  }

  /** Three partitions, the second free of neighbours' numbers. */
  static GptImage usual(int sectorBytes) {
    return withSectors(sectorBytes)
        .add(1, 100, 50, "esp", uuid(1), uuid(101))
        .add(2, 200, 300, "_empty", LINUX, uuid(102))
        .add(5, 600, 100, "usr_41", LINUX, uuid(105));
  }

  static UUID uuid(int number) {
    return UUID.fromString(String.format("11111111-2222-3333-4444-%012x", number));
  }

  long sizeBytes() {
    return sectors * sectorBytes;
  }

  private long entriesSectors() {
    return Math.ceilDiv((long) entryCount * entryBytes, sectorBytes);
  }

  public void write(Path image) throws IOException {
    Files.write(image, bytes());
  }

  byte[] bytes() {
    byte[] bytes = new byte[(int) sizeBytes()];
    var disk = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    // Everything outside the table is noise, so that a stray write shows.
    for (int i = 0; i < disk.capacity(); i++) {
      disk.put(i, (byte) (i * 31 + i / 251));
    }
    disk.put(0, new byte[(int) (2 + entriesSectors()) * sectorBytes]);
    int tail = (int) (entriesSectors() + 1) * sectorBytes;
    disk.put(disk.capacity() - tail, new byte[tail]);
    disk.put(446 + 4, (byte) 0xee).putInt(446 + 8, 1).putInt(446 + 12, (int) sectors - 1);
    disk.put(446 + 2, (byte) 2).put(446 + 5, (byte) -1).put(446 + 6, (byte) -1);
    disk.put(446 + 7, (byte) -1);
    disk.put(510, (byte) 0x55).put(511, (byte) 0xaa);
    byte[] entries = entries();
    copy(bytes, entries, 1, sectors - 1, 2);
    copy(bytes, entries, sectors - 1, 1, sectors - 1 - entriesSectors());
    return bytes;
  }

  private byte[] entries() {
    var entries = ByteBuffer.allocate(entryCount * entryBytes).order(ByteOrder.LITTLE_ENDIAN);
    for (var partition : partitions) {
      int at = (partition.number() - 1) * entryBytes;
      uuid(entries, at, partition.type());
      uuid(entries, at + 16, partition.uuid());
      long start = partition.startBytes() / sectorBytes;
      entries.putLong(at + 32, start);
      entries.putLong(at + 40, start + partition.sizeBytes() / sectorBytes - 1);
      entries.put(at + 56, partition.label().getBytes(StandardCharsets.UTF_16LE));
    }
    return entries.array();
  }

  private void copy(byte[] bytes, byte[] entries, long own, long other, long entriesLba) {
    var disk = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = (int) own * sectorBytes;
    disk.put(at, "EFI PART".getBytes(StandardCharsets.US_ASCII));
    disk.putInt(at + 8, 0x10000).putInt(at + 12, 92);
    disk.putLong(at + 24, own).putLong(at + 32, other);
    disk.putLong(at + 40, 2 + entriesSectors());
    disk.putLong(at + 48, sectors - 2 - entriesSectors());
    uuid(disk, at + 56, DISK);
    disk.putLong(at + 72, entriesLba).putInt(at + 80, entryCount).putInt(at + 84, entryBytes);
    disk.putInt(at + 88, crc(entries));
    seal(bytes, at);
    disk.put((int) entriesLba * sectorBytes, entries);
  }

  /** Makes the checksum of a header right again. */
  static void seal(byte[] disk, int headerAt) {
    var bytes = ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(headerAt + 16, 0);
    byte[] header = new byte[92];
    bytes.get(headerAt, header);
    bytes.putInt(headerAt + 16, crc(header));
  }

  private static void uuid(ByteBuffer into, int at, UUID uuid) {
    String hex = uuid.toString().replace("-", "");
    int[] order = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int i = 0; i < 16; i++) {
      into.put(at + i, (byte) Integer.parseInt(hex, 2 * order[i], 2 * order[i] + 2, 16));
    }
  }

  static int crc(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
