package org.particleos.update.verity;

/**
 * What a comparison of tree and data with a root hash has found.
 *
 * @param tree blocks of the tree, numbered as the kernel does: from the superblock, which is 0
 * @param data blocks of the data
 */
public record Integrity(Compared tree, Compared data) {
  /**
   * Blocks that were compared with their digests.
   *
   * @param blocks how many there are
   * @param bad those that are not what a trusted digest says, or cannot be read
   * @param cutOff how many have no digest that could be trusted, because something above them in
   *     the tree is bad; what they hold is not known
   */
  public record Compared(long blocks, int blockBytes, BlockRanges bad, long cutOff) {
    /** Whether every one is what the root hash vouches for. */
    public boolean sound() {
      return bad.count() == 0 && cutOff == 0;
    }

    public long bytes() {
      return blocks * blockBytes;
    }
  }

  public boolean sound() {
    return tree.sound() && data.sound();
  }
}
