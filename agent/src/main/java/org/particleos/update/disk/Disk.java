package org.particleos.update.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.linux.OpenFile.LockMode;

/**
 * A block device or image file opened for changing its partition table (update-algorithm.md 10.4),
 * with the exclusive BSD lock that keeps udev away meanwhile. Whoever opens it closes it, soon.
 *
 * <p>The kernel is not asked to read the table again: places and sizes never change here, and udev
 * looks at the disk by itself once it is closed. Until then {@code /dev/disk/by-partlabel} shows
 * the old names. The protective MBR is left alone.
 */
public final class Disk implements AutoCloseable {
  /** udev holds the disk for well below a second; a partitioning tool somewhat longer. */
  static final Duration LOCK_WAIT = Duration.ofSeconds(30);

  private static final UUID UNUSED = new UUID(0, 0);

  private final OpenFile file;

  private Disk(OpenFile file) {
    this.file = file;
  }

  /**
   * What a change has left.
   *
   * @param repairs what had to be repaired on the way, one sentence each
   */
  public record Changed(PartitionTable table, List<String> repairs) {
    public Changed {
      repairs = List.copyOf(repairs);
    }
  }

  /** Opens and locks, waiting for the lock as long as is usual. */
  public static Disk open(Kernel kernel, Path path) throws UpdateException {
    return open(kernel, path, LOCK_WAIT);
  }

  /**
   * Opens and locks.
   *
   * @param wait the longest time to wait for the lock
   * @throws UpdateException.Busy if it is held by another process until then
   */
  public static Disk open(Kernel kernel, Path path, Duration wait) throws UpdateException {
    String name = Quote.quote(path.toString());
    try {
      var file = kernel.open(path, Set.of(OpenFlag.READ, OpenFlag.WRITE));
      try {
        if (!file.lock(LockMode.EXCLUSIVE, wait.toMillis())) {
          throw UpdateException.because(
                  Reason.LOCK_HELD, "refused to change disk " + name + ": it is in use")
              .found("another process has held the lock on it for " + wait.toSeconds() + " seconds")
              .remedy("find the process with lslocks and wait for it, then try again")
              .busy();
        }
        return new Disk(file);
      } catch (UpdateException | IOException | RuntimeException failed) {
        try {
          file.close();
        } catch (IOException onClose) {
          failed.addSuppressed(onClose);
        }
        throw failed;
      }
    } catch (IOException failed) {
      throw IoFailure.writing("opening disk " + name + " for writing failed", failed);
    }
  }

  /** Reads the table anew. */
  public PartitionTable table() throws UpdateException {
    return PartitionTable.read(file);
  }

  /**
   * Changes one entry in both copies of the table, durably. All other bytes of the table stay, the
   * checksums excepted. Whenever it is interrupted, at least one sound copy is on the disk, with
   * either the old or the new values.
   *
   * <p>A damaged copy is rebuilt from the sound one, which is told in {@link Changed#repairs}. If
   * there is nothing to change or rebuild, nothing is written.
   *
   * @throws UpdateException.Configuration if the label is too long
   * @throws UpdateException.DiskDamaged if there is no such partition or no usable table
   */
  public Changed change(int number, PartitionChange change) throws UpdateException {
    refuseUnfit(number, change);
    var table = table();
    if (table.partition(number).isEmpty()) {
      throw UpdateException.because(
              Reason.PARTITION_ENTRY_INVALID,
              "refused to change partition " + number + " of " + name() + ": there is none")
          .found("the table has " + table.partitions().size() + " partitions, not that one")
          .remedy("check whether another program changes the disk")
          .diskDamaged();
    }
    if (!table.needs(number, change)) {
      return new Changed(table, List.of());
    }
    var copies = table.changed(file, number, change);
    try {
      for (var copy : copies) {
        copy.write(file);
      }
    } catch (IOException failed) {
      throw IoFailure.writing("writing the partition table of " + name() + " failed", failed)
          .inState("one whole copy of the partition table is left; the next change rebuilds both");
    }
    var written = table();
    if (!written.health().sound()) {
      throw UpdateException.because(
              Reason.PARTITION_TABLE_DAMAGED,
              "the partition table of " + name() + " is not what was just written")
          .found(damage(written.health()).toString())
          .remedy("look into the kernel log for errors of the device")
          .diskDamaged();
    }
    return new Changed(written, damage(table.health()));
  }

  private void refuseUnfit(int number, PartitionChange change) throws UpdateException {
    if (change.type().filter(UNUSED::equals).isPresent()) {
      throw new IllegalArgumentException("the all-zero type would delete the partition");
    }
    var label = change.label().orElse("");
    if (label.length() > PartitionChange.LABEL_UNITS_MAX) {
      throw UpdateException.because(
              Reason.LABEL_TOO_LONG,
              "refused label " + Quote.quote(label) + " for partition " + number + " of " + name())
          .found(
              "it has "
                  + label.length()
                  + " UTF-16 units, a partition label has at most "
                  + PartitionChange.LABEL_UNITS_MAX)
          .remedy("shorten the target's MatchPattern= or the version")
          .configuration();
    }
    if (label.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a label cannot contain NUL");
    }
  }

  private static List<String> damage(PartitionTable.Health health) {
    var sentences = new ArrayList<String>();
    health.primaryDamage().ifPresent(why -> sentences.add("The primary partition table " + why));
    health.backupDamage().ifPresent(why -> sentences.add("The backup partition table " + why));
    return sentences;
  }

  private String name() {
    return Quote.quote(file.path().toString());
  }

  /** Closes, which drops the lock and makes udev look at the disk again. */
  @Override
  public void close() throws UpdateException {
    try {
      file.close();
    } catch (IOException failed) {
      throw IoFailure.writing("closing disk " + name() + " failed", failed);
    }
  }
}
