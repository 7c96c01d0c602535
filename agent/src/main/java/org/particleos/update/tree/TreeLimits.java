package org.particleos.update.tree;

import org.particleos.update.fetch.HttpLimits;

/**
 * How much one archive or source tree may become. What is larger is refused as a bomb or a mistake.
 *
 * @param entriesMax names in the tree; in an archive also its extended headers count
 * @param bytesMax sizes of all files together, holes included
 * @param depthMax directories inside each other
 */
public record TreeLimits(long entriesMax, long bytesMax, int depthMax) {
  public TreeLimits {
    if (entriesMax < 1 || bytesMax < 0 || depthMax < 1) {
      throw new IllegalArgumentException("a tree has at least one entry on one level");
    }
  }

  /**
   * For operating system trees: the largest distributions have some hundred thousand files in some
   * twenty levels. Ten times as many still unpack in minutes and leave most file systems inodes to
   * spare; the bytes are those that a payload may have.
   */
  public static TreeLimits defaults() {
    return new TreeLimits(4_000_000, HttpLimits.PAYLOAD_BYTES_MAX, 128);
  }
}
