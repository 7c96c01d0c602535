package org.particleos.update.install;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * Boot entries that count their tries, {@code NAME+LEFT.efi} or {@code NAME+LEFT-DONE.efi} (Boot
 * Loader Specification, "Boot counting"). The boot loader counts by renaming the file. FAT has one
 * attribute for "read-only", which Linux shows as missing write bits, and which keeps the loader
 * from renaming: it would try a broken version for ever.
 *
 * <p>Deviation: the reference takes write bits whenever {@code Mode=} or {@code ReadOnly=} say so.
 */
public final class CountedEntry {
  private static final int OWNER_WRITES = 0200;
  private static final int ALL_WRITE = 0222;

  private CountedEntry() {}

  /**
   * The counter in a name.
   *
   * @param plus where it begins
   * @param end where it ends
   * @param left how many tries it leaves; a number that is too large for a long is its end
   */
  private record Counter(int plus, int end, long left) {}

  private static Optional<Counter> counter(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (!lower.endsWith(".efi") && !lower.endsWith(".conf")) {
      return Optional.empty();
    }
    int end = name.lastIndexOf('.');
    int plus = name.lastIndexOf('+', end);
    if (plus < name.lastIndexOf('/') + 2) {
      return Optional.empty();
    }
    String counter = name.substring(plus + 1, end);
    int dash = counter.indexOf('-');
    String left = dash < 0 ? counter : counter.substring(0, dash);
    boolean counts = isNumber(left) && (dash < 0 || isNumber(counter.substring(dash + 1)));
    return counts ? Optional.of(new Counter(plus, end, number(left))) : Optional.empty();
  }

  private static long number(String digits) {
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException _) {
      return Long.MAX_VALUE;
    }
  }

  /** Whether a boot loader would count in the name. */
  public static boolean is(Path entry) {
    return counter(String.valueOf(entry.getFileName())).isPresent();
  }

  /** How many tries a name or relative path leaves; empty if nothing counts in it. */
  public static OptionalLong triesLeft(String name) {
    return counter(name).map(counter -> OptionalLong.of(counter.left)).orElse(OptionalLong.empty());
  }

  /** The name or relative path that the entry has once nothing counts in it any more. */
  public static String withoutCounter(String name) {
    return counter(name)
        .map(counter -> name.substring(0, counter.plus) + name.substring(counter.end))
        .orElse(name);
  }

  private static boolean isNumber(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  /** Whether the mode would keep the boot loader from counting. */
  public static boolean stopsCounting(int mode) {
    return (mode & OWNER_WRITES) == 0;
  }

  static int countable(int mode) {
    return mode | OWNER_WRITES;
  }

  /** What is said of an entry that was asked to be read-only. */
  static String keptWritable(Path entry) {
    return Quote.quote(entry.toString())
        + " stays writable, although Mode= or ReadOnly= say otherwise: of a read-only file the boot"
        + " loader could not count the tries; give Mode= a write bit, such as 0644";
  }

  /**
   * Gives an entry back the write bit that the boot loader needs, durably; does nothing if it has
   * it.
   *
   * @return what was done, or why it could not be
   */
  static Optional<String> restore(Kernel kernel, Path entry) throws IOException {
    Optional<FileStatus> status = kernel.status(entry);
    if (status.isEmpty()
        || status.get().kind() != FileKind.REGULAR
        || !stopsCounting(status.get().mode())) {
      return Optional.empty();
    }
    try {
      kernel.changeMode(entry, countable(status.get().mode()));
      // FAT takes a mode only if it has all write bits that the mount options allow, and passes
      // over
      // others without a word. There nobody gets more than those options say.
      if (stopsCounting(mode(kernel, entry))) {
        kernel.changeMode(entry, status.get().mode() | ALL_WRITE);
      }
      if (stopsCounting(mode(kernel, entry))) {
        return Optional.of(stays(entry, "the file system keeps it so"));
      }
      try (OpenFile file = kernel.open(entry, EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
        file.sync();
      }
      return Optional.of(
          Quote.quote(entry.toString())
              + " was read-only, which keeps the boot loader from counting its tries; made it"
              + " writable");
    } catch (LinuxException failed) {
      if (failed.is(Errno.EROFS) || failed.is(Errno.EPERM) || failed.is(Errno.EACCES)) {
        return Optional.of(stays(entry, String.valueOf(failed.getMessage())));
      }
      throw failed;
    }
  }

  private static int mode(Kernel kernel, Path entry) throws IOException {
    return kernel.status(entry).map(FileStatus::mode).orElse(OWNER_WRITES);
  }

  private static String stays(Path entry, String why) {
    return Quote.quote(entry.toString())
        + " stays read-only, so that the boot loader cannot count its tries: "
        + why;
  }
}
