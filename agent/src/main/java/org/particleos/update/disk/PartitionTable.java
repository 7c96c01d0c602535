package org.particleos.update.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.particleos.update.disk.TableCopy.Found;
import org.particleos.update.disk.TableCopy.Place;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.OpenFile;

/**
 * A GUID partition table as it stood on the disk when it was read (UEFI 2.10, 5.3;
 * update-algorithm.md 3.2). Immutable.
 *
 * <p>Both copies are checked. If one is damaged, the other counts, and {@link #health()} says so;
 * nothing is repaired by reading. If both are sound but differ, the primary counts, as for firmware
 * and kernel.
 */
public final class PartitionTable {
  /**
   * What is wrong with the two copies of the table, as clauses such as "has a wrong header
   * checksum"; empty for a sound copy. A backup that differs from the primary counts as damaged.
   */
  public record Health(Optional<String> primaryDamage, Optional<String> backupDamage) {
    public boolean sound() {
      return primaryDamage.isEmpty() && backupDamage.isEmpty();
    }
  }

  /** What image files are probed for: their sector size is written nowhere. */
  private static final int[] IMAGE_SECTOR_BYTES = {512, 1024, 2048, 4096};

  private static final int MBR_BYTES = 512;
  private static final int MBR_ENTRIES = 446;
  private static final int MBR_ENTRY_BYTES = 16;
  private static final int MBR_ENTRY_TYPE = 4;
  private static final int MBR_SIGNATURE = 510;
  private static final int MBR_TYPE_PROTECTIVE = 0xee;

  // Offsets in an entry (UEFI 2.10, table 5.6).
  private static final int ENTRY_TYPE = 0;
  private static final int ENTRY_UUID = 16;
  private static final int ENTRY_FIRST = 32;
  private static final int ENTRY_LAST = 40;
  private static final int ENTRY_ATTRIBUTES = 48;
  private static final int ENTRY_LABEL = 56;
  private static final int ENTRY_LABEL_BYTES = 2 * PartitionChange.LABEL_UNITS_MAX;

  private static final UUID UNUSED = new UUID(0, 0);

  private final Copies copies;
  private final List<Partition> partitions;

  private PartitionTable(Copies copies, List<Partition> partitions) {
    this.copies = copies;
    this.partitions = List.copyOf(partitions);
  }

  /** Both copies as found with one sector size. */
  private record Copies(int sectorBytes, Found primary, Found backup) {
    /** The one that counts. */
    Optional<TableCopy> valid() {
      if (primary instanceof Found.Sound(TableCopy copy)) {
        return Optional.of(copy);
      }
      return backup instanceof Found.Sound(TableCopy copy) ? Optional.of(copy) : Optional.empty();
    }

    boolean primarySound() {
      return primary instanceof Found.Sound;
    }

    boolean anySignature() {
      return signature(primary) || signature(backup);
    }

    private static boolean signature(Found found) {
      return switch (found) {
        case Found.Sound _ -> true;
        case Found.Damaged(_, boolean signature, _) -> signature;
      };
    }
  }

  /**
   * Reads and checks the table of a block device or image file.
   *
   * @throws UpdateException.DiskDamaged if there is none, both copies are damaged, the entries
   *     contradict each other, or an MBR table competes with it
   */
  public static PartitionTable read(OpenFile disk) throws UpdateException {
    try {
      return readChecked(disk);
    } catch (IOException failed) {
      throw IoFailure.reading("reading the partition table of " + name(disk) + " failed", failed);
    }
  }

  private static PartitionTable readChecked(OpenFile disk) throws IOException, UpdateException {
    long sizeBytes = disk.sizeBytes();
    int[] sizes = disk.blockDevice() ? new int[] {disk.sectorBytes()} : IMAGE_SECTOR_BYTES;
    var inspected = new ArrayList<Copies>();
    for (int sectorBytes : sizes) {
      inspected.add(inspect(disk, sectorBytes, sizeBytes / sectorBytes));
    }
    boolean protectiveMbr = requirePureMbr(disk, sizeBytes);

    var candidates = inspected.stream().filter(Copies::primarySound).toList();
    if (candidates.isEmpty()) {
      candidates = inspected.stream().filter(copies -> copies.valid().isPresent()).toList();
    }
    if (candidates.size() > 1) {
      throw damaged(
              disk,
              "has whole tables for sectors of "
                  + candidates.get(0).sectorBytes
                  + " and of "
                  + candidates.get(1).sectorBytes
                  + " bytes")
          .diskDamaged();
    }
    if (candidates.isEmpty()) {
      throw unusable(disk, inspected, protectiveMbr);
    }
    if (!protectiveMbr) {
      throw damaged(disk, "has a GUID partition table but no protective MBR entry").diskDamaged();
    }
    var copies = candidates.get(0);
    return new PartitionTable(copies, parse(disk, copies));
  }

  private static Copies inspect(OpenFile disk, int sectorBytes, long sectors) throws IOException {
    var primary = TableCopy.read(disk, sectorBytes, sectors, Place.PRIMARY, 1);
    // A disk that has grown keeps its backup where the primary says; else it ends the disk.
    long backupLba =
        primary instanceof Found.Sound(TableCopy copy) ? copy.header().otherLba() : sectors - 1;
    var backup = TableCopy.read(disk, sectorBytes, sectors, Place.BACKUP, backupLba);
    if (primary instanceof Found.Sound(TableCopy first)
        && backup instanceof Found.Sound(TableCopy second)
        && !first.agreesWith(second)) {
      backup = new Found.Damaged("differs from the primary", true);
    }
    return new Copies(sectorBytes, primary, backup);
  }

  /** Whether there is a protective entry; refuses a hybrid. */
  private static boolean requirePureMbr(OpenFile disk, long sizeBytes)
      throws IOException, UpdateException {
    if (sizeBytes < MBR_BYTES) {
      return false;
    }
    byte[] mbr = TableCopy.readBytes(disk, 0, MBR_BYTES);
    if (mbr[MBR_SIGNATURE] != 0x55 || mbr[MBR_SIGNATURE + 1] != (byte) 0xaa) {
      return false;
    }
    boolean protective = false;
    boolean others = false;
    for (int at = MBR_ENTRIES; at < MBR_SIGNATURE; at += MBR_ENTRY_BYTES) {
      int type = Byte.toUnsignedInt(mbr[at + MBR_ENTRY_TYPE]);
      protective |= type == MBR_TYPE_PROTECTIVE;
      others |= type != 0 && type != MBR_TYPE_PROTECTIVE;
    }
    if (protective && others) {
      throw UpdateException.because(
              Reason.PARTITION_TABLE_HYBRID, "refused disk " + name(disk) + ": it has a hybrid MBR")
          .found("MBR partitions beside the protective entry of the GUID partition table")
          .remedy("replace the MBR by a protective one, for example with gdisk, x, n, w")
          .diskDamaged();
    }
    return protective;
  }

  private static UpdateException unusable(
      OpenFile disk, List<Copies> inspected, boolean protectiveMbr) {
    var written = inspected.stream().filter(Copies::anySignature).findFirst();
    if (written.isEmpty() && !protectiveMbr) {
      return UpdateException.because(
              Reason.NO_PARTITION_TABLE,
              "refused disk " + name(disk) + ": it has no GUID partition table")
          .found("neither its beginning nor its end holds the header of one")
          .remedy("check that this is the disk of the system")
          .diskDamaged();
    }
    var copies = written.orElse(inspected.get(0));
    return damaged(
            disk,
            "has a primary table that "
                + damage(copies.primary).orElse("is sound")
                + ", and a backup that "
                + damage(copies.backup).orElse("is sound"))
        .diskDamaged();
  }

  private static Optional<String> damage(Found found) {
    return switch (found) {
      case Found.Sound _ -> Optional.empty();
      case Found.Damaged(String why, _, _) -> Optional.of(why);
    };
  }

  private static UpdateException.Details damaged(OpenFile disk, String found) {
    return UpdateException.because(
            Reason.PARTITION_TABLE_DAMAGED,
            "refused disk " + name(disk) + ": its partition table is damaged")
        .found("the disk " + found)
        .remedy("inspect it with gdisk or sfdisk --verify before anything writes to the disk");
  }

  private static List<Partition> parse(OpenFile disk, Copies copies) throws UpdateException {
    var copy = copies.valid().orElseThrow();
    var header = copy.header();
    long sectorBytes = copies.sectorBytes;
    int entryBytes = (int) header.entryBytes();
    var partitions = new ArrayList<Partition>();
    for (int number = 1; number <= header.entryCount(); number++) {
      byte[] entry =
          Arrays.copyOfRange(copy.entries(), (number - 1) * entryBytes, number * entryBytes);
      var type = Guid.get(entry, ENTRY_TYPE);
      if (type.equals(UNUSED)) {
        continue;
      }
      var fields = TableCopy.wrap(entry);
      long first = fields.getLong(ENTRY_FIRST);
      long last = fields.getLong(ENTRY_LAST);
      if (first < header.firstUsable() || last < first || last > header.lastUsable()) {
        throw invalid(
            disk,
            String.format(
                "partition %d covers the sectors %s to %s, usable are %d to %d",
                number,
                Long.toUnsignedString(first),
                Long.toUnsignedString(last),
                header.firstUsable(),
                header.lastUsable()));
      }
      partitions.add(
          new Partition(
              number,
              first * sectorBytes,
              (last - first + 1) * sectorBytes,
              label(entry),
              type,
              Guid.get(entry, ENTRY_UUID),
              fields.getLong(ENTRY_ATTRIBUTES)));
    }
    refuseOverlaps(disk, partitions);
    return partitions;
  }

  private static String label(byte[] entry) {
    String field = new String(entry, ENTRY_LABEL, ENTRY_LABEL_BYTES, StandardCharsets.UTF_16LE);
    int end = field.indexOf('\0');
    return end < 0 ? field : field.substring(0, end);
  }

  private static void refuseOverlaps(OpenFile disk, List<Partition> partitions)
      throws UpdateException {
    var byPlace =
        partitions.stream().sorted(Comparator.comparingLong(Partition::startBytes)).toList();
    for (int i = 1; i < byPlace.size(); i++) {
      var before = byPlace.get(i - 1);
      var after = byPlace.get(i);
      if (before.startBytes() + before.sizeBytes() > after.startBytes()) {
        throw invalid(
            disk, "partitions " + before.number() + " and " + after.number() + " overlap");
      }
    }
  }

  private static UpdateException invalid(OpenFile disk, String found) {
    return UpdateException.because(
            Reason.PARTITION_ENTRY_INVALID,
            "refused disk " + name(disk) + ": its partitions contradict each other")
        .found(found)
        .remedy("inspect it with gdisk or sfdisk --verify before anything writes to the disk")
        .diskDamaged();
  }

  private static String name(OpenFile disk) {
    return Quote.quote(disk.path().toString());
  }

  /** Logical sector size: that of the device, or the one an image was made for. */
  public int sectorBytes() {
    return copies.sectorBytes;
  }

  public UUID diskUuid() {
    return valid().header().diskUuid();
  }

  public Health health() {
    return new Health(damage(copies.primary), damage(copies.backup));
  }

  /** The used entries in the order of the table. */
  public List<Partition> partitions() {
    return partitions;
  }

  /** The used entry of that number. */
  public Optional<Partition> partition(int number) {
    return partitions.stream().filter(partition -> partition.number() == number).findFirst();
  }

  private TableCopy valid() {
    return copies.valid().orElseThrow();
  }

  /** The entries with one of them changed; equal to the old ones if the change says nothing new. */
  private byte[] changedEntries(int number, PartitionChange change) {
    byte[] entries = valid().entries().clone();
    int at = (number - 1) * (int) valid().header().entryBytes();
    change.type().ifPresent(type -> Guid.put(type, entries, at + ENTRY_TYPE));
    change.uuid().ifPresent(uuid -> Guid.put(uuid, entries, at + ENTRY_UUID));
    change
        .attributes()
        .ifPresent(word -> TableCopy.wrap(entries).putLong(at + ENTRY_ATTRIBUTES, word));
    // Bytes behind the end of an equal label are not ours to clear.
    var label =
        change.label().filter(text -> !partition(number).orElseThrow().label().equals(text));
    label.ifPresent(text -> {
      byte[] field = Arrays.copyOf(text.getBytes(StandardCharsets.UTF_16LE), ENTRY_LABEL_BYTES);
      System.arraycopy(field, 0, entries, at + ENTRY_LABEL, ENTRY_LABEL_BYTES);
    });
    return entries;
  }

  /** Whether the change would write anything. A damaged copy is reason enough. */
  boolean needs(int number, PartitionChange change) {
    return !health().sound() || !Arrays.equals(valid().entries(), changedEntries(number, change));
  }

  /**
   * Both copies of the table with one entry changed, in the order in which they must be written:
   * first the one that does not count now. So at any moment the disk has a sound copy: until the
   * first is whole the old table counts, from then on a torn second leaves the new one. Writing a
   * sound primary first would be as safe, but not a damaged backup last.
   *
   * @throws UpdateException.DiskDamaged if there is no room to rebuild the damaged copy
   */
  List<TableCopy> changed(OpenFile disk, int number, PartitionChange change)
      throws UpdateException {
    var counting = valid().with(changedEntries(number, change));
    var other = copies.primarySound() ? copies.backup : copies.primary;
    return switch (other) {
      case Found.Sound(TableCopy twin) -> List.of(twin.with(counting.entries()), counting);
      case Found.Damaged(_, _, var entriesLba) -> {
        var rebuilt = counting.mirrored(entriesLba);
        if (!rebuilt.clearOfPartitions()) {
          throw damaged(disk, "leaves no room for its damaged copy").diskDamaged();
        }
        yield List.of(rebuilt, counting);
      }
    };
  }
}
