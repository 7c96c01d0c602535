package org.particleos.update.disk;

import java.util.Optional;
import java.util.OptionalLong;

/** The flag bits of a partition entry and the rule for setting them (update-algorithm.md 10.4). */
public final class PartitionAttributes {
  /** The file system grows to the size of the partition when it is mounted. */
  public static final long GROW_FILE_SYSTEM = 1L << 59;

  public static final long READ_ONLY = 1L << 60;

  /** Not mounted by automatic discovery. */
  public static final long NO_AUTO = 1L << 63;

  private PartitionAttributes() {}

  /** Which of the bits a partition type knows (transfer-files.md 15). */
  public record Known(boolean noAuto, boolean readOnly, boolean growFileSystem) {
    public static final Known ALL = new Known(true, true, true);
    public static final Known NONE = new Known(false, false, false);
  }

  /**
   * The new flag word: {@code flags} is the base if given, else the current word; single bits are
   * laid over it where the type knows them.
   *
   * <p>Deviation: H-06. {@code known} is that of the <em>configured</em> type, not of the derived
   * type that is written in the same step and knows no bit; so single bits take effect.
   */
  public static long apply(
      long current,
      OptionalLong flags,
      Optional<Boolean> noAuto,
      Optional<Boolean> readOnly,
      Optional<Boolean> growFileSystem,
      Known known) {
    long word = flags.orElse(current);
    word = overlay(word, NO_AUTO, noAuto, known.noAuto());
    word = overlay(word, READ_ONLY, readOnly, known.readOnly());
    return overlay(word, GROW_FILE_SYSTEM, growFileSystem, known.growFileSystem());
  }

  private static long overlay(long word, long bit, Optional<Boolean> wanted, boolean known) {
    if (!known || wanted.isEmpty()) {
      return word;
    }
    return wanted.get() ? word | bit : word & ~bit;
  }
}
